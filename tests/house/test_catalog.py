"""The catalogue: every name leads to what it says, plug-ins are found, and importing it loads nothing heavy."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from complement import catalog
from complement.catalog import BUILT_IN, KINDS, PROTOCOLS
from complement.core.errors import PluginError, ProveError, UsageError
from complement.core.purpose import Purpose, Task

PURPOSES: dict[Task, Purpose] = {
    "binary": Purpose("y", "binary", ("no", "yes")),
    "multiclass": Purpose("y", "multiclass", ("a", "b", "c")),
    "regression": Purpose("y", "regression"),
}
TASKS: dict[str, Task] = {"rmse": "regression", "mae": "regression", "r2": "regression"}
EVERY = [(kind, name) for kind in KINDS for name in BUILT_IN[kind]]

PLUG_INS = '''
"""Plug-ins, good and broken."""
class Mine:
    def __init__(self, leaf=3, *, smooth=True):
        if leaf < 1:
            raise ValueError("leaf must be at least 1")
        self.leaf = leaf
    def fit(self, real, *, seed):
        return self
    def generate(self, request, *, seed):
        raise NotImplementedError
class Half:
    def fit(self, real, *, seed):
        return self
class Explodes:
    def __init__(self):
        raise ZeroDivisionError("boom")
def made(**settings):
    return Mine(**settings)
number = 7
class Always:
    better, tasks, margin = "high", ("binary",), 0.01
    def __init__(self, purpose, *, level=1.0):
        self.name, self.level = f"always {purpose.target}", level
    def score(self, truth, predictions, *, weight):
        return self.level
    def influence(self, truth, predictions, *, weight):
        return None
'''
POINTS = """[complement.generators]
mine = plugs:Mine
made = plugs:made
half = plugs:Half
explodes = plugs:Explodes
number = plugs:number
gone = plugs:Gone
absent = no_such_package_anywhere:Thing
crash = plugs_crash:Thing
trees = plugs:Mine
[complement.metrics]
always = plugs:Always
"""


def install(folder: Path, name: str, points: str) -> None:
    """What an installer leaves of a package with entry points."""
    record = folder / f"{name}-1.0.dist-info"
    record.mkdir(parents=True)
    (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (record / "entry_points.txt").write_text(points)


@pytest.fixture
def plugged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed plug-ins."""
    (tmp_path / "plugs.py").write_text(PLUG_INS)
    (tmp_path / "plugs_crash.py").write_text("raise KeyError('at import')")
    install(tmp_path, "plugs", POINTS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "plugs", raising=False)
    return tmp_path


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_every_built_in_loads_and_is_what_it_says(kind: catalog.Kind, name: str) -> None:
    first = (PURPOSES[TASKS.get(name, "binary")],) if kind == "metrics" else ()
    made = catalog.build(kind, name, {}, first=first)
    assert isinstance(made, PROTOCOLS[kind])
    assert inspect.isclass(catalog.load(kind, name))
    assert type(made) is catalog.load(kind, name)
    assert getattr(made, "name", name) == name


def test_importing_the_catalogue_loads_no_stage_and_nothing_heavy() -> None:
    code = (
        "import sys; import complement.catalog as c; c.names('generators'); "
        "print([m for m in sys.modules if m.split('.')[0] in ('sklearn', 'scipy', 'lightgbm', 'duckdb', 'pandas') "
        "or m.startswith(('complement.generate', 'complement.models', 'complement.prove', 'complement.measure'))])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_an_unknown_name_offers_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean 'copula'") as met:
        catalog.generator("coupla")
    assert met.value.code == "unknown-name"
    with pytest.raises(UsageError, match="There are: lightgbm, logistic"):
        catalog.learner("perceptron-of-the-future")
    with pytest.raises(UsageError, match="There is no kind"):
        catalog.names("generator")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="There are: valid, duplicates"):
        catalog.step("anything")


def test_settings_that_are_not_taken_are_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="no setting 'depht'") as met:
        catalog.learner("tree", depht=3)
    assert "'depth'" in met.value.help
    with pytest.raises(UsageError, match="no setting"):
        catalog.metric("auroc", PURPOSES["binary"], level=2)
    with pytest.raises(UsageError, match="most_rows"):
        catalog.evaluator("membership", most_rows=-1)
    with pytest.raises(UsageError, match="no setting 'n_tree'") as met:
        catalog.learner("sklearn.ensemble:RandomForestClassifier", n_tree=5)
    assert "n_estimators" in met.value.help


@pytest.mark.parametrize("path", ["sklearn.linear_model:RidgeClassifier", "sklearn.linear_model.RidgeClassifier"])
def test_a_learner_may_be_the_import_path_of_an_estimator(path: str) -> None:
    made = catalog.learner(path, alpha=2.0)
    assert isinstance(made, PROTOCOLS["learners"])
    assert "alpha=2.0" in repr(made)


@pytest.mark.parametrize("path", ["os:system", "subprocess:Popen", "os.path", "sklearn.base:clone", "collections:OrderedDict"])
def test_a_path_to_what_is_no_estimator_is_refused_before_it_is_called(path: str) -> None:
    with pytest.raises(ProveError, match="no estimator"):
        catalog.learner(path)


@pytest.mark.parametrize("path", ["sklearn.nowhere:X", "sklearn.ensemble:Nothing", "a b.c", "..x:y", "nowhere_at_all.X", "x:"])
def test_a_path_to_nowhere_is_an_unknown_name(path: str) -> None:
    with pytest.raises(UsageError) as met:
        catalog.learner(path)
    assert met.value.code == "unknown-name"


def test_a_plug_in_is_found_by_its_entry_point(plugged: Path) -> None:
    assert set(catalog.names("generators")) >= {"trees", "mine", "made"}
    assert catalog.names("generators")[: len(BUILT_IN["generators"])] == list(BUILT_IN["generators"])
    assert vars(catalog.generator("mine", leaf=9)) == {"leaf": 9}
    assert vars(catalog.generator("made", leaf=8)) == {"leaf": 8}
    assert catalog.metric("always", PURPOSES["binary"], level=0.5).name == "always y"
    with pytest.raises(UsageError, match="no setting 'leaves'") as met:
        catalog.generator("mine", leaves=9)
    assert "It takes: leaf, smooth" in met.value.help
    with pytest.raises(UsageError, match="leaf must be at least 1"):
        catalog.generator("mine", leaf=0)


def test_a_built_in_is_not_replaced_by_a_plug_in_of_its_name(plugged: Path) -> None:
    assert catalog.load("generators", "trees").__module__ == "complement.generate.trees"
    assert catalog.names("generators").count("trees") == 1


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("half", "lacks generate"),
        ("explodes", "ZeroDivisionError: boom"),
        ("number", "no class or function"),
        ("gone", "could not be loaded: AttributeError"),
        ("absent", "could not be loaded: ModuleNotFoundError"),
        ("crash", "could not be loaded: KeyError"),
    ],
)
def test_a_broken_plug_in_is_named_with_its_reason(plugged: Path, name: str, says: str) -> None:
    with pytest.raises(PluginError, match=says) as met:
        catalog.generator(name)
    assert met.value.code == "plugin-broken"
    assert f"'{name}'" in met.value.met


def test_two_plug_ins_of_one_name_are_refused(plugged: Path) -> None:
    install(plugged, "rival", "[complement.generators]\nmine = plugs:made\n")
    with pytest.raises(PluginError, match="Several plug-ins") as met:
        catalog.generator("mine")
    assert "rival" in met.value.met
