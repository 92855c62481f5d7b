"""Built-ins and plug-ins by name: the one place that knows which name stands for which class. Importing it loads none."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, cast, get_args

from complement.core.contracts import Evaluator, Generator, Learner, Metric, Step
from complement.core.errors import ComplementError, PluginError, ProveError, UsageError
from complement.core.purpose import Purpose
from complement.core.schema import nearest

Kind = Literal["generators", "steps", "evaluators", "learners", "metrics"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# "module:object": imported when the name is asked for, so that `import complement` stays fast.
BUILT_IN: Mapping[Kind, Mapping[str, str]] = {
    "generators": {
        "forest": "complement.generate.forest.engine:Forest",
        "trees": "complement.generate.trees:SequentialTrees",
        "copula": "complement.generate.copula:GaussianCopula",
        "bootstrap": "complement.generate.bootstrap:Bootstrap",
        "shuffle": "complement.generate.shuffle:Shuffle",
        "interpolate": "complement.generate.interpolate:Interpolate",
    },
    "steps": {
        "valid": "complement.curate.valid:Valid",
        "duplicates": "complement.curate.duplicates:Duplicates",
        "copied": "complement.curate.copied:Copied",
        "contaminated": "complement.curate.contaminated:Contaminated",
        "outliers": "complement.curate.outliers:Outliers",
        "labels": "complement.curate.labels:Labels",
    },
    "evaluators": {
        "shape": "complement.measure.fidelity:Shape",
        "pairs": "complement.measure.fidelity:Pairs",
        "conditional": "complement.measure.fidelity:Conditional",
        "c2st": "complement.measure.fidelity:C2st",
        "detection": "complement.measure.fidelity:Detection",
        "tstr": "complement.measure.fidelity:Tstr",
        "coverage": "complement.measure.diversity:Coverage",
        "levels": "complement.measure.diversity:Levels",
        "distinct": "complement.measure.diversity:Distinct",
        "vendi": "complement.measure.diversity:Vendi",
        "copies": "complement.measure.privacy:Copies",
        "twins": "complement.measure.privacy:Twins",
        "membership": "complement.measure.privacy:Membership",
        "density": "complement.measure.privacy:DensityRatio",
        "dcr": "complement.measure.privacy:DcrShare",
        "near": "complement.measure.privacy:NearCopies",
        "attributes": "complement.measure.privacy:Attributes",
        "singling": "complement.measure.privacy:SinglingOut",
        "linking": "complement.measure.privacy:Linkability",
        "rare": "complement.measure.privacy:RareValues",
    },
    "learners": {
        "lightgbm": "complement.models.learners:LightGBM",
        "logistic": "complement.models.learners:Logistic",
        "linear": "complement.models.learners:Linear",
        "tree": "complement.models.learners:Tree",
        "mlp": "complement.models.learners:Mlp",
    },
    "metrics": {
        "auroc": "complement.prove.metrics:Auroc",
        "auprc": "complement.prove.metrics:Auprc",
        "log_loss": "complement.prove.metrics:LogLoss",
        "brier": "complement.prove.metrics:Brier",
        "ece": "complement.prove.metrics:Ece",
        "recall_at_precision": "complement.prove.metrics:RecallAtPrecision",
        "accuracy": "complement.prove.metrics:Accuracy",
        "macro_f1": "complement.prove.metrics:MacroF1",
        "rmse": "complement.prove.metrics:Rmse",
        "mae": "complement.prove.metrics:Mae",
        "r2": "complement.prove.metrics:R2",
    },
}
PROTOCOLS: Mapping[Kind, type] = {
    "generators": Generator,
    "steps": Step,
    "evaluators": Evaluator,
    "learners": Learner,
    "metrics": Metric,
}
_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*[.:][^\W\d]\w*")


def generator(name: str, **settings: object) -> Generator:
    """A new generator, not fitted. Raises like `build`."""
    return cast(Generator, build("generators", name, settings))


def step(name: str, **settings: object) -> Step:
    """A new curation step. Raises like `build`."""
    return cast(Step, build("steps", name, settings))


def evaluator(name: str, **settings: object) -> Evaluator:
    """A new evaluator. Raises like `build`."""
    return cast(Evaluator, build("evaluators", name, settings))


def learner(name: str, **settings: object) -> Learner:
    """A new learner, not fitted: a name, or the import path of an estimator with the interface of scikit-learn.

    A path is "sklearn.ensemble:RandomForestClassifier", with a dot or a colon before the class, of any installed
    package. **Importing it runs that package's code**: a recipe that names a path deserves the trust of a script.
    What is imported must be a class with fit, predict, get_params and set_params before anything of it is called.
    Raises like `build`; ProveError "prove-learner" when the path leads to no estimator.
    """
    if name not in names("learners") and (":" in name or "." in name):
        return _estimator(name, settings)
    return cast(Learner, build("learners", name, settings))


def metric(name: str, purpose: Purpose, **settings: object) -> Metric:
    """A metric, built with the purpose that it judges for. Raises like `build`."""
    return cast(Metric, build("metrics", name, settings, first=(purpose,)))


def names(kind: Kind) -> list[str]:
    """The names of a kind that can be asked for, built-ins first, then plug-ins in alphabetical order."""
    built_in = list(_built_in(kind))
    return [*built_in, *sorted({point.name for point in _plugins(kind)} - set(built_in))]


def build(kind: Kind, name: str, settings: Mapping[str, object], *, first: tuple[object, ...] = ()) -> object:
    """The built-in or plug-in of this name, called with `first` and the settings.

    A built-in comes before a plug-in of the same name. Raises UsageError "unknown-name" with the nearest name;
    UsageError "usage" for settings that it does not take; PluginError "plugin-broken" when a plug-in cannot be
    loaded, or what it makes does not meet the Protocol of its kind.
    """
    maker = load(kind, name)
    _check_settings(f"{_one(kind)} '{name}'", maker, settings, given=len(first))
    with _Border(kind, name, "could not be built"):
        try:
            made = maker(*first, **settings)
        except (TypeError, ValueError) as cause:
            if isinstance(cause, ComplementError):
                raise
            raise UsageError("usage", f"The {_one(kind)} '{name}' refuses its settings: {cause}") from cause
        lacking = _lacking(made, PROTOCOLS[kind])
    if lacking:
        raise PluginError(
            "plugin-broken",
            f"The {_one(kind)} '{name}' lacks {', '.join(lacking)}.",
            where=f"{type(made).__module__}:{type(made).__qualname__}",
            help=f"It must meet the Protocol {PROTOCOLS[kind].__name__} of complement.core.contracts.",
        )
    return made


def load(kind: Kind, name: str) -> Any:
    """The class or function behind a name, imported and not called. Raises like `build`."""
    built_in = _built_in(kind)
    if name in built_in:
        module, _, thing = built_in[name].partition(":")
        return getattr(import_module(module), thing)
    found = [point for point in _plugins(kind) if point.name == name]
    if not found:
        raise UsageError("unknown-name", f"There is no {_one(kind)} '{name}'.", help=_offer(name, names(kind)))
    if len({point.value for point in found}) > 1:
        listed = ", ".join(sorted(f"{point.value} ({point.dist.name if point.dist else '?'})" for point in found))
        raise PluginError(
            "plugin-broken", f"Several plug-ins call themselves {_one(kind)} '{name}': {listed}.", help="Uninstall all but one."
        )
    with _Border(kind, name, "could not be loaded"):
        maker = found[0].load()
    if not callable(maker):
        raise PluginError("plugin-broken", f"The {_one(kind)} '{name}' is no class or function.", where=found[0].value)
    return maker


def code_of(kind: Kind, name: str) -> str:
    """The sha256 of the source file behind a plug-in or an import path; "" for a built-in, whose version says it."""
    if name in _built_in(kind):
        return ""
    by_path = kind == "learners" and name not in names(kind)
    module = name.replace(":", ".").rpartition(".")[0] if by_path else getattr(load(kind, name), "__module__", "")
    try:
        found = find_spec(module) if module else None
    except (ModuleNotFoundError, ValueError):  # said by whoever builds it
        return ""
    file = Path(found.origin) if found and found.origin else None
    return sha256(file.read_bytes()).hexdigest() if file and file.is_file() else ""


class _Border:
    """Where errors of a plug-in become ours: it may raise anything, also while it is imported."""

    def __init__(self, kind: Kind, name: str, what: str) -> None:
        self.kind: Kind = kind
        self.name, self.what = name, what

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, cause: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        if isinstance(cause, Exception) and not isinstance(cause, ComplementError):
            raise PluginError(
                "plugin-broken",
                f"The {_one(self.kind)} '{self.name}' {self.what}: {type(cause).__name__}: {str(cause)[:500]}",
                help="Mend or uninstall the package that brings it.",
            ) from cause
        return False


def _estimator(path: str, settings: Mapping[str, object]) -> Learner:
    if not _PATH.fullmatch(path):
        raise UsageError("unknown-name", f"'{path}' is neither a learner's name nor an import path.", help=_paths_look())
    module, _, name = path.replace(":", ".").rpartition(".")
    with _Border("learners", path, "could not be loaded"):
        try:
            kind = getattr(import_module(module), name)
        except (ModuleNotFoundError, AttributeError) as cause:
            raise UsageError("unknown-name", f"'{path}' cannot be imported: {cause}.", help=_paths_look()) from cause
    methods = ("fit", "predict", "get_params", "set_params")
    # Asked before anything is called: a path may lead to any function of any package.
    if not inspect.isclass(kind) or not all(callable(getattr(kind, method, None)) for method in methods):
        raise ProveError("prove-learner", f"'{path}' is no estimator: it must be a class with {', '.join(methods)}.")
    _check_settings(f"estimator {name}", kind, settings)
    maker = getattr(import_module("complement.models.sklearn_learner"), "SklearnLearner")  # noqa: B009 - loaded by name
    return cast(Learner, maker(path, **settings))


def _check_settings(what: str, maker: Any, settings: Mapping[str, object], *, given: int = 0) -> None:
    """Raise UsageError when `maker` does not take a setting, or needs one that is not there."""
    try:
        signature = inspect.signature(maker)
    except (TypeError, ValueError):  # made in C: it will complain itself
        return
    parameters = list(signature.parameters.values())
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return
    takes = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)][given:]
    unknown = [name for name in settings if name not in takes]
    if unknown:
        allowed = f"It takes: {', '.join(takes)}." if takes else "It takes none."
        close = nearest(unknown[0], takes) if takes else ""
        raise UsageError(
            "usage",
            f"The {what} has no setting '{unknown[0]}'.",
            help=f"{close} {allowed}" if close.startswith("Did you mean") else allowed,
        )
    try:
        partial(signature.bind, *([None] * given))(**settings)
    except TypeError as cause:
        raise UsageError("usage", f"The {what}: {cause}.", help=f"It takes: {', '.join(takes)}.") from cause


def _built_in(kind: Kind) -> Mapping[str, str]:
    if kind not in BUILT_IN:
        raise UsageError("unknown-name", f"There is no kind '{kind}'.", help=f"There are: {', '.join(KINDS)}.")
    return BUILT_IN[kind]


def _plugins(kind: Kind) -> list[EntryPoint]:
    return list(entry_points(group=f"complement.{kind}"))


def _lacking(made: object, protocol: type) -> list[str]:
    """The members of the Protocol that the object has not, or that are no methods where they should be."""
    wanted = [name for name in (*vars(protocol), *inspect.get_annotations(protocol)) if not name.startswith("_")]
    methods = {name for name in wanted if callable(getattr(protocol, name, None))}
    return [n for n in wanted if not hasattr(made, n) or (n in methods and not callable(getattr(made, n)))]


def _one(kind: Kind) -> str:
    return kind.removesuffix("s")


def _offer(name: str, allowed: list[str]) -> str:
    return nearest(name, allowed) if allowed else "No package that brings one is installed."


def _paths_look() -> str:
    return "Write it like sklearn.ensemble:RandomForestClassifier, of an installed package."
