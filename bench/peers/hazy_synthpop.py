"""py-synthpop (Hazy, MIT; last release 2021, needs pandas 1): sequential CART as in R's synthpop, 5 records in a leaf."""

import contextlib
import io

import numpy as np
from job import Job
from synthpop import Synthpop

job = Job()
np.random.seed(job.seed)
types = {name: {"category": "category", "integer": "int"}.get(kind, "float") for name, kind in job.kinds.items()}
types = {n: "float" if t == "int" and job.train[n].isna().any() else t for n, t in types.items()}
frame = job.train.astype({name: of for name, of in types.items() if of == "category"})
model = Synthpop(seed=job.seed)
with contextlib.redirect_stdout(io.StringIO()):
    with job.timed("fit"):
        model.fit(frame, types)
    with job.timed("sample"):
        made = model.generate(job.rows)
job.give(made)
