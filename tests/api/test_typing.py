"""What a type checker knows of the names that are loaded when they are asked for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_RIGHT = """\
from pathlib import Path

import lockenv
from lockenv.events import Event


def hear(event: Event) -> None:
    del event


project = lockenv.Project(Path("/srv/forecast"), env="/opt/app", offline=True, listener=hear)
reveal_type(lockenv.read_manifest(project).dependencies[0].name)  # str
reveal_type(lockenv.read_lock(project))  # packaging.pylock.Pylock
reveal_type(lockenv.lock("/srv/forecast"))  # lockenv.operations.locked.Locked
reveal_type(lockenv.check(project).holds)  # bool
reveal_type(lockenv.diff(project, "main"))  # lockenv.operations.diff.Compared
reveal_type(lockenv.sync(project, groups=["test"]).digest)  # str
reveal_type(lockenv.verify(project))  # lockenv.operations.verify.Verified
reveal_type(lockenv.current())  # lockenv.api.inside.Environment | None
for step in lockenv.plan_sync(project).plan.steps:
    match step:
        case lockenv.Install(wanted=wanted) | lockenv.Replace(wanted=wanted):
            reveal_type(wanted.version)  # str
        case lockenv.Remove(installed=installed):
            reveal_type(installed.sha256)  # str
try:
    lockenv.add(project, ["menu"], group="test")
except lockenv.LockenvError as error:
    reveal_type(error.hint)  # str | None
"""
_WRONG = """\
import lockenv

lockenv.lcok("/srv/forecast")  # attr-defined
lockenv.sync("/srv/forecast", gruops=["test"])  # call-arg
lockenv.Project("/srv/forecast", link_mode="soft")  # arg-type
lockenv.lock(7)  # arg-type
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[int, str]]:
    """What mypy says of each line of the samples."""
    api = pytest.importorskip("mypy.api")
    folder = tmp_path_factory.mktemp("samples")
    names = {"right.py": _RIGHT, "wrong.py": _WRONG}
    for name, code in names.items():
        (folder / name).write_text(code, encoding="utf-8")
    (folder / "mypy.ini").write_text(f"[mypy]\nstrict = true\nmypy_path = {ROOT}\n", encoding="utf-8")
    options = [f"--config-file={folder}/mypy.ini", f"--cache-dir={folder}/cache", "--no-error-summary"]
    out, err, _ = api.run([*options, *(str(folder / name) for name in names)])
    assert err == ""
    found: dict[str, dict[int, str]] = {name: {} for name in names}
    for name, line, said in re.findall(r"(\w+\.py):(\d+): (?:error|note): (.*)$", out, re.MULTILINE):
        if "Revealed type" in said or said.endswith("]"):
            found[name][int(line)] = said
    return found


def _expected(code: str) -> dict[int, str]:
    return {number: line.rpartition("# ")[2] for number, line in enumerate(code.splitlines(), 1) if "  # " in line}


def test_a_type_checker_knows_what_is_given(told: dict[str, dict[int, str]]) -> None:
    types = {line: re.sub(r'^Revealed type is "(.*)"$', r"\1", said) for line, said in told["right.py"].items()}
    assert {line: said.replace("builtins.", "") for line, said in types.items()} == _expected(_RIGHT)


def test_a_type_checker_knows_what_is_wrong(told: dict[str, dict[int, str]]) -> None:
    kinds = {line: said.rpartition("[")[2].rstrip("]") for line, said in told["wrong.py"].items()}
    assert kinds == _expected(_WRONG)
