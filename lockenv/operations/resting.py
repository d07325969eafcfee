"""Whether a lock rests on nothing but what can be compared (`lockenv.operations.answered_before`)."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING

from lockenv.manifest.model import IndexSource, Manifest
from lockenv.operations.answered_before import Begun, Rests, rests_on
from lockenv.operations.question import platforms_declared
from lockenv.operations.standing import inputs_of
from lockenv.resolution.model import Question, Resolution
from lockenv.resolution.universe import Here
from lockenv.session import Session

if TYPE_CHECKING:
    from packaging.pylock import Pylock

    from lockenv.index.client import IndexClient


def resting(
    session: Session,
    begun: Begun,
    manifest: Manifest,
    *,
    included: tuple[str, ...],
    inputs: str,
    here: Here | None,
    question: Question,
    old: Pylock | None,
    resolution: Resolution,
    client: IndexClient,
) -> Rests | None:
    """What a lock that was resolved just now rests on; None where that is more than what can be compared.

    `inputs` is the digest of the manifest and of what it includes, as they were read (`inputs_of`).
    """
    if inputs_of(session, included) != inputs:
        return None  # somebody has edited a file meanwhile
    if not (_is_plain(manifest, question) and _is_of_indexes(old)):
        return None
    if any(pin.origin is not None for pin in resolution.pins) or (pages := client.rests_on()) is None:
        return None
    return rests_on(
        session,
        begun,
        included=included,
        around=around_of(session, begun, manifest),
        executable=here.executable if here is not None else "",
        pip=_asked_of_pip(session, manifest),
        pages=pages,
    )


def around_of(session: Session, begun: Begun | None, manifest: Manifest) -> str | None:
    """What decides on the Python of this machine: '' where none has a say, None where that was not noted."""
    if begun is None:
        return None
    has_a_say = session.settings.python is not None or not platforms_declared(manifest)
    return begun.around if has_a_say else ""


def _is_plain(manifest: Manifest, question: Question) -> bool:
    """Whether all comes from indexes, nothing may be built, and no age is counted from now."""
    requirements = itertools.chain.from_iterable(question.roots.values())
    options = manifest.resolution
    moments = (options.exclude_newer, *(said for _, said in options.exclude_newer_package))
    return (
        not question.policy.allow_build
        and all(isinstance(source, IndexSource) for _, source in manifest.sources)
        and all(requirement.url is None for requirement in requirements)
        and not any(isinstance(moment, timedelta) for moment in moments)
    )


def _is_of_indexes(old: Pylock | None) -> bool:
    """Whether the lock to begin with holds nothing that is looked at where it lies."""
    packages = old.packages if old is not None else ()
    return not any(package.directory or package.archive or package.vcs for package in packages)


def _asked_of_pip(session: Session, manifest: Manifest) -> str:
    """The index that pip is configured for, if it was asked; else ''."""
    indexes = session.indexes(manifest)
    asked = len(indexes) > len(manifest.indexes) and not session.settings.index_url
    return indexes[-1].url if asked else ""
