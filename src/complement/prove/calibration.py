"""Calibration: what a prior correction or a recalibration on held-out real records would mend."""

from __future__ import annotations

import numpy as np

from complement.prove.estimate import Scores, Sealed

TINY = 1e-6


def prior_corrected(scores: Scores, *, made: list[float], real: list[float]) -> Scores:
    """Probabilities moved from the class share they were trained on to the real one (Elkan 2001), cut by cut."""
    return [
        [_moved(score, real_share, made_share) for score in parts]
        for parts, made_share, real_share in zip(scores, made, real, strict=True)
    ]


def _moved(score: np.ndarray, real: float, made: float) -> np.ndarray:
    shift = np.log(max(real, TINY) / max(1 - real, TINY)) - np.log(max(made, TINY) / max(1 - made, TINY))
    clipped = score.clip(TINY, 1 - TINY)
    return 1 / (1 + np.exp(-(np.log(clipped / (1 - clipped)) + shift)))


def recalibrated(sealed: Sealed, scores: Scores) -> Scores:
    """Isotonic recalibration, cross-fitted in two halves of the sealed clusters so that no record calibrates itself."""
    from sklearn.isotonic import IsotonicRegression

    found: Scores = []
    for cut, parts in enumerate(scores):
        half = sealed.cluster[cut] % 2 == 0
        row: list[np.ndarray] = []
        for score in parts:
            fresh = score.copy()
            for side in (half, ~half):
                if side.any() and (~side).any():
                    curve = IsotonicRegression(y_min=TINY, y_max=1 - TINY, out_of_bounds="clip")
                    curve.fit(score[~side], sealed.truth[cut][~side], sample_weight=sealed.weight[cut][~side])
                    fresh[side] = curve.predict(score[side])
            row.append(fresh)
        found.append(row)
    return found
