"""A stranger's script: a process of its own, in a folder that has nothing to do with the project."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from tests.fakes.project import PATIENCE, ScratchProject, importable

_BEFORE = """\
import json, sys
import lockenv

folder = sys.argv[1]


def answer(said):
    with open(sys.argv[2], "w") as file:
        json.dump(said, file)


"""
#: Begins a program in a folder that is no more: who asks for the working directory fails.
_NOWHERE = 'cd "$1" && rmdir "$1" && shift && exec "$@"'


def ran(project: ScratchProject, code: str, *, environ: Mapping[str, str] | None = None) -> Any:
    """Run code that knows `lockenv` and the project's `folder`, and give what it passes to `answer`.

    It must go well, and neither print nor ask for the working directory.
    """
    place, said = project.scratch / "nowhere", project.scratch / "said.json"
    place.mkdir()
    script = project.scratch / "script.py"
    script.write_text(_BEFORE + code, encoding="utf-8")
    done = subprocess.run(
        ["/bin/sh", "-c", _NOWHERE, "sh", place, sys.executable, script, project.folder, said],
        env={**project.environ, **importable(), **(environ or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done
    return json.loads(said.read_text(encoding="utf-8"))
