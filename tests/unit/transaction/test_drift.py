from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lockenv.transaction.apply import apply
from tests.fakes.environments import ICONS, MENU, MENU2, Project
from tests.fakes.wheels import make_wheel


def replaced(path: Path, text: str) -> None:
    """Put another file in the place of one; writing into it would change the store's."""
    path.unlink()
    path.write_text(text)


def relinked(path: Path, target: str | Path) -> None:
    path.unlink()
    path.symlink_to(target)


def planted(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder_to_link(project: Project) -> None:
    (project.site / "icons").rename(project.folder / "icons")
    (project.site / "icons").symlink_to(project.folder / "icons")


def link_to_folder(project: Project) -> None:
    (project.env / "bin").unlink()
    (project.env / "bin").mkdir()


def damaged_record(project: Project) -> None:
    with (project.env / ".lockenv" / "current" / ".state").open("r+b") as file:
        file.seek(100)
        file.write(b"???")


DRIFTS: dict[str, Callable[[Project], object]] = {
    "deleted file": lambda project: (project.site / "menu.py").unlink(),
    "deleted folder": lambda project: shutil.rmtree(project.site / "icons"),
    "deleted site-packages": lambda project: shutil.rmtree(project.site),
    "deleted record of the installer": lambda project: (project.site / "menu-1.0.dist-info" / "RECORD").unlink(),
    "added start-up file": lambda project: planted(project.site / "stray.pth"),
    "added folder": lambda project: (project.site / "stray").mkdir(),
    "added top-level folder": lambda project: (project.env / ".lockenv" / "current" / "opt").mkdir(),
    "added bytecode of no source": lambda project: planted(project.site / "__pycache__" / "ghost.cpython-311.pyc"),
    "a program among the bytecode": lambda project: planted(project.site / "__pycache__" / "menu.py"),
    "added sourceless module": lambda project: planted(project.site / "ghost.pyc"),
    "added script": lambda project: planted(project.env / "bin" / "pip"),
    "changed content": lambda project: replaced(project.site / "menu.py", "def main():\n    print('menu 9')\n"),
    "changed mode": lambda project: (project.env / "bin" / "menu").chmod(0o644),
    "changed script": lambda project: (project.env / "bin" / "menu").write_text("#!/bin/sh\n"),
    "a pipe in a file's place": lambda project: piped(project.site / "menu.py"),
    "file became a link": lambda project: relinked(project.site / "menu.py", "/etc/hostname"),
    "folder became a link": folder_to_link,
    "link to the interpreter changed": lambda project: relinked(project.env / "bin" / "python", "/bin/false"),
    "pyvenv.cfg changed": lambda project: (project.env / "pyvenv.cfg").write_text("home = /evil\n"),
    "pyvenv.cfg of the generation changed": lambda project: replaced(
        project.env / ".lockenv" / "current" / "pyvenv.cfg", "home = /evil\n"
    ),
    "pyvenv.cfg of the generation deleted": lambda project: (
        project.env / ".lockenv" / "current" / "pyvenv.cfg"
    ).unlink(),
    "pyvenv.cfg deleted": lambda project: (project.env / "pyvenv.cfg").unlink(),
    "top-level link deleted": lambda project: (project.env / "bin").unlink(),
    "top-level link became a folder": link_to_folder,
    "top-level link leads elsewhere": lambda project: relinked(project.env / "lib", "/usr/lib"),
    "a link of ours too many": lambda project: (project.env / "opt").symlink_to(".lockenv/current/opt"),
    "record deleted": lambda project: (project.env / ".lockenv" / "current" / ".state").unlink(),
    "record damaged": damaged_record,
    "current deleted": lambda project: (project.env / ".lockenv" / "current").unlink(),
    "generations deleted": lambda project: shutil.rmtree(project.env / ".lockenv"),
}


@pytest.mark.parametrize("change", DRIFTS)
def test_drift_is_noticed_and_mended_by_the_same_sync(project: Project, change: str) -> None:
    project.sync(MENU, ICONS)
    DRIFTS[change](project)
    assert project.why_not(MENU, ICONS) is not None
    assert project.sync(MENU, ICONS).changed
    assert project.why_not(MENU, ICONS) is None
    assert project.run("menu") == "menu 1\n"
    assert [path.name for path in project.folder.iterdir() if path.name != "icons"] == [".venv"]


def test_the_reason_names_the_file(project: Project) -> None:
    project.sync(MENU, ICONS)
    site = project.site.relative_to(project.env)
    (project.site / "icons" / "__init__.py").unlink()
    assert project.why_not(MENU, ICONS) == f"{site}/icons/__init__.py was deleted"
    project.sync(MENU, ICONS)
    planted(project.site / "icons" / "more.py")
    assert project.why_not(MENU, ICONS) == f"{site}/icons/more.py was added"


def test_bytecode_that_python_writes_for_planned_sources_is_no_drift(project: Project) -> None:
    project.sync(MENU, ICONS)
    python = str(project.env / "bin" / "python")
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    for flags in ([], ["-O"], ["-OO"]):
        subprocess.run([python, *flags, "-c", "import menu, icons"], check=True, env=environ)
    assert len(list((project.site / "__pycache__").iterdir())) == 3
    assert project.why_not(MENU, ICONS) is None


def test_bytecode_that_pytest_writes_for_plugins_is_no_drift(project: Project) -> None:
    project.sync(MENU, ICONS)
    planted(project.site / "__pycache__" / "menu.cpython-312-pytest-8.3.3.pyc")
    assert project.why_not(MENU, ICONS) is None
    planted(project.site / "__pycache__" / "ghost.cpython-312-pytest-8.3.3.pyc")
    assert project.why_not(MENU, ICONS) is not None


def test_what_numba_keeps_beside_a_planned_source_is_no_drift(project: Project) -> None:
    project.sync(MENU, ICONS)
    planted(project.site / "__pycache__" / "menu.main-1.py312.nbi")
    planted(project.site / "__pycache__" / "menu.main-1.py312.1.nbc")
    assert project.why_not(MENU, ICONS) is None
    planted(project.site / "__pycache__" / "ghost.main-1.py312.nbi")
    assert project.why_not(MENU, ICONS) is not None


#: A wheel with bytecode of a source that it does not bring, beside one that it does.
ORPHAN = make_wheel(
    "orphan", "1.0", files={"orphan/__init__.py": "", "orphan/__pycache__/gone.cpython-312.pyc": "old"}
)


def test_python_may_write_beside_bytecode_that_a_wheel_brings_without_its_source(project: Project) -> None:
    project.sync(ORPHAN)
    project.run_python("import orphan")
    cache = project.site / "orphan" / "__pycache__"
    assert len(list(cache.iterdir())) == 2
    assert project.why_not(ORPHAN) is None
    planted(cache / "ghost.cpython-312.pyc")
    assert str(project.why_not(ORPHAN)).endswith("ghost.cpython-312.pyc was added")
    (cache / "ghost.cpython-312.pyc").unlink()
    (cache / "gone.cpython-312.pyc").unlink()
    assert str(project.why_not(ORPHAN)).endswith("gone.cpython-312.pyc was deleted")


def test_a_spare_into_which_python_wrote_beside_such_bytecode_is_not_taken(project: Project) -> None:
    for wheels in ((ORPHAN,), (MENU,), (ICONS,)):
        project.sync(*wheels, link_mode="hardlink")
        if ORPHAN in wheels:
            project.run_python("import orphan")
    assert (project.env / ".lockenv" / "spare").exists()
    project.sync(MENU, ICONS, link_mode="hardlink")
    assert project.why_not(MENU, ICONS) is None
    assert not (project.site / "orphan").exists()
    project.sync(ORPHAN)
    assert [path.name for path in (project.site / "orphan" / "__pycache__").iterdir()] == ["gone.cpython-312.pyc"]


def test_an_environment_that_was_moved_is_made_anew(project: Project) -> None:
    project.sync(MENU, ICONS)
    moved = project.folder / "moved"
    project.env.rename(moved)
    assert apply(moved, project.desired(MENU, ICONS)).changed
    done = subprocess.run([str(moved / "bin" / "menu")], capture_output=True, text=True, check=True)
    assert done.stdout == "menu 1\n"
    assert not apply(moved, project.desired(MENU, ICONS)).changed


def test_what_people_put_into_the_root_is_theirs(project: Project) -> None:
    project.sync(MENU)
    (project.env / "notes.txt").write_text("mine")
    assert project.why_not(MENU) is None
    project.sync(MENU2)
    assert (project.env / "notes.txt").read_text() == "mine"


#: The modules that answer whether there is anything to do.
_LIGHT = ("forks", "light", "transaction.halves", "transaction.places", "transaction.state")


def test_the_no_op_test_imports_next_to_nothing() -> None:
    script = (
        "import os, sys; before = set(sys.modules)\n"
        "from lockenv.transaction import state\n"
        "state.why_not('/nowhere', lock_digest='', selection=(), interpreter_id='')\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True)
    ours = {"lockenv", "lockenv.transaction", *(f"lockenv.{name}" for name in _LIGHT)}
    assert set(done.stdout.split()) <= ours | {"__future__", "marshal", "zlib"}
