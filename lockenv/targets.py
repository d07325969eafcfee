"""Targets: the environments a lock is right for, as values.

A target is one platform and one Python: the marker environment of PEP 508 and the wheel tags of PEP 425 in order
of preference. Nothing here looks at the running machine; `lockenv.python.interpreter` asks an interpreter for
its `PlatformFacts`, and declared platforms (a universal lock) can state theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Literal

from packaging import tags as pep425
from packaging.tags import Tag
from packaging.version import Version

from lockenv.values import dataclass, field, replace

# PEP 600: the names that manylinux platforms had before they were numbered by glibc version.
_LEGACY_MANYLINUX = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
_OLD_MANYLINUX_ARCHES = frozenset({"x86_64", "i686"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformFacts:
    """What decides which wheels an interpreter takes.

    `implementation` is ``sys.implementation.name``; `version` is (major, minor). `system` is ``sys.platform``
    reduced to one of linux, darwin, win32; `machine` is the wheel platform's spelling of the architecture
    (``x86_64``, ``aarch64``, ``arm64``, ``amd64``). `libc` names the C library of a Linux and `os_version` its
    version (glibc, musl) or that of macOS. `abis` are the interpreter's own ABI tags, best first.
    """

    implementation: str
    version: tuple[int, int]
    system: str
    machine: str
    libc: Literal["glibc", "musl", ""] = ""
    os_version: tuple[int, int] = (0, 0)
    abis: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Versions of Python: from `lowest`, which is included, up to `beyond`, which is not (None: without end).

    Final releases are meant: whether a pre-release of `lowest` or of `beyond` belongs to it is left open.
    """

    lowest: Version
    beyond: Version | None = None

    def holds(self, python: Version) -> bool:
        """Whether a full version of Python lies within."""
        return self.lowest <= python and (self.beyond is None or python < self.beyond)


def minor_span(major: int, minor: int) -> Span:
    """All patch versions of one minor."""
    return Span(lowest=Version(f"{major}.{minor}"), beyond=Version(f"{major}.{minor + 1}"))


@dataclass(frozen=True, kw_only=True)
class Target:
    """One environment that a resolution is for.

    `name` is for people (``linux-x86_64, Python 3.11``). `environment` is the full marker environment as sorted
    pairs, of the lowest patch version in `span`; `tags` the wheel tags it accepts, best first. `also` are further
    platforms that no marker tells from this one (musl beside glibc), by name, with their tags: what is chosen must
    have a file for each. `span` are the versions of Python that the target stands for. An `optional` target that
    cannot be satisfied is left out of the lock, with a warning. Equality and hash go by value.
    """

    name: str
    environment: tuple[tuple[str, str], ...]
    # A thousand tags are too many to hash at each look-up, and the rest tells targets apart.
    tags: tuple[Tag, ...] = field(hash=False)
    span: Span
    also: tuple[tuple[str, tuple[Tag, ...]], ...] = field(default=(), hash=False)
    optional: bool = False

    @cached_property
    def variables(self) -> dict[str, str]:
        """The marker environment as a mapping (PEP 508), not to be changed."""
        return dict(self.environment)

    @cached_property
    def platform(self) -> tuple[tuple[str, str], ...]:
        """What of the marker environment is the same for all Pythons of a platform and implementation."""
        return tuple((name, said) for name, said in self.environment if not name.endswith("_version"))

    @cached_property
    def python(self) -> Version:
        """The full version of Python, as markers and Requires-Python see it."""
        text = self.variables["python_full_version"]
        # CPython built from a checkout says '3.14.0a1+'; PEP 440 wants something behind the plus.
        return Version(text + "local" if text.endswith("+") else text)

    def until(self, cut: Version) -> Target:
        """The part of the target below a full version of Python within its span."""
        return self._part(Span(lowest=self.span.lowest, beyond=cut), {})

    def since(self, cut: Version) -> Target:
        """The part of the target from a full version of Python within its span upwards."""
        full = str(cut) if len(cut.release) > 2 else f"{cut}.0"
        said = {"python_full_version": full, "python_version": ".".join(map(str, cut.release[:2]))}
        if self.variables["implementation_version"] == self.variables["python_full_version"]:
            # CPython's own version is that of the language.
            said["implementation_version"] = full
        return self._part(Span(lowest=cut, beyond=self.span.beyond), said)

    def adjoins(self, above: Target) -> bool:
        """Whether another target is the next part of the same platform and minor."""
        return (
            self.span.beyond == above.span.lowest
            and self.platform == above.platform
            and self.variables["python_version"] == above.variables["python_version"]
        )

    def overlaps(self, other: Target) -> bool:
        """Whether another target stands for some of the same Pythons on the same platform."""
        low, high = sorted((self.span, other.span), key=lambda span: span.lowest)
        return self.platform == other.platform and (low.beyond is None or high.lowest < low.beyond)

    def joined(self, above: Target) -> Target:
        """This target and the one that follows it, as one."""
        return self._part(Span(lowest=self.span.lowest, beyond=above.span.beyond), {})

    def _part(self, span: Span, said: dict[str, str]) -> Target:
        variables = self.variables | said
        name = self.name.partition(" (")[0] + _patches(span, variables["python_version"])
        return replace(self, name=name, environment=tuple(sorted(variables.items())), span=span)

    @cached_property
    def ranks(self) -> dict[Tag, int]:
        """Preference of each tag: 0 is best."""
        ranks: dict[Tag, int] = {}
        for rank, tag in enumerate(self.tags):
            ranks.setdefault(tag, rank)
        return ranks


def _patches(span: Span, minor: str) -> str:
    """Say in words which patch versions of a minor a span holds: nothing where it is all of them."""
    low = str(span.lowest) if span.lowest > Version(minor) else ""
    high = (
        str(span.beyond) if span.beyond is not None and span.beyond.release[:2] == span.lowest.release[:2] else ""
    )
    if low and high:
        return f" ({low} up to, but not {high})"
    return f" ({low} and later)" if low else f" (before {high})" if high else ""


def linux_platforms(machine: str, libc: str, version: tuple[int, int]) -> Iterator[str]:
    """Platform tags of a Linux, best first: PEP 600 (manylinux) for glibc, PEP 656 (musllinux) for musl."""
    # packaging 26.3 lists the native tag first: such a wheel was built for this very machine.
    yield f"linux_{machine}"
    major, minor = version
    if libc == "glibc" and major == 2:
        floor = 5 if machine in _OLD_MANYLINUX_ARCHES else 17
        for number in range(minor, floor - 1, -1):
            yield f"manylinux_2_{number}_{machine}"
            if legacy := _LEGACY_MANYLINUX.get((2, number)):
                yield f"{legacy}_{machine}"
    elif libc == "musl":
        for number in range(minor, -1, -1):
            yield f"musllinux_{major}_{number}_{machine}"


def platforms(facts: PlatformFacts) -> tuple[str, ...]:
    """Platform tags, best first.

    Raises `ValueError` for a system without wheels.
    """
    match facts.system:
        case "linux":
            return tuple(linux_platforms(facts.machine, facts.libc, facts.os_version))
        case "darwin":
            return tuple(pep425.mac_platforms(facts.os_version, facts.machine))
        case "win32":
            return ("win32",) if facts.machine in {"x86", "win32"} else (f"win_{facts.machine}",)
        case other:
            msg = f"no wheel tags are defined for the system {other!r}"
            raise ValueError(msg)


@lru_cache(maxsize=64)
def compatible_tags(facts: PlatformFacts) -> tuple[Tag, ...]:
    """All wheel tags that an interpreter accepts, best first (PEP 425), as its own pip would list them."""
    names = platforms(facts)
    nodot = "".join(map(str, facts.version))
    if facts.implementation == "cpython":
        specific = pep425.cpython_tags(facts.version, facts.abis, names)
        interpreter = f"cp{nodot}"
    else:
        short = {"pypy": "pp"}.get(facts.implementation, facts.implementation)
        specific = pep425.generic_tags(f"{short}{nodot}", facts.abis, names)
        # packaging.tags.sys_tags: PyPy's generic tags are `pp3-none-any`.
        interpreter = "pp3" if short == "pp" else f"{short}{nodot}"
    generic = pep425.compatible_tags(facts.version, interpreter, names)
    return (*specific, *generic)


def platform_name(variables: dict[str, str]) -> str:
    """Name a platform as a manifest's `[targets]` does, such as ``linux-x86_64``."""
    system = {"linux": "linux", "darwin": "macos", "win32": "windows"}.get(
        variables["sys_platform"], variables["sys_platform"]
    )
    machine = {"AMD64": "x86_64", "ARM64": "arm64"}.get(
        variables["platform_machine"], variables["platform_machine"]
    )
    return f"{system}-{machine}"


def target_of(variables: dict[str, str], facts: PlatformFacts) -> Target:
    """Make a target from a marker environment and the facts that decide its tags."""
    python = "PyPy" if facts.implementation == "pypy" else "Python"
    return Target(
        name=f"{platform_name(variables)}, {python} {variables['python_version']}",
        environment=tuple(sorted(variables.items())),
        tags=compatible_tags(facts),
        span=minor_span(*facts.version),
    )


def summary(targets: Sequence[Target]) -> str:
    """Say in few words which platforms and Pythons these are: ``linux-x86_64, Python 3.11 to 3.13``.

    Said of all of them together, whether or not each platform is there for each Python.
    """
    platforms = list(dict.fromkeys(target.name.partition(", ")[0] for target in targets))
    pythons = sorted({Version(target.variables["python_version"]) for target in targets})
    where = " and ".join(platforms) if len(platforms) < 3 else f"{len(platforms)} platforms"
    if not pythons:
        return where or "nothing"
    minors = f"{pythons[0]} to {pythons[-1]}" if len(pythons) > 1 else str(pythons[0])
    return f"{where}, Python {minors}"
