"""A run that is killed at any moment goes on where it stopped, and ends with the bytes of a run that nobody disturbed."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dying_run import Moment, live, state_of
from spoilt_files import patients, text

from complement.core.verdict import Judgement
from complement.runfolder import RunFolder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals differ")
SALT = "0123456789abcdef0123456789abcdef\n"
RECIPE = """\
complement: 1
real: real.csv
schema: {patient: {role: ignore}, day: {role: ignore}}
purpose: {target: y, learners: [tree]}
split: {folds: 2}
gap: {find: 1, where: [texture > 20]}
generate: {generator: trees, requests: [{name: all}]}
prove: {weights: [0, 0.5, 1], seeds: 2, curve: true}
"""
WORDS = ["run", "recipe.yaml", "--out", "RUN", "--quiet", "--json"]
INLINE, PROCESSES = ["--engine", "inline"], ["--engine", "process", "--workers", "2"]
SPENT = re.compile(rb"[\d.,]+ seconds, [\d.,]+ of processor time")
# With forks of a process that has loaded the libraries, and done nothing with them, a run costs its own seconds only.
LOADED = ["complement.run", "complement.progress", "sklearn.ensemble", "sklearn.tree", "scipy.stats", "scipy.linalg"]
MOMENTS = [
    Moment("after", "1-source/source.json"),
    Moment("after", "2-gap/gaps.json"),
    Moment("after", "3-generate/request-0-turn-0/shard-00000.arrow"),
    Moment("after", "4-curate/kept.arrow"),
    Moment("before", "5-measure/details.json"),
    Moment("after", "openings.jsonl"),
    Moment("after", "screen/shard-00000.arrow"),
    Moment("before", "fits/shard-00002.arrow"),
    Moment("after", "curve/shard-00001.arrow"),
    Moment("after", "6-prove/verdict.json"),
    Moment("before", "RUN/verdict.json"),
    Moment("before", "RUN/8-release"),
    Moment("before", "RUN/report.html"),
]
MORE_MOMENTS = [
    Moment("before", "RUN/recipe.yaml"),
    Moment("before", "2-gap/gaps.json"),
    Moment("before", "2-gap/stage.json"),
    Moment("after", "2-gap/stage.json"),
    Moment("before", "3-generate/request-0-turn-0/shard-00000.arrow"),
    Moment("after", "3-generate/request-1-turn-0/manifest.json"),
    Moment("before", "4-curate/request-0-turn-0/shard-00000.arrow"),
    Moment("after", "4-curate/request-1-turn-0/shard-00000.arrow"),
    Moment("before", "4-curate/kept.arrow"),
    Moment("after", "4-curate/samples.json"),
    Moment("before", "4-curate/stage.json"),
    Moment("after", "4-curate/stage.json"),
    Moment("before", "5-measure/scores.json"),
    Moment("after", "5-measure/details.json"),
    Moment("before", "5-measure/stage.json"),
    Moment("after", "5-measure/stage.json"),
    Moment("before", "openings.jsonl"),
    Moment("before", "pilot/plan.json"),
    Moment("after", "pilot/plan.json"),
    Moment("before", "pilot/shard-00000.arrow"),
    Moment("after", "pilot/shard-00000.arrow"),
    Moment("before", "screen/manifest.json"),
    Moment("after", "fits/shard-00003.arrow"),
    Moment("before", "fits/manifest.json"),
    Moment("after", "fits/manifest.json"),
    Moment("before", "curve/shard-00003.arrow"),
    Moment("before", "6-prove/verdict.json"),
    Moment("before", "6-prove/stage.json"),
    Moment("after", "6-prove/stage.json"),
    Moment("before", "RUN/manifest.json"),
    Moment("after", "RUN/verdict.json"),
    Moment("before", "data/train-00000-of-00004.parquet"),
    Moment("after", "croissant.json"),
    Moment("before", "manifest.sha256"),
    Moment("after", "RUN/8-release"),
    Moment("before", "6-prove/released.json"),
    Moment("after", "6-prove/released.json"),
    Moment("after", "RUN/report.html"),
]


class House:
    """A folder with real records, a recipe and a salt, in which runs live and die."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.run = folder, folder / "RUN"
        (folder / ".complement").mkdir(parents=True)
        (folder / ".complement" / "salt").write_text(SALT)
        (folder / "real.csv").write_text(text(patients()))
        (folder / "recipe.yaml").write_text(RECIPE)

    def start(self, engine: list[str], moment: Moment | None = None) -> Any:
        processes = multiprocessing.get_context("forkserver")
        processes.set_forkserver_preload(LOADED)
        process = processes.Process(target=live, args=([*WORDS, *engine], str(self.folder), moment))
        process.start()
        return process

    def ends(self, process: Any) -> int:
        """The exit code, once the process has ended: negative for a signal."""
        process.join(timeout=300)
        assert process.exitcode is not None, "the run does not end"
        return int(process.exitcode)

    def again(self, engine: list[str]) -> dict[str, Any]:
        """Run the same command to its end; what it printed."""
        code = self.ends(self.start(engine))
        said = (self.folder / "said.txt").read_text()
        assert code == 0, said
        return json.loads(said.splitlines()[-1])

    def judgement(self) -> Judgement:
        return RunFolder(self.run).judgement()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a run that nobody disturbed, by their names."""
    house = House(tmp_path_factory.mktemp("undisturbed"))
    house.again(INLINE)
    return files_of(house.run)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "house")


def files_of(run: Path) -> dict[str, bytes]:
    """What must be the same: every file but events and the hash of a verdict with its times; of verdict and report of the run,
    all but times. Of the release, every byte."""
    found = {str(path.relative_to(run)): path.read_bytes() for path in sorted(run.rglob("*")) if path.is_file()}
    for name in ("events.jsonl", "6-prove/stage.json"):
        found.pop(name)
    for name in ("verdict.json", "6-prove/verdict.json"):
        content = json.loads(found[name])
        assert content.pop("spent")["seconds"] > 0
        found[name] = json.dumps(content, sort_keys=True).encode()
    found["report.html"], times = SPENT.subn(b"", found["report.html"])
    assert times == 1
    return found


def assert_whole(house: House, before: dict[str, tuple[int, int, bytes]], undisturbed: dict[str, bytes]) -> None:
    """Finished shards were kept, the files are those of an undisturbed run, and the sealed records were opened once."""
    after = state_of(house.run)
    assert {name: after[name] for name in before} == before
    found = files_of(house.run)
    assert set(found) == set(undisturbed)  # nothing is lacking, and no temporary file is left
    assert [name for name in found if found[name] != undisturbed[name]] == []
    assert (house.folder / ".complement" / "salt").read_text() == SALT
    lines = [json.loads(line) for line in (house.folder / ".complement" / "openings.jsonl").read_text().splitlines()]
    assert len(lines) == 1
    assert lines[0]["plan"] == json.loads(found["manifest.json"])["plan"]
    assert house.judgement().leaks == ()
    events = [json.loads(line) for line in (house.run / "events.jsonl").read_text().splitlines() if line]
    assert events[-1]["event"] == "done"


def kill_at(house: House, moment: Moment, undisturbed: dict[str, bytes]) -> None:
    process = house.start(INLINE, moment)
    assert house.ends(process) == -signal.SIGKILL, (house.folder / "said.txt").read_text()
    before = state_of(house.run) if house.run.exists() else {}
    printed = house.again(INLINE)
    assert_whole(house, before, undisturbed)
    assert printed["verdicts"] == json.loads(undisturbed["verdict.json"])["verdicts"]


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_a_killed_run_goes_on_and_ends_the_same(house: House, moment: Moment, undisturbed: dict[str, bytes]):
    kill_at(house, moment, undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("moment", MORE_MOMENTS, ids=str)
def test_a_killed_run_goes_on_from_every_other_moment_of_its_writing(house: House, moment: Moment, undisturbed: dict[str, bytes]):
    kill_at(house, moment, undisturbed)


def test_a_run_that_is_killed_again_and_again_ends_the_same(house: House, undisturbed: dict[str, bytes]):
    kept: dict[str, tuple[int, int, bytes]] = {}
    for moment in (Moment("after", f"fits/shard-0000{shard}.arrow") for shard in range(4)):
        assert house.ends(house.start(INLINE, moment)) == -signal.SIGKILL
        before, kept = kept, state_of(house.run)
        assert {name: kept[name] for name in before} == before
    assert len([name for name in kept if "fits" in name]) == 4
    house.again(INLINE)
    assert_whole(house, kept, undisturbed)


def wait_for(found: Callable[[], bool], process: Any) -> None:
    end = time.monotonic() + 240
    while not found() and process.is_alive() and time.monotonic() < end:
        time.sleep(0.005)


def kill_workers_at(house: House, file: str, undisturbed: dict[str, bytes]) -> None:
    process = house.start(PROCESSES)
    wait_for((house.run / file).exists, process)
    os.killpg(process.pid, signal.SIGKILL)
    assert house.ends(process) == -signal.SIGKILL, (house.folder / "said.txt").read_text()
    before = state_of(house.run)
    assert str(Path(file).name) in {Path(name).name for name in before}
    house.again(INLINE)
    assert_whole(house, before, undisturbed)


def test_two_workers_killed_with_their_run_leave_shards_that_are_trusted(house: House, undisturbed: dict[str, bytes]):
    kill_workers_at(house, "6-prove/screen/shard-00000.arrow", undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("file", ["6-prove/fits/shard-00000.arrow", "6-prove/curve/shard-00002.arrow"])
def test_two_workers_killed_later_leave_shards_that_are_trusted(house: House, file: str, undisturbed: dict[str, bytes]):
    kill_workers_at(house, file, undisturbed)


@pytest.mark.slow
def test_workers_leave_when_their_run_alone_is_killed_and_processes_finish_it(house: House, undisturbed: dict[str, bytes]):
    process = house.start(PROCESSES)
    wait_for((house.run / "6-prove/fits/shard-00000.arrow").exists, process)
    os.kill(process.pid, signal.SIGKILL)
    assert house.ends(process) == -signal.SIGKILL
    for _ in range(600):
        if not members_of(process.pid):
            break
        time.sleep(0.05)
    assert members_of(process.pid) == []
    before = state_of(house.run)
    house.again(PROCESSES)
    assert_whole(house, before, undisturbed)


def members_of(group: int) -> list[int]:
    """The living processes of a process group, by /proc."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(status[2]) == group and status[0] != "Z":
            found.append(int(folder.name))
    return found


def interrupt_at(house: House, engine: list[str], file: str, undisturbed: dict[str, bytes]) -> None:
    process = house.start(engine)
    wait_for((house.run / file).exists, process)
    os.killpg(process.pid, signal.SIGINT)
    code, said = house.ends(process), (house.folder / "said.txt").read_text()
    assert code == 130, said
    assert json.loads(said.splitlines()[-1])["error"]["code"] == "interrupted"
    assert "Traceback" not in said
    before = state_of(house.run)
    house.again(INLINE)
    assert_whole(house, before, undisturbed)


def test_an_interrupted_run_ends_with_130_and_goes_on(house: House, undisturbed: dict[str, bytes]):
    interrupt_at(house, INLINE, "6-prove/screen/shard-00000.arrow", undisturbed)


@pytest.mark.slow
def test_an_interrupt_ends_two_workers_and_the_run_goes_on(house: House, undisturbed: dict[str, bytes]):
    interrupt_at(house, PROCESSES, "6-prove/fits/shard-00000.arrow", undisturbed)


def test_a_half_written_event_and_a_foreign_temporary_file_do_no_harm(house: House, undisturbed: dict[str, bytes]):
    moment = Moment("after", "fits/shard-00000.arrow")
    assert house.ends(house.start(INLINE, moment)) == -signal.SIGKILL
    with (house.run / "events.jsonl").open("a") as events:
        events.write('{"event": "sha')
    with (house.folder / ".complement" / "openings.jsonl").open("a") as ledger:
        ledger.write('{"sealed": "')
    before = state_of(house.run)
    house.again(INLINE)
    (house.run / "events.jsonl").write_text("\n".join((house.run / "events.jsonl").read_text().splitlines()[-1:]) + "\n")
    lines = (house.folder / ".complement" / "openings.jsonl").read_text().splitlines()
    (house.folder / ".complement" / "openings.jsonl").write_text(lines[0] + "\n")
    assert_whole(house, before, undisturbed)
