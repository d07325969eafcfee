"""One Python interpreter as a value, and `probe`, which asks an executable what it is.

A cached answer is cheap to read: nothing here imports `packaging` before `facts` or `target` is asked for.
"""

# `Path.resolve` fails where `os.path.realpath` gives the best answer, and links are followed on purpose.
# ruff: noqa: PTH100

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from lockenv.python.libc import musl_version
from lockenv.python.probe_cache import ProbeCache
from lockenv.python.pyvenv import base_of, environment_of
from lockenv.python.question import LIMIT, NoAnswer, ask, hear, start, stop
from lockenv.values import dataclass

if TYPE_CHECKING:
    from lockenv.targets import PlatformFacts, Target

#: The oldest Python that environments are made for.
OLDEST = (3, 8)

#: What reading an answer raises that no Python gave.
_NONSENSE = (KeyError, TypeError, ValueError, IndexError, AttributeError)

_RELEASE_LETTERS = {"alpha": "a", "beta": "b", "candidate": "rc", "final": ""}


class VersionInfo(NamedTuple):
    """The fields of `sys.version_info`."""

    major: int
    minor: int
    micro: int
    releaselevel: str
    serial: int

    def __str__(self) -> str:
        letter = _RELEASE_LETTERS[self.releaselevel]
        return f"{self.major}.{self.minor}.{self.micro}" + (f"{letter}{self.serial}" if letter else "")


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """An interpreter that environments can be made from.

    `path` is where it was found; where that was an environment's, `environment` is that environment and all
    else describes its base. `executable` is the absolute path that new environments link to: a name with the
    version in it (``/usr/bin/python3.11``) where there is one, so that an upgrade of the system does not change
    the Python under an environment. `real_path` has every link followed and identifies the interpreter.

    `version` is PEP 440 text without local parts. `markers` are the marker variables of PEP 508 as sorted pairs.
    `system`, `machine`, `libc`, `os_version` and `abis` are the fields of `targets.PlatformFacts`. `purelib`,
    `platlib` and `scripts` are the interpreter's own scheme for environments, relative to the root.
    `wheel_folder` is where a distribution of Linux keeps ensurepip's wheels; else empty.
    """

    path: Path
    executable: Path
    real_path: Path
    environment: Path | None
    implementation: str
    version_info: VersionInfo
    markers: tuple[tuple[str, str], ...]
    system: str
    machine: str
    libc: Literal["glibc", "musl", ""]
    os_version: tuple[int, int]
    abis: tuple[str, ...]
    base_prefix: Path
    stdlib: Path
    purelib: str
    platlib: str
    scripts: str
    abiflags: str
    bits: int
    free_threaded: bool
    debug: bool
    framework: bool
    wheel_folder: str

    @property
    def version(self) -> str:
        """The version as PEP 440 text, such as ``3.13.0rc1``."""
        return str(self.version_info)

    @property
    def is_prerelease(self) -> bool:
        """Whether this is an alpha, beta or release candidate."""
        return self.version_info.releaselevel != "final"

    @property
    def is_venv(self) -> bool:
        """Whether it was found as the interpreter of an environment."""
        return self.environment is not None

    @property
    def is_conda(self) -> bool:
        """Whether Conda keeps it."""
        return (self.base_prefix / "conda-meta").is_dir()

    @property
    def series(self) -> str:
        """The folder name of its libraries, such as ``python3.11``, ``python3.13t`` or ``pypy3.10``."""
        parts = self.purelib.split("/")
        return parts[1] if len(parts) > 2 else f"python{self.version_info.major}.{self.version_info.minor}"

    @property
    def platlibdir(self) -> str:
        """The first folder of its binary libraries: ``lib``, or ``lib64`` on some Linuxes (`sys.platlibdir`)."""
        return self.platlib.split("/")[0]

    @cached_property
    def facts(self) -> PlatformFacts:
        """What decides which wheels it takes."""
        from lockenv.targets import PlatformFacts  # imports packaging: 25 ms that a no-op does without

        return PlatformFacts(
            implementation=self.implementation,
            version=self.version_info[:2],
            system=self.system,
            machine=self.machine,
            libc=self.libc,
            os_version=self.os_version,
            abis=self.abis,
        )

    def target(self) -> Target:
        """The target that this interpreter is. Raises `ValueError` for a system without wheel tags."""
        from lockenv.targets import target_of  # as above

        return target_of(dict(self.markers), self.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedInterpreter:
    """An executable that no environment can be made from, and why. `version` is empty where it is unknown."""

    path: Path
    reason: str
    version: str = ""


Probed: TypeAlias = Interpreter | RefusedInterpreter


def probe(path: Path, cache: ProbeCache | None, *, limit: float = LIMIT) -> Probed:
    """Ask an executable what it is; for an environment's, its base is asked.

    Answers are cached by the base's real path, mtime and size. `limit` bounds the run, in seconds. A relative
    `path` counts from the working folder.
    """
    path = Path(os.path.abspath(path))
    try:
        return _probe(path, path, cache, limit)
    except (NoAnswer, LookupError) as error:
        return RefusedInterpreter(path=path, reason=str(error.args[0]))


def cached(path: Path, cache: ProbeCache | None) -> Probed | None:
    """Give what `probe` would, without running anything; None where it would have to."""
    path = Path(os.path.abspath(path))
    try:
        return _remembered(path, base_of(path), cache)
    except (NoAnswer, LookupError) as error:
        return RefusedInterpreter(path=path, reason=str(error.args[0]))


def begin(path: Path, cache: ProbeCache) -> None:
    """Begin to ask what `probe` will ask about an executable, without waiting for the answer."""
    try:
        executable = base_of(Path(os.path.abspath(path)))
        if executable not in cache.under_way and cache.read(_real(executable)) is None:
            cache.under_way[executable] = start(executable)
    except (NoAnswer, LookupError):
        return  # `probe` says why


def give_up(cache: ProbeCache) -> None:
    """End what was begun to ask and is not asked any more."""
    while cache.under_way:
        stop(cache.under_way.popitem()[1])


def _remembered(path: Path, executable: Path, cache: ProbeCache | None) -> Probed | None:
    real = _real(executable)
    answer = None if cache is None else cache.read(real)
    if answer is None:
        return None
    try:
        return _judged(answer, path, executable)
    except _NONSENSE:
        return None


def _probe(path: Path, entry: Path, cache: ProbeCache | None, limit: float) -> Probed:
    executable = base_of(entry)
    if known := _remembered(path, executable, cache):
        return known
    real = _real(executable)
    begun = None if cache is None else cache.under_way.pop(executable, None)
    answer = ask(executable, limit=limit) if begun is None else hear(begun, limit=limit)
    try:
        leads_to = Path(answer["executable"] or executable)
        if Path(os.path.realpath(leads_to)) != real and leads_to != entry:
            # A script that starts another Python. What it starts may change while the script does not, so
            # nothing is kept for the script.
            return _probe(path, leads_to, cache, limit)
        answer["libc"] = _libc(answer, real)
        result = _judged(answer, path, executable)
    except _NONSENSE as error:
        return RefusedInterpreter(path=path, reason=f"its answer to the probe makes no sense ({error!r})")
    if cache is not None:
        cache.write(real, answer)
    return result


def _real(executable: Path) -> Path:
    real = Path(os.path.realpath(executable))
    if not real.is_file():
        msg = f"there is no {real}" if real != executable else "there is no such file"
        raise NoAnswer(msg)
    return real


def _libc(answer: dict[str, Any], real: Path) -> list[object]:
    """Tell the C library's name and version as JSON has it: ``["glibc", 2, 36]``."""
    name, _, version = answer["glibc"].partition(" ")
    numbers = version.split("-")[0].split(".")
    if name == "glibc" and len(numbers) > 1 and numbers[0].isdigit() and numbers[1].isdigit():
        return ["glibc", int(numbers[0]), int(numbers[1])]
    musl = musl_version(real) if answer["markers"]["sys_platform"] == "linux" else None
    return ["musl", *musl] if musl else ["", 0, 0]


def _judged(answer: dict[str, Any], path: Path, executable: Path) -> Probed:
    """Make a value of an answer, or refuse it; raises one of `_NONSENSE` where it is none."""
    version = VersionInfo(*answer["version_info"])
    if reason := _unfit(answer, version):
        return RefusedInterpreter(path=path, reason=reason, version=str(version))
    return _interpreter(answer, version, path, executable)


def _unfit(answer: dict[str, Any], version: VersionInfo) -> str:
    """Say why no environment can be made from an interpreter; empty where one can."""
    if answer["implementation"] not in {"cpython", "pypy"}:
        return f"it is {answer['implementation']}, neither CPython nor PyPy"
    if version[:2] < OLDEST:
        return f"Python {version} is older than {OLDEST[0]}.{OLDEST[1]}"
    if answer["foreign_prefix"]:
        return "it belongs to an environment of an old virtualenv, which hides its base"
    return ""


def _interpreter(answer: dict[str, Any], version: VersionInfo, path: Path, executable: Path) -> Interpreter:
    markers = answer["markers"]
    libc, *libc_version = answer["libc"]
    system, machine = _platform(answer["platform"], answer["bits"], answer["mac_ver"])
    return Interpreter(
        path=path,
        executable=_versioned(executable, version, answer),
        real_path=Path(os.path.realpath(executable)),
        environment=environment_of(path),
        implementation=answer["implementation"],
        version_info=version,
        markers=tuple(sorted(markers.items())),
        system=system,
        machine=machine,
        libc=libc,
        os_version=_two(answer["mac_ver"][0].split(".")) if answer["mac_ver"] else _two(libc_version),
        abis=_abis(answer, version),
        base_prefix=Path(answer["base_prefix"]),
        stdlib=Path(answer["stdlib"]),
        purelib=answer["purelib"],
        platlib=answer["platlib"],
        scripts=answer["scripts"],
        abiflags=answer["abiflags"],
        bits=answer["bits"],
        free_threaded=answer["free_threaded"],
        debug=answer["debug"],
        framework=bool(answer["framework"]),
        wheel_folder=answer["wheel_folder"],
    )


def _two(numbers: list[Any]) -> tuple[int, int]:
    return int(numbers[0]), int(numbers[1]) if len(numbers) > 1 else 0


def _platform(text: str, bits: int, mac: list[str]) -> tuple[str, str]:
    """Reduce `sysconfig.get_platform` to a system and the wheel platforms' spelling of the machine."""
    if mac:
        return "darwin", mac[1] if bits == 64 else "i386"
    if text == "win32":
        return "win32", "x86"
    system, _, machine = text.partition("-")
    machine = machine.replace("-", "_").replace(".", "_")
    if system == "win":
        return "win32", machine
    if system == "linux" and bits == 32:
        # A 32-bit Python on a 64-bit kernel; packaging.tags does the same.
        machine = {"x86_64": "i686", "aarch64": "armv7l", "armv8l": "armv7l"}.get(machine, machine)
    return system, machine


def _abis(answer: dict[str, Any], version: VersionInfo) -> tuple[str, ...]:
    """The ABI tags (PEP 425), best first, as packaging.tags lists them for 3.8 and later."""
    if answer["implementation"] == "cpython":
        plain = f"cp{version.major}{version.minor}" + ("t" if answer["free_threaded"] else "")
        # A debug build loads extension modules of ordinary builds too.
        return (f"{plain}d", plain) if answer["debug"] else (plain,)
    # `.pypy310-pp73-x86_64-linux-gnu.so`
    return ("_".join(answer["ext_suffix"].split(".")[1].split("-")[:2]),)


def _versioned(executable: Path, version: VersionInfo, answer: dict[str, Any]) -> Path:
    """Prefer a name with the version in it: beside the executable, else where its links lead, else none."""
    stem = "pypy" if answer["implementation"] == "pypy" else "python"
    names = [f"{stem}{version.major}.{version.minor}{flags}" for flags in (answer["abiflags"], "")]
    for name in names:
        candidate = executable.parent / name
        if candidate.exists() and candidate.samefile(executable):
            return candidate
    real = Path(os.path.realpath(executable))
    return real if real.name in names else executable
