"""How many modules a command imports: the part of start-up time that can be counted."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import pytest

from lockenv import __version__
from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import make_wheel

ROOT = Path(__file__).resolve().parents[3]
#: Runs the command line and tells, behind what it says, which modules were imported for it.
COUNT = """
import sys
sys.path.insert(0, sys.argv.pop(1))
before = set(sys.modules)
from lockenv.__main__ import main
try:
    status = main()
except SystemExit as leaving:
    status = leaving.code
print(*sorted(set(sys.modules) - before), sep='\\n', file=sys.stderr)
raise SystemExit(status)
"""


@pytest.fixture
def project(tmp_path: Path) -> ScratchProject:
    """A project that was synced twice, once into nothing."""
    with FakeIndex() as index:
        index.add(make_wheel("menu", "1.0", scripts={"menu": "menu:main"}))
        made = ScratchProject(tmp_path, index_url=index.url)
        made.manifest(dependencies=["menu"])
        made.run("lock").ok()
        imported(made, "sync", "-q")
    return made


def imported(project: ScratchProject, *arguments: str, flags: Sequence[str] = (), before: str = "") -> set[str]:
    """The modules that a command imports on top of those that Python starts with, and with the code `before`."""
    site = next(path for path in sys.path if (Path(path) / "packaging").is_dir())
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            *flags,
            "-c",
            f"import sys; sys.path.append({site!r})\n{before}\n{COUNT}",
            ROOT,
            *arguments,
        ],
        # In CI a sync reads every byte, and imports what that takes.
        env={name: value for name, value in project.environ.items() if name != "CI"},
        cwd=project.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def test_the_version_takes_next_to_nothing(project: ScratchProject) -> None:
    assert len(imported(project, "--version")) <= 4


def test_help_takes_little(project: ScratchProject) -> None:
    found = imported(project, "--help")
    assert not found & {"argparse", "dataclasses", "inspect", "json", "pathlib", "typing", "shutil", "signal"}
    assert len(found) <= 30


def test_a_program_is_started_with_little(project: ScratchProject) -> None:
    # What it became is another program, so this one tells of itself before.
    leaving = "import os, sys; os.execvpe = lambda *_: sys.exit(0)"
    found = imported(project, "run", "true", before=leaving)
    assert not found & {"argparse", "contextlib", "dataclasses", "json", "pathlib", "signal", "typing"}
    assert len(found) <= 20


def test_a_lock_with_nothing_to_do_takes_little(project: ScratchProject) -> None:
    imported(project, "lock")
    found = imported(project, "lock")
    assert not found & {
        "argparse",
        "contextlib",
        "dataclasses",
        "hashlib",
        "inspect",
        "json",
        "pathlib",
        "signal",
        "typing",
    }
    assert len(found) <= 40


def test_a_lock_that_was_made_before_takes_little_more(tmp_path: Path) -> None:
    with FakeIndex(cache_control="max-age=600") as index:
        index.add(make_wheel("menu", "1.0"))
        made = ScratchProject(tmp_path, index_url=index.url)
        made.manifest(dependencies=["menu"])
        made.run("lock").ok()
    stands = imported(made, "lock")
    made.lock.unlink()
    found = imported(made, "lock")
    assert made.lock.exists()
    assert "lockenv.operations.answered_before" in found
    # Of packaging nothing but its version.
    assert {name for name in found if name.startswith("packaging")} == {"packaging"}
    assert not found & {
        "argparse",
        "dataclasses",
        "hashlib",
        "inspect",
        "json",
        "pathlib",
        "re",
        "signal",
        "typing",
    }
    assert not found & {"lockenv.operations.lock", "lockenv.resolution.resolve", "lockenv.index.http", "tomllib"}
    assert len(found - stands) <= 15


def test_a_lock_that_is_made_from_the_cache_takes_no_more_than_it_needs(project: ScratchProject) -> None:
    found = imported(project, "lock", "--upgrade", "--offline")
    assert "lockenv.resolution.resolve" in found
    assert not found & {
        "hashlib",
        "difflib",
        "concurrent.futures",
        "http.client",
        "ssl",
        "email",
        "urllib3",
        "zipfile",
    }
    assert len(found) <= 282


def test_a_first_lock_that_is_made_from_the_cache_takes_no_more_than_it_needs(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu>=0.1"], more='[targets]\nplatforms = ["linux-x86_64"]\n')
    project.lock.unlink()
    found = imported(project, "lock", "--offline")
    assert "lockenv.resolution.resolve" in found
    assert not found & {
        "argparse",
        "base64",
        "gettext",
        "lockenv.cli.options",
        "lockenv.formats.draft",
        "lockenv.index.auth",
        "lockenv.python.interpreter",
        "shutil",
    }
    assert len(found) <= 264


def test_a_lock_that_may_build_imports_no_builder_where_nothing_has_to_be_built(project: ScratchProject) -> None:
    plain = imported(project, "lock", "--upgrade", "--offline")
    project.manifest(dependencies=["menu"], more='[build]\nallow = ["menu"]\n')
    found = imported(project, "lock", "--upgrade", "--offline")
    assert "lockenv.operations.workshop" in found
    extra = found - plain
    assert not extra & {
        "lockenv.build.builder",
        "lockenv.index.http",
        "lockenv.operations.fetch",
        "lockenv.python.venv",
        "pyproject_hooks",
        "socket",
    }
    assert len(extra) <= 60


def test_a_first_sync_of_wheels_takes_no_more_than_it_needs(tmp_path: Path) -> None:
    with FakeIndex() as index:
        index.add(make_wheel("menu", "1.0"))
        made = ScratchProject(tmp_path, index_url=index.url)
        made.manifest(dependencies=["menu"])
        made.run("lock").ok()
        shutil.rmtree(made.cache)
        found = imported(made, "sync")
    assert "lockenv.index.http" in found
    assert not found & {
        "difflib",
        "gzip",
        "lockenv.build.builder",
        "lockenv.transaction.bytecode",
        "lockenv.transaction.inventory",
        "lockenv.transaction.verify",
        "packaging.direct_url",
        "shutil",
        "tarfile",
        "zipfile",
    }


def test_a_sync_with_nothing_to_do_takes_little(project: ScratchProject) -> None:
    found = imported(project, "sync")
    assert not found & {
        "argparse",
        "dataclasses",
        "inspect",
        "json",
        "pathlib",
        "typing",
        "re",
        "packaging",
        "signal",
    }
    assert len(found) <= 40


def test_a_sync_that_was_planned_before_reads_no_lock(project: ScratchProject) -> None:
    shutil.rmtree(project.env)
    found = imported(project, "sync")
    assert "lockenv.transaction.apply" in found
    assert not found & {
        "tomllib",
        "packaging.pylock",
        "packaging.markers",
        "lockenv.operations.converge",
        "inspect",
    }
    assert not found & {"lockenv.packages", "packaging.utils", "platformdirs", "lockenv.python.interpreter"}
    assert not found & {"collections", "contextlib", "ctypes", "enum", "functools", "signal", "threading"}
    assert len(found) <= 75


def test_the_status_of_what_was_interrupted_is_its_own_though_python_thinks_that_nobody_heard(
    tmp_path: Path,
) -> None:
    """Python ends itself by SIGINT after one that came through `exec` of a text, as classes are made of."""
    (tmp_path / "interrupted.py").write_text("""
import sys, threading, time
sys.path.insert(0, sys.argv[1])
import lockenv.__main__

def main():
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    try:
        exec("raise KeyboardInterrupt")
    except KeyboardInterrupt:
        return 143

lockenv.__main__.main = main
lockenv.__main__.program()
""")
    command = [sys.executable, "-m", "interrupted", str(ROOT)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (143, "")


def test_the_program_ends_without_taking_python_apart_where_no_thread_is_left(project: ScratchProject) -> None:
    code = "import atexit, sys\n{}\natexit.register(print, 'taken apart')\nsys.argv[1:] = ['--version']\n"
    code += "from lockenv.__main__ import program\nprogram()"

    def said(before: str, stdout: int | IO[str] = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code.format(before)],
            cwd=ROOT,
            env=project.environ,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert said("").stdout.split() == ["lockenv", __version__]
    # Where somebody may have asked to be told of the end, that is done, and no more.
    assert said("import threading").stdout.split() == ["lockenv", __version__, "taken", "apart"]
    late = "import threading\nclass Late:\n    def __del__(self): print('gone')\nkept = Late()"
    assert said(late).stdout.split() == ["lockenv", __version__, "taken", "apart"]
    waited = f"{late}\nimport time\nthreading.Thread(target=time.sleep, args=(0.2,)).start()"
    assert said(waited).stdout.split() == ["lockenv", __version__, "taken", "apart", "gone"]
    with Path("/dev/full").open("w", encoding="ascii") as full:
        assert said("", full).returncode != 0


def test_a_script_whose_environment_is_there_starts_with_little(project: ScratchProject) -> None:
    project.write("report.py", "# /// script\n# dependencies = []\n# ///\n")
    project.spawn("run", "report.py").ok()
    found = imported(project, "run", "report.py", before="import os\nos.execvpe = lambda *_: sys.exit(0)")
    assert "lockenv.inline" in found
    assert not found & {"argparse", "dataclasses", "pathlib", "typing", "re", "tomllib", "packaging", "json"}
    assert len(found) <= 25


def test_a_named_environment_that_is_in_order_takes_no_more_than_the_default_one(tmp_path: Path) -> None:
    with FakeIndex() as index:
        index.add(make_wheel("menu", "1.0"))
        made = ScratchProject(tmp_path, index_url=index.url)
        made.manifest(dependencies=["menu"], more="[environments.docs]\n")
        made.run("lock", "--all").ok()
        made.run("sync", "--all").ok()
    assert imported(made, "sync", "docs") == imported(made, "sync")
    assert imported(made, "lock", "docs") - imported(made, "lock") == set()
