"""`lockenv tree`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lockenv.cli.demands import condition, described, requirer, stated, target_names, title
from lockenv.cli.options import add_json, add_lock, parser, session_of
from lockenv.cli.screen import Screen
from lockenv.errors import UsageError
from lockenv.graph import Twig
from lockenv.operations.tree import Branching, Section, Step, Tree, tree
from lockenv.project import MANIFEST

SCHEMA = 1  #: of the JSON document

#: For a level above: whether a sibling follows or not; for the own level the same.
_RAILS = {True: ("│  ", "├─ "), False: ("   ", "└─ ")}
_PLAIN_RAILS = {True: ("|  ", "|- "), False: ("   ", "`- ")}
_FATES = {"": "", "again": " (*)", "circle": " (circle)", "deep": " ..."}


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv tree`."""
    options = parser(
        "tree",
        "Show what the lock holds, by who requires whom, with the specifier of each requirement.\n"
        "A condition stands where a requirement does not count everywhere; (*) was shown before.",
        [
            "lockenv tree",
            "lockenv tree --group test --depth 2",
            "lockenv tree pandas                     from there on",
            "lockenv tree --invert numpy             who requires it",
            "lockenv tree --target linux-x86_64      also: 3.12, or 'linux-x86_64, Python 3.12'",
        ],
    )
    options.add_argument("packages", nargs="*", metavar="PKG", help="only what these require, in any group")
    options.add_argument("-i", "--invert", action="store_true", help="upwards: who requires what")
    options.add_argument("-d", "--depth", type=int, metavar="N", help="levels below the first")
    options.add_argument(
        "--group", metavar="G", action="append", default=[], help="this group too. Repeatable", dest="groups"
    )
    options.add_argument("--all-groups", action="store_true", help="all groups too")
    options.add_argument("--target", metavar="T", help="only what counts on these targets")
    add_json(options)
    add_lock(options)
    asked = options.parse_args(arguments)
    if asked.depth is not None and asked.depth < 0:
        raise UsageError("--depth is a number of levels, 0 or more")
    branching = Branching(
        packages=tuple(asked.packages),
        invert=asked.invert,
        depth=asked.depth,
        groups=tuple(asked.groups),
        all_groups=asked.all_groups,
        target=asked.target,
    )
    with session_of(asked) as (session, screen):
        found = tree(session, branching)
        if asked.json:
            screen.document(_document(found))
        else:
            _show(screen, found)
    return 0


def _show(screen: Screen, found: Tree) -> None:
    marked = False
    for place, section in enumerate(found.sections):
        if place:
            screen.result()
        if section.group:
            screen.result(screen.paint(screen.out, "bold", f"group {section.group}"))
        for twig in found.twigs(section):
            screen.result(_line(screen, found, twig))
            marked = marked or twig.fate == "again"
    if marked:
        screen.note("(*) its own requirements stand above")
    for line in found.web.missing:
        screen.warn(f"{MANIFEST} requires `{line}`, which {found.woven.where} does not have", "run `lockenv lock`")
    if not any(section.roots for section in found.sections):
        screen.note(_nothing(found))


def _nothing(found: Tree) -> str:
    groups = found.woven.lock.dependency_groups or ()
    if groups and not found.branching.all_groups:
        return f"nothing is required but by groups ({', '.join(sorted(groups))}): --group, --all-groups"
    return f"{found.woven.where} has no packages here"


def _line(screen: Screen, found: Tree, twig: Twig[Step]) -> str:
    rails = _RAILS if _draws(screen) else _PLAIN_RAILS
    lead = "".join(rails[follows][0] for follows in twig.rails[:-1])
    lead += "".join(rails[follows][1] for follows in twig.rails[-1:])
    name, *rest = (part for part in _told(found, twig.item) if part)
    said = "".join(f"  {part}" for part in rest) + _FATES[twig.fate]
    return f"{screen.paint(screen.out, 'dim', lead)}{name}{screen.paint(screen.out, 'dim', said)}"


def _draws(screen: Screen) -> bool:
    """Whether lines can be drawn with more than ASCII."""
    try:
        "│├└─".encode(screen.out.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _told(found: Tree, step: Step) -> Iterator[str]:
    demand = step.demand
    if found.branching.invert and demand is not None:
        yield requirer(found.web, demand)
        yield f"requires {stated(demand)}"
    elif step.number is not None:
        yield title(found.web.packages[step.number], step.extras)
        yield "" if demand is None else str(demand.requirement.specifier)
    yield "" if demand is None else condition(found.web, demand)


def _document(found: Tree) -> dict[str, object]:
    """The same as a graph: each package once, with what it requires."""
    web = found.web
    steps = [twig.item for section in found.sections for twig in found.twigs(section)]
    numbers = sorted({step.number for step in steps if step.number is not None})
    return {
        "schema": SCHEMA,
        "lock": found.woven.where,
        "inverted": found.branching.invert,
        "targets": target_names(web.targets(range(len(web.places)))),
        "roots": [_root(found, section, step) for section in found.sections for step in section.roots],
        "packages": [_package(found, number) for number in numbers],
        "missing": [str(line) for line in web.missing],
    }


def _root(found: Tree, section: Section, step: Step) -> dict[str, object]:
    if step.demand is not None:
        return {"group": section.group or None, **described(found.web, step.demand)}
    package = found.web.packages[step.number or 0]
    return {"name": package.name, "version": str(package.version) if package.version is not None else None}


def _package(found: Tree, number: int) -> dict[str, object]:
    package, web = found.web.packages[number], found.web
    requires = [
        {"for-extra": vertex.extra or None, **described(web, demand)}
        for vertex, demands in web.outgoing.items()
        if vertex is not None and vertex.number == number
        for demand in demands
    ]
    return {
        "name": package.name,
        "version": str(package.version) if package.version is not None else None,
        "marker": str(package.marker) if package.marker is not None else "",
        "requires": requires,
    }
