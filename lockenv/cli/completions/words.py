"""What only the project knows: names of groups, environments, packages. Little is imported, so that Tab is quick.

Whoever completes wants words or silence: what cannot be read has none.
"""

# pathlib is among the heavy imports that are avoided here.
# ruff: noqa: PTH109, PTH118, PTH123

from __future__ import annotations

import os
import re

from lockenv.project import MANIFEST, Project, find_project

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

_NAME = re.compile(rb'^name = "([\w.-]+)"$', re.MULTILINE)
_REQUIRED = re.compile(r"\s*([A-Za-z0-9][\w.-]*)")
_SAFE = re.compile(r"[\w.-]+", re.ASCII)


def words(kind: str, typed: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """The names of a kind in the project that a line means, of which so much is typed; sorted.

    Names that a shell might take for more than a word are left out.
    """
    folder = _said(typed, "-C", "--project") or environ.get("LOCKENV_PROJECT") or find_project(os.getcwd())
    try:
        found = set(_found(kind, folder, _said(typed, "--lock")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return []
    return sorted(name for name in found if _SAFE.fullmatch(name))


def _said(typed: Sequence[str], *flags: str) -> str | None:
    for place, word in enumerate(typed, 1):
        flag, equals, value = word.partition("=")
        if flag in flags:
            return value if equals else "".join(typed[place : place + 1])
    return None


def _found(kind: str, folder: str, lock: str | None) -> Iterator[str]:
    if kind == "packages":
        with open(Project(folder, lock=lock).lock, "rb", buffering=0) as file:
            yield from (name.decode() for name in _NAME.findall(file.read()))
        return
    # Lazy: a lock is read without it.
    import tomllib

    with open(os.path.join(folder, MANIFEST), "rb") as file:
        manifest = tomllib.load(file)
    if kind == "environments":
        yield "default"
        yield from manifest.get("environments", {})
    elif kind == "groups":
        yield from manifest.get("groups", {})
    elif kind == "requirements":
        yield from _names(manifest)


def _names(manifest: Mapping[str, Any]) -> Iterator[str]:
    for lines in (manifest.get("env", {}).get("dependencies", ()), *manifest.get("groups", {}).values()):
        for line in lines:
            if isinstance(line, str) and (match := _REQUIRED.match(line)) is not None:
                yield match[1]
