"""mostlyai-engine (Apache-2.0): TabularARGN by its defaults, its training ended by its own early stopping or by the cap.

Tuned: rare values not replaced, one fixed order of columns.
"""

import tempfile
from pathlib import Path

import pandas as pd
from job import Job
from mostlyai import engine

job = Job()
engine.set_random_state(random_state=job.seed)
types = dict.fromkeys(job.categories, "TABULAR_CATEGORICAL")
with tempfile.TemporaryDirectory() as folder:
    with job.timed("fit"):
        engine.split(tgt_data=job.train[list(job.kinds)], workspace_dir=folder, tgt_encoding_types=types)
        engine.analyze(workspace_dir=folder, value_protection=job.settings.get("value_protection", True))
        engine.encode(workspace_dir=folder)
        flexible = job.settings.get("flexible", True)
        engine.train(workspace_dir=folder, max_training_time=job.cap / 60, enable_flexible_generation=flexible, device="cpu")
    with job.timed("sample"):
        engine.generate(workspace_dir=folder, sample_size=job.rows, device="cpu")
        made = pd.concat([pd.read_parquet(path) for path in sorted((Path(folder) / "SyntheticData").glob("*.parquet"))])
job.give(made)
