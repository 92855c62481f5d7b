"""The shape of a recipe: every key, what it may hold, what it means, and what it is when left out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema

from complement.core.condition import Condition
from complement.core.purpose import Task
from complement.core.rule_text import parse_rule
from complement.core.schema import Kind, Role
from complement.core.verdict import Question, State
from complement.recipe.complaint import complain
from complement.recipe.yaml import Text, parse_yaml, read_yaml

VERSION = 1
WEIGHTS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)  # the screening grid; the design's section "Procedure", 2
IN_MEMORY = "(in memory)"  # stands for a path when the call was given a table


def _as_text(value: object) -> object:
    # Codes such as 0, -1 and true are written bare and meant as the text that stands in the file.
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _readable(text: str) -> str:
    Condition.parse(text)
    return text


def _rule(text: str) -> str:
    parse_rule(text)
    return text


Written = Annotated[str, BeforeValidator(_as_text), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Where = Annotated[str, AfterValidator(_readable)]
RuleText = Annotated[str, AfterValidator(_rule)]
Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class Part(BaseModel):
    """What every part of a recipe has in common: it does not change, and it knows its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


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


class Named(Part):
    """A generator or learner by name, with settings where the defaults do not do: NAME or {NAME: {setting: value}}."""

    name: Name = Field(description="A built-in or plug-in.")
    settings: dict[str, Any] = Field(default_factory=dict, description="Passed to it by keyword.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        if isinstance(value, str):
            return {"name": value}
        if isinstance(value, dict) and not isinstance(value.get("name"), str):
            if len(value) != 1:
                raise ValueError("write a name, or one name with its settings: {NAME: {setting: value}}")
            name, settings = next(iter(value.items()))
            return {"name": name, "settings": {} if settings is None else settings}
        return value

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        named = {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": {"type": ["object", "null"]}}
        return {"anyOf": [{"type": "string"}, named], "description": cls.__doc__}


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
        _once([learner.name for learner in learners], "learner")
        return learners

    @model_validator(mode="after")
    def _guards_differ(self) -> Self:
        _once([name for name in (self.metric, *(self.guards or ())) if name is not None], "metric")
        return self

    @field_validator("slices", mode="after")
    @classmethod
    def _distinct(cls, slices: tuple[SliceNote, ...]) -> tuple[SliceNote, ...]:
        _once([part.name for part in slices], "slice")
        return slices


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
        _once([request.name for request in requests], "request")
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


class Gates(Part):
    """What must hold for `complement run` to exit with 0; else it exits with 1."""

    verdict: tuple[State, ...] = Field(default=(), description="The states allowed to every learner. Empty: any.")
    verified: bool = Field(default=False, description="true: the judged records must be known to be unseen.")
    leaks: bool = Field(default=False, description="true: no leak may be found.")


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
    generate: Generating = Field(default=Generating(), description="What to make.")
    prove: Proving = Field(default=Proving(), description="How it is judged.")
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


def _once(names: list[str], what: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the {what} '{name}' is named twice; give each another name")
