"""A generator of one's own, and the suite that says whether it fits: it draws real records that meet the request."""

from __future__ import annotations

from typing import Self

import numpy as np

from complement.core import lineage
from complement.core.dataset import Dataset
from complement.core.errors import GenerateError, RequestError
from complement.core.request import Answer, Request
from complement.core.seed import rng_at
from complement.testing import check_generator


class Draws:
    """Draws real records by weight, with replacement. It makes nothing new: a control, not a help."""

    def fit(self, real: Dataset, *, seed: int) -> Self:
        if not real.rows:
            raise GenerateError("generate-fit", "There are no real records to draw from.")
        self.real = real
        return self

    def generate(self, request: Request, *, seed: int) -> Answer:
        met = np.ones(self.real.rows, bool) if request.where is None else request.where.mask(self.real.records)
        chance = self.real.weight * met
        if chance.sum() == 0:
            raise RequestError("request-impossible", f"No real record meets: {request.where}", help="Widen the condition.")
        rows = rng_at(seed, "draws").choice(self.real.rows, request.rows, p=chance / chance.sum())
        depth = 1 + lineage.depth_of(self.real.lineage)
        made = lineage.of_synthetic(request.rows, generator="draws", request=request.name, seed=seed, depth=depth)
        return Answer(Dataset.of(self.real.take(rows).tables, self.real.schema, lineage=made))


if __name__ == "__main__":
    for name in check_generator(Draws):
        print("holds:", name)
