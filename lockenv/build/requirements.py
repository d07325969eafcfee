"""What a build needs, and who provides it: one callable cuts the knot 'resolving needs building needs resolving'.

Whoever builds asks for requirements and gets wheels; whether those come from the lock, from a resolution, or from
a further build is the provider's affair.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import NamedTuple, Protocol

from lockenv.errors import BuildError
from lockenv.store import StoredWheel
from lockenv.values import dataclass


class Pin(NamedTuple):
    """One package of a build environment.

    `identity` says exactly which: the wheel's sha256, or where it is built itself, what it is built from.
    """

    name: str
    version: str
    identity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """What answers some requirements, with all that these require in turn.

    `pins` are known without fetching anything, so that a wheel built before is found at no cost; `bring` has the
    wheels in the store, and is called only where something is to be built.
    """

    pins: tuple[Pin, ...]
    bring: Callable[[], tuple[StoredWheel, ...]]

    @property
    def digest(self) -> str:
        """A name for exactly these packages, in whatever order they were given."""
        return hashlib.sha256(json.dumps(sorted(self.pins)).encode()).hexdigest()


def provision_of(wheels: Iterable[StoredWheel]) -> Provision:
    """Make a provision of wheels that are in the store already."""
    stored = tuple(wheels)
    pins = tuple(Pin(wheel.name, wheel.version, wheel.sha256) for wheel in stored)
    return Provision(pins=pins, bring=lambda: stored)


class Link(NamedTuple):
    """Something that is being built. `name` and `version` are empty where only a build can tell them.

    `identity` is the source's; `shown` is for people.
    """

    name: str
    version: str
    identity: str
    shown: str

    def is_same(self, other: Link) -> bool:
        """Whether both are one project: building it needs itself, be it in another version."""
        return self.identity == other.identity or (self.name != "" and self.name == other.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What is being built because of what, the outermost first. A provider hands it to the builds it starts."""

    links: tuple[Link, ...] = ()

    @property
    def asking(self) -> Link | None:
        """The innermost: the one whose requirements are asked for."""
        return self.links[-1] if self.links else None

    def extended(self, link: Link) -> Chain:
        """Add what is to be built now. Raises `BuildError` where that is under way already (PEP 517)."""
        for at, earlier in enumerate(self.links):
            if link.is_same(earlier):
                raise _cycle((*self.links[at:], link))
        return Chain(links=(*self.links, link))


#: The chain of a build that no other build asked for.
OUTERMOST = Chain()


def _cycle(links: tuple[Link, ...]) -> BuildError:
    steps = [f"{needing.shown} needs {needed.shown} to be built" for needing, needed in pairwise(links)]
    return BuildError(
        f"building {links[0].shown} needs {links[0].shown}: its build requirements go round in a circle",
        details=steps,
        hint=f"one of them must come as a wheel: leave it out of `no-binary` ({_names(links)})",
    )


def _names(links: tuple[Link, ...]) -> str:
    return ", ".join(dict.fromkeys(link.name or link.shown for link in links))


class Provide(Protocol):
    """Answers build requirements; given to a `Builder` by whoever can resolve, or read a lock."""

    def __call__(self, requirements: tuple[str, ...], *, chain: Chain) -> Provision:
        """Choose packages for the builder's interpreter that satisfy `requirements` (PEP 508) all at once.

        `chain.asking` is the source that asks, so that a lock's own answer can be found. A package that needs to
        be built itself is built with `chain`, which notices circles. Raises what resolving and fetching raise.
        """
        ...


def merged(*parts: Iterable[str]) -> tuple[str, ...]:
    """Put requirements together in order, each text once."""
    return tuple(dict.fromkeys(text for part in parts for text in part))
