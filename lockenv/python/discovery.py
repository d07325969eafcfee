"""Choosing the interpreter for an environment, and listing those that are there.

The order: what is asked for (`--python`), the first line of `.python-version` that fits, the interpreter that the
existing environment was made from, the newest that fits. Only the first is a demand: where the others do not fit,
the next is asked. So a second `sync` keeps its Python until somebody says otherwise.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import assert_never

from packaging.ranges import VersionRange
from packaging.specifiers import SpecifierSet

from lockenv.errors import InterpreterNotFound, UsageError
from lockenv.python.interpreter import Interpreter, Probed, RefusedInterpreter, begin, cached, probe
from lockenv.python.places import THIS_MACHINE, Machine, candidates, find_command, pyenv_root
from lockenv.python.probe_cache import ProbeCache
from lockenv.python.pyvenv import executables_in
from lockenv.python.requests import (
    ANYTHING,
    AtPath,
    ByCommand,
    ByVersion,
    Wanted,
    parse_request,
    parse_version,
    read_version_file,
    version_file,
)

# `os.path.realpath` gives an answer where `Path.resolve` fails.
# ruff: noqa: PTH119

_NAMED = re.compile(r"(?:python|pypy)3\.(\d+)[td]{0,2}(?:\.exe)?", re.IGNORECASE)

# Interpreters spend their start in the kernel and on the disk: more at once than processors is right.
_AT_ONCE = 8


def find(
    request: str | None,
    *,
    requires_python: SpecifierSet,
    project: Path,
    environ: Mapping[str, str],
    cache: ProbeCache | None,
    env_python: Path | None = None,
    also: Callable[[Interpreter], str] | None = None,
    machine: Machine = THIS_MACHINE,
) -> Interpreter:
    """Choose an interpreter.

    `request` is what `--python` was given. `project` is the folder of the manifest, where `.python-version` is
    looked for and relative paths count from. `env_python` is the interpreter of the environment that exists.
    `also` is one more condition: it says why an interpreter does not fit, or nothing where it does.
    Raises `InterpreterNotFound`, whose details say what was found and why each was refused, and `UsageError` for
    a request that cannot be read.
    """
    search = _Search(requires_python, environ, cache, machine, also)
    return _found(search, request, project, environ, env_python)


def ask_ahead(
    request: str | None,
    *,
    requires_python: SpecifierSet,
    project: Path,
    environ: Mapping[str, str],
    cache: ProbeCache,
    env_python: Path | None = None,
    machine: Machine = THIS_MACHINE,
) -> None:
    """Begin to ask those interpreters that `find` will have to run first, and wait for none of them.

    It goes the way that `find` goes, up to where something has to be run: until then no answer has had a say.
    What is begun has to be given up in the end (`lockenv.python.interpreter.give_up`).
    """
    try:
        _found(_Ahead(requires_python, environ, cache, machine), request, project, environ, env_python)
    except _Unasked as unasked:
        for path in unasked.paths[:_AT_ONCE]:
            begin(path, cache)
    except (InterpreterNotFound, UsageError):
        return  # `find` says it


def _found(
    search: _Search, request: str | None, project: Path, environ: Mapping[str, str], env_python: Path | None
) -> Interpreter:
    if request is not None:
        return search.demanded(parse_request(request, folder=project, environ=environ))
    return (
        search.preferred(project)
        or (search.fitting_at(env_python) if env_python is not None else None)
        or search.newest(ANYTHING)
    )


def preferred(
    *,
    requires_python: SpecifierSet,
    project: Path,
    environ: Mapping[str, str],
    cache: ProbeCache | None,
    machine: Machine = THIS_MACHINE,
) -> Interpreter | None:
    """Give what the first line of `.python-version` that fits names; None where there is none."""
    return _Search(requires_python, environ, cache, machine).preferred(project)


def list_all(
    *, environ: Mapping[str, str], cache: ProbeCache | None, machine: Machine = THIS_MACHINE
) -> tuple[Probed, ...]:
    """List what stands on this machine: interpreters, newest first, then what was refused.

    One entry for each interpreter, however many names and environments lead to it.
    """
    return _in_order(_probe_all(candidates(environ, machine), cache))


def _in_order(answers: Iterable[Probed]) -> tuple[Probed, ...]:
    found = _distinct(answers)
    interpreters = [each for each in found if isinstance(each, Interpreter)]
    refused = [each for each in found if isinstance(each, RefusedInterpreter)]
    return (*sorted(interpreters, key=_rank, reverse=True), *refused)


def unfit(interpreter: Interpreter, requires_python: SpecifierSet) -> str:
    """Say why an interpreter does not fit a manifest; empty where it does."""
    if requires_python.contains(interpreter.version, prereleases=True):
        return ""
    return f"it is {interpreter.version}, and `python` in the manifest says {requires_python}"


def _rank(interpreter: Interpreter) -> tuple[object, ...]:
    """Order interpreters, best last; equal ones stay in the order of the places they were found in."""
    return (
        not interpreter.is_prerelease,
        interpreter.version_info,
        interpreter.implementation == "cpython",
        not (interpreter.free_threaded or interpreter.debug),
        not interpreter.is_conda,
        not interpreter.is_venv,
    )


def _probe_all(paths: Sequence[Path], cache: ProbeCache | None) -> list[Probed]:
    """Probe executables, those that must be run side by side."""
    known = {path: cached(path, cache) for path in paths}
    missing = [path for path in paths if known[path] is None]
    if len(missing) == 1:
        known[missing[0]] = probe(missing[0], cache)
    elif missing:
        from concurrent.futures import ThreadPoolExecutor  # only where something must be run

        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            known.update(zip(missing, pool.map(lambda path: probe(path, cache), missing), strict=True))
    return [answer for path in paths if (answer := known[path]) is not None]


def _distinct(found: Iterable[Probed]) -> list[Probed]:
    """Keep one of each real interpreter, rather one that was found as itself than through an environment."""
    chosen: dict[Path, Probed] = {}
    for each in found:
        key = each.real_path if isinstance(each, Interpreter) else each.path
        before = chosen.get(key)
        if before is None or (isinstance(before, Interpreter) and before.is_venv and not _through_venv(each)):
            chosen[key] = each
    return list(chosen.values())


def _through_venv(found: Probed) -> bool:
    return isinstance(found, Interpreter) and found.is_venv


class _Search:
    """One call of `find`: its conditions, and the list of all interpreters, made at most once."""

    def __init__(
        self,
        requires_python: SpecifierSet,
        environ: Mapping[str, str],
        cache: ProbeCache | None,
        machine: Machine,
        also: Callable[[Interpreter], str] | None = None,
    ) -> None:
        self._also = also
        self._requires_python = requires_python
        self._environ = environ
        self._cache = cache
        self._machine = machine
        self._all: tuple[Probed, ...] | None = None

    def demanded(self, wanted: Wanted) -> Interpreter:
        """Give what is asked for, or fail."""
        match wanted:
            case AtPath():
                return self._at(wanted.path)
            case ByVersion():
                return self.newest(wanted)
            case ByCommand(name=name, fallback=fallback):
                if path := find_command(name, self._environ):
                    return self._at(path)
                if fallback is not None:
                    return self.newest(fallback)
                raise InterpreterNotFound(f"there is no command `{name}` on PATH", hint=_HINT)
            case _:
                assert_never(wanted)

    def _at(self, path: Path) -> Interpreter:
        executable = _executable_at(path)
        if executable is None:
            raise InterpreterNotFound(f"there is no Python in {path}", hint=_HINT)
        found = self._probe(executable)
        reason = found.reason if isinstance(found, RefusedInterpreter) else self._unfit(found)
        if reason or isinstance(found, RefusedInterpreter):
            raise InterpreterNotFound(f"{executable} cannot be used: {reason}", hint=_HINT)
        return found

    def fitting_at(self, path: Path) -> Interpreter | None:
        """Give the interpreter at a path if it is one and fits."""
        executable = _executable_at(path)
        found = self._probe(executable) if executable is not None else None
        if isinstance(found, Interpreter) and not self._unfit(found):
            return found
        return None

    def preferred(self, project: Path) -> Interpreter | None:
        """Give what the first line of `.python-version` that fits names, if there is one."""
        file = version_file(project)
        lines = read_version_file(file) if file is not None else ()
        return next((found for line in lines if (found := self._line(line))), None)

    def _line(self, line: str) -> Interpreter | None:
        """Read one line as pyenv does: a folder of its versions, ``system``, or a version of any origin."""
        versions = Path(pyenv_root(self._environ), "versions")
        folder = versions / line
        if versions.is_absolute() and versions in folder.parents and ".." not in line and folder.is_dir():
            return self.fitting_at(folder)
        if line == "system":
            path = find_command("python3", self._environ) or find_command("python", self._environ)
            return self.fitting_at(path) if path else None
        wanted = parse_version(line)
        return self._best(wanted) if wanted is not None else None

    def newest(self, wanted: ByVersion) -> Interpreter:
        """Give the newest that is wanted and fits, or fail and say why each does not."""
        if found := self._best(wanted):
            return found
        asked = f"`{wanted.text}`" if wanted is not ANYTHING else ""
        bound = f"the manifest's `{self._requires_python}`" if str(self._requires_python) else ""
        conditions = " and ".join(filter(None, (asked, bound))) or "at all"
        details = list(self._refusals(wanted)) or ["none was found on PATH or in the usual places"]
        raise InterpreterNotFound(f"no Python on this machine fits {conditions}", details=details, hint=_HINT)

    def _best(self, wanted: ByVersion) -> Interpreter | None:
        # To ask an interpreter takes as long as to start it: those whose names say that they cannot fit are only
        # asked where no other does, to say so of each.
        if self._all is None and (found := self._best_of(self._promising(wanted), wanted)):
            return found
        return self._best_of(self._interpreters(), wanted)

    def _promising(self, wanted: ByVersion) -> list[Interpreter]:
        ranges = [specifier.to_range() for specifier in (wanted.specifier, self._requires_python)]
        paths = [path for path in candidates(self._environ, self._machine) if _may_fit(path, ranges)]
        return [each for each in _in_order(self._probe_all(paths)) if isinstance(each, Interpreter)]

    def _best_of(self, interpreters: Iterable[Interpreter], wanted: ByVersion) -> Interpreter | None:
        fitting = [each for each in interpreters if not self._reason(each, wanted)]
        if wanted.prereleases:
            return max(fitting, key=lambda each: _rank(each)[1:], default=None)
        return fitting[0] if fitting else None

    def _interpreters(self) -> list[Interpreter]:
        return [each for each in self._listed() if isinstance(each, Interpreter)]

    def _listed(self) -> tuple[Probed, ...]:
        if self._all is None:
            self._all = _in_order(self._probe_all(candidates(self._environ, self._machine)))
        return self._all

    def _probe(self, path: Path) -> Probed:
        return probe(path, self._cache)

    def _probe_all(self, paths: Sequence[Path]) -> list[Probed]:
        return _probe_all(paths, self._cache)

    def _reason(self, interpreter: Interpreter, wanted: ByVersion) -> str:
        return wanted.mismatch(interpreter) or self._unfit(interpreter)

    def _unfit(self, interpreter: Interpreter) -> str:
        return unfit(interpreter, self._requires_python) or (self._also(interpreter) if self._also else "")

    def _refusals(self, wanted: ByVersion) -> Iterator[str]:
        for each in self._listed():
            reason = each.reason if isinstance(each, RefusedInterpreter) else self._reason(each, wanted)
            yield f"{each.path}: {reason}"


class _Unasked(Exception):
    """An answer is wanted that nobody has given yet. `paths` are the executables that have to be run for it."""

    def __init__(self, paths: Sequence[Path]) -> None:
        super().__init__(paths)
        self.paths = paths


class _Ahead(_Search):
    """A search that runs nothing. Raises `_Unasked` where it would have to."""

    def _probe(self, path: Path) -> Probed:
        return self._probe_all([path])[0]

    def _probe_all(self, paths: Sequence[Path]) -> list[Probed]:
        known = [(path, cached(path, self._cache)) for path in paths]
        if unasked := [path for path, answer in known if answer is None]:
            raise _Unasked(unasked)
        return [answer for _, answer in known if answer is not None]


def _may_fit(path: Path, ranges: Iterable[VersionRange]) -> bool:
    """Whether an executable can be of a version in all these ranges, as far as its real name tells."""
    named = _NAMED.fullmatch(os.path.basename(os.path.realpath(path)))
    if named is None:
        return True
    minor = int(named[1])
    own = SpecifierSet(f">=3.{minor}.dev0,<3.{minor + 1}").to_range()
    return not any(own.is_disjoint(each) for each in ranges)


_HINT = "`lockenv python list` shows what there is; install one that fits, or name another with `--python`"


def _executable_at(path: Path) -> Path | None:
    """Give the executable that a path means: itself, or the interpreter of a folder."""
    return next(executables_in(path), None) if path.is_dir() else path
