"""Bytecode of every CPython: what it writes is proven by it, and nothing else is."""

from __future__ import annotations

import os
import subprocess
from hashlib import sha256
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from lockenv.errors import InstallError
from lockenv.transaction.bytecode import BytecodeFile, Prover, source_of, tool_of, write_bytecode
from lockenv.transaction.programs import PROVING, run_program
from tests.unit.python.pythons import SERIES, installed

#: All that code can hold: nested code, constants of every kind, doc strings, assertions, annotations, closures.
SOURCE = '''"""A module."""
from __future__ import annotations
import os as _os
ONE, TRUE, FLOAT, MINUS = 1, True, 1.0, -0.0
MANY = (1, (1.0, (True, b"x", "x", None, ..., 2 + 3j, -0.0, float)), frozenset())

class Tree:
    "A tree."
    leaves: int = 3

    def grow(self, by: "int" = 1, *more, until=None, **rest) -> None:
        """Grow."""
        assert by, "no growth"
        def inner(x):
            nonlocal by
            by += x
            return {y: [z for z in range(y) if z in {1, 2, "3", True, 1.5, (1, 2)}] for y in more}
        return inner

async def wait(things):
    async for thing in things:
        yield (await thing) if thing in {"a", "b", "c", 1, 2.0} else lambda: thing
'''


def written(folder: Path, python: str, *flags: str) -> BytecodeFile:
    """Have a Python compile `SOURCE` as it does when it imports it, and describe what came of it."""
    if not (folder / "tree.py").exists():  # written anew it may be a second younger
        (folder / "tree.py").write_text(SOURCE, encoding="utf-8")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import tree; print(tree.__cached__)"
    done = subprocess.run(
        [python, *flags, "-c", code], capture_output=True, text=True, check=True, env=environ, cwd=folder
    )
    return described(folder, Path(done.stdout.strip()))


def described(folder: Path, place: Path) -> BytecodeFile:
    source = folder / "tree.py"
    found = source_of(place.name)
    assert found is not None
    name, level, tag = found
    return BytecodeFile(
        path=f"__pycache__/{place.name}",
        content=sha256(place.read_bytes()).hexdigest(),
        source=name,
        source_content=sha256(source.read_bytes()).hexdigest(),
        source_size=source.stat().st_size,
        source_mtime=int(source.stat().st_mtime),
        level=level,
        tag=tag,
        owner="tree",
    )


def reasons(python: str, folder: Path, *files: BytecodeFile, memory: Path | None = None) -> list[str]:
    prover = Prover(python, "this one", None if memory is None else str(memory))
    return [reason for _, reason in prover.refused(str(folder), files)]


@pytest.fixture(params=SERIES)
def python(request: pytest.FixtureRequest) -> str:
    return str(installed(request.param).executable)


@pytest.mark.parametrize("flags", [(), ("-O",), ("-OO",)], ids=str)
def test_what_python_writes_is_proven(python: str, tmp_path: Path, flags: tuple[str, ...]) -> None:
    assert reasons(python, tmp_path, written(tmp_path, python, *flags)) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ONE, TRUE, FLOAT, MINUS = 1,", "ONE, TRUE, FLOAT, MINUS = 2,"),
        ("1, True, 1.0, -0.0", "True, 1, 1.0, -0.0"),
        ("1, True, 1.0, -0.0", "1, True, 1.0, +0.0"),
        ('"3", True, 1.5', '"4", True, 1.5'),
        ('"""Grow."""', '"""Grew."""'),
        ("import os as _os", "import re as _os"),
        ("by += x\n", "by -= x\n"),
        ("in range(y) if", "in range(y)\n            if"),
        ('"a", "b", "c"', '"a", "b", "d"'),
    ],
)
def test_code_of_another_source_is_refused(python: str, tmp_path: Path, before: str, after: str) -> None:
    file = written(tmp_path, python)
    place = tmp_path / file.path
    head = place.read_bytes()[:16]
    (tmp_path / "other").mkdir()
    assert before in SOURCE
    text = SOURCE.replace(before, after)
    compiled = f"compile({text!r}, 'tree.py', 'exec', 0, True)"
    code = f"import marshal, sys; sys.stdout.buffer.write(marshal.dumps({compiled}))"
    other = subprocess.run([python, "-I", "-c", code], capture_output=True, check=True).stdout
    place.write_bytes(head + other)
    assert reasons(python, tmp_path, described(tmp_path, place)) == ["its code is not what its source says"]


def test_bytecode_of_another_level_or_python_is_refused(tmp_path: Path) -> None:
    python = str(installed("3.11").executable)
    plain = written(tmp_path, python)
    bare = written(tmp_path, python, "-OO")
    (tmp_path / bare.path).write_bytes((tmp_path / plain.path).read_bytes())
    assert reasons(python, tmp_path, described(tmp_path, tmp_path / bare.path)) == [
        "its code is not what its source says"
    ]
    assert reasons(str(installed("3.12").executable), tmp_path, plain) == ["it is for another Python"]


def test_without_its_source_nothing_is_said_of_bytecode(tmp_path: Path) -> None:
    """That the source is another is a finding by itself."""
    python = str(installed("3.11").executable)
    file = written(tmp_path, python)
    (tmp_path / "tree.py").write_text("other = 1\n")
    assert reasons(python, tmp_path, file) == []
    (tmp_path / "tree.py").unlink()
    assert reasons(python, tmp_path, file) == []


def test_a_proof_is_remembered_by_content_and_a_damaged_memory_proves_nothing(tmp_path: Path) -> None:
    python, memory = str(installed("3.11").executable), tmp_path / "memory"
    file = written(tmp_path, python)
    assert reasons(python, tmp_path, file, memory=memory) == []
    assert reasons("/bin/false", tmp_path, file, memory=memory) == []
    planted = BytecodeFile(**{slot: getattr(file, slot) for slot in file.__slots__} | {"content": "0" * 64})
    assert reasons("/bin/false", tmp_path, planted, memory=memory) == ["Python cannot read it"]
    (proofs,) = memory.iterdir()
    content = proofs.read_bytes()
    proofs.write_bytes(content[:40] + bytes([content[40] ^ 1]) + content[41:])
    assert reasons("/bin/false", tmp_path, file, memory=memory) == ["Python cannot read it"]


def test_bytecode_that_brings_the_interpreter_down_is_refused_and_the_rest_is_judged(tmp_path: Path) -> None:
    python = str(installed("3.11").executable)
    good = written(tmp_path, python)
    crash = tmp_path / "python"
    crash.write_text(
        f"#!{python}\nimport os, sys, subprocess\n"
        "text = sys.stdin.read()\n"
        f"done = subprocess.run([{python!r}, *sys.argv[1:]], input=text, text=True, capture_output=True)\n"
        "lines = done.stdout.splitlines(True)\n"
        "sys.stdout.write(''.join(lines[:1]))\n"
        "sys.exit(1 if len(lines) > 1 else 0)\n"
    )
    crash.chmod(0o755)
    assert reasons(str(crash), tmp_path, good, good, good) == ["Python cannot read it"]


@pytest.mark.parametrize("name", ["tree.pyc", "tree.py", "tree.cpython-311.opt-3.pyc", ".cpython-311.pyc", "x.so"])
def test_other_names_are_no_bytecode_of_a_source(name: str) -> None:
    assert source_of(name) is None


def test_names_say_source_level_and_tag() -> None:
    assert source_of("tree.cpython-311.pyc") == ("tree.py", 0, "cpython-311")
    assert source_of("tree.pypy310.opt-2.pyc") == ("tree.py", 2, "pypy310")
    assert source_of("a.b.cpython-311.pyc") == ("a.b.py", 0, "cpython-311")


def test_bytecode_is_written_the_same_each_time_and_proven(python: str, tmp_path: Path) -> None:
    (tmp_path / "tree.py").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "broken.py").write_text("print 'of another age'\n")
    found = set()
    for _ in range(2):
        write_bytecode(python, str(tmp_path), "/srv/later", ["tree.py", "broken.py"])
        (place,) = (tmp_path / "__pycache__").iterdir()
        found.add(place.read_bytes())
        assert reasons(python, tmp_path, described(tmp_path, place)) == []
        assert b"/srv/later/tree.py" in place.read_bytes()
        place.unlink()
    assert len(found) == 1


def test_an_interpreter_that_cannot_compile_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "tree.py").write_text(SOURCE, encoding="utf-8")
    with pytest.raises(InstallError, match="could not compile"):
        write_bytecode("/bin/false", str(tmp_path), str(tmp_path), ["tree.py"])


def test_people_s_settings_and_folders_have_no_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('planted')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "json.py"))
    monkeypatch.chdir(tmp_path)
    assert run_program(str(installed("3.11").executable), PROVING, []) == ([], "")


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("menu.cpython-312-pytest-8.3.3.pyc", "pytest"),
        ("menu.cpython-312-pytest-9.0.0rc1.pyo", "pytest"),
        ("menu.cpython-312-pytest-8.3.3.pyc.4711", "pytest"),
        ("menu.pypy39-pp73-pytest-8.3.3.pyc", "pytest"),
        ("menu.cpython-312.opt-beartype0v18v5.pyc", "an import hook"),
        ("menu.outer.locals.inner-12.py312.nbi", "numba"),
        ("menu.f-12.py313t.1.nbc", "numba"),
        ("menu.f-12.py38.nbi.tmp.0af3", "numba"),
        ("menu.cpython-312.pyc.140234", "Python, cut off"),
    ],
)
def test_what_programs_keep_for_themselves_is_told_by_its_name(name: str, tool: str) -> None:
    assert tool_of(name) == ("menu.py", tool)


@pytest.mark.parametrize(
    "name",
    [
        "menu.cpython-312.pyc",
        "menu.cpython-312.opt-1.pyc",
        "menu.cpython-312.opt-3.pyc",  # of `python -OOO`
        "menu.pyc",
        "menu.x-pytest-1.cpython-312.pyc",
        "menu-pytest-1.cpython-312.pyc",
        "menu-pytest-8.3.3.pyc",
        "menu.cpython-312-pytest-.pyc",
        "menu.cpython-312-pytest-8.so",
        "menu.nbi",
        "menu.f-12.py312.nbi.py",
        "menu.cpython-312.pyc.140234.pyc",
        ".cpython-312-pytest-8.3.3.pyc",
    ],
)
def test_what_python_would_load_is_nobody_else_s(name: str) -> None:
    assert tool_of(name) is None


def test_no_name_of_a_program_s_is_one_that_python_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("menu", "menu-pytest-1", "f-12", "f-12.py312"):
        for tag in ("cpython-312", "cpython-313t", "pypy39", "graalpy242-311"):
            monkeypatch.setattr("sys.implementation.cache_tag", tag)
            for level in ("", 1, 2, 3, 10):
                asked = cache_from_source(f"{module}.py", optimization=level)
                assert tool_of(asked.rpartition("/")[2]) is None, asked
