"""Model: all columns of one table in one order, grown when they are first needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from complement.core.seed import rng_at, seed_at
from complement.generate.codec import Code
from complement.generate.forest.boosted import Boosted, fit_boosted, suits
from complement.generate.forest.column import Conditional, Known, Setting
from complement.generate.forest.dependencies import Dependency, Exclusion, Gist, broken, dependencies, exclusions
from complement.generate.forest.missing import Gated, fit_gated
from complement.generate.leaves import Predictor

REDRAWS = 10  # of what does not go together, before a real record lends its value


@dataclass(repr=False)
class Model:
    """What the engine learnt from codes: a tree or several for each column, dependencies, and pairs that are never met."""

    codings: Mapping[str, Code]
    codes: Mapping[str, np.ndarray]
    known: Known
    predictors: Mapping[str, Predictor]
    follows: Sequence[Dependency]
    gists: Mapping[str, Gist]
    never: Sequence[Exclusion]
    setting: Setting
    seed: int
    target: str | None = None
    _fitted: dict[tuple[str, ...], Conditional | Gated | Boosted] = field(
        default_factory=dict[tuple[str, ...], Conditional | Gated | Boosted]
    )

    @staticmethod
    def of(
        codings: Mapping[str, Code],
        codes: Mapping[str, np.ndarray],
        weight: np.ndarray | None,
        setting: Setting,
        *,
        unit: np.ndarray | None = None,
        most_rows: int,
        seed: int,
    ) -> Model:
        """A model of these codes; nothing is grown yet. Trees will be grown on at most `most_rows` records.

        `unit`: whose record each is, by number; None: every one is its own.
        """
        predictors = {name: Predictor.of(codings[name], values) for name, values in codes.items()}
        rows = len(next(iter(codes.values())))
        grown = np.arange(rows)
        if rows > most_rows:
            grown = np.sort(rng_at(seed, "grown on").choice(rows, most_rows, replace=False))
        known = Known(
            codes,
            {name: predictors[name].seen(values) for name, values in codes.items()},
            {name: len(c.levels) + 1 for name in codes if (c := codings[name]).levels is not None},
            weight,
            np.arange(rows) if unit is None else unit,
            grown,
        )
        gists = {name: gist for name in codes if (gist := Gist.of(codings[name], codes[name])) is not None}
        follows = dependencies(codes, codings, known.unit, setting.least)
        return Model(codings, codes, known, predictors, follows, gists, exclusions(codes, gists), setting, seed)

    def order(self) -> list[str]:
        """The columns to grow, in order; those that follow from others come last and need no tree."""
        names = [name for name in self.codes if all(one.target != name for one in self.follows)]
        if self.setting.by == "numbers":
            values = {name: len(self.predictors[name].values) for name in names}
            names.sort(key=lambda name: (not self.codings[name].numeric, -values[name]))
        return sorted(names, key=lambda name: name == self.target)

    def draw(self, made: dict[str, np.ndarray], rows: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Codes of all columns, each of shape (rows,), given those `made` already.

        A record that no value of some column goes with is drawn again, whole.
        """
        whole, stuck = self._records(made, rows, rng)
        for _ in range(REDRAWS):
            if not len(stuck):
                break
            fresh, still = self._records({name: values[stuck] for name, values in made.items()}, len(stuck), rng)
            for name, values in fresh.items():
                whole[name][stuck] = values
            stuck = stuck[still]
        return whole

    def _records(
        self, made: Mapping[str, np.ndarray], rows: int, rng: np.random.Generator
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """The codes, and the positions of the records in which something does not go together."""
        made = {name: values.copy() for name, values in made.items()}
        stuck: list[np.ndarray] = []
        seen = {name: self.predictors[name].seen(codes) for name, codes in made.items()}
        used: list[np.ndarray] | None = [] if self.setting.apart else None
        for name in self.order():
            if name not in made:
                made[name], bad = self._drawn(name, seen, made, rows, rng, used)
                stuck.append(bad)
                seen[name] = self.predictors[name].seen(made[name])
        for one in self.follows:
            if one.target not in made:
                made[one.target] = one.restored(made[one.source])
        return made, np.unique(np.concatenate([*stuck, np.zeros(0, np.int64)]))

    def _drawn(
        self,
        name: str,
        seen: Mapping[str, np.ndarray],
        made: Mapping[str, np.ndarray],
        rows: int,
        rng: np.random.Generator,
        used: list[np.ndarray] | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        column = self._column(name, [other for other in self.order() if other in made])
        codes = column.draw(seen, made, rows, rng, used)
        bad = np.flatnonzero(broken(name, codes, made, self.gists, self.never))
        for _ in range(REDRAWS):
            if not len(bad):
                return codes, bad
            part = {other: values[bad] for other, values in made.items()}
            codes[bad] = column.draw({other: values[bad] for other, values in seen.items()}, part, len(bad), rng)
            bad = bad[broken(name, codes[bad], part, self.gists, self.never)]
        return self._lent(name, codes, made, bad, rng)

    def _lent(
        self, name: str, codes: np.ndarray, made: Mapping[str, np.ndarray], bad: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Leaves gave nothing that goes with these records: values from the whole column, those that do are kept."""
        for _ in range(REDRAWS * REDRAWS):
            if not len(bad):
                break
            codes[bad] = self._column(name, ()).draw({}, {}, len(bad), rng)
            part = {other: values[bad] for other, values in made.items()}
            bad = bad[broken(name, codes[bad], part, self.gists, self.never)]
        return codes, bad

    def _column(self, name: str, before: Sequence[str]) -> Conditional | Gated | Boosted:
        """A column given those before it, fitted once."""
        before = sorted(before, key=list(self.codes).index)  # the same set is the same tree
        place = (name, *before)
        if place not in self._fitted:
            seed = seed_at(self.seed, "forest", *place)
            if name == self.target and before and suits(self.codings[name], self.codes[name]):
                self._fitted[place] = fit_boosted(
                    self.known, self.codings[name], name, before, seed, quick=not self.setting.apart
                )
                return self._fitted[place]
            self._fitted[place] = fit_gated(self.known, self.codings[name], name, before, self.setting, seed)
        return self._fitted[place]
