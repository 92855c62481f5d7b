"""A release: tumours made and judged, bundled into a folder, checked, and forged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet
from sklearn.datasets import load_breast_cancer

import complement
from complement.release import Facts, bundle, verify
from complement.release.canonical import canonical, digest_of, parse

frame = load_breast_cancer(as_frame=True).frame.iloc[:, [0, 1, 4, 6, 27, 30]]
real = pa.Table.from_pandas(frame, preserve_index=False)
order = np.random.default_rng(0).permutation(real.num_rows)
known, unseen = real.take(order[:400]), real.take(order[400:])

made = complement.generate(known, rows=1000, target="target", generator="trees")
judgement = complement.prove(known, made.to_arrow(), target="target", sealed=unseen, learners=["logistic"], seeds=2, curve=False)
audit = complement.audit(known, made.to_arrow(), holdout=unseen, target="target")

release = bundle(
    made,
    Path("tumours"),
    Facts(
        name="tumours",
        title="Tumours",
        licence="cc-by-4.0",
        verdict=judgement.as_json(),
        privacy=audit.as_json(),
        source={"rows": known.num_rows, "columns": 6, "target": "target", "task": "binary"},
        generator={"name": "trees"},
        requests=[{"name": "all"}],
        openings=1,
    ),
)
assert verify("tumours", digest=release.digest).passed

# Somebody changes the records: every diagnosis is now benign.
file = Path("tumours/data/train-00000-of-00001.parquet")
table = parquet.read_table(file)
benign = pa.array([1] * table.num_rows)
parquet.write_table(table.set_column(5, "target", benign).replace_schema_metadata(table.schema.metadata), file)
(fault,) = verify("tumours").faults
assert fault.file == "data/train-00000-of-00001.parquet"

# ... and makes every hash anew, the manifest's too.
content = file.read_bytes()
croissant, manifest = (parse(Path("tumours", name).read_bytes()) for name in ("croissant.json", "manifest.json"))
croissant["distribution"][0] |= {"sha256": digest_of(content), "contentSize": f"{len(content)} B"}
Path("tumours/croissant.json").write_bytes(canonical(croissant))
for one in manifest["files"]:
    content = Path("tumours", one["path"]).read_bytes()
    one |= {"sha256": digest_of(content), "bytes": len(content)}
forged = canonical(manifest)
Path("tumours/manifest.json").write_bytes(forged)
Path("tumours/manifest.sha256").write_text(f"{digest_of(forged)}  manifest.json\n")

assert verify("tumours").passed  # the folder agrees with itself: alone it cannot tell
(fault,) = verify("tumours", digest=release.digest).faults
assert fault.code == "release-forged"  # the digest can
