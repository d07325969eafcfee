"""Environments of which there is no record of ours: who made them, and what is installed in them."""

from __future__ import annotations

import os

from lockenv.plan import Installed

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

#: Where libraries are in an environment, on any system.
SITES = ("lib/*/site-packages", "lib64/*/site-packages", "Lib/site-packages")


def maker(env: str) -> str | None:
    """Say which tool made an environment; None where there is none, or it is what is left of one of ours."""
    if not os.path.isdir(env):  # noqa: PTH112 - without pathlib
        return None
    # Lazy: where there is no other tool's environment, there is nothing to describe.
    from pathlib import Path

    from lockenv.python.pyvenv import describe_environment

    described = describe_environment(Path(env))
    return None if described is None or described.kind == "lockenv" else described.kind


def installed_in(env: str) -> tuple[Installed, ...]:
    """Read what is installed, one entry a name. Nobody knows the files it came from: `sha256` is empty."""
    if not os.path.isdir(env):  # noqa: PTH112 - as above
        return ()
    from pathlib import Path  # Lazy: as above

    sites = [site for pattern in SITES for site in Path(env).glob(pattern)]
    return tuple({package.name: package for package in _read(sites)}.values()) if sites else ()


def _read(sites: Iterable[Path]) -> Iterator[Installed]:
    # Lazy: as above.
    from lockenv.python.installed import BrokenDistribution, read_installed

    for found in read_installed(sites):
        match found:
            case BrokenDistribution(folder=folder):
                version = folder.removesuffix(".dist-info").partition("-")[2]
            case _:
                version = found.version
        yield Installed(name=found.name, version=version or "(unknown)", sha256="")
