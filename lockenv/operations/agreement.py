"""Whether wheels require what their index said when they were locked.

Resolution reads metadata that an index may serve beside a wheel (PEP 658) or that a part of the wheel holds. The
wheel itself is here for the first time when a sync fetches it; then its own METADATA has the last word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet

import packaging
from packaging.pylock import Package, Pylock
from packaging.requirements import InvalidRequirement

from lockenv import __version__
from lockenv.errors import LockError, MetadataError, Problem, Refused
from lockenv.index.metadata import read_metadata
from lockenv.lockfile.freshness import FORMAT
from lockenv.lockfile.pylock import tool_table
from lockenv.markers.truth import Truth
from lockenv.operations.agreed import Agreed, digest
from lockenv.packages import Requirement, canonicalize_name, parse_requirement
from lockenv.store import StoredWheel
from lockenv.targets import Target
from lockenv.transaction.link import Changed


def check_agreement(
    lock: Pylock,
    target: Target,
    arrived: Sequence[tuple[Package, StoredWheel]],
    asked: Iterable[Requirement] = (),
    *,
    agreed: Agreed,
) -> None:
    """Refuse wheels that require, on this target, what the lock does not know of.

    Only locks of our own record requirements; those of others are taken as they are. What is built from a folder
    of the project may have another version than it had as well; it has to be what packages and `asked` require.
    What is `agreed` on is not looked at again.
    Raises `LockError` for folders, which may change, `Refused` for all else, and `Changed` where the store was.
    """
    table = tool_table(lock)
    if table.get("format") != FORMAT:
        return
    overridden = {canonicalize_name(parse_requirement(text).name) for text in table.get("overrides", ())}
    truth = Truth(target)
    here = f"{packaging.__version__} {__version__}", target.environment, sorted(overridden)
    digests = {package.name: _digest(package, stored, here) for package, stored in arrived}
    found = [
        (package, _problem(package, stored, message))
        for package, stored in arrived
        if digests[package.name] not in agreed
        for line, message in _differences(package, stored, truth)
        if canonicalize_name(line.name) not in overridden
    ]
    _refuse([problem for package, problem in found if package.directory is None])
    problems = [*(problem for _, problem in found), *_misfits(arrived, asked, truth, overridden)]
    if problems:
        raise LockError(
            "the lock is out of date: a folder that a package comes from is not what it was",
            problems=problems,
            hint="run `lockenv lock`, then `lockenv sync`",
        )
    agreed.keep(each for each in digests.values() if each)


def _digest(package: Package, stored: StoredWheel, here: object) -> bytes:
    """What the comparison of a wheel rests on; nothing for a folder, which may change."""
    if package.directory is not None:
        return b""
    table = tool_table(package)
    return digest(
        stored.sha256, package.name, list(table.get("requires", ())), list(table.get("extras", ())), here
    )


def _misfits(
    arrived: Sequence[tuple[Package, StoredWheel]],
    asked: Iterable[Requirement],
    truth: Truth,
    overridden: AbstractSet[str],
) -> Iterator[Problem]:
    """What is built from folders and has another version than is required."""
    folders = {package.name: (package, stored) for package, stored in arrived if package.directory is not None}
    if not folders:
        return
    known = (parse_requirement(text) for package, _ in arrived for text in tool_table(package).get("requires", ()))
    for line in (*asked, *known):
        name = canonicalize_name(line.name)
        package, stored = folders.get(name, (None, None))
        if package is None or stored is None or name in overridden or not truth.applies(line):
            continue
        if not line.specifier.contains(stored.version, prereleases=True):
            yield _problem(package, stored, f"is {package.name} {stored.version} now, and {line} is required")


def _problem(package: Package, stored: StoredWheel, message: str) -> Problem:
    where = stored.filename if package.directory is None else package.directory.path
    return Problem(where=where, message=message)


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise Refused(
            "what wheels require is not what their index or source said when they were locked",
            problems=problems,
            hint="it is broken or hostile; tell its owner, and rule these versions out in env.toml",
        )


def _differences(package: Package, stored: StoredWheel, truth: Truth) -> Iterator[tuple[Requirement, str]]:
    """What a wheel requires here that the lock does not know of; of a folder also what it requires no more."""
    table = tool_table(package)
    extras = ["", *(canonicalize_name(extra) for extra in table.get("extras", ()))]
    stated, recorded = _requires_dist(stored), table.get("requires", ())
    if package.directory is None and _says_nothing_new(stated, recorded, extras):
        return

    def here(lines: Iterable[Requirement]) -> dict[str, Requirement]:
        return {str(line): line for line in lines if any(truth.applies(line, extra) for extra in extras)}

    known, own = here(map(parse_requirement, recorded)), here(_parsed(stored, stated))
    yield from (
        (own[text], f"requires {text}, which the lock does not know of") for text in own if text not in known
    )
    if package.directory is not None:
        yield from ((known[text], f"no longer requires {text}") for text in known if text not in own)


#: A requirement of one extra and nothing else, as nearly all are that a lock does not record. None with a URL, of
#: which all that follows may be a part; and no step is taken back, as who wrote the line may be hostile.
_OF_EXTRA = re.compile(
    r"""\w[\w.-]*+[ ]*+(?:\[[\w., -]*+\])?+[ ]*+(?:\([\w.,<>=!~*+ -]*+\)|[\w.,<>=!~*+ -]*+)[ ]*+;"""
    r"""[ \t]*+extra[ \t]*+==[ \t]*+(?:"([\w.-]+)"|'([\w.-]+)')[ \t]*+""",
    re.ASCII,
)


def _says_nothing_new(stated: Iterable[str], recorded: Iterable[str], extras: Sequence[str]) -> bool:
    """Whether lines are word by word what is recorded, or for extras not asked for: parsing takes long."""
    known = frozenset(recorded)
    others = [_OF_EXTRA.fullmatch(line) for line in stated if line not in known]
    return all(found is not None and canonicalize_name(found[1] or found[2]) not in extras for found in others)


def _requires_dist(stored: StoredWheel) -> Sequence[str]:
    path = f"{stored.dist_info}/METADATA"
    content = stored.content(path)
    if content is None:
        raise Changed(str(stored.root), path)
    try:
        return read_metadata(
            content, filename=stored.filename, name=canonicalize_name(stored.name), version=stored.version
        ).requires_dist
    except MetadataError as error:
        raise _broken(stored, error) from None


def _parsed(stored: StoredWheel, stated: Iterable[str]) -> list[Requirement]:
    try:
        return [parse_requirement(text) for text in stated]
    except InvalidRequirement as error:
        raise _broken(stored, error) from None


def _broken(stored: StoredWheel, error: Exception) -> Refused:
    msg = f"{stored.filename} has broken metadata: {error}"
    return Refused(msg, hint="rule this version out in env.toml, and run `lockenv lock`")
