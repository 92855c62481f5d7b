"""What the columns are: kind, role, constraints, and the keys between tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal, get_args

from complement.core.errors import SchemaError

if TYPE_CHECKING:
    from complement.core.rules import Rule

Kind = Literal["number", "integer", "category", "boolean", "date", "datetime", "text", "image", "other"]
Role = Literal["feature", "target", "unit", "time", "identifier", "personal", "weight", "ignore"]
KINDS: tuple[str, ...] = get_args(Kind)
ROLES: tuple[str, ...] = get_args(Role)
RECORDS = "records"  # the name of the table when there is only one


@dataclass(frozen=True)
class Constraints:
    """What every value of a column obeys. None means: not constrained.

    `decimals` is the number of digits after the point that the real values carry (0 for integers).
    `missing_codes` are values that stand for "not known" in the file (such as "?" or -1); they are read as null.
    `values` are the allowed categories in their order of first appearance.
    """

    low: float | None = None
    high: float | None = None
    decimals: int | None = None
    values: tuple[str, ...] | None = None
    nullable: bool = True
    unique: bool = False
    missing_codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """One column: its name, what its values are (kind), what it is for (role), and what they obey."""

    name: str
    kind: Kind
    role: Role = "feature"
    constraints: Constraints = field(default_factory=Constraints)

    @property
    def numeric(self) -> bool:
        return self.kind in ("number", "integer")


@dataclass(frozen=True)
class Key:
    """`child.column` refers to `parent.parent_column`: one parent, any number of children."""

    parent: str
    parent_column: str
    child: str
    column: str


@dataclass(frozen=True)
class Schema:
    """Columns by table, the keys between tables, and which table is the root (its records are what is counted).

    `rules` hold between columns of the root table: every record that a generator makes obeys them.
    """

    tables: Mapping[str, tuple[Column, ...]]
    keys: tuple[Key, ...] = ()
    root: str = RECORDS
    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        if self.root not in self.tables:
            raise SchemaError("schema-key", f"The root table '{self.root}' is not among {sorted(self.tables)}.")
        for key in self.keys:
            for table, column in ((key.parent, key.parent_column), (key.child, key.column)):
                if table not in self.tables or column not in (c.name for c in self.tables[table]):
                    raise SchemaError("schema-key", f"The key {key} names {table}.{column}, which does not exist.")

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the root table."""
        return self.tables[self.root]

    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def column(self, name: str) -> Column:
        """The root table's column of this name; an unknown name is an error that offers the nearest one."""
        for column in self.columns:
            if column.name == name:
                return column
        raise SchemaError("schema-column", f"There is no column '{name}'.", help=nearest(name, self.names()))

    def with_role(self, role: Role) -> list[Column]:
        return [column for column in self.columns if column.role == role]

    @property
    def target(self) -> Column | None:
        found = self.with_role("target")
        return found[0] if found else None

    def features(self) -> list[Column]:
        """The columns that a learner may see: role feature, of a kind that a table learner can use."""
        return [column for column in self.with_role("feature") if column.kind not in ("image", "other")]

    def assign(self, **roles: Role | None) -> Schema:
        """The same schema with roles by column name; a column named None keeps its role."""
        schema = self
        for name, role in roles.items():
            if role is not None:
                schema = schema.replace_column(replace(schema.column(name), role=role))
        return schema

    def replace_column(self, column: Column) -> Schema:
        """The same schema with the root table's column of the same name replaced."""
        self.column(column.name)
        columns = tuple(column if old.name == column.name else old for old in self.columns)
        return replace(self, tables={**self.tables, self.root: columns})

    def with_target(self, name: str) -> Schema:
        """The same schema with exactly this target; a former target becomes a feature."""
        self.column(name)
        schema = self
        for old in self.with_role("target"):
            schema = schema.replace_column(replace(old, role="feature"))
        return schema.replace_column(replace(schema.column(name), role="target"))

    def with_rules(self, rules: tuple[Rule, ...]) -> Schema:
        """The same schema under exactly these rules. Raises SchemaError or RuleError for one that does not fit the columns."""
        for rule in rules:
            rule.check(self)
        return replace(self, rules=rules)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)


def nearest(name: str, allowed: list[str]) -> str:
    """The sentence that offers the nearest allowed name, or lists the first few."""
    close = get_close_matches(name, allowed, n=1, cutoff=0.6)
    if close:
        return f"Did you mean '{close[0]}'?"
    shown = ", ".join(allowed[:12]) + (", …" if len(allowed) > 12 else "")
    return f"There are: {shown}."
