"""The pilot: from five fits, before the rest, the smallest effect that the trial will be able to show.

It never sees the synthetic records. The stand-in for the arm is a null arm, a bootstrap of the real records: its difference
to real only has a spread like that of a real arm, whatever its effect.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from complement.core.seed import rng_at, seed_at
from complement.prove import arms
from complement.prove.arms import Training
from complement.prove.design import Trial
from complement.prove.estimate import covered, influence_of, widening
from complement.prove.metrics import score_array, truth_array
from complement.prove.plug_in_metric import OnArrays
from complement.prove.statistics import detectable_at

SEEDS = 5


@dataclass(frozen=True)
class PilotTask:
    """Shard number = learner. Real only and five null arms, in the first cut."""

    trial: Trial

    def __call__(self, shard: int) -> pa.Table:
        """Columns "real" and "null 0" … "null 4": predictions of the sealed records of the first cut."""
        trial = self.trial
        learner = list(trial.learners.values())[shard]
        train = trial.learnt(trial.cuts[0].train)
        shown = trial.real.take(trial.cuts[0].test).drop(trial.purpose.target)
        mass = arms.real_mass(train)
        seed = seed_at(trial.plan.seed, "pilot", shard)
        columns = {"real": arms.fit(learner, Training(train, mass), trial.purpose, seed=seed).predict(shown).column("score")}
        for draw in range(SEEDS):
            rng = rng_at(trial.plan.seed, "pilot", shard, draw)
            copies = rng.multinomial(train.rows, mass / mass.sum())
            training = Training(train, copies.astype(float))
            fitted = arms.fit(learner, training, trial.purpose, seed=seed_at(seed, draw))
            columns[f"null {draw}"] = fitted.predict(shown).column("score")
        return pa.table(columns)


def planned_effect(trial: Trial, metric: OnArrays, table: pa.Table, margin: float) -> float | None:
    """The detectable effect that the pilot foresees for the whole trial; None when the metric is not defined in the cut."""
    cut = trial.cuts[0]
    records = trial.real.take(cut.test)
    part = covered(trial.purpose, records, trial.purpose.primary)
    truth, weight = truth_array(records, trial.purpose)[part], records.weight[part]
    scores = [score_array(pa.table({"score": table.column(name)}))[part] for name in table.column_names]
    values = np.array([metric.values(truth, score, weight) for score in scores])
    if not np.isfinite(values).all():
        return None
    deltas = values[1:] - values[0]
    _, cluster = np.unique(trial.partition.cluster[cut.test][part], return_inverse=True)
    if metric.smooth:
        psi = np.mean([influence_of(metric, truth, score, weight) for score in scores[1:]], axis=0)
        psi = psi - influence_of(metric, truth, scores[0], weight)
        widened = widening(metric, truth, trial.partition.unit[cut.test][part], weight)
        psi = psi if widened is None else psi * widened
        units_variance = float(np.sum(np.bincount(cluster, weight * psi / weight.sum()) ** 2))
    else:
        units_variance = float(np.var(deltas, ddof=1))
    cuts = 1 if trial.plan.question == "recipe" else len(trial.cuts)
    seeds_variance = float(np.var(deltas, ddof=1)) / (len(trial.cuts) * trial.seeds)
    error = float(np.sqrt(units_variance / cuts + seeds_variance))
    # Bonferroni stands in for the simultaneous level, which needs the finished trial.
    return detectable_at(error, np.inf, trial.purpose.alpha / len(trial.learners), margin)
