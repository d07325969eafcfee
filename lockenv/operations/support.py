"""What a manifest asks of its targets, as far as this version goes; what goes beyond is refused, never ignored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lockenv.errors import ManifestError, Problem
from lockenv.manifest.model import IndexSource, Manifest
from lockenv.project import MANIFEST
from lockenv.targets import Target, target_of
from lockenv.values import replace

if TYPE_CHECKING:
    from lockenv.python.interpreter import Interpreter


def target_for(interpreter: Interpreter, manifest: Manifest | None) -> Target:
    """The target that an interpreter is, with the manifest's floors in place of the machine's own versions.

    So wheels count that fit every machine from the floor upwards, and not only this one. Raises `ManifestError`
    where this machine is below the floor.
    """
    facts = interpreter.facts
    declared = manifest.targets if manifest is not None else None
    if declared is None:
        return interpreter.target()
    kind = facts.libc or ("macos" if facts.system == "darwin" else "")
    floor = {"glibc": declared.glibc, "musl": declared.musl, "macos": declared.macos}.get(kind)
    if floor is None:
        return interpreter.target()
    if floor > facts.os_version:
        asked, here = (".".join(map(str, version)) for version in (floor, facts.os_version))
        msg = f"{MANIFEST} is for {kind} {asked} and newer; this machine has {here}"
        raise ManifestError(msg, hint=f"lower `{kind}` in [targets]")
    return target_of(dict(interpreter.markers), replace(facts, os_version=floor))


def check_supported(manifest: Manifest) -> None:
    """Raise `ManifestError` with everything in the manifest that cannot be honoured."""
    problems = list(_unsupported(manifest))
    if problems:
        msg = f"{MANIFEST} asks for what this version of lockenv does not do yet"
        raise ManifestError(msg, problems=problems)


def _unsupported(manifest: Manifest) -> Iterator[Problem]:
    places = dict(manifest.places)

    def problem(key: str, message: str) -> Problem:
        line = next((places[path] for path in (key, key.rsplit(".", 1)[0]) if path in places), None)
        return Problem(where=f"{MANIFEST}:{line}" if line else MANIFEST, message=message)

    for name, source in manifest.sources:
        if isinstance(source, IndexSource) and source.marker is not None:
            yield problem(
                f"sources.{name}", f"`{name}` comes from an index under a marker; a whole name has one index"
            )
