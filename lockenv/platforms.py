"""The platforms that a manifest can name (`[targets]`): what markers and wheel tags see of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from lockenv.targets import PlatformFacts
from lockenv.values import dataclass, replace

#: The oldest glibc that must do, unless the manifest says otherwise: that of RHEL 8 and Debian 10, for which most
#: of today's wheels are built (manylinux_2_28). Systems that are older have lost their support.
GLIBC = (2, 28)
#: Alpine 3.13 of 2021; wheels for musl 1.1 are hardly built any more.
MUSL = (1, 2)
#: Runs on Macs from 2017 on. Older ones get no updates, and ever fewer wheels.
MACOS = (13, 0)
#: No wheels for RISC-V could be published before this glibc.
_GLIBC_OF_RISCV = (2, 39)

#: The marker variables that a platform decides; the release of its kernel is not known before it is met.
_UNKNOWN = {"platform_release": "", "platform_version": ""}
_SYSTEMS = {
    "linux": {"os_name": "posix", "platform_system": "Linux", "sys_platform": "linux"},
    "darwin": {"os_name": "posix", "platform_system": "Darwin", "sys_platform": "darwin"},
    "win32": {"os_name": "nt", "platform_system": "Windows", "sys_platform": "win32"},
}
_NAMES = {"linux": "linux", "darwin": "macos", "win32": "windows"}

#: What a lock is for where the manifest does not say; in this order everywhere.
COMMON = ("linux-x86_64", "linux-aarch64", "macos-arm64", "windows-x86_64", "macos-x86_64")
_ORDER = (*COMMON, "windows-arm64")


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A system, a machine and the oldest version of the system that must do.

    `system`, `machine`, `libc` and `floor` are as in `targets.PlatformFacts`; `spelling` is the machine as markers
    have it (`platform_machine`), such as ``AMD64``. `name` is the manifest's.
    """

    name: str
    system: str
    machine: str
    spelling: str
    libc: Literal["glibc", "musl", ""] = ""
    floor: tuple[int, int] = (0, 0)

    @property
    def variables(self) -> dict[str, str]:
        """The marker variables that it decides (PEP 508)."""
        return {**_SYSTEMS[self.system], **_UNKNOWN, "platform_machine": self.spelling}

    @property
    def rank(self) -> tuple[int, str]:
        """Its place in the order of platforms, whatever the order in a manifest."""
        return (_ORDER.index(self.name) if self.name in _ORDER else len(_ORDER), self.name)

    def facts(self, implementation: str, version: tuple[int, int], abis: tuple[str, ...]) -> PlatformFacts:
        """What decides which wheels a Python takes on it."""
        return PlatformFacts(
            implementation=implementation,
            version=version,
            system=self.system,
            machine=self.machine,
            libc=self.libc,
            os_version=self.floor,
            abis=abis,
        )


def _linux(machine: str, glibc: tuple[int, int] = GLIBC) -> Iterator[Platform]:
    for libc, suffix, floor in (("glibc", "", glibc), ("musl", "-musl", MUSL)):
        yield Platform(
            name=f"linux-{machine}{suffix}",
            system="linux",
            machine=machine,
            spelling=machine,
            libc="glibc" if libc == "glibc" else "musl",
            floor=floor,
        )


def _all() -> Iterator[Platform]:
    yield from _linux("x86_64")
    yield from _linux("aarch64")
    for machine in ("arm64", "x86_64"):
        yield Platform(name=f"macos-{machine}", system="darwin", machine=machine, spelling=machine, floor=MACOS)
    yield Platform(name="windows-x86_64", system="win32", machine="amd64", spelling="AMD64")
    yield Platform(name="windows-arm64", system="win32", machine="arm64", spelling="ARM64")
    for machine in ("armv7l", "i686", "ppc64le", "s390x"):
        yield from _linux(machine)
    yield from _linux("riscv64", glibc=_GLIBC_OF_RISCV)


#: Every platform that a manifest can name, by name, with the floors that count where it states none.
PLATFORMS: Mapping[str, Platform] = {platform.name: platform for platform in _all()}


def with_floors(
    platform: Platform,
    *,
    glibc: tuple[int, int] | None = None,
    musl: tuple[int, int] | None = None,
    macos: tuple[int, int] | None = None,
) -> Platform:
    """The platform with the floor that the manifest states for its kind, if it states one."""
    stated = macos if platform.system == "darwin" else {"glibc": glibc, "musl": musl}.get(platform.libc)
    return platform if stated is None else replace(platform, floor=stated)


def platform_of(variables: Mapping[str, str], facts: PlatformFacts) -> Platform:
    """The platform that an interpreter runs on, with its own version of the system as the floor.

    One that markers see as the table's platform of that name has its name and no higher floor. A Python may be
    built for another machine than it runs on (32 bits on 64): then the name says both.
    """
    name = f"{_NAMES[facts.system]}-{_plain(facts.machine)}" + ("-musl" if facts.libc == "musl" else "")
    spelling = variables["platform_machine"]
    known = PLATFORMS.get(name)
    if known is not None and known.spelling == spelling:
        return replace(known, floor=min(known.floor, facts.os_version)) if known.floor != (0, 0) else known
    return Platform(
        name=name if _plain(spelling.lower()) == _plain(facts.machine) else f"{name} on {spelling}",
        system=facts.system,
        machine=facts.machine,
        spelling=spelling,
        libc=facts.libc,
        floor=facts.os_version,
    )


def _plain(machine: str) -> str:
    return {"amd64": "x86_64"}.get(machine, machine)
