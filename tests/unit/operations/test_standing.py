"""Unit: what a lock that was just made is said to rest on."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockenv.events import Event, StageStarted
from lockenv.operations.lock import lock
from lockenv.operations.standing import note_standing, standing
from lockenv.session import open_session
from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import make_wheel


@pytest.mark.parametrize("meanwhile", ["nothing", "env.toml", "pylock.toml"])
def test_a_note_is_of_what_was_read_and_not_of_what_was_written_since(meanwhile: str, tmp_path: Path) -> None:
    with FakeIndex() as index:
        for name in ("menu", "checks"):
            index.add(make_wheel(name, "1.0"))
        project = ScratchProject(tmp_path, index_url=index.url)
        project.manifest(dependencies=["menu"])

        def report(event: Event) -> None:
            if isinstance(event, StageStarted) and meanwhile == "env.toml":
                project.manifest(dependencies=["menu", "checks"])

        with open_session({}, environ=project.environ, folder=str(project.folder), report=report) as session:
            found = lock(session).again
            assert found is not None
            assert found.stands is not None
            if meanwhile == "pylock.toml":
                project.lock.write_bytes(project.lock.read_bytes() + b"\n")
            stands = found.stands
            note_standing(session, "fine", seen=stands.seen, included=(), executable=stands.executable)
            assert standing(session) == ("fine" if meanwhile == "nothing" else None)
