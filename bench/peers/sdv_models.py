"""SDV's GaussianCopula, CTGAN and TVAE (BUSL-1.1: bench only, never a dependency), by their defaults.

The training of CTGAN and TVAE is ended after the epoch in which the CPU-seconds of the cap are spent.
"""

import ctgan.synthesizers.ctgan as gan
import ctgan.synthesizers.tvae as vae
import numpy as np
import torch
from job import Job, spent
from sdv.metadata import Metadata
from sdv.single_table import CTGANSynthesizer, GaussianCopulaSynthesizer, TVAESynthesizer

MODELS = {"copula": GaussianCopulaSynthesizer, "ctgan": CTGANSynthesizer, "tvae": TVAESynthesizer}


class Epochs:
    """Stands in for the progress bar around the epochs: ends when the seconds are spent."""

    done = planned = 0

    def __init__(self, epochs: range, **_: object) -> None:
        Epochs.planned = len(epochs)

    def __iter__(self):
        for epoch in range(Epochs.planned):
            if spent() - start > job.cap:
                return
            yield epoch
            Epochs.done = epoch + 1

    def set_description(self, *_: object) -> None:
        """A progress bar has one."""


job = Job()
np.random.seed(job.seed)
torch.manual_seed(job.seed)
gan.tqdm = vae.tqdm = Epochs
columns = {n: {"sdtype": "categorical" if k == "category" else "numerical"} for n, k in job.kinds.items()}
metadata = Metadata.load_from_dict({"tables": {"table": {"columns": columns}}, "relationships": []})
which = job.settings["model"]
model = MODELS[which](metadata) if which == "copula" else MODELS[which](metadata, enable_gpu=False)
start = spent()
with job.timed("fit"):
    model.fit({"table": job.train[list(job.kinds)]})
with job.timed("sample"):
    made = model.sample(job.rows)
made = made["table"] if isinstance(made, dict) else made
job.give(made, f"{Epochs.done} of {Epochs.planned} epochs" if Epochs.planned else "")
