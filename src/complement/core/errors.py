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
    "cluster-unreachable": "No Ray cluster can be reached, or its nodes are gone.",
    "cluster-nodes": "A node of the Ray cluster has other packages than this process.",
    # source
    "source-missing-file": "A file or table that was named does not exist.",
    "source-format": "The file's format is not one that complement reads.",
    "source-empty": "There are no rows or no columns.",
    "source-encoding": "The text file is not UTF-8.",
    "source-header": "The header is missing, empty or repeats a column name.",
    "source-ragged": "A line does not have as many cells as the header.",
    "source-type": "A column mixes types or has a type that complement does not know.",
    "source-wide": "There are more columns than complement handles at once.",
    "source-infinite": "A numeric column holds values that are infinite, or beyond 1e100.",
    "source-synthetic": "Records that say of themselves that they are synthetic are given as real ones.",
    "source-unanchored": "All records to learn from are synthetic, and no real one anchors them.",
    # schema and dataset
    "schema-column": "A column that was named does not exist.",
    "schema-role": "Roles contradict each other.",
    "schema-mismatch": "Two tables that must match have different columns or kinds.",
    "schema-key": "A key between tables does not hold.",
    "lineage-deep": "Records made from made records stand without a real anchor.",
    "dataset-shape": "Lengths of records, weights and lineage do not agree, or a weight is negative.",
    # conditions and requests
    "where-syntax": "A condition cannot be read.",
    "where-type": "A condition compares a column with a value of another kind.",
    "rule-syntax": "A rule cannot be read.",
    "rule-type": "A rule speaks of a column of another kind.",
    "rule-broken-by-real": "More than 1 % of the real records break a rule.",
    "request-impossible": "No real record supports the condition that was asked for.",
    "request-rows": "The number of rows asked for is not a positive whole number.",
    "generate-short": "A generator made fewer rows than were asked for.",
    "generate-unsupported": "This generator cannot do what the request or the data need.",
    "generate-fit": "The generator cannot be fitted on these data.",
    "impute-empty": "A column that is to be filled has no value to learn from.",
    "impute-column": "A column that was named is not one that can be filled.",
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
    # release
    "release-records": "Records cannot be released as they are.",
    "release-folder": "Something stands already where the release should.",
    "release-damaged": "A release is not what its manifest says.",
    "release-forged": "A release is not the one that the digest names.",
}

# What to do where the place that raises says nothing better: docs/errors.md in plain text.
ADVICE: dict[str, str] = {
    "recipe-missing": "Check the path; complement init DATA --target y writes a recipe.",
    "recipe-syntax": "Correct the line and column that the message names.",
    "recipe-unknown-key": "Use the nearest key that the message offers; complement schema lists them all.",
    "recipe-value": "Give a value of the kind and range that the message names.",
    "recipe-unsafe": "Write the value out instead of using a tag, an anchor or an alias.",
    "usage": "Run the command with --help; the message says what is missing or contradicts.",
    "unknown-name": "Use one of the names in the message, or install the plug-in that has it.",
    "plugin-broken": "Run complement.testing.check_… on the plug-in: it names the first check that fails.",
    "extra-missing": "Run the install command that the message gives.",
    "library-broken": "Run complement doctor: it names the library and the command that mends it.",
    "disk": "Free space or choose another folder, then run again: finished shards are kept.",
    "cluster-unreachable": "Look with ray status whether it runs, and check the address; what is finished is kept.",
    "cluster-nodes": "Install the same versions on every node, plug-ins too; docs/cluster.md says how.",
    "source-missing-file": "Check the path; for a table inside a database write file.duckdb::table.",
    "source-format": "Convert to CSV, TSV, JSONL, Parquet or Feather.",
    "source-empty": "Check that the file has a header and at least one row.",
    "source-encoding": "Save the file as UTF-8; the message gives the byte at which reading stopped.",
    "source-header": "Give every column a name, each once.",
    "source-ragged": "Look at the line that the message names; most often a separator inside a cell lacks quotes.",
    "source-type": "Make the cells of the column of one kind, or cast it before.",
    "source-wide": "Leave columns out that no model will see.",
    "source-infinite": "Replace infinite values by missing ones or by numbers.",
    "source-synthetic": "Give the real records that they were made from.",
    "source-unanchored": "Add the real records that they were made from; complement collapse shows what comes without them.",
    "schema-column": "Use the column name that the message offers.",
    "schema-role": "Give each of target, time, unit and weight to one column only.",
    "schema-mismatch": "Bring both tables to the same columns, in the same kinds.",
    "schema-key": "Make parent keys unique, and let every child row refer to a parent that exists.",
    "lineage-deep": "Put the real records beside them that they come from, or ask for it: unanchored.",
    "dataset-shape": "Give one weight, 0 or more, and one lineage row for each record.",
    "where-syntax": "Correct the condition at the place marked ⟨here⟩.",
    "where-type": "Write text in single quotes, numbers bare, dates as '2024-05-01'.",
    "rule-syntax": "Correct the rule at the place marked ⟨here⟩; docs/recipe.md shows every kind.",
    "rule-type": "Correct the column's kind in the schema, or leave the rule out.",
    "rule-broken-by-real": "Correct these records or the rule, or leave the rule out: made records follow the real ones.",
    "request-impossible": "Widen the condition, or bring real records that meet it.",
    "request-rows": "Ask for a whole number of rows, 1 or more.",
    "generate-short": "Ask for fewer rows or widen the condition; the message says why records failed.",
    "generate-unsupported": "Choose another generator; the message says what this one cannot do.",
    "generate-fit": "Bring more records, or choose a simpler generator such as bootstrap.",
    "impute-empty": "Leave the column out with --leave, or bring records in which it is known.",
    "impute-column": "Name columns of numbers, categories, booleans or dates that are features, target or time.",
    "split-units": "Use fewer folds, or check the unit column: every record of a unit belongs to one part.",
    "split-time": "Correct the time column, so that every record has a time that can be ordered.",
    "sealed-overlap": "Take the sealed records out of the file to learn from.",
    "target-missing": "Name a column of the data as the target.",
    "target-single": "Bring records of at least two target values: there is nothing to predict.",
    "target-empty": "Fill in or remove records without a target; group rare classes.",
    "target-copy": "Remove the feature that the message names, or set its role to ignore.",
    "prove-too-few": "Bring more records, or use fewer folds; the message says how many are needed.",
    "prove-metric": "Choose one of the metrics that fit the task; the message lists them.",
    "prove-learner": "Choose one of the learners that fit the task; the message lists them.",
    "prove-question": "Ask another question or give what it needs; docs/verdict.md says what that is.",
    "shard-failed": "Read the cause in the message; run again with --resume: finished shards are kept.",
    "run-changed": "Run with --fresh, or into another folder.",
    "run-damaged": "Delete the file that the message names and resume: it is made again.",
    "unexpected": "Run again with --debug for the place, and report it: the message should have said more.",
    "interrupted": "Run the same command again: it goes on where it stopped.",
    "gate": "Read the verdict: the recipe asked for more than the evidence supports.",
    "release-records": "Give synthetic records of one table, with the same columns in every shard.",
    "release-folder": "Choose another folder, or remove what stands there.",
    "release-damaged": "Get the release again from whoever made it; the message names the file.",
    "release-forged": "Ask the maker for the release again, and for its digest by another way.",
}
MOST_MET, MOST_WHERE, MOST_HELP = 800, 320, 560  # characters: 21 lines of 80, so that an error is one screen


class ComplementError(Exception):
    """The root of the tree.

    `code` is stable and documented in docs/errors.md; `met` says what was found, `where` the file, line or key, and
    `help` what to do (left out: the code's advice). What cannot be printed is spelled (`\\x00`), and long text is cut.
    `exit_code` is what the command line returns: 1 gate, 2 recipe or usage, 3 environment.
    """

    exit_code = 2

    def __init__(self, code: str, met: str, *, where: str = "", help: str = "") -> None:
        if code not in CODES:
            raise KeyError(f"'{code}' is not among the codes of core/errors.py")
        self.code, self.met, self.where = code, _printable(met, MOST_MET), _printable(where, MOST_WHERE)
        self.help = _printable(help or ADVICE[code], MOST_HELP)
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


def _printable(text: str, most: int) -> str:
    """The text as a terminal can show it: control characters are spelled, what is too long for `most` is cut."""
    lines = text[: most + 1].splitlines()
    if len(text) > most or len(lines) > most // 80:
        lines = [*"\n".join(lines[: most // 80])[: most - 2].splitlines(), "…"]
    return "\n".join("".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line) for line in lines)


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


class RuleError(ComplementError, ValueError):
    """A rule between columns cannot be read, does not fit them, or is not what the real records say."""


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


class ClusterError(ComplementError, RuntimeError):
    """A cluster cannot be reached, or its nodes do not fit this process."""

    exit_code = 3


class RunError(ComplementError, RuntimeError):
    """A run folder or a shard is not what it should be."""


class GateError(ComplementError, RuntimeError):
    """The run finished and a gate that the recipe asked for did not hold."""

    exit_code = 1
