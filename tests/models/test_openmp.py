"""LightGBM loads without the system's OpenMP runtime, or says which command installs it."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from complement.core.errors import MissingExtraError
from complement.models import openmp


def bundled() -> Path:
    found = openmp._bundled_runtime()
    if found is None:
        pytest.skip("this scikit-learn carries no copy of libgomp")
    return found


def test_the_renamed_runtime_loads_under_the_name_that_lightgbm_asks_for(tmp_path: Path):
    found = bundled()
    renamed = openmp.renamed_library(found.read_bytes(), found.name)
    assert len(renamed) == len(found.read_bytes())
    copy = tmp_path / "any-file-name.so"
    copy.write_bytes(renamed)
    # In a process of its own: once loaded, the name libgomp.so.1 is met without any file of that name.
    code = "import ctypes, sys; ctypes.CDLL(sys.argv[1], ctypes.RTLD_GLOBAL); ctypes.CDLL('libgomp.so.1'); import os; " + (
        "print(sys.argv[1] in open('/proc/self/maps').read(), sum('/libgomp.so.1' in line for line in open('/proc/self/maps')))"
    )
    made = subprocess.run(
        [sys.executable, "-c", code, str(copy)], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert made.stdout.split() == ["True", "0"]


@pytest.mark.parametrize("image", [b"not a library", b"\x7fELF\0other\0", b"\x7fELF\0libgomp-1.so.1.0\0x\0libgomp-1.so.1.0\0"])
def test_a_library_that_does_not_carry_its_name_once_is_refused(image: bytes):
    with pytest.raises(OSError, match="name once"):
        openmp.renamed_library(image, "libgomp-1.so.1.0")


def test_lightgbm_is_imported_again_once_the_runtime_is_there(monkeypatch: pytest.MonkeyPatch):
    bundled()
    real, tries, loaded = openmp.import_module, [], []

    def broken_once(name: str):
        tries.append(name)
        if len(tries) == 1:
            raise OSError("libgomp.so.1: cannot open shared object file: No such file or directory")
        return real(name)

    monkeypatch.setattr(openmp, "import_module", broken_once)
    monkeypatch.setattr(ctypes, "CDLL", lambda path, mode: loaded.append(Path(path).name))
    openmp.load_lightgbm.cache_clear()
    assert openmp.load_lightgbm().__name__ == "lightgbm"
    assert loaded == ["libgomp.so.1"]
    openmp.load_lightgbm.cache_clear()


@pytest.mark.parametrize("met", ["libgomp.so.1: cannot open shared object file", "lib_lightgbm.so: invalid ELF header"])
def test_what_cannot_be_mended_names_the_command(met: str, monkeypatch: pytest.MonkeyPatch):
    def broken(name: str):
        raise OSError(met)

    monkeypatch.setattr(openmp, "import_module", broken)
    monkeypatch.setattr(openmp, "_bundled_runtime", lambda: None)
    openmp.load_lightgbm.cache_clear()
    with pytest.raises(MissingExtraError, match="apt-get install libgomp1") as caught:
        openmp.load_lightgbm()
    assert (caught.value.code, caught.value.exit_code) == ("library-broken", 3)
    openmp.load_lightgbm.cache_clear()


def test_one_thread_holds_numeric_libraries_to_one():
    from threadpoolctl import threadpool_info

    openmp._pools.cache_clear()  # another test may have loaded libraries since they were last looked for
    with openmp.one_thread():
        assert all(pool["num_threads"] == 1 for pool in threadpool_info())
