"""Our own generators, in a process of their own so that time and memory are measured as for the peers."""

import pyarrow as pa
import pyarrow.parquet as pq
from job import Job

from complement import catalog
from complement.core.dataset import Dataset
from complement.core.request import Request
from complement.core.schema import Column, Schema

job = Job()
fields = [pa.field(n, {"category": pa.string(), "integer": pa.int64()}.get(k, pa.float64())) for n, k in job.kinds.items()]
table = pa.Table.from_pandas(job.train[list(job.kinds)], schema=pa.schema(fields), preserve_index=False)
columns = tuple(Column(n, k, "target" if n == job.target else "feature") for n, k in job.kinds.items())
if (job.folder / "unit.parquet").exists():
    table = table.append_column("(unit)", pq.read_table(job.folder / "unit.parquet").column("unit").cast(pa.string()))
    columns = (*columns, Column("(unit)", "category", "unit"))
settings = dict(job.settings)
generator = catalog.generator(settings.pop("name"), **settings)
real = Dataset.of(table, Schema({"records": columns}))
with job.timed("fit"):
    generator = generator.fit(real, seed=job.seed)
    generator.generate(Request(1), seed=job.seed)  # some learn when a request first needs it: that is fit, not sampling
with job.timed("sample"):
    answer = generator.generate(Request(job.rows), seed=job.seed)
job.give(answer.records.records.to_pandas(), "; ".join(f"{f.rows} rows lack: {f.reason}" for f in answer.failures))
