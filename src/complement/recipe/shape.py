"""The shape of a recipe: every key, what it may hold, what it means, and what it is when left out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from complement.core.purpose import Task
from complement.core.schema import Kind, Role
from complement.core.verdict import Question
from complement.recipe.complaint import complain
from complement.recipe.part import Name, Named, Part, RuleText, Share, Where, Written, once
from complement.recipe.stages import Curating, Finding, Gates, Generating, Measuring, Proving, Releasing, Splitting
from complement.recipe.yaml import Text, parse_yaml, read_yaml

VERSION = 1
IN_MEMORY = "(in memory)"  # stands for a path when the call was given a table


class ColumnNote(Part):
    """A correction of what profiling found about one column. What is not named stays as found."""

    kind: Kind | None = Field(default=None, description="What the values are.")
    role: Role | None = Field(default=None, description="What the column is for; `ignore` leaves it out of everything.")
    missing: tuple[Written, ...] = Field(default=(), description="Values that stand for 'not known', such as '?' or -1.")
    low: float | None = Field(default=None, description="Smallest possible value.")
    high: float | None = Field(default=None, description="Largest possible value.")
    decimals: int | None = Field(default=None, ge=0, le=15, description="Digits after the point; 0 for whole numbers.")
    values: tuple[Written, ...] | None = Field(default=None, description="All categories that may occur.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low ({self.low:g}) is above high ({self.high:g})")
        return self


class SliceNote(Part):
    """A named part of the records."""

    name: Name = Field(description="How the report calls it.")
    where: Where = Field(description="Which records, such as \"age > 60 and city = 'Rome'\".")


class PurposeNote(Part):
    """What a model is trained for, and by what it is judged."""

    target: Name = Field(description="The column to predict.")
    task: Task | None = Field(default=None, description="Left out: found from the target's values.")
    positive: Written | None = Field(
        default=None, description="The class that a binary score speaks of. Left out: 1, true, yes ... or the rarer one."
    )
    metric: Name | None = Field(default=None, description="The confirmatory metric. Left out: auroc, macro_f1 or rmse, by task.")
    guards: tuple[Name, ...] | None = Field(default=None, description="Metrics that must not be harmed. Left out: by task.")
    learners: tuple[Named, ...] = Field(default=(Named(name="lightgbm"),), min_length=1, description="The models that you ship.")
    margin: float | None = Field(default=None, gt=0, description="Smallest change that matters, in the metric's unit.")
    primary: SliceNote | None = Field(default=None, description="Judge the metric here; the whole becomes a guard.")
    slices: tuple[SliceNote, ...] = Field(default=(), description="Parts to report on beside the whole.")
    min_precision: Share = Field(default=0.9, description="For the guard 'recall at this precision'.")

    @field_validator("learners", mode="after")
    @classmethod
    def _different(cls, learners: tuple[Named, ...]) -> tuple[Named, ...]:
        once([learner.name for learner in learners], "learner")
        return learners

    @model_validator(mode="after")
    def _guards_differ(self) -> Self:
        once([name for name in (self.metric, *(self.guards or ())) if name is not None], "metric")
        return self

    @field_validator("slices", mode="after")
    @classmethod
    def _distinct(cls, slices: tuple[SliceNote, ...]) -> tuple[SliceNote, ...]:
        once([part.name for part in slices], "slice")
        return slices


class Recipe(Part):
    """One run, said completely. `complement` is the version of this shape."""

    model_config = ConfigDict(title="A complement recipe")

    version: Literal[1] = Field(alias="complement", description="The version of the recipe's shape: 1.")
    real: Name = Field(description="The real data: a path relative to the recipe; `file.duckdb::table` for a table.")
    sealed: Name | None = Field(default=None, description="Real records that nobody learnt from, to judge on.")
    synthetic: Name | None = Field(default=None, description="A delivered file to judge, instead of `generate`.")
    columns: dict[str, ColumnNote] = Field(default_factory=dict, alias="schema", description="Corrections by column.")
    rules: tuple[RuleText, ...] = Field(
        default=(), description='What every made record obeys, such as "end > start" or "a + b = total".'
    )
    purpose: PurposeNote = Field(description="What the data are for.")
    split: Splitting = Field(default=Splitting(), description="How records are set aside to judge on.")
    gap: Finding = Field(default=Finding(), description="Whether gaps are looked for, and made into requests.")
    generate: Generating = Field(default=Generating(), description="What to make.")
    curate: Curating = Field(default=Curating(), description="What is asked of every made record.")
    measure: Measuring = Field(default=Measuring(), description="What is measured beside the verdict.")
    prove: Proving = Field(default=Proving(), description="How it is judged.")
    release: Releasing = Field(default=Releasing(), description="What the release says of itself.")
    gates: Gates = Field(default=Gates(), description="What must hold for exit code 0.")
    seed: int = Field(default=0, ge=0, lt=2**63, description="Same recipe, same data and same seed give the same bytes.")

    _file: Path | None = PrivateAttr(None)
    _text: str = PrivateAttr("")

    @staticmethod
    def load(path: str | Path) -> Recipe:
        """The recipe in a YAML file. Raises RecipeError with file:line:key, what was met and what is allowed."""
        path = Path(path)
        read = read_yaml(path)
        recipe = _validate(read)
        recipe._file, recipe._text = path.resolve(), read.text
        return recipe

    @staticmethod
    def parse(text: str) -> Recipe:
        """The recipe in YAML text; relative paths then start from the working folder."""
        return _validate(parse_yaml(text))

    @staticmethod
    def of(values: Mapping[str, object]) -> Recipe:
        """The recipe with these keys, as in the YAML file; keys whose value is None are left to their defaults."""
        return _validate(Text({key: _given(value) for key, value in values.items() if value is not None}, file="call"))

    @model_validator(mode="after")
    def _one_pool(self) -> Self:
        if self.synthetic is not None and "generate" in self.model_fields_set:
            raise ValueError("give `generate` or `synthetic`, not both: a delivered file is judged as it is")
        if self.synthetic is not None and self.rules:
            raise ValueError("give `rules` or `synthetic`, not both: rules say how records are made")
        if self.sealed is not None and "sealed" in self.split.model_fields_set:
            raise ValueError("give a file under `sealed` or a rule under `split.sealed`, not both")
        return self

    @property
    def file(self) -> Path | None:
        """The file that it was loaded from."""
        return self._file

    @property
    def text(self) -> str:
        """What the file says, comments included; empty for a call."""
        return self._text

    @property
    def folder(self) -> Path:
        """The folder that relative paths start from, and beside which the ledger stands."""
        return self._file.parent if self._file else Path.cwd()

    @property
    def question(self) -> Question:
        """The question that the verdict answers."""
        return self.prove.question or ("artifact" if self.synthetic is not None else "in-hand")

    def place(self, path: str) -> str:
        """A path of the recipe as one that can be opened from anywhere; `::table` stays."""
        file, colons, table = path.partition("::")
        return str(self.folder / Path(file).expanduser()) + colons + table

    def part(self, *keys: str) -> dict[str, Any]:
        """The named parts as plain values: what a stage's plan hash covers."""
        whole = self.as_plain()
        return {key: whole.get(key) for key in keys}

    def as_plain(self) -> dict[str, Any]:
        """Every key with its value, defaults included, as JSON values."""
        return self.model_dump(mode="json", by_alias=True)


def recipe_schema() -> dict[str, Any]:
    """The JSON schema of a recipe, for editors that complete and check YAML."""
    schema = Recipe.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _given(value: object) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _given(inner) for key, inner in value.items() if inner is not None}
    return tuple(_given(inner) for inner in value) if isinstance(value, list | tuple) else value


def _validate(text: Text) -> Recipe:
    try:
        return Recipe.model_validate(text.values)
    except ValidationError as cause:
        raise complain(cause, text, Recipe) from cause
