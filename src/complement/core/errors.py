"""One tree of errors. Each carries a stable code, what was met, where, and what to do."""

from __future__ import annotations

CODES: dict[str, str] = {
    # recipe and command line
    "recipe-missing": "The recipe file does not exist or cannot be opened.",
    "recipe-syntax": "The recipe is not plain YAML.",
    "recipe-unknown-key": "The recipe has a key that complement does not know.",
    "recipe-value": "A value in the recipe is of the wrong kind or out of range.",
    "recipe-unsafe": "The recipe holds YAML tags or aliases that a recipe never needs.",
    "usage": "The command line is incomplete or contradicts itself.",
    "unknown-name": "No built-in or plug-in has this name.",
    "plugin-broken": "A plug-in could not be loaded or does not meet its Protocol.",
    # environment
    "extra-missing": "An optional package is needed and not installed.",
    "library-broken": "An installed package cannot be loaded.",
    "disk": "The file system refused to write.",
    # source
    "source-missing-file": "A file or table that was named does not exist.",
    "source-format": "The file's format is not one that complement reads.",
    "source-empty": "There are no rows or no columns.",
    "source-encoding": "The text file is not UTF-8.",
    "source-header": "The header is missing, empty or repeats a column name.",
    "source-ragged": "A line does not have as many cells as the header.",
    "source-type": "A column mixes types or has a type that complement does not know.",
    "source-wide": "There are more columns than complement handles at once.",
    "source-infinite": "A numeric column holds infinite values.",
    # schema and dataset
    "schema-column": "A column that was named does not exist.",
    "schema-role": "Roles contradict each other.",
    "schema-mismatch": "Two tables that must match have different columns or kinds.",
    "schema-key": "A key between tables does not hold.",
    "dataset-shape": "Lengths of records, weights and lineage do not agree, or a weight is negative.",
    # conditions and requests
    "where-syntax": "A condition cannot be read.",
    "where-type": "A condition compares a column with a value of another kind.",
    "request-impossible": "No real record supports the condition that was asked for.",
    "request-rows": "The number of rows asked for is not a positive whole number.",
    "generate-short": "A generator made fewer rows than were asked for.",
    "generate-unsupported": "This generator cannot do what the request or the data need.",
    "generate-fit": "The generator cannot be fitted on these data.",
    # split, trial and verdict
    "split-units": "There are too few units, or a unit stands in two parts.",
    "split-time": "Time order is broken or cannot be read.",
    "sealed-overlap": "Sealed records also stand among the records to learn from.",
    "target-missing": "The target is not a column.",
    "target-single": "The target has a single value.",
    "target-empty": "The target has missing values only, or too many classes.",
    "target-copy": "A feature repeats the target under another name.",
    "prove-too-few": "Too few records to judge anything.",
    "prove-metric": "The metric does not fit the task.",
    "prove-learner": "The learner cannot be built or does not fit the task.",
    "prove-question": "The question that was asked does not fit what was given.",
    # engine and run
    "shard-failed": "One shard of the work failed.",
    "run-changed": "The run folder belongs to another recipe, input or version.",
    "run-damaged": "A file of the run folder is not what the manifest says.",
    "unexpected": "A library failed in a way that complement does not know.",
    "interrupted": "The run was interrupted; what is finished is kept.",
    "gate": "A gate that the recipe asked for did not hold.",
}


class ComplementError(Exception):
    """The root of the tree.

    `code` is stable and documented in docs/codes; `met` says what was found, `where` the file, line or key, and
    `help` what to do. `exit_code` is what the command line returns: 1 gate, 2 recipe or usage, 3 environment.
    """

    exit_code = 2

    def __init__(self, code: str, met: str, *, where: str = "", help: str = "") -> None:
        if code not in CODES:
            raise KeyError(f"'{code}' is not among the codes of core/errors.py")
        self.code, self.met, self.where, self.help = code, met, where, help
        super().__init__(self.text())

    def text(self) -> str:
        """What a person reads: one screen at most."""
        lines = [self.met]
        if self.where:
            lines.append(f"where: {self.where}")
        if self.help:
            lines.append(f"help: {self.help}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "met": self.met, "where": self.where, "help": self.help}

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders; the default would call the class with the text alone.
        return (_rebuild, (type(self), self.code, self.met, self.where, self.help))


def _rebuild(kind: type[ComplementError], code: str, met: str, where: str, help: str) -> ComplementError:
    return kind(code, met, where=where, help=help)


class RecipeError(ComplementError, ValueError):
    """The recipe cannot be used as it stands."""


class UsageError(ComplementError, ValueError):
    """A call or command line asks for something that does not exist or does not fit together."""


class SourceError(ComplementError, ValueError):
    """Real data cannot be read as they are."""


class SchemaError(ComplementError, ValueError):
    """Columns, roles, keys or shapes do not agree."""


class ConditionError(ComplementError, ValueError):
    """A `where` cannot be read or does not fit the columns."""


class RequestError(ComplementError, ValueError):
    """A request cannot be met."""


class GenerateError(ComplementError, RuntimeError):
    """A generator cannot be fitted or failed to answer."""


class SplitError(ComplementError, ValueError):
    """Real data cannot be split as asked without breaking a rule."""


class ProveError(ComplementError, ValueError):
    """A trial cannot be run on these data for this purpose."""


class PluginError(ComplementError, TypeError):
    """A plug-in cannot be loaded or does not meet its Protocol."""

    exit_code = 3


class MissingExtraError(ComplementError, ImportError):
    """An optional package is not installed; `help` is the command that installs it."""

    exit_code = 3


class StorageError(ComplementError, OSError):
    """The file system refused to read or write."""

    exit_code = 3

    # OSError would show errno and file name, of which we give none.
    def __str__(self) -> str:
        return self.text()


class RunError(ComplementError, RuntimeError):
    """A run folder or a shard is not what it should be."""


class GateError(ComplementError, RuntimeError):
    """The run finished and a gate that the recipe asked for did not hold."""

    exit_code = 1
