"""What a manifest may ask for that this version does not do yet: refused loudly, never ignored."""

from __future__ import annotations

from collections.abc import Iterator

from lockenv.errors import ManifestError, Problem
from lockenv.manifest.model import IndexSource, Manifest
from lockenv.project import MANIFEST
from lockenv.targets import Target, platform_name


def check_supported(manifest: Manifest, target: Target) -> None:
    """Raise `ManifestError` with everything in the manifest that cannot be honoured for this target."""
    problems = list(_unsupported(manifest, target))
    if problems:
        msg = f"{MANIFEST} asks for what this version of lockenv does not do yet"
        raise ManifestError(msg, problems=problems)


def _unsupported(manifest: Manifest, target: Target) -> Iterator[Problem]:
    places = dict(manifest.places)

    def problem(key: str, message: str) -> Problem:
        line = next((places[path] for path in (key, key.rsplit(".", 1)[0]) if path in places), None)
        return Problem(where=f"{MANIFEST}:{line}" if line else MANIFEST, message=message)

    for name, source in manifest.sources:
        if not isinstance(source, IndexSource):
            kind = type(source).__name__.removesuffix("Source").lower()
            yield problem(f"sources.{name}", f"`{name}` comes from a {kind}; only indexes are served so far")
    if manifest.targets is not None:
        here = platform_name(target.variables)
        others = [platform for platform in manifest.targets.platforms if platform != here]
        if others:
            yield problem(
                "targets.platforms",
                f"locks are made for this machine ({here}) only, so far; not for {', '.join(others)}",
            )
    if manifest.resolution.across_pythons == "fewest":
        yield problem("resolution.across-pythons", "locks are made for one Python only, so far")
    if manifest.build.allow:
        yield problem("build.allow", "source distributions are not built yet")
