"""What is installed in an environment, read from its site-packages; nothing is run and nothing is imported."""

# One `os.scandir` a folder and one `os.open` a file: environments hold hundreds of distributions.
# ruff: noqa: PTH123

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, TypeAlias

from packaging.utils import NormalizedName, canonicalize_name

from lockenv.values import dataclass

# Name and Version stand at the top of METADATA; the description, which can be long, at its end.
_HEAD = 4096
_SMALL = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledDistribution:
    """A distribution as its ``.dist-info`` folder records it (the recording specification).

    `site` is the folder of libraries it stands in, `folder` the name of its ``.dist-info`` there. `installer` is
    the content of INSTALLER, `direct_url` that of ``direct_url.json`` (PEP 610), where they are there.
    """

    name: NormalizedName
    version: str
    site: Path
    folder: str
    installer: str
    requested: bool
    direct_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignDistribution:
    """A distribution of the time before wheels (``.egg-info``, ``.egg-link``): seen, never touched."""

    name: NormalizedName
    version: str
    site: Path
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenDistribution:
    """A ``.dist-info`` that does not say what it is. `name` is what its folder is called after."""

    name: NormalizedName
    site: Path
    folder: str
    problem: str


Installed: TypeAlias = InstalledDistribution | ForeignDistribution | BrokenDistribution

_Suffix: TypeAlias = Literal[".dist-info", ".egg-info", ".egg-link"]


def read_installed(site_packages: Iterable[Path]) -> tuple[Installed, ...]:
    """Read what is installed in folders of libraries, sorted by name; a folder that is not there holds nothing.

    Folders that are one and the same (``lib64`` and ``lib``) are read once.
    """
    distinct = {os.path.realpath(folder): folder for folder in reversed(list(site_packages))}
    found = [each for folder in distinct.values() for each in _read_folder(folder)]
    return tuple(sorted(found, key=lambda each: (each.name, each.folder)))


def _read_folder(site: Path) -> Iterator[Installed]:
    try:
        with os.scandir(site) as entries:
            named = [(entry.name, suffix) for entry in entries if (suffix := _suffix(entry.name))]
    except OSError:
        return
    for folder, suffix in named:
        yield _read_dist_info(site, folder) if suffix == ".dist-info" else _read_egg(site, folder, suffix)


def _suffix(name: str) -> _Suffix | None:
    if name.startswith("~"):
        return None  # pip's name for what it is about to delete
    suffixes: tuple[_Suffix, ...] = (".dist-info", ".egg-info", ".egg-link")
    return next((suffix for suffix in suffixes if name.endswith(suffix)), None)


def _read_dist_info(site: Path, folder: str) -> Installed:
    where = f"{site}/{folder}"
    try:
        names = set(os.listdir(where))  # noqa: PTH208 - strings are wanted
        head = _read(f"{where}/METADATA", _HEAD)
    except OSError as error:
        return _broken(site, folder, f"METADATA cannot be read: {error.strerror}")
    name, version = _header(head, "name"), _header(head, "version")
    if not name or not version:
        return _broken(site, folder, f"METADATA has no {'Version' if name else 'Name'}")
    if "RECORD" not in names:
        # Without RECORD nobody knows what belongs to it; an installation that was cut off looks like this.
        return _broken(site, folder, "there is no RECORD")
    return InstalledDistribution(
        name=canonicalize_name(name),
        version=version,
        site=site,
        folder=folder,
        installer=_optional(where, "INSTALLER", names).strip(),
        requested="REQUESTED" in names,
        direct_url=_optional(where, "direct_url.json", names) or None,
    )


def _broken(site: Path, folder: str, problem: str) -> BrokenDistribution:
    name = folder.removesuffix(".dist-info").partition("-")[0]
    return BrokenDistribution(name=canonicalize_name(name), site=site, folder=folder, problem=problem)


def _read_egg(site: Path, folder: str, suffix: _Suffix) -> ForeignDistribution:
    """Read an egg's name and version from its file or folder name: `name-version-py3.11.egg-info`."""
    name, _, rest = folder.removesuffix(suffix).partition("-")
    version = re.sub(r"-py\d.*$", "", rest)
    return ForeignDistribution(name=canonicalize_name(name), version=version, site=site, folder=folder)


def _read(file: str, limit: int) -> str:
    with open(file, "rb", buffering=0) as opened:
        return opened.read(limit).decode("utf-8", "replace")


def _optional(where: str, name: str, names: set[str]) -> str:
    if name not in names:
        return ""
    try:
        return _read(f"{where}/{name}", _SMALL)
    except OSError:
        return ""


def _header(head: str, field: str) -> str:
    """Take one header field from the head of METADATA (RFC 822 form, before the first empty line)."""
    for line in head.splitlines():
        if not line.strip():
            break
        key, colon, value = line.partition(":")
        if colon and key.strip().lower() == field:
            return value.strip()
    return ""
