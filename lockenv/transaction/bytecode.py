"""Bytecode that Python wrote by itself: whether it is what compiling its planned source gives, and nothing else.

Neither the name nor the header of a ``.pyc`` (PEP 3147, PEP 552) says what is inside, and Python runs what is
inside. So the environment's own base interpreter, isolated and without `site`, compiles the source and compares
code with code; nothing of either is run. A proof is remembered by the hashes of all that went into it.
"""

# ruff: noqa: PTH103, PTH105, PTH123

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256

from lockenv.errors import InstallError
from lockenv.transaction.programs import COMPILING, PROVING, run_program

_PROCESSES = 2
_MANY = 200  #: files for which a second process is worth its start
_CRASHES = 16  #: after which the rest is not tried any more
_MOST = 200_000  #: proofs that are kept
_DIGEST = 32
#: Where the interpreter found no fault, and where there is no source to judge by (that is a finding by itself).
_PROVEN, _NO_SOURCE = "proven", "source"

_TEMPORARY = r"(?:\.\d+)?"
#: Names in a ``__pycache__`` under which Python itself loads nothing, and whose they are. Python asks for
#: ``module.tag.pyc`` and ``module.tag.opt-N.pyc`` with N a number (PEP 488); none of these can be one of them.
_OF_TOOLS = (
    # What pytest made of a plugin's or a test's assertions.
    ("pytest", re.compile(r"(?P<module>[^.]+)\.[\w-]+-pytest-\d[\w.+!]*?\.py[co]" + _TEMPORARY)),
    # What beartype, typeguard and jaxtyping made of a module, under a level of their own (`cache_from_source`).
    ("an import hook", re.compile(r"(?P<module>[^.]+)\.[\w-]+\.opt-[A-Za-z][A-Za-z0-9]*\.pyc" + _TEMPORARY)),
    # An index and machine code of functions, by numba.
    ("numba", re.compile(r"(?P<module>[^.]+)\..+-\d+\.py\d+[a-z]*\.(?:\d+\.nbc|nbi)(?:\.tmp\.[0-9a-f]+)?")),
    # What Python, when it was killed, did not come to rename.
    ("Python, cut off", re.compile(r"(?P<module>[^.]+)\.[\w-]+(?:\.opt-\d)?\.pyc\.\d+")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BytecodeFile:
    """A ``.pyc`` in a ``__pycache__``; paths are relative to the generation, contents are sha256.

    `source_*` are as planned. `level` is the optimisation that its name speaks of, `tag` the interpreter
    (``cpython-312``), `owner` the package.
    """

    path: str
    content: str
    source: str
    source_content: str
    source_size: int
    source_mtime: int
    level: int
    tag: str
    owner: str


def source_of(name: str) -> tuple[str, int, str] | None:
    """Read ``module.tag.pyc`` or ``module.tag.opt-2.pyc``: the source's name, the level and the tag.

    None for other names.
    """
    stem = name.removesuffix(".pyc")
    stem, mark, level = stem.partition(".opt-")
    module, dot, tag = stem.rpartition(".")
    if not name.endswith(".pyc") or not dot or not module or (mark and level not in {"1", "2"}):
        return None
    return f"{module}.py", int(level or 0), tag


def tool_of(name: str) -> tuple[str, str] | None:
    """Read the name of what a program other than Python keeps in a ``__pycache__``: the source's name, and whose.

    Python loads nothing under such a name, but its program runs what is in it, and nothing here can tell whether
    that is right. None for other names.
    """
    for tool, pattern in _OF_TOOLS:
        if found := pattern.fullmatch(name):
            return f"{found['module']}.py", tool
    return None


@dataclass(slots=True)
class Prover:
    """Judges bytecode by the interpreter at `executable`, and remembers proofs in the folder `memory`.

    `identity` names the interpreter as it is now; another one has other proofs.
    """

    executable: str
    identity: str
    memory: str | None = None
    _proven: set[bytes] = field(init=False, default_factory=set)

    def refused(self, folder: str, found: Sequence[BytecodeFile]) -> Iterator[tuple[BytecodeFile, str]]:
        """Yield those of the files below `folder` that are not what they pass for, each with the reason."""
        self._proven = self._remembered()
        before = len(self._proven)
        unknown = [file for file in found if _key(file) not in self._proven]
        for file, said in self._ask_all(folder, unknown):
            if said == _PROVEN:
                self._proven.add(_key(file))
            elif said != _NO_SOURCE:
                yield file, said
        if len(self._proven) > before:
            self._remember()

    def _ask_all(self, folder: str, unknown: Sequence[BytecodeFile]) -> Iterator[tuple[BytecodeFile, str]]:
        count = _PROCESSES if len(unknown) > _MANY else 1
        with ThreadPoolExecutor(count) as threads:
            for answers in threads.map(
                lambda part: self._ask(folder, part), [unknown[at::count] for at in range(count)]
            ):
                yield from answers

    def _ask(self, folder: str, part: Sequence[BytecodeFile]) -> list[tuple[BytecodeFile, str]]:
        """Ask about some files; one that brings the interpreter down is refused, and the rest asked again."""
        answers: list[tuple[BytecodeFile, str]] = []
        crashes = 0
        while len(answers) < len(part):
            rest = part[len(answers) :]
            if crashes == _CRASHES:
                return [*answers, *((file, "too much of it cannot be read") for file in rest)]
            said = _answers(self.executable, folder, rest)
            answers += zip(rest, said, strict=False)
            if len(said) < len(rest):
                crashes += 1
                answers.append((rest[len(said)], "Python cannot read it"))
        return answers

    @property
    def _place(self) -> str:
        return f"{self.memory}/{sha256(self.identity.encode(errors='surrogateescape')).hexdigest()[:32]}"

    def _remembered(self) -> set[bytes]:
        """Read the proofs: digests behind a digest of them all, so that a damaged file proves nothing."""
        if self.memory is None:
            return set()
        try:
            with open(self._place, "rb") as file:
                digest, content = file.read(_DIGEST), file.read()
        except OSError:
            return set()
        if sha256(content).digest() != digest:
            return set()
        return {content[at : at + _DIGEST] for at in range(0, len(content), _DIGEST)}

    def _remember(self) -> None:
        """Keep the proofs. What cannot be written is proven again another time."""
        if self.memory is None or len(self._proven) > _MOST:
            return
        content = b"".join(sorted(self._proven))
        temporary = f"{self._place}.{secrets.token_hex(6)}"
        with contextlib.suppress(OSError):
            os.makedirs(self.memory, exist_ok=True)
            with open(temporary, "xb") as file:
                file.write(sha256(content).digest() + content)
            os.replace(temporary, self._place)


def _key(file: BytecodeFile) -> bytes:
    """Digest all that a proof depends on but the interpreter."""
    parts = (file.content, file.source_content, file.source_size, file.source_mtime, file.level, file.tag)
    return sha256(repr(parts).encode()).digest()


def _answers(executable: str, folder: str, rest: Sequence[BytecodeFile]) -> list[str]:
    rows = [
        (
            f"{folder}/{file.path}",
            f"{folder}/{file.source}",
            file.content,
            file.source_content,
            file.source_size,
            file.source_mtime,
            file.level,
            file.tag,
        )
        for file in rest
    ]
    return run_program(executable, PROVING, rows)[0]


def write_bytecode(executable: str, folder: str, imported_from: str, sources: Sequence[str]) -> None:
    """Compile sources of a generation beside them, with the time and size of each source in the header.

    `folder` is where the generation stands now, `imported_from` where it will stand. What is no Python of this
    version is left out, as Python does. Raises `InstallError`.
    """
    parts = [sorted(sources)[at::_PROCESSES] for at in range(_PROCESSES)]

    def write(part: Sequence[str]) -> str:
        rows = [(f"{folder}/{source}", f"{imported_from}/{source}") for source in part]
        answers, said = run_program(executable, COMPILING, rows)
        return "" if len(answers) == len(rows) else said

    with ThreadPoolExecutor(_PROCESSES) as threads:
        for said in threads.map(write, parts):
            if said:
                raise InstallError(f"{executable} could not compile the environment's modules: {said}")
