"""The environment that a running program stands in, told by the program itself: `lockenv.current()`."""

# pathlib is among the heavy imports that a program need not pay for.
# ruff: noqa: PTH100

from __future__ import annotations

import os
import sys

from lockenv.transaction import places, state
from lockenv.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package of an environment. `sha256` is its wheel's."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What lockenv made an environment to be. `lock_digest` is the sha256 of the lock's bytes.

    It is what was recorded: whether the files are still that, `lockenv verify` says.
    """

    path: str
    digest: str
    lock_digest: str
    packages: tuple[Package, ...]


def current() -> Environment | None:
    """Tell of the environment that this program runs in; None where lockenv did not make it.

    A program stays with the generation of the environment with which it began: that is the one told of, whatever
    has been synced since.
    """
    env = os.path.abspath(sys.prefix)
    number = _pinned(env)
    record = state.read_current(env) if number is None else state.read(places.generation(env, number))
    if record is None:
        return None
    return Environment(
        path=env,
        digest=record.digest,
        lock_digest=f"sha256:{record.lock_digest}",
        packages=tuple(
            Package(name=name, version=version, sha256=sha256) for name, version, sha256, _ in record.packages
        ),
    )


def _pinned(env: str) -> int | None:
    """Say from which generation this program takes its libraries (`lockenv.python.pinning`)."""
    prefix = f"{places.home(env)}/"
    for path in sys.path:
        if path.startswith(prefix):
            return places.number_of(path[len(prefix) :].partition("/")[0])
    return None
