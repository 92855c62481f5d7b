"""The parts of a recipe, one per stage of the run."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from complement.core.verdict import Question, State
from complement.recipe.part import Name, Named, Part, Share, Where, once

WEIGHTS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)  # the screening grid; the design's section "Procedure", 2
STEPS = (Named(name="valid"), Named(name="duplicates"), Named(name="copied"))  # what docs/curate.md recommends


class Splitting(Part):
    """How real records are set aside to judge on."""

    unit: Name | None = Field(default=None, description="Column that must never be cut: a patient, an account.")
    time: Name | None = Field(
        default=None, description="Column of time, or (rows) for the order of rows: judge on what came later."
    )
    folds: int = Field(default=5, ge=2, le=50, description="Outer folds when every record is judged on once (cross-fit).")
    sealed: Literal["auto", "cross-fit"] | Annotated[float, Field(ge=0.05, le=0.5)] = Field(
        default="auto", description="Share of units to seal once, or cross-fit. auto: one sealed 20 % where that is large enough."
    )


class RequestNote(Part):
    """What the generator is asked for: rows, or a multiple of the real records."""

    name: Name = Field(default="all", description="Marks the records that were made for it.")
    where: Where | None = Field(default=None, description="The condition that every record must meet.")
    rows: int | None = Field(default=None, ge=1, description="Records to make, for the whole real data.")
    times: float | None = Field(
        default=None,
        gt=0,
        le=1000,
        description="Records to make, as a multiple of all real records; 1 when rows is not given either.",
    )
    reason: str = Field(default="", description="Why; goes to the report.")

    @model_validator(mode="before")
    @classmethod
    def _sized(cls, value: object) -> object:
        # Written out, so that a request says the same whether its size was given or left out.
        if isinstance(value, dict) and value.get("rows") is None and value.get("times") is None:
            return {**value, "times": 1.0}
        return value

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        if self.rows is not None and self.times is not None:
            raise ValueError("give rows or times, not both")
        return self


class Generating(Part):
    """Which generator, and what it is asked for."""

    generator: Named = Field(default=Named(name="trees"), description="A built-in or plug-in generator.")
    requests: tuple[RequestNote, ...] = Field(default=(RequestNote(times=1.0),), min_length=1, description="What to make.")

    @field_validator("requests", mode="after")
    @classmethod
    def _different(cls, requests: tuple[RequestNote, ...]) -> tuple[RequestNote, ...]:
        once([request.name for request in requests], "request")
        return requests


class Prices(Part):
    """What one record costs, in any currency; the verdict then speaks of money as well."""

    real: float | None = Field(default=None, ge=0, description="To get one more real record.")
    synthetic: float | None = Field(default=None, ge=0, description="To make one synthetic record.")


class Proving(Part):
    """How the trial is held. All of it is fixed before anything is computed."""

    question: Question | None = Field(default=None, description="Left out: artifact when `synthetic` is given, else in-hand.")
    weights: tuple[Share, ...] = Field(default=WEIGHTS, min_length=1, description="Screened inside each fold; one entry: fixed.")
    seeds: int = Field(default=5, ge=2, le=1000, description="Generator and learner seeds per fold.")
    draws: int = Field(default=20, ge=5, le=10_000, description="Training draws of the question 'recipe'.")
    draw_rows: int | None = Field(default=None, ge=10, description="Real records per draw. Left out: half of them.")
    most_rows: int | None = Field(
        default=None, ge=100, description="At most so many real records take part in the trial, whole units drawn at random."
    )
    curve: bool = Field(default=True, description="Measure how many real records the synthetic ones are worth.")
    prices: Prices = Field(default=Prices(), description="What a record costs.")

    @field_validator("weights", mode="after")
    @classmethod
    def _rising(cls, weights: tuple[float, ...]) -> tuple[float, ...]:
        if list(weights) != sorted(set(weights)):
            raise ValueError("weights must rise, each of them once")
        if weights == (0.0,):
            raise ValueError("a single weight of 0 adds nothing synthetic: there would be nothing to judge")
        return weights


class Finding(Part):
    """Whether gaps are looked for: parts of the records where the model is weak or records are few, which become requests."""

    find: int = Field(default=0, ge=0, le=20, description="At most so many gaps become requests; 0: none is looked for.")
    where: tuple[Where, ...] = Field(default=(), description="Parts of your own: asked for beside those that are found.")
    expected: Name | None = Field(
        default=None,
        description="Records as they will come; what is thinner in the real data than there is a gap, too.",
    )
    rounds: int = Field(
        default=0,
        ge=0,
        le=10,
        description="Rounds of trying on learning records; a request that gains nothing is changed or dropped.",
    )


class Curating(Part):
    """What is asked of every made record before it counts, in the trial and in the release."""

    steps: tuple[Named, ...] = Field(default=STEPS, description="The steps, in order; an empty list keeps everything.")
    refill: bool = Field(default=True, description="Make more in the place of what was left out, in up to four turns.")

    @field_validator("steps", mode="after")
    @classmethod
    def _different(cls, steps: tuple[Named, ...]) -> tuple[Named, ...]:
        once([step.name for step in steps], "step")
        return steps


class Measuring(Part):
    """What is measured of the released records beside the verdict."""

    holdout: Annotated[float, Field(ge=0, le=0.5)] = Field(
        default=0.2,
        description="Share of the learnable units that the released records are not made from, for the attacks.",
    )
    shadow: bool = Field(default=False, description="true: refit the generator 24 times, with and without those who stand out.")
    collapse: int = Field(default=0, ge=0, le=20, description="Generations of training on made records to look ahead; 0: none.")


class Releasing(Part):
    """What the release says of itself."""

    name: Name | None = Field(default=None, description="Its name. Left out: the recipe's file name.")
    license: Name | None = Field(default=None, description="The licence of the release, as the owner of the real data grants it.")
    description: str = Field(default="", description="A sentence on what it is, for the card.")


class Gates(Part):
    """What must hold for `complement run` to exit with 0; else it exits with 1."""

    verdict: tuple[State, ...] = Field(default=(), description="The states allowed to every learner. Empty: any.")
    verified: bool = Field(default=False, description="true: the judged records must be known to be unseen.")
    leaks: bool = Field(default=False, description="true: no leak may be found.")
    privacy: bool = Field(default=False, description="true: the privacy gate must pass; 'not shown' is no pass.")
