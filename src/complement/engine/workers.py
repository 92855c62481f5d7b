"""Where shards run: one after the other in this process, or in spawned processes; one thread each, so that bytes agree."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol

import pyarrow as pa

from complement.core.errors import ComplementError, RunError, UsageError
from complement.engine.folder import write_shard

# How many threads a numeric library starts is read from these when it is loaded.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
# Libraries with threads of their own. Inline they are loaded before the limit is set: it reaches only loaded ones.
# LightGBM is not among them: its learner asks for one thread itself.
THREADED = ("scipy.linalg", "sklearn")

Made = Callable[[int, pa.Table | None], None]


class Task(Protocol):
    """The work of one shard. Picklable and pure: the same shard gives the same table, wherever it runs."""

    def __call__(self, shard: int) -> pa.Table: ...


def run_inline(task: Task, shards: Sequence[int], *, folder: Path | None, made: Made) -> None:
    """Make the shards one after the other; `made(shard, table)` is told of each (table None: it went to the folder)."""
    from threadpoolctl import threadpool_limits

    if not shards:
        return
    for library in THREADED:
        import_module(library)
    with threadpool_limits(1):
        for shard in shards:
            made(shard, _make(task, shard, folder))


def run_in_processes(task: Task, shards: Sequence[int], *, workers: int, folder: Path | None, made: Made) -> None:
    """Make the shards in spawned processes (a fork would copy the locks of OpenMP threads that do not exist in it).

    When a shard fails, waiting ones are cancelled and running ones may finish, so that they need not be made again;
    the error raised is that of the lowest shard. An interrupt ends the workers at once.
    """
    if not shards:
        return
    payload = _pickled(task)
    context = multiprocessing.get_context("spawn")
    reader, lifeline = context.Pipe(duplex=False)
    futures: dict[Future[pa.Table | None], int] = {}
    # Children started inside load their numeric libraries with one thread.
    with environment(dict.fromkeys(THREAD_VARIABLES, "1")), reader, lifeline:
        pool = ProcessPoolExecutor(
            min(workers, len(shards)), mp_context=context, initializer=_start_worker, initargs=(payload, folder, reader)
        )
        try:
            for shard in shards:
                futures[pool.submit(_make_in_worker, shard)] = shard
            _collect(futures, made)
        except BrokenProcessPool as cause:
            raise _worker_died(futures, shards, workers) from cause
        except KeyboardInterrupt:
            lifeline.close()  # every worker waits on the other end, and leaves
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        _raise_first(futures)


def _collect(futures: dict[Future[pa.Table | None], int], made: Made) -> None:
    """Tell of each shard as it finishes; return at the first that failed, or when all are done."""
    for future in as_completed(futures):
        failure = future.exception()
        if isinstance(failure, BrokenProcessPool):
            raise failure
        if failure is not None:
            return
        made(futures[future], future.result())


def _raise_first(futures: dict[Future[pa.Table | None], int]) -> None:
    failures = {futures[f]: f.exception() for f in futures if not f.cancelled()}
    for _, failure in sorted((s, e) for s, e in failures.items() if e is not None):
        raise failure


def _make(task: Task, shard: int, folder: Path | None) -> pa.Table | None:
    with Border(shard):
        table = task(shard)
        if not isinstance(table, pa.Table):
            raise TypeError(f"the task gave a {type(table).__name__} instead of a pyarrow Table")
    if folder is None:
        return table
    write_shard(folder, shard, table)
    return None


class Border:
    """Where foreign errors become ours: an error inside names its shard; those of the house pass unchanged."""

    def __init__(self, shard: int) -> None:
        self.shard = shard

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, cause: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        if isinstance(cause, Exception) and not isinstance(cause, ComplementError):
            if isinstance(cause, MemoryError):
                help = "There was not enough memory: use fewer workers, or ask for less at once."
            else:
                help = "Finished shards are kept: mend the cause and run the same again. --debug shows where it was raised."
            raise RunError(
                "shard-failed",
                f"Shard {self.shard} failed: {type(cause).__name__}: {str(cause)[:1000]}",
                where=f"shard {self.shard}",
                help=help,
            ) from cause
        return False


# What a worker process was started with; set once by `_start_worker`, in the worker only.
_worker: dict[str, object] = {}


def _start_worker(payload: bytes, folder: Path | None, lifeline: Connection) -> None:
    # Ctrl-C reaches every process of the terminal; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _worker.update(payload=payload, folder=folder)
    threading.Thread(target=_leave_with_parent, args=(lifeline,), daemon=True).start()


def _leave_with_parent(lifeline: Connection) -> None:
    """End this process when the parent closes its end of the pipe, or dies: an orphan would wait for work for ever."""
    try:
        lifeline.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)


def _make_in_worker(shard: int) -> pa.Table | None:
    from threadpoolctl import threadpool_limits

    with Border(shard):
        if "task" not in _worker:
            # The bytes come from the parent process, over its own pipe: never from a file.
            _worker["task"] = pickle.loads(_worker["payload"])  # type: ignore[arg-type]
            del _worker["payload"]  # a large task would take its memory twice
    with threadpool_limits(1):
        return _make(_worker["task"], shard, _worker["folder"])  # type: ignore[arg-type]


def _pickled(task: Task) -> bytes:
    try:
        return pickle.dumps(task, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError) as cause:
        raise cannot_be_sent(task, cause) from cause


def cannot_be_sent(task: Task, cause: Exception) -> UsageError:
    """The error to raise when a task cannot be pickled."""
    return UsageError(
        "usage",
        f"{type(task).__name__} cannot be sent to another process: {cause}",
        help="Use a function or class that stands at the top of a module, or the inline engine.",
    )


def _worker_died(futures: dict[Future[pa.Table | None], int], shards: Sequence[int], workers: int) -> RunError:
    done = {futures[f] for f in futures if f.done() and not f.cancelled() and f.exception() is None}
    open_shards = [shard for shard in shards if shard not in done]
    suspects = ", ".join(str(shard) for shard in open_shards[:workers])
    return RunError(
        "shard-failed",
        f"A worker process died without a word (killed, or out of memory); it was making one of the shards {suspects}.",
        where=f"shard {open_shards[0] if open_shards else '?'}",
        help="Finished shards are kept: run the same again with fewer workers. A script that calls complement with "
        'several processes must stand in a file and start its work under `if __name__ == "__main__":`.',
    )


@contextmanager
def environment(values: Mapping[str, str]) -> Generator[None]:
    """These variables for whatever is started inside; afterwards this process has its own settings again."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
