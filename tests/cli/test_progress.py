"""Progress where nobody watches: a line now and then, by a clock that the test turns."""

from __future__ import annotations

import pytest

from lockenv.cli.progress import Progress
from lockenv.cli.screen import Screen
from lockenv.events import (
    DownloadAdvanced,
    DownloadFinished,
    DownloadStarted,
    Noted,
    Requested,
    StageAdvanced,
    StageFinished,
    StageStarted,
    Warned,
)
from tests.fakes.project import ScratchProject


class Clock:
    """Seconds, as the test says."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_what_is_soon_over_is_not_mentioned(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(Screen(environ={}), clock=clock)
    progress(StageStarted(stage="Fetching", total=2))
    clock.now += 4.9
    progress(StageAdvanced(stage="Fetching", done=2))
    progress(StageFinished(stage="Fetching"))
    progress.clear()
    assert capsys.readouterr().err == ""


def test_what_lasts_is_mentioned_every_five_seconds(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(Screen(environ={}), clock=clock)
    progress(StageStarted(stage="Fetching", total=3))
    progress(DownloadStarted(filename="big.whl", size=4_000_000))
    progress(DownloadAdvanced(filename="big.whl", received=2_000_000))
    for _ in range(2):
        clock.now += 5
        progress(StageAdvanced(stage="Fetching", done=1, detail="icons.whl"))
    progress(DownloadFinished(filename="big.whl", size=4_000_000))
    progress.clear()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("Fetching  ")
    assert "2.0 MB of 4.0 MB at 400 kB/s  big.whl" in lines[0]
    assert "at 200 kB/s" in lines[1]
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("verbosity", "told"), [(0, ""), (1, "kept icons\n"), (2, "kept icons\nGET u -> 200, 7 B\n")]
)
def test_notes_and_requests_are_told_to_those_who_ask(
    verbosity: int, told: str, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = Progress(Screen(environ={}), verbosity=verbosity, clock=clock)
    progress(Noted(message="kept icons"))
    progress(Requested(method="GET", url="u", status=200, received=7))
    progress.clear()
    assert capsys.readouterr().err == told


def test_foreign_text_cannot_steer_the_terminal(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(Screen(environ={}), verbosity=1, clock=clock)
    progress(Warned(message="\x1b]0;pwned\x07 yanked: \u202ebad", hint="\x1b[2J"))
    progress(Noted(message="\x1b[31mred"))
    progress.clear()
    err = capsys.readouterr().err
    assert all(character.isprintable() or character == "\n" for character in err)
    assert "yanked" in err


def test_what_nobody_foresaw_is_called_a_bug_and_traced_on_request(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu"])
    once, twice = (project.run("lock", "--cache-dir", "a\0b", *flags) for flags in ((), ("-vv",)))
    assert once.status == twice.status == 70
    assert once.err.startswith("error: lockenv met what it did not foresee: ValueError: ")
    assert once.err.endswith("hint: this is a bug; run it again with -vv and report what that shows\n")
    assert "Traceback" not in once.err
    assert "Traceback" in twice.err
