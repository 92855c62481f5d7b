"""Mix: all real records, and as many of the kept made ones as wanted, at the weight wanted, under a cap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from complement.core.dataset import Dataset
from complement.core.errors import SchemaError, UsageError
from complement.core.lineage import depth_of
from complement.core.seed import rng_at

DEEPEST = 1  # generations that may be mixed without a real anchor: made from real records, and no further


@dataclass(frozen=True)
class Mixing:
    """What was mixed: `real` and `made` records, the share of the total weight that the made ones have, how many kept ones were
    left out by the cap, and the deepest generation."""

    real: int
    made: int
    weight: float
    left_out: int
    depth: int


def mix(
    real: Dataset, kept: Dataset, *, share_cap: float = 0.5, weight: float | None = None, seed: int = 0, unanchored: bool = False
) -> Dataset:
    """Every real record, and of the kept ones as many as fit under `share_cap`, drawn at random from `seed`; real ones first.

    `share_cap`: the largest share of made records among all, from 0 to 1 (1: no cap). `weight`: the share of the total weight
    that the made ones get, as in the arms of a trial: real records then weigh (1 - weight) n in all and made ones weight n, n
    being the number of real ones. None: every made record weighs as much as a real one does on average. Lineage says which is
    which.
    Raises SchemaError "lineage-deep" when made records of a made generation (depth 2 or more) come without real ones, unless
    `unanchored` asks for it (see `check_depth`), UsageError "usage" for a share out of range.
    """
    for name, value in (("share_cap", share_cap), ("weight", weight)):
        if value is not None and not 0 <= value <= 1:
            raise UsageError("usage", f"{name}={value!r} is not between 0 and 1.", help="Write 0.25 for 25 %.")
    check_depth(kept, real, unanchored=unanchored)
    anchor = int(np.sum(~real.synthetic))
    beside = real.rows - anchor  # made records among those given as real count, too
    most = kept.rows if share_cap == 1 else max(0, int(share_cap / (1 - share_cap) * anchor + 1e-9) - beside)
    if kept.rows > most:
        kept = kept.take(np.sort(rng_at(seed, "curate", "mix").permutation(kept.rows)[:most]))
    if weight == 0 or not kept.rows:
        return real
    if not real.rows:
        return kept
    total = float(real.weight.sum())
    if weight is None:
        mean = total / real.rows
        return real.concat(kept.weighted(_scaled(kept.weight, mean * kept.rows)))
    made = kept.weighted(_scaled(kept.weight, weight * real.rows))
    return real.weighted(_scaled(real.weight, (1 - weight) * real.rows)).concat(made)


def check_depth(made: Dataset, anchor: Dataset | None, *, unanchored: bool = False) -> None:
    """Raises SchemaError "lineage-deep" when records made from made ones stand there without a real anchor.

    A generator that learns from its own kind loses variance with every generation (Shumailov et al. 2024); where the real records
    stay in, the loss is bounded (Gerstgrasser et al. 2024). An anchor is at least one real record of positive weight.
    """
    depth = depth_of(made.lineage)
    real = anchor is not None and bool((~anchor.synthetic & (anchor.weight > 0)).any())
    if depth <= DEEPEST or real or unanchored:
        return
    met = f"These records are of generation {depth}: made from made records, and no real record stands beside them."
    raise SchemaError("lineage-deep", met, help="Mix them with the real records they come from, or ask for it: unanchored=True.")


def mixing(mixed: Dataset, kept: Dataset) -> Mixing:
    """What `mix` did with these kept records."""
    made = mixed.synthetic
    total = float(mixed.weight.sum())
    share = float(mixed.weight[made].sum()) / total if total else 0.0
    count = int(made.sum())
    return Mixing(mixed.rows - count, count, share, max(0, kept.rows - count), depth_of(mixed.lineage))


def _scaled(weight: np.ndarray, total: float) -> np.ndarray:
    """The same weights with this sum; all alike where they were all 0."""
    now = float(weight.sum())
    return weight * (total / now) if now > 0 else np.full(len(weight), total / max(1, len(weight)))
