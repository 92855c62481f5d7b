"""arfpy (MIT): adversarial random forests, Watson et al. 2023."""

import numpy as np
from arfpy import arf
from job import Job

job = Job()
np.random.seed(job.seed)
with job.timed("fit"):
    forest = arf.arf(x=job.filled(), random_state=job.seed, verbose=False)
    forest.forde()
with job.timed("sample"):
    made = forest.forge(n=job.rows)
job.give(job.unfilled(made))
