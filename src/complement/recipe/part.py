"""What every part of a recipe is made of: the frozen model, the kinds of values, and a thing by name with settings."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema

from complement.core.condition import Condition
from complement.core.rule_text import parse_rule


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


def once(names: list[str], what: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the {what} '{name}' is named twice; give each another name")
