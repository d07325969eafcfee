"""`lockenv why`."""

from __future__ import annotations

from collections.abc import Sequence

from lockenv.cli.demands import condition, described, requirer, stated, target_names, title
from lockenv.cli.options import add_json, add_lock, parser, session_of
from lockenv.cli.screen import Screen
from lockenv.operations.why import MOST, Path, Reasons, Why, names_on, why
from lockenv.project import MANIFEST
from lockenv.targets import summary

SCHEMA = 1  #: of the JSON document
_SHOWN = 10  #: paths


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv why`."""
    options = parser(
        "why",
        "Show why the lock holds a package: the paths that lead to it from env.toml, the shortest first.",
        [
            "lockenv why numpy",
            "lockenv why numpy --all",
            "lockenv why colorama --target linux-x86_64      also: 3.12, or 'linux-x86_64, Python 3.12'",
        ],
    )
    options.add_argument("package", metavar="PKG", help="a package of the lock")
    options.add_argument(
        "-a", "--all", action="store_true", help=f"every path (up to {MOST}), not the first {_SHOWN}"
    )
    options.add_argument("--target", metavar="T", help="only what counts on these targets")
    add_json(options)
    add_lock(options)
    asked = options.parse_args(arguments)
    with session_of(asked) as (session, screen):
        found = why(session, asked.package, target=asked.target)
        most = MOST if asked.all else _SHOWN
        if asked.json:
            screen.document(_document(found, most))
        else:
            _show(screen, found, asked.package, most)
    return 0


def _show(screen: Screen, found: Why, asked: str, most: int) -> None:
    if not found.reasons:
        screen.result(f"{asked} is not installed there")
    for reasons in found.reasons:
        where = "" if reasons.everywhere else f" ({summary(reasons.targets)})"
        screen.result(f"{screen.paint(screen.out, 'bold', title(reasons.package))}{where}")
        before: tuple[str, ...] = ()
        for path in reasons.paths[:most]:
            before = _show_path(screen, found, path, before)
        _show_rest(screen, reasons, most)
        if not reasons.paths:
            screen.result(f"  nothing in {MANIFEST} leads to it: `lockenv lock` takes it out")


def _show_path(screen: Screen, found: Why, path: Path, before: tuple[str, ...]) -> tuple[str, ...]:
    """Write a path, a line a demand; what it begins with like the one before is not said again."""
    lines = []
    for demand in path.demands:
        said = f"{requirer(found.web, demand)} requires {stated(demand)}"
        told = condition(found.web, demand)
        lines.append(f"{said}  {told}" if told else said)
    if len(path.demands) > 1 and not path.everywhere:
        lines[-1] += f"  on {summary(path.targets)}"
    same = next((n for n, (one, other) in enumerate(zip(lines, before, strict=False)) if one != other), 0)
    for depth, line in enumerate(lines):
        if depth >= same:
            screen.result(f"{'  ' * (depth + 1)}{line}")
    return tuple(lines)


def _show_rest(screen: Screen, reasons: Reasons, most: int) -> None:
    rest = len(reasons.paths) - most
    if rest > 0 or reasons.more:
        count = f"more than {max(rest, 0)}" if reasons.more else str(rest)
        screen.result(f"  and {count} other path{'s' if count != '1' else ''}{'' if most == MOST else ': --all'}")


def _document(found: Why, most: int) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "lock": found.woven.where,
        "packages": [_reasons(found, one, most) for one in found.reasons],
    }


def _reasons(found: Why, reasons: Reasons, most: int) -> dict[str, object]:
    package = reasons.package
    return {
        "name": package.name,
        "version": str(package.version) if package.version is not None else None,
        "marker": str(package.marker) if package.marker is not None else "",
        "targets": None if reasons.everywhere else target_names(reasons.targets),
        "paths": [_path(found, path) for path in reasons.paths[:most]],
        "further-paths": max(len(reasons.paths) - most, 0),
        "uncounted": reasons.more,
    }


def _path(found: Why, path: Path) -> dict[str, object]:
    first = path.demands[0]
    return {
        "group": first.group or None,
        "names": list(names_on(path, found.web)),
        "requirements": [{"by": requirer(found.web, one), **described(found.web, one)} for one in path.demands],
        "targets": None if path.everywhere else target_names(path.targets),
    }
