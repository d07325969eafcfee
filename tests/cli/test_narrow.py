"""Forty columns, no colour, no Unicode: a small screen, a serial line, a container without a locale."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest

from lockenv.cli.main import COMMANDS
from tests.cli.screens import check_screen
from tests.fakes.index import FakeIndex
from tests.fakes.project import PATIENCE, Ran, ScratchProject
from tests.fakes.terminal import SOON_PLAIN, Terminal
from tests.fakes.wheels import make_wheel

_ESCAPE = "\x1b"
#: Nothing but ASCII can be written, as it is with no locale at all.
_ASCII = {"PYTHONIOENCODING": "ascii", "TERM": "dumb"}


def on_a_terminal(project: ScratchProject, *arguments: str, columns: int = 40, **environ: str) -> Ran:
    """Run a command on a terminal of so many columns; what it says on both streams comes as one."""
    terminal = Terminal(columns)
    end = terminal.end
    with project.start(*arguments, stdout=end, stderr=end, environ={**_ASCII, **environ}) as process:
        status = process.wait(PATIENCE)
    return Ran(arguments=arguments, status=status, out=terminal.close(), err="")


@pytest.fixture
def lived_in(project: ScratchProject, index: FakeIndex) -> ScratchProject:
    """A project with long names, versions that differ, and two generations."""
    index.add(make_wheel("a-package-with-a-long-name", "1.0", requires=["dropdown", 'icons>=1; os_name == "nt"']))
    project.manifest(dependencies=["menu", "a-package-with-a-long-name"], groups={"test": ["checks"]})
    project.run("lock").ok()
    project.run("sync").ok()
    project.run("sync", "--group", "test").ok()
    return project


def _tells_nothing_else(ran: Ran) -> None:
    assert _ESCAPE not in ran.out
    assert "\\u" not in ran.out
    assert ran.out.isascii()


def test_screens_of_forty_columns(lived_in: ScratchProject, index: FakeIndex) -> None:
    index.add(make_wheel("banner", "1.0", requires=["icons<2"]))
    commands = [
        ("tree",),
        ("tree", "--invert", "icons"),
        ("why", "icons"),
        ("check",),
        ("list",),
        ("lock", "--chekc"),
        ("add", "banner", "dropdown>=1.1"),
        ("diff", "@1", "@2", "--markdown"),
        ("sync", "--group", "tset"),
        ("activate", "--shell", "fish"),
    ]
    runs = [on_a_terminal(lived_in, *command) for command in commands]
    for ran in runs:
        _tells_nothing_else(ran)
    check_screen("narrow", lived_in, runs)


def test_a_table_that_has_no_room_has_rows_of_several_lines(lived_in: ScratchProject) -> None:
    for columns in (40, 80):
        shown = on_a_terminal(lived_in, "history", columns=columns).out
        assert all(len(line) <= columns or len(line.split()) == 1 for line in shown.splitlines())
        assert shown.count("whole") == 2
    assert len(on_a_terminal(lived_in, "history", columns=400).out.splitlines()) == 2


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits(command: str, project: ScratchProject) -> None:
    ran = on_a_terminal(project, *filter(None, [command]), "--help")
    _tells_nothing_else(ran)
    lines = [line for line in ran.out.splitlines() if not line.lstrip().startswith(("lockenv ", "eval "))]
    assert [line for line in lines if len(line) > 40 and len(line.split()) > 2] == []


def test_a_terminal_that_cannot_redraw_gets_plain_lines(project: ScratchProject, index: FakeIndex) -> None:
    project.manifest(dependencies=["menu"])
    gate = threading.Event()
    index.fail("/simple/icons/", until=gate)
    terminal = Terminal(columns=40)
    end = terminal.end
    with project.start("lock", stdout=end, stderr=end, environ=_ASCII, program=SOON_PLAIN) as process:
        terminal.wait_for("Resolving")
        gate.set()
        status = process.wait(PATIENCE)
    shown = terminal.close()
    assert status == 0
    assert _ESCAPE not in shown
    assert "\r" not in shown


# ── what other programs read


@pytest.fixture
def foreign(project: ScratchProject, index: FakeIndex) -> ScratchProject:
    """A project in a folder whose name is no ASCII."""
    made = ScratchProject(project.scratch, index_url=index.url, name="f\u00e4rbe")
    made.manifest(dependencies=["menu"])
    made.run("lock").ok()
    made.run("sync").ok()
    return made


@pytest.mark.parametrize("form", ["cyclonedx", "conda", "dockerfile", "pyproject", "pylock", "requirements"])
def test_what_is_given_out_is_utf_8_whatever_the_terminal_can_show(form: str, foreign: ScratchProject) -> None:
    narrow, wide = (foreign.spawn("export", form, **environ) for environ in (_ASCII, {}))
    assert narrow.ok().out == wide.ok().out


@pytest.mark.parametrize(
    "command", [("list",), ("check",), ("history",), ("verify",), ("lock",), ("cache", "dir")]
)
def test_documents_are_json_whatever_the_terminal_can_show(
    command: tuple[str, ...], foreign: ScratchProject
) -> None:
    narrow, wide = (json.loads(foreign.spawn(*command, "--json", **environ).out) for environ in (_ASCII, {}))
    assert narrow == wide


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("python", "find"), lambda project: f"{project.env}/bin/python\n"),
        (("activate", "--shell", "sh"), lambda project: f". '{project.env}/bin/activate'\n"),
        (("cache", "dir", "--cache-dir", "\u00fcber"), lambda project: "\u00fcber\n"),
    ],
)
def test_a_path_for_a_program_is_that_path(
    command: tuple[str, ...], expected: Callable[[ScratchProject], str], foreign: ScratchProject
) -> None:
    assert foreign.spawn(*command, **_ASCII).ok().out == expected(foreign)
