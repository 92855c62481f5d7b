"""imbalanced-learn's SMOTENC (MIT): a constant class is over-sampled, so that rows interpolate five neighbours of any class.

There is no fit: neighbours are sought when sampling. The target is an ordinary category.
"""

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE, SMOTENC
from job import Job

job = Job()
frame = job.filled()
codes = [name for name in frame if frame[name].dtype == object]
# The sampler balances classes: a larger one of single dummy rows makes it add `rows` to the real one.
dummies = frame.iloc[np.zeros(len(frame) + job.rows, int)]
both, label = pd.concat([frame, dummies], ignore_index=True), np.r_[np.ones(len(frame)), np.zeros(len(dummies))]
sampler = SMOTENC(codes, random_state=job.seed) if codes else SMOTE(random_state=job.seed)
with job.timed("fit"):
    pass
with job.timed("sample"):
    made, _ = sampler.fit_resample(both, label)
job.give(job.unfilled(made.iloc[len(both) :]), "integers rounded")
