"""Progress where nobody watches: a line now and then, by a clock that the test turns."""

from __future__ import annotations

import pytest

from lockenv.cli.progress import Progress
from lockenv.cli.screen import Screen
from lockenv.events import (
    Answered,
    Asked,
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
    progress(StageStarted(stage="Fetching", total=3, size=6_000_000))
    progress(DownloadStarted(filename="big.whl", size=4_000_000))
    progress(DownloadStarted(filename="small.whl", size=2_000_000))
    for _ in range(5):
        clock.now += 1
        progress(DownloadAdvanced(filename="big.whl", received=400_000))
    progress(DownloadFinished(filename="small.whl", size=2_000_000))
    clock.now += 5
    progress(StageAdvanced(stage="Fetching", done=1, detail="small.whl"))
    progress(DownloadFinished(filename="big.whl", size=4_000_000))
    progress(StageFinished(stage="Fetching"))
    progress.clear()
    assert capsys.readouterr().err.splitlines() == [
        "Fetching  0/3  2.0 MB of 6.0 MB at 400 kB/s  big.whl and 1 more",
        "Fetching  1/3  2.0 MB of 6.0 MB, nothing for 5 s  big.whl",
    ]


def test_the_speed_is_that_of_the_last_seconds(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(Screen(environ={}), clock=clock)
    progress(StageStarted(stage="Fetching", total=1))
    progress(DownloadStarted(filename="big.whl", size=None))
    for second in range(15):
        clock.now += 1
        progress(DownloadAdvanced(filename="big.whl", received=1_000_000 if second < 10 else 200_000))
    progress.clear()
    assert [line.split(" at ")[1].split("  ")[0] for line in capsys.readouterr().err.splitlines()] == [
        "1.0 MB/s",
        "1.0 MB/s",
        "200 kB/s",
    ]


def test_a_search_tells_its_rounds_and_what_it_waits_for(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(Screen(environ={}), clock=clock)
    icons, menu = "https://packages.example/simple/icons/?token=secret", "https://packages.example/simple/menu/"
    progress(StageStarted(stage="Resolving"))
    clock.now += 5
    progress(StageAdvanced(stage="Resolving", done=24, detail="3 of 9 packages decided"))
    progress(Asked(url=icons))
    clock.now += 1
    progress(Asked(url=menu))
    progress(Asked(url=menu))
    clock.now += 4
    progress(Noted(message="nobody asked"))
    progress(Answered(url=icons))
    progress(Answered(url=menu))
    clock.now += 5
    progress(Noted(message="nobody asked"))
    progress(Answered(url=menu))
    progress(Answered(url=menu))
    clock.now += 5
    progress(Noted(message="nobody asked"))
    progress.clear()
    assert capsys.readouterr().err.splitlines() == [
        "Resolving  round 24  3 of 9 packages decided",
        "Resolving  round 24  waiting 5 s for packages.example/simple/icons/ and 2 more",
        "Resolving  round 24  waiting 9 s for packages.example/simple/menu/",
        "Resolving  round 24  3 of 9 packages decided",
    ]


def test_a_stage_within_a_stage_gives_back_the_line(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(Screen(environ={}), clock=clock)
    progress(StageStarted(stage="Resolving"))
    progress(StageAdvanced(stage="Resolving", done=8, detail="1 of 2 packages decided"))
    progress(StageStarted(stage="Building"))
    progress(StageAdvanced(stage="Building", done=0, detail="plotlib 2.1"))
    clock.now += 5
    progress(StageAdvanced(stage="Resolving", done=16, detail="2 of 2 packages decided"))
    progress(StageFinished(stage="Building"))
    clock.now += 5
    progress(StageAdvanced(stage="Resolving", done=24, detail="2 of 2 packages decided"))
    progress(StageStarted(stage="Building"))  # an error leaves it
    progress(StageFinished(stage="Resolving"))
    clock.now += 5
    progress(Noted(message="nobody asked"))
    progress.clear()
    assert capsys.readouterr().err.splitlines() == [
        "Building  plotlib 2.1",
        "Resolving  round 24  2 of 2 packages decided",
    ]


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
