"""python-synthpop (Algorithm Audit, EUPL-1.2): its CART method, which draws each column given all others of a real record.

Categories are coded here: its own coder fails on columns of ten categories or more (release 0.1.2).
"""

import logging

import numpy as np
import pandas as pd
from job import Job
from synthpop import CARTMethod

logging.disable(logging.INFO)
job = Job()
np.random.seed(job.seed)
frame = job.filled()
kinds = {name: "categorical" if frame[name].dtype == object else "numerical" for name in frame}
levels = {name: sorted(set(frame[name])) for name, kind in kinds.items() if kind == "categorical"}
with job.timed("fit"):
    coded = frame.assign(**{name: pd.Categorical(frame[name], of).codes for name, of in levels.items()})
    model = CARTMethod(kinds, random_state=job.seed)
    model.fit(coded)
with job.timed("sample"):
    made = model.sample(job.rows)
    made = made.assign(**{name: np.array(of, object)[made[name].astype(int)] for name, of in levels.items()})
job.give(job.unfilled(made))
