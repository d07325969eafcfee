"""A build backend, asked through its hooks (PEP 517, 660): one process a hook, and no word of it is trusted."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from packaging.requirements import InvalidRequirement, Requirement
from pyproject_hooks import (
    BackendUnavailable,
    BuildBackendHookCaller,
    BuildBackendWarning,
    HookMissing,
    UnsupportedOperation,
)

from lockenv.build.children import Children
from lockenv.build.static import BuildSystem
from lockenv.errors import BuildError
from lockenv.index.metadata import MAX_METADATA_BYTES
from lockenv.values import dataclass

_SHOWN = 20  #: last lines of a backend's output that an error repeats
_TAIL = 16 << 10  #: bytes of the log's end that they are taken from
_WIDTH = 200
#: What a terminal would obey: escape sequences, and other characters that control it or reorder text.
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)"
    r"|[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)
_NO_ANSWER = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a backend runs in: the interpreter of its environment, its variables, and where its output goes."""

    python: Path
    variables: Mapping[str, str]
    log: Path
    children: Children


class _Ended(Exception):
    """The process of a hook ended badly; the argument is its status."""


class Backend:
    """The backend of one project in one environment. Every method runs foreign code, and raises `BuildError`."""

    def __init__(
        self,
        system: BuildSystem,
        project: Path,
        surroundings: Surroundings,
        *,
        shown: str,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Raises `BuildError` for a `backend-path` that leads out of the project."""
        self._name = system.backend
        self._shown = shown
        self._settings = dict(settings or {}) or None
        self._surroundings = surroundings
        self._check_paths(project, system.backend_path)
        self._caller = BuildBackendHookCaller(
            str(project),
            system.backend,
            backend_path=system.backend_path or None,
            runner=self._run,
            python_executable=str(surroundings.python),
        )

    def requires(self, *, editable: bool) -> tuple[str, ...]:
        """Ask what a build needs beyond `build-system.requires`."""
        hook = self._hook("get_requires_for_build", editable)
        found = self._ask(hook, lambda: self._caller_hook(hook)(self._settings))
        if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
            raise self._failed(hook, f"gave {_shortened(found)}, which is no list of requirements")
        for text in found:
            try:
                Requirement(text)
            except (InvalidRequirement, RecursionError):
                raise self._failed(
                    hook, f"asks for {_shortened(text)}, which is no requirement (PEP 508)"
                ) from None
        return tuple(found)

    def metadata(self, folder: Path, *, editable: bool) -> bytes | None:
        """Ask for METADATA, using `folder`, which is empty; None where only a wheel can tell."""
        hook = self._hook("prepare_metadata_for_build", editable)
        try:
            name = self._ask(
                hook, lambda: self._caller_hook(hook)(str(folder), self._settings, _allow_fallback=False)
            )
        except HookMissing:
            return None
        place = self._made(hook, name, folder, suffix=".dist-info") / "METADATA"
        if place.is_symlink() or not place.is_file() or place.stat().st_size > MAX_METADATA_BYTES:
            raise self._failed(hook, "made no METADATA, or none that can be right")
        return place.read_bytes()

    def wheel(self, folder: Path, *, editable: bool) -> Path:
        """Have a wheel made in `folder`, which is empty."""
        hook = "build_editable" if editable else "build_wheel"
        try:
            name = self._ask(hook, lambda: self._caller_hook(hook)(str(folder), self._settings))
        except HookMissing:
            raise self._cannot_be_editable() from None
        made = self._made(hook, name, folder, suffix=".whl")
        if made.is_symlink() or not made.is_file():
            raise self._failed(hook, f"made {name!r}, which is no plain file")
        return made

    def _hook(self, stem: str, editable: bool) -> str:
        return f"{stem}_{'editable' if editable else 'wheel'}"

    def _caller_hook(self, hook: str) -> Callable[..., object]:
        found: Callable[..., object] = getattr(self._caller, hook)
        return found

    def _check_paths(self, project: Path, paths: Sequence[str]) -> None:
        root = project.resolve()
        for path in paths:
            if not (root / path).resolve().is_relative_to(root):
                msg = f"{self._shown} cannot be built: its backend-path {path!r} leads out of the project"
                raise BuildError(msg, hint="tell the package's authors")

    def _ask(self, hook: str, ask: Callable[[], _T]) -> _T:
        """Run a hook. Passes `HookMissing` on."""
        # Its warnings are in the log; that nobody below the command line prints goes for `warnings` as well.
        warnings.simplefilter("ignore", BuildBackendWarning)
        try:
            return ask()
        except HookMissing:
            raise
        except _Ended as ended:
            raise self._failed(hook, _ending(ended.args[0])) from None
        except BackendUnavailable as error:
            raise self._unavailable(error) from None
        except (UnsupportedOperation, *_NO_ANSWER) as error:
            raise self._failed(
                hook, f"gave no answer ({type(error).__name__}: {_shortened(str(error))})"
            ) from None

    def _run(
        self, cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None
    ) -> None:
        """Run one hook's process, as `pyproject_hooks` asks for it."""
        with self._surroundings.log.open("ab") as log:
            log.write(f"== {cmd[-2]} of {self._name} ==\n".encode())
            log.flush()
            status = self._surroundings.children.run(
                cmd,
                folder=Path(cwd or "/"),
                environ={**self._surroundings.variables, **(extra_environ or {})},
                output=log,
            )
        if status:
            raise _Ended(status)

    def _made(self, hook: str, name: object, folder: Path, *, suffix: str) -> Path:
        """Judge a name that a hook gave for what it made."""
        if not isinstance(name, str) or Path(name).name != name or not name.endswith(suffix):
            raise self._failed(hook, f"made {_shortened(name)}, which is no name of a {suffix}")
        if not (folder / name).exists():
            raise self._failed(hook, f"says that it made {_shortened(name)}, which is not there")
        return folder / name

    def _failed(self, hook: str, how: str) -> BuildError:
        return BuildError(
            f"{self._shown} could not be built: `{hook}` of its backend {self._name} {how}",
            details=tuple(last_lines(self._surroundings.log)),
            hint=f"all that it said is in {self._surroundings.log}",
        )

    def _unavailable(self, error: BackendUnavailable) -> BuildError:
        return BuildError(
            f"{self._shown} could not be built: its backend {self._name} cannot be imported",
            details=tuple(_lines(error.traceback))[-_SHOWN:],
            hint="its `build-system.requires` may lack something; tell the package's authors",
        )

    def _cannot_be_editable(self) -> BuildError:
        return BuildError(
            f"{self._shown} cannot be installed as editable: its backend {self._name} has no `build_editable`"
            " (PEP 660)",
            hint="leave out `editable = true`, or require a newer backend in its pyproject.toml",
        )


def _ending(status: int) -> str:
    if status == -9:
        return "was killed; perhaps memory ran out"
    return f"was ended by signal {-status}" if status < 0 else f"failed with exit status {status}"


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"


def last_lines(log: Path) -> Iterator[str]:
    """Give the last lines of a log, fit for a screen; none where it cannot be read."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL))
            content = file.read(_TAIL)
    except OSError:
        return
    yield from list(_lines(content.decode("utf-8", "replace")))[-_SHOWN:]


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if shown := _ESCAPES.sub("", line.expandtabs()).rstrip()[:_WIDTH]:
            yield shown
