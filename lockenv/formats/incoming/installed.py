"""What is installed in an environment, as a draft: names that somebody asked for, versions as preferences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from packaging.direct_url import DirectUrl, DirectUrlValidationError
from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion

from lockenv.formats.draft import Draft
from lockenv.formats.gathering import Gathering, Surroundings
from lockenv.graph import MAIN, Node, reached
from lockenv.manifest.words import quoted
from lockenv.packages import parse_requirement
from lockenv.values import dataclass

#: What makes environments and installs into them; nobody's dependency by itself.
_TOOLS = frozenset({"pip", "setuptools", "wheel", "distribute", "pkg-resources"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One distribution: its metadata's `requires` (Requires-Dist), whether somebody asked for it (REQUESTED)."""

    name: NormalizedName
    version: str
    requested: bool
    requires: tuple[str, ...] = ()
    direct_url: Mapping[str, object] | None = None


def draft_of(
    found: Iterable[Installed],
    *,
    where: str,
    variables: Mapping[str, str],
    surroundings: Surroundings,
    group: str = MAIN,
) -> Draft:
    """Make a draft of an environment: who locks and syncs it gets the same versions, as far as indexes have them.

    `variables` are the environment's markers' (PEP 508). Asked for is what was installed by name, and what nothing
    of that requires. It is for the environment's own minor version of Python: for that, the versions fit.
    """
    gathered = Gathering(surroundings=surroundings)
    into = gathered.group(where, group) or MAIN
    gathered.take_python(where, f"=={variables['python_version']}.*")
    here = sorted(found, key=lambda one: one.name)
    edges = {Node(one.name): [Node(name) for name in _required(one, variables)] for one in here}
    tools = [one.name for one in here if one.name in _TOOLS]
    asked = [one.name for one in here if one.requested and one.name not in _TOOLS]
    asked += _roots([one.name for one in here if one.name not in _TOOLS], asked, edges)
    left = reached(edges, map(Node, asked))
    for one in here:
        if one.name in asked:
            gathered.require(where, one.name, into)
        if Node(one.name) in left:
            _place(gathered, one, where)
    if unneeded := [name for name in tools if Node(name) not in left]:
        names = ", ".join(unneeded)
        gathered.notes.append(f"{where}: not asked for, because every environment has it to install with: {names}")
    return gathered.draft()


def _required(one: Installed, variables: Mapping[str, str]) -> Iterable[NormalizedName]:
    """The names that a distribution requires there, without extras: which were asked for, nobody noted."""
    for text in one.requires:
        try:
            requirement = parse_requirement(text)
            wanted = requirement.marker is None or requirement.marker.evaluate({**variables, "extra": ""})
        except (InvalidRequirement, InvalidVersion, UndefinedComparison, UndefinedEnvironmentName):
            continue
        if wanted:
            yield canonicalize_name(requirement.name)


def _roots(
    names: list[NormalizedName], asked: list[NormalizedName], edges: Mapping[Node, list[Node]]
) -> list[NormalizedName]:
    """More names to ask for, until everything is reached: first those that nothing requires."""
    required = {child.name for node, children in edges.items() for child in children if child != node}
    roots: list[NormalizedName] = []
    for name in sorted(names, key=lambda name: (name in required, name)):
        if Node(name) not in reached(edges, map(Node, (*asked, *roots))):
            roots.append(name)
    return roots


def _place(gathered: Gathering, one: Installed, where: str) -> None:
    """Keep the version, or the place that it was installed from (PEP 610)."""
    if one.direct_url is None:
        gathered.pin(where, one.name, one.version)
        return
    try:
        url = DirectUrl.from_dict(one.direct_url)
    except DirectUrlValidationError as error:
        gathered.leave(where, f"{quoted(one.name)}: its direct_url.json is not valid: {error}")
        gathered.pin(where, one.name, one.version)
        return
    address, behind = url.url, f"#subdirectory={url.subdirectory}" if url.subdirectory else ""
    if url.vcs_info is not None:
        address = f"{url.vcs_info.vcs}+{address}@{url.vcs_info.commit_id}"
    editable = url.dir_info is not None and bool(url.dir_info.editable)
    gathered.address(where, one.name, address + behind, editable=editable)
