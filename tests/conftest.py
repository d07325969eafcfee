"""What holds for every test: no deadlines, bytecode, and nothing of this machine's configuration."""

from __future__ import annotations

import compileall
import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from lockenv.forks import processors

# A loaded machine is slow, and slowness is no failure.
settings.register_profile("lockenv", deadline=None)
# By hand, with `--hypothesis-profile=thorough`: what every run tries a part of (tests/effort.py).
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile("lockenv")

_FOREIGN = ("PIP_", "LOCKENV_", "UV_", "XDG_")
_ALSO_FOREIGN = ("NETRC", "NO_COLOR", "FORCE_COLOR", "VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "CONDA_PREFIX")


def pytest_configure(config: pytest.Config) -> None:
    """Write lockenv's bytecode, also where PYTHONDONTWRITEBYTECODE is set, and let processes hear of SIGHUP.

    Each of a thousand processes that tests start would else compile what it imports anew. And `nohup`, where the
    tests are run by it, would have all of them ignore that signal, as they should.
    """
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if not hasattr(config, "workerinput"):  # one process does it for all
        compileall.compile_dir(Path(__file__).parents[1] / "lockenv", quiet=2)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """One more than processors for `-n auto`: a fifth of the time tests wait, for processes and for servers."""
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else processors() + 1


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder in which nobody has configured anything."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def no_configuration_of_this_machine(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, empty_home: Path
) -> None:
    """Hide what would make a test pass here and fail elsewhere; a test marked `online` wants just that."""
    if request.node.get_closest_marker("online") is not None:
        return
    # The interpreters to test with are found before their home is hidden.
    root = os.environ.get("PYENV_ROOT") or str(Path.home() / ".pyenv")
    for name in os.environ:
        if name.startswith(_FOREIGN) or name in _ALSO_FOREIGN or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PYENV_ROOT", root)
    monkeypatch.setenv("HOME", str(empty_home))
