"""A bad input: what somebody gives, and the code, exit code and words with which complement must refuse it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from spoilt_files import Content

QUICK = "--learner tree --weight 0.5 --seeds 2 --folds 2 --no-curve --engine inline --ignore patient --ignore day"
NO_PATIENT, NO_DAY = "--ignore patient", "--ignore day"
PROVE = f"prove bad.csv --target y {QUICK}"
BY_UNIT = f"{PROVE} --unit patient".replace(NO_PATIENT, "")
BY_TIME = f"{PROVE} --time day".replace(NO_DAY, "")
GOOD = f"prove good.csv --target y {QUICK}"
DELIVERED = f"prove good.csv made.csv --target y {QUICK}"
SEALED = f"prove good.csv --sealed later.csv --target y {QUICK}"
GENERATE = "generate good.csv --rows 5 --out out.csv"
RECIPE = """\
complement: 1
real: good.csv
schema:
  patient: {role: ignore}
  day: {role: ignore}
purpose:
  target: y
  learners: [tree]
split: {folds: 2}
generate:
  generator: shuffle
prove: {weights: [0.5], seeds: 2, curve: false}
"""
WEIGHED = RECIPE.replace("good.csv", "bad.csv").replace("schema:\n", "schema:\n  w: {role: weight}\n")
RUN = "run bad.yaml --out RUN --engine inline"


@dataclass(frozen=True)
class Bad:
    """One bad input. `call` is the command line, `says` must stand in the message, `code` may be one of several words."""

    name: str
    call: str
    code: str
    says: str = ""
    files: Mapping[str, Content] = field(default_factory=dict)
    exit: int = 2

    def __str__(self) -> str:
        return self.name


def table(name: str, content: Content, code: str, says: str = "", call: str = PROVE) -> Bad:
    return Bad(name, call, code, says, {"bad.csv": content})


def recipe(name: str, content: Content, code: str, says: str = "", call: str = RUN) -> Bad:
    return Bad(name, call, code, says, {"bad.yaml": content})


def where(name: str, condition: str, code: str, says: str = "") -> Bad:
    return Bad(name, f"{GENERATE} --where {_quoted(condition)}", code, says)


def _quoted(condition: str) -> str:
    return '"' + condition.replace("\\", "\\\\").replace('"', '\\"') + '"'
