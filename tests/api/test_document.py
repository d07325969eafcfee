"""The reference of the API keeps its word: its examples run, and it names every function."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import lockenv
from lockenv import events
from tests.fakes.project import PATIENCE, ScratchProject, importable

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/api.md").read_text(encoding="utf-8")
_EXAMPLES = re.findall(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?", PAGE, re.DOTALL)


@pytest.mark.parametrize(("code", "printed"), _EXAMPLES)
def test_an_example_prints_what_the_page_shows(code: str, printed: str, project: ScratchProject) -> None:
    project.manifest(dependencies=["menu>=1"], groups={"test": ["checks"]})
    done = subprocess.run(
        [sys.executable, "-c", code.replace("/srv/forecast", str(project.folder))],
        env={**project.environ, **importable()},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.stdout, done.stderr) == (printed, "")


def test_every_function_is_there_with_its_parameters() -> None:
    shown = {name: said for name, said in re.findall(r"`(\w+)\(([^`]*)\)`", PAGE) if name != "Project"}
    functions = [name for name in lockenv.__all__ if inspect.isfunction(getattr(lockenv, name))]
    assert set(functions) <= set(shown)
    for name in functions:
        parameters = inspect.signature(getattr(lockenv, name)).parameters.values()
        told = [f"{one.name}=" if one.kind is one.KEYWORD_ONLY else one.name for one in parameters]
        assert shown[name] == ", ".join(told), name


def test_every_field_of_a_project_and_every_event_is_there() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE))
    assert {one.name for one in fields(lockenv.Project)} <= named
    assert {kind.__name__ for kind in events.Event.__args__} <= named
