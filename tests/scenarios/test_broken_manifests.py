"""Broken manifests, one file a case: `tests/scenarios/manifests/<case>.toml`.

Lines that begin with ``#: 12: words`` state the problems in order: the line, as an editor counts it, and words of
the message. Where `<case>.txt` stands beside it, the whole message is compared; UPDATE_SNAPSHOTS=1 writes it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from lockenv.errors import ManifestError
from lockenv.manifest.read import read

_FOLDER = Path(__file__).parent / "manifests"
_CASES = sorted(path.stem for path in _FOLDER.glob("*.toml"))
_SHOWN = sorted(path.stem for path in _FOLDER.glob("*.txt"))
_EXPECTATION = re.compile(r"^#: (\d+): (.+)$", re.MULTILINE)


def _refusal(case: str) -> ManifestError:
    with pytest.raises(ManifestError) as caught:
        read((_FOLDER / f"{case}.toml").read_text(encoding="utf-8"))
    return caught.value


def _as_read_by_a_person(error: ManifestError) -> str:
    lines = [f"error: {error.message}", *(f"  {problem}" for problem in error.problems), *error.details]
    return "\n".join([*lines, *([f"hint: {error.hint}"] if error.hint else [])]) + "\n"


def test_there_are_many_cases() -> None:
    assert len(_CASES) >= 30
    assert len(_SHOWN) >= 10
    assert set(_SHOWN) <= set(_CASES)


@pytest.mark.parametrize("case", _CASES)
def test_a_broken_manifest_is_refused_for_exactly_the_stated_reasons(case: str) -> None:
    expected = _EXPECTATION.findall((_FOLDER / f"{case}.toml").read_text(encoding="utf-8"))
    problems = [str(problem) for problem in _refusal(case).problems]
    assert expected
    assert len(problems) == len(expected), problems
    for (line, words), problem in zip(expected, problems, strict=True):
        assert re.match(rf"env\.toml:{line}(:\d+)?: ", problem), (line, problem)
        assert words in problem


@pytest.mark.parametrize("case", _CASES)
def test_a_message_holds_no_control_character_and_no_password(case: str) -> None:
    text = _as_read_by_a_person(_refusal(case))
    assert all(char.isprintable() or char == "\n" for char in text)
    assert "hunter2" not in text


@pytest.mark.parametrize("case", _SHOWN)
def test_the_whole_message_is_as_in_the_snapshot(case: str) -> None:
    snapshot = _FOLDER / f"{case}.txt"
    text = _as_read_by_a_person(_refusal(case))
    if os.environ.get("UPDATE_SNAPSHOTS"):
        snapshot.write_text(text, encoding="utf-8")
    assert text == snapshot.read_text(encoding="utf-8")
