"""Unit: pip is asked by another process where it was never asked, and its answer is what would be found here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FEW = not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2

#: In a process of its own: pytest's has threads.
FRAME = """
import os, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from lockenv import forks
from lockenv.index import ahead
cache, environ = {cache!r}, dict(os.environ)
def ask():
    from lockenv.index.default import leave_out_drawing
    from lockenv.index.kept_default import kept_default_index
    leave_out_drawing()
    kept_default_index(environ, Path(cache))
{code}
try: os.waitpid(-1, 0)
except ChildProcessError: print("nobody is left")
"""
FIND = """
ahead.begin(ask, environ, cache)
print(len(ahead._under_way))
from lockenv.index.kept_default import kept_default_index
found = kept_default_index(environ, Path(cache))
print(found.url, found.origin, "pip._internal.configuration" in sys.modules)
"""

pytestmark = pytest.mark.skipif(
    FEW or sys.platform != "linux", reason="this machine has one processor, or does not say how many"
)


def said(cache: Path, code: str, **variables: str) -> list[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "LOCKENV_"))}
    done = subprocess.run(
        [sys.executable, "-c", FRAME.format(root=str(ROOT), cache=str(cache), code=code)],
        env=environ | {"PIP_CONFIG_FILE": os.devnull} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout.splitlines()


def test_another_process_asks_and_this_one_finds_the_answer(tmp_path: Path) -> None:
    url = "http://one.example/simple/"
    beside = said(tmp_path / "a", "forks.allow()\n" + FIND, PIP_INDEX_URL=url)
    alone = said(tmp_path / "b", FIND, PIP_INDEX_URL=url)
    assert beside == ["1", f"{url} PIP_INDEX_URL False", "nobody is left"]
    assert alone == ["0", f"{url} PIP_INDEX_URL True", "nobody is left"]


@pytest.mark.parametrize("settings", ["", "[global]\nindex-url = http://one.example/simple/\nno-index = true\n"])
def test_pip_says_the_same_where_it_cannot_draw(settings: str, tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text(settings)
    code = "from lockenv.index.default import default_index, leave_out_drawing\n{}print(default_index(environ))\n"
    code += "rich = [name for name in sys.modules if name.startswith('pip._vendor.rich')]\n"
    code += "print(bool(rich), any(getattr(sys.modules[name], '__file__', None) for name in rich))"
    whole = said(tmp_path, code.format(""), PIP_CONFIG_FILE=str(config))
    without = said(tmp_path, code.format("leave_out_drawing()\n"), PIP_CONFIG_FILE=str(config))
    assert whole[0] == without[0]
    assert (whole[1], without[1]) == ("True True", "True False")


def test_what_pip_says_is_asked_once(tmp_path: Path) -> None:
    assert said(tmp_path, "forks.allow()\n" + FIND)[0] == "1"
    assert said(tmp_path, "forks.allow()\n" + FIND)[0] == "0"


def test_pip_is_not_asked_where_a_variable_says_it_all(tmp_path: Path) -> None:
    found = said(tmp_path, "forks.allow()\n" + FIND, LOCKENV_INDEX_URL="http://two.example/simple/")
    assert found == ["0", "http://two.example/simple/ LOCKENV_INDEX_URL False", "nobody is left"]


def test_an_answer_that_is_not_kept_is_asked_for_here(tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nindex-url = http://ada:secret@one.example/simple/\n")
    found = said(tmp_path / "cache", "forks.allow()\n" + FIND, PIP_CONFIG_FILE=str(config))
    assert found[1].startswith("http://ada:secret@one.example/simple/ pip")
    assert found[1].endswith("True")
    assert found[2] == "nobody is left"


def test_a_configuration_that_cannot_be_read_is_refused_here(tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text("index-url = without a section\n")
    code = FIND.replace("found = kept", "from lockenv.errors import UsageError\ntry: kept")
    code = code.split("print(found")[0] + "except UsageError as error: print(error.message)"
    found = said(tmp_path / "cache", "forks.allow()\n" + code, PIP_CONFIG_FILE=str(config))
    assert found[1].startswith("pip's configuration cannot be read")
    assert found[2] == "nobody is left"


def test_who_does_not_want_the_answer_waits_for_the_end(tmp_path: Path) -> None:
    code = "forks.allow()\n" + "ahead.begin(ask, environ, cache)\n" * 2 + "print(len(ahead._under_way))\n"
    found = said(tmp_path, code + "ahead.wait(cache)\nprint(sorted(os.listdir(cache)))")
    assert found == ["1", "['default-index']", "nobody is left"]
