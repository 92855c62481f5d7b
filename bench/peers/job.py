"""What a peer is asked for and gives back. Runs in the peer's own environment: pandas and pyarrow only, no complement."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd


class Job:
    """One fit: `train` (numbers int64 or float64, categories text, missing None or NaN), `kinds`, `rows` to make, `seed`,
    `cap` in CPU-seconds of one fit, `settings` of this peer. Write with `give`.
    """

    def __init__(self) -> None:
        self.folder = Path(sys.argv[1])
        asked = json.loads((self.folder / "job.json").read_text())
        self.kinds: dict[str, str] = asked["kinds"]
        self.target: str = asked["target"]
        self.rows: int = asked["rows"]
        self.seed: int = asked["seed"]
        self.cap: float = asked["cap"]
        self.settings: dict = asked["settings"]
        self.seconds: dict[str, float] = {}
        self.train = pd.read_parquet(self.folder / "train.parquet")
        for name in self.categories:
            self.train[name] = pd.Series([None if pd.isna(v) else str(v) for v in self.train[name]], dtype=object)

    @property
    def categories(self) -> list[str]:
        return [name for name, kind in self.kinds.items() if kind == "category"]

    @property
    def numbers(self) -> list[str]:
        return [name for name, kind in self.kinds.items() if kind != "category"]

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Adds the CPU-seconds of the block, of child processes that ended, too, to those of "fit" or "sample"."""
        before = spent()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + spent() - before

    def give(self, made: pd.DataFrame, note: str = "") -> None:
        made = made.reset_index(drop=True)
        for name in self.numbers:
            made[name] = pd.to_numeric(made[name], errors="coerce").astype("float64")
        for name in self.categories:
            made[name] = pd.Series([None if pd.isna(v) else str(v) for v in made[name]], dtype=object)
        made[list(self.kinds)].to_parquet(self.folder / "made.parquet", index=False)
        report = {"seconds": self.seconds, "note": note, "peak_megabytes": peak()}
        (self.folder / "report.json").write_text(json.dumps(report))

    def filled(self) -> pd.DataFrame:
        """Train for a peer that takes no missing values: a word for missing categories; numbers by their median, with a
        column of their own that says which were missing. `unfilled` turns made rows back.
        """
        frame = self.train.copy()
        for name in self.categories:
            frame[name] = frame[name].fillna(MISSING)
        for name in self.numbers:
            gone = frame[name].isna()
            if gone.any():
                frame[name] = frame[name].fillna(frame[name].median())
                frame[name + FLAG] = gone.map({True: "yes", False: "no"}).astype(object)
        return frame

    def unfilled(self, made: pd.DataFrame) -> pd.DataFrame:
        made = made.copy()
        for name in self.categories:
            made[name] = made[name].astype(object).where(made[name] != MISSING, None)
        for name in self.numbers:
            if name + FLAG in made:
                made[name] = made[name].astype("float64").where(made[name + FLAG] != "yes")
        return made[list(self.kinds)]


MISSING, FLAG = "(missing)", " is missing"


def spent() -> float:
    """CPU-seconds of this process and of its children that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def peak() -> float:
    """The most memory that this process held, in MB; not by getrusage, whose figure a child inherits from its parent."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
