"""What theory says of repeated training on made records, simulated: the yardstick for everything that measures collapse.

    python bench/collapse_theory.py --out bench/results/collapse_theory.json

Three cases with a known answer: the variance of a Gaussian refitted to its own draws (Shumailov et al. 2024), the error of
linear regression when generations replace each other or add up (Gerstgrasser et al. 2024), and the weight of real
records that serves best when they are mixed in at every generation (He, Xu & Cheng 2025).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar

from complement.core.seed import rng_at


def replaced_variance(n: int, generations: int, chains: int, seed: int = 0) -> np.ndarray:
    """Mean fitted variance per generation, shape (generations + 1,): entry 0 is the fit on n real draws of variance 1.

    Each generation sees n draws of the last fit alone. Theory: (1 - 1/n) ** (g + 1).
    """
    rng = rng_at(seed, "gaussian", "replace")
    variance = np.ones(chains)
    means: list[float] = []
    for _ in range(generations + 1):
        variance = variance * rng.chisquare(n - 1, chains) / n
        means.append(float(variance.mean()))
    return np.array(means)


def accumulated_variance(n: int, generations: int, chains: int, seed: int = 0) -> np.ndarray:
    """The same when every generation's draws are added to all earlier ones. Theory: towards sin(pi/sqrt n) / (pi/sqrt n)."""
    rng = rng_at(seed, "gaussian", "accumulate")
    mean, variance = np.zeros(chains), np.ones(chains)
    total, squares, count = np.zeros(chains), np.zeros(chains), 0
    means: list[float] = []
    for _ in range(generations + 1):
        drawn = mean + np.sqrt(variance / n) * rng.standard_normal(chains)
        total += n * drawn
        squares += variance * rng.chisquare(n - 1, chains) + n * drawn**2
        count += n
        mean, variance = total / count, squares / count - (total / count) ** 2
        means.append(float(variance.mean()))
    return np.array(means)


def regression_error(d: int, rows: int, generations: int, chains: int, *, accumulate: bool, seed: int = 0) -> np.ndarray:
    """Excess error of linear regression per generation over that of the first fit, shape (generations,).

    Each generation labels fresh features with the last fit and unit noise; the next is fitted on the latest `rows`, or on
    all so far. Theory: generation g under replace, below pi**2 / 6 when accumulated.
    """
    base = d / (rows - d - 1)
    errors = np.zeros((chains, generations))
    for chain in range(chains):
        rng = rng_at(seed, "regression", int(accumulate), chain)
        truth = np.zeros(d)
        gram, moment = np.zeros((d, d)), np.zeros(d)
        for generation in range(generations):
            x = rng.standard_normal((rows, d))
            y = x @ truth + rng.standard_normal(rows)
            kept = 1.0 if accumulate else 0.0
            gram, moment = kept * gram + x.T @ x, kept * moment + x.T @ y
            truth = np.linalg.solve(gram, moment)
            errors[chain, generation] = truth @ truth / base
    return errors.mean(axis=0)


def best_real_weight(generations: int) -> float:
    """The weight of n real draws, mixed with n made ones at every generation, that leaves the least variance of a mean."""

    def variance(weight: float) -> float:
        found = 1.0  # of the first mean, in units of sigma^2 / n
        for _ in range(generations):
            found = weight**2 + (1 - weight) ** 2 * (1 + found)
        return found

    return float(minimize_scalar(variance, bounds=(0.01, 0.99), method="bounded", options={"xatol": 1e-8}).x)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chains", type=int, default=100_000)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "collapse_theory.json")
    asked = parser.parse_args()
    replaced = replaced_variance(100, 100, asked.chains)
    rows = {
        "Gaussian replace, g = 8, 50, 100": ([0.99 ** (g + 1) for g in (8, 50, 100)], [float(replaced[g]) for g in (8, 50, 100)]),
        "Gaussian accumulate, g = 400": (
            [float(np.sin(np.pi / 10) / (np.pi / 10))],
            [float(accumulated_variance(100, 400, asked.chains // 10)[-1])],
        ),
        "regression replace, g = 1, 3, 5": (
            [1.0, 3.0, 5.0],
            [float(v) for v in regression_error(20, 100, 5, asked.chains // 50, accumulate=False)[[0, 2, 4]]],
        ),
        "regression accumulate, g = 20, bound": (
            [float(np.pi**2 / 6)],
            [float(regression_error(20, 100, 20, asked.chains // 100, accumulate=True)[-1])],
        ),
        "best real weight, 1 generation, for ever": ([2 / 3, 2 / (1 + 5**0.5)], [best_real_weight(1), best_real_weight(200)]),
    }
    for name, (theory, found) in rows.items():
        print(f"{name:42s} theory {np.round(theory, 4)}  simulated {np.round(found, 4)}")
    record = {name: {"theory": theory, "simulated": found} for name, (theory, found) in rows.items()}
    asked.out.write_text(json.dumps({"schema": 1, "chains": asked.chains, "results": record}, indent=1) + "\n")


if __name__ == "__main__":
    main()
