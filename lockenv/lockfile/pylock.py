"""Reading and writing a lock: text to `packaging.pylock.Pylock` and back (PEP 751)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from packaging.markers import Marker
from packaging.pylock import (
    Package,
    PackageSdist,
    PackageWheel,
    Pylock,
    PylockUnsupportedVersionError,
    PylockValidationError,
)
from packaging.version import Version

from lockenv.errors import LockError
from lockenv.lockfile import toml
from lockenv.lockfile.conflicted import in_conflict
from lockenv.packages import parse_requirement

#: The tool table that holds what PEP 751 has no place for. It never changes what is installed.
TOOL = "lockenv"
_LONGEST = 1000  #: characters of a bound on Python
_REMAKE = "run `lockenv lock` to make it anew from env.toml"
_LISTS = ("hosts", "requires", "extras", "overrides", "instead-of", "build-requires")


def read(text: str, *, where: str = "pylock.toml") -> Pylock:
    """Read and validate a lock, anyone's.

    Raises `LockError` that says where the file departs from TOML or PEP 751.
    """
    try:
        lock = Pylock.from_dict(tomllib.loads(text))
        _check_lengths(lock)
    except tomllib.TOMLDecodeError as error:
        if in_conflict(text.encode("utf-8", "replace")):
            hint = "run `lockenv lock`, which begins with the versions of both sides"
            raise LockError(f"{where} has a merge conflict", hint=hint) from None
        msg = f"{where} is not valid TOML: {error}"
        raise LockError(msg, hint=_REMAKE) from None
    except (RecursionError, ValueError) as error:
        # Tables without end, and numbers of thousands of digits.
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        msg = f"{where} cannot be read: {reason}"
        raise LockError(msg, hint=_REMAKE) from None
    except PylockUnsupportedVersionError as error:
        msg = f"{where} has a version that this lockenv does not know: {error}"
        raise LockError(msg, hint="use a newer lockenv") from None
    except PylockValidationError as error:
        msg = f"{where} is not a valid lock (PEP 751): {error}"
        raise LockError(msg, hint=_REMAKE) from None
    for owner, table in [(lock.created_by, tool_table(lock)), *((p.name, tool_table(p)) for p in lock.packages)]:
        if not _sound(table):
            msg = f"{where} was damaged: the [tool.{TOOL}] table of {owner} is not as lockenv writes it"
            raise LockError(msg, hint=_REMAKE)
    return lock


def _check_lengths(lock: Pylock) -> None:
    """Raise `ValueError` for a bound that never ends: else it is read when somebody first asks."""
    for said in (lock.requires_python, *(package.requires_python for package in lock.packages)):
        if said is not None and len(str(said)) > _LONGEST:
            raise ValueError(f"a requires-python of more than {_LONGEST} characters")


def _sound(table: Mapping[str, Any]) -> bool:
    """Whether a tool table of ours holds what it should, so that nobody has to look again."""
    conflicts = table.get("conflicts", [])
    if not isinstance(conflicts, list):
        return False
    lists = [
        *conflicts,
        *(table.get(name, []) for name in _LISTS),
    ]
    if not all(isinstance(said, list) and all(isinstance(text, str) for text in said) for said in lists):
        return False
    kinds = {"manifest": dict, "direct": bool, "declares": str, "version": str, "build": list}
    if not all(isinstance(table[name], kind) for name, kind in kinds.items() if name in table):
        return False
    if not all(isinstance(line, dict) for line in table.get("build", ())):
        return False
    try:
        Version(table.get("version", "0"))
        for text in [*table.get("requires", ()), *table.get("overrides", ()), *table.get("build-requires", ())]:
            parse_requirement(text)
        for text in table.get("instead-of", ()):
            version, _, marker = text.partition(" ; ")
            Version(version)
            Marker(marker or "os_name == ''")
    except (ValueError, RecursionError):  # what is invalid, and what has no end
        return False
    return True


def write(lock: Pylock) -> str:
    """Write a lock: keys in the order of PEP 751, packages in the lock's order, one artifact a line."""
    blocks = ["\n".join(_head(lock))]
    blocks.extend("\n".join(_package(package)) for package in lock.packages)
    if not lock.packages:
        blocks[0] += "\npackages = []"
    if lock.tool:
        blocks.extend(_tables("tool", lock.tool))
    return "\n\n".join(blocks) + "\n"


def tool_table(owner: Pylock | Package) -> Mapping[str, Any]:
    """Our own tool table of a lock or package; empty where somebody else made it."""
    table = (owner.tool or {}).get(TOOL, {})
    return table if isinstance(table, Mapping) else {}


def _head(lock: Pylock) -> Iterator[str]:
    yield f"lock-version = {toml.string(str(lock.lock_version))}"
    if lock.environments is not None:
        yield f"environments = {toml.lines([str(marker) for marker in lock.environments])}"
    if lock.requires_python is not None:
        yield f"requires-python = {toml.string(str(lock.requires_python))}"
    if lock.extras is not None:
        yield f"extras = {toml.value(list(lock.extras))}"
    if lock.dependency_groups is not None:
        yield f"dependency-groups = {toml.value(list(lock.dependency_groups))}"
    if lock.default_groups is not None:
        yield f"default-groups = {toml.value(list(lock.default_groups))}"
    yield f"created-by = {toml.string(lock.created_by)}"


def _package(package: Package) -> Iterator[str]:
    yield "[[packages]]"
    yield f"name = {toml.string(package.name)}"
    for name, said in (
        ("version", package.version),
        ("marker", package.marker),
        ("requires-python", package.requires_python),
    ):
        if said is not None:
            yield f"{name} = {toml.string(str(said))}"
    if package.dependencies is not None:
        yield f"dependencies = {toml.lines(package.dependencies)}"
    if package.index is not None:
        yield f"index = {toml.string(package.index)}"
    yield from _sources(package)
    if package.attestation_identities is not None:
        yield f"attestation-identities = {toml.lines(package.attestation_identities)}"
    for table in _tables("packages.tool", package.tool or {}):
        yield ""
        yield table


def _sources(package: Package) -> Iterator[str]:
    for name, source, keys in (
        ("vcs", package.vcs, ("type", "url", "path", "requested-revision", "commit-id", "subdirectory")),
        ("directory", package.directory, ("path", "editable", "subdirectory")),
        ("archive", package.archive, ("url", "path", "size", "upload-time", "hashes", "subdirectory")),
    ):
        if source is not None:
            yield f"{name} = {toml.value(_fields(source, keys))}"
    if package.sdist is not None:
        yield f"sdist = {toml.value(_file(package.sdist))}"
    if package.wheels is not None:
        yield f"wheels = {toml.lines([_file(wheel) for wheel in package.wheels])}"


def _file(file: PackageWheel | PackageSdist) -> Mapping[str, object]:
    fields = _fields(file, ("name", "upload-time", "url", "path", "size", "hashes"))
    # PEP 751: the name may be left out where the last part of the path or URL says it.
    # To cut the URL by hand is ten times as fast as to parse it, and a lock has thousands.
    path = file.path or (file.url or "").partition("#")[0].partition("?")[0]
    last = path.rpartition("/")[2]
    if fields.get("name") == last:
        del fields["name"]
    return fields


def _fields(source: object, keys: Sequence[str]) -> dict[str, object]:
    found = {name: getattr(source, name.replace("-", "_")) for name in keys}
    return {name: _sorted(said) for name, said in found.items() if said is not None}


def _sorted(said: object) -> object:
    return dict(sorted(said.items())) if isinstance(said, Mapping) else said


def _tables(prefix: str, tables: Mapping[str, Any]) -> Iterator[str]:
    """Write nested tables: plain keys first, then each sub-table under its own header."""
    plain = {name: said for name, said in tables.items() if not isinstance(said, Mapping)}
    if plain:
        rows = [f"{toml.key(name)} = {_spread(said)}" for name, said in plain.items()]
        yield "\n".join([f"[{prefix}]", *rows])
    for name, said in tables.items():
        if isinstance(said, Mapping):
            yield from _tables(f"{prefix}.{toml.key(name)}", said)


def _spread(said: object) -> str:
    if isinstance(said, list | tuple) and (len(said) > 1 or any(isinstance(one, Mapping) for one in said)):
        return toml.lines(said)
    return toml.value(said)
