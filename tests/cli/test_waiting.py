"""A command that waits for another one says once whom it waits for, and nothing of what does not go on."""

from __future__ import annotations

import pytest

from lockenv.cli.progress import Progress
from lockenv.cli.screen import Screen
from lockenv.events import WAITING, StageAdvanced, StageFinished, StageStarted, Warned


def test_who_waits_without_a_terminal_says_it_once(capsys: pytest.CaptureFixture[str]) -> None:
    now = [100.0]
    progress = Progress(Screen(environ={}), clock=lambda: now[0])
    progress(StageStarted(stage="Linking", total=37))
    progress(Warned(message="waiting: .venv is being changed by process 7 (lockenv sync)"))
    progress(StageStarted(stage=WAITING))
    for _ in range(5):
        now[0] += 60
        progress(StageAdvanced(stage=WAITING, done=0))
    progress(StageFinished(stage=WAITING))
    progress.clear()
    told = capsys.readouterr().err
    assert told == "warning: waiting: .venv is being changed by process 7 (lockenv sync)\n"
