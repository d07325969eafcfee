"""Start-up files: what of a sync runs, or decides where modules come from, whenever Python starts.

The lock does not hold them (docs/decisions/0018): they are read from the wheels, whose hashes it holds, and looked
at before anything changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from lockenv.errors import Problem, Refused
from lockenv.folders import rows_of
from lockenv.placement import place
from lockenv.store import StoredWheel
from lockenv.transaction.compose import Desired
from lockenv.tree import Link, Scheme
from lockenv.wheels import is_startup

if TYPE_CHECKING:
    from lockenv.packages import NormalizedName

_NAMES = (".pth", ".start")
_MODULES = "customize"  #: what the names of modules have in common that `site` imports


def check_startup(
    desired: Desired, allowed: Collection[NormalizedName] | None, own: Collection[NormalizedName]
) -> None:
    """Refuse start-up files of packages that are not `allowed` them, if that is said, nor the project's `own`."""
    if allowed is None:
        return
    problems = [
        Problem(where=package, message=f"brings {file.rpartition('/')[2]}")
        for package, file, _ in startup_of(desired)
        if package not in allowed and package not in own
    ]
    if problems:
        names = ", ".join(f'"{name}"' for name in sorted({*allowed, *(one.where for one in problems)}))
        raise Refused(
            f"{problems[0].where} {problems[0].message}, which has a say in every start of Python",
            problems=problems[1:],
            hint=f"if you trust it, write `allow = [{names}]` under [startup] in env.toml",
        )


def startup_of(desired: Desired) -> Iterator[tuple[NormalizedName, str, str]]:
    """Yield (package, destination, sha256) of all start-up files."""
    links = [entry for entry in desired.entries if isinstance(entry, Link)]
    aliases = {link.path: link.target for link in links if "/" not in f"{link.path}{link.target}"}
    for wanted, stored in desired.packages:
        for file, digest in _placed(stored, desired.scheme, aliases).items():
            yield wanted.name, file, digest


def _placed(stored: StoredWheel, scheme: Scheme, aliases: Mapping[str, str]) -> Mapping[str, str]:
    # Few files have such a name, and only those few are placed. Of what goes where it stands, `site` reads what is
    # in no folder, and modules that are one themselves.
    whole = rows_of(folder for folder in stored.folders if not folder[0] or _MODULES in folder[0])
    rows = [row for row in (*whole, *stored.apart) if row[0].endswith(_NAMES) or _MODULES in row[0]]
    if not rows:
        return {}
    placed = place(
        rows,
        name=stored.name,
        dist_info=stored.dist_info,
        data_folder=stored.data_folder,
        root_is_purelib=stored.root_is_purelib,
        scheme=scheme,
        aliases=aliases,
    )
    sites = (f"{scheme.purelib}/", f"{scheme.platlib}/")
    return {
        file.destination: file.sha256
        for file in placed.files
        for site in sites
        if file.destination.startswith(site) and is_startup(file.destination[len(site) :])
    }
