"""Why there is no solution, as facts, and as short prose that is a function of them.

The facts are resolvelib's causes of the last dead end, merged by what they say: one line for all versions of a
package that demand the same, and for each package in question what became of the versions in range.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.errors import ResolutionImpossible
from lockenv.graph import MAIN, Node
from lockenv.packages import NormalizedName
from lockenv.resolution.candidates import Candidate, Project
from lockenv.resolution.demands import Demand, Impossible
from lockenv.resolution.provider import Information, Provider
from lockenv.targets import Target

#: No more lines than a tired person reads.
_MOST_REASONS = 4
_MOST_CLAUSES = 3


def tell(
    causes: Sequence[Information], roots: Sequence[Demand], provider: Provider, target: Target
) -> ResolutionImpossible:
    """Make the error that says what does not fit together, why, and what may help."""
    demands = [
        (cause.requirement, cause.parent)
        for cause in causes
        # That an extra stands at its package's version needs no saying.
        if isinstance(cause.requirement, Demand) and cause.requirement.direct
    ]
    names = sorted({demand.node.name for demand, _ in demands})
    lines = [*_manifest_lines(causes, roots), *_parent_lines(demands, provider), *_broken_lines(causes)]
    hints: list[str] = []
    for name in names:
        ours = [demand for demand, _ in demands if demand.node.name == name]
        story, hint = _fate(name, ours, provider, target)
        lines.extend(story)
        hints.extend(hint)
    return ResolutionImpossible(
        f"{_verdict(names, demands, causes)} on {target.name}",
        details=tuple(dict.fromkeys(lines)),
        hint=hints[0] if hints else _general_hint(names, demands),
    )


def _verdict(
    names: Sequence[NormalizedName],
    demands: Sequence[tuple[Demand, Candidate | None]],
    causes: Sequence[Information],
) -> str:
    if not names:
        broken = sorted({cause.parent.name for cause in causes if cause.parent is not None})
        return f"no version of {' and '.join(f'`{name}`' for name in broken)} can be used"
    quoted = " and ".join(f"`{name}`" for name in names)
    if len(names) > 1:
        return f"{quoted} do not fit together"
    texts = {_stated(demand) for demand, _ in demands}
    if len(texts) == 1:
        return f"no version of {quoted} fits `{texts.pop()}`"
    return f"no version of {quoted} fits all that require it"


def _stated(demand: Demand) -> str:
    """A requirement without its marker, which held, or the demand would not be here."""
    return demand.text.partition(";")[0].rstrip()


def _manifest_lines(causes: Sequence[Information], roots: Sequence[Demand]) -> Iterable[str]:
    """The manifest's own requirements on what is in question, and on those who require it."""
    named = {cause.requirement.node.name for cause in causes if isinstance(cause.requirement, Demand)}
    named |= {cause.parent.name for cause in causes if cause.parent is not None}
    for root in roots:
        if root.node.name in named:
            group = "" if root.gate == MAIN else f" (group `{root.gate}`)"
            yield f"your manifest requires {root.text}{group}"


def _parent_lines(demands: Sequence[tuple[Demand, Candidate | None]], provider: Provider) -> Iterable[str]:
    """One line for all versions of a package that demand the same; those that differ endlessly are cut short."""
    by_owner: dict[tuple[Node, Node], dict[str, set[Version]]] = {}
    for demand, parent in demands:
        if parent is not None:
            clauses = by_owner.setdefault((Node(parent.name, parent.extra), demand.node), {})
            clauses.setdefault(_stated(demand), set()).add(parent.version)
    for (owner, node), clauses in by_owner.items():
        project = provider.project(owner.name)
        newest_first = sorted(clauses.items(), key=lambda clause: max(clause[1]), reverse=True)
        for text, versions in newest_first[:_MOST_CLAUSES]:
            verb = "require" if len(versions) > 1 else "requires"
            yield f"{owner} {runs(versions, project)} {verb} {text}"
        if rest := newest_first[_MOST_CLAUSES:]:
            count = sum(len(versions) for _, versions in rest)
            yield f"{owner} has {count} older versions that require other ranges of {node}"


def _broken_lines(causes: Sequence[Information]) -> Iterable[str]:
    for cause in causes:
        if isinstance(cause.requirement, Impossible) and cause.parent is not None:
            yield f"{cause.parent} is out: {cause.requirement.reason}"


def runs(versions: Iterable[Version], project: Project | None) -> str:
    """Name a set of versions by the runs it forms in a project's listing: ``1.2 … 1.9 (7 versions), 2.0``."""
    wanted = set(versions)
    listed = sorted(wanted if project is None else set(project.versions) | wanted)
    parts: list[list[Version]] = [[]]
    for version in listed:
        if version in wanted:
            parts[-1].append(version)
        elif parts[-1]:
            parts.append([])
    return ", ".join(_run(part) for part in parts if part)


def _run(part: Sequence[Version]) -> str:
    if len(part) < 3:
        return ", ".join(map(str, part))
    return f"{part[0]} … {part[-1]} ({len(part)} versions)"


def _fate(
    name: NormalizedName, demands: Sequence[Demand], provider: Provider, target: Target
) -> tuple[list[str], list[str]]:
    """Say what became of the versions of one package, and what may help."""
    project = provider.project(name)
    if project is None:
        return [f"no index knows a package named {name}"], [f"check the spelling of `{name}`, or its index"]
    if not project.versions:
        return [f"the index lists {name}, but no file of it that could be installed"], []
    constraint = provider.constraint(name)
    lines = [f"your manifest constrains {name} to {constraint}"] if str(constraint) else []
    specifier = constraint
    for text in sorted({str(demand.specifier) for demand in demands}):
        specifier &= SpecifierSet(text)
    in_range = list(specifier.filter(project.versions, prereleases=True))
    if in_range:
        story, hints = _reasons(name, in_range, provider, target)
        return lines + story, hints
    if len({str(demand.specifier) for demand in demands}) == 1 and not lines:
        return [_newest(name, specifier, project)], []
    # The requirements above exclude each other; what there is to choose from may still help.
    return lines, []


def _newest(name: NormalizedName, specifier: SpecifierSet, project: Project) -> str:
    newest = next((version for version in project.versions if not version.is_prerelease), project.versions[0])
    return f"{name} has no version {_plain(specifier)}; its newest is {newest}"


def _reasons(
    name: NormalizedName, in_range: Sequence[Version], provider: Provider, target: Target
) -> tuple[list[str], list[str]]:
    """Say why each version in range is out, merged by reason, most recent first."""
    project = provider.project(name)
    by_reason: dict[str, list[Version]] = {}
    left = []
    for version in in_range:
        reason = provider.refusal(name, version)
        if reason is None:
            left.append(version)
        else:
            by_reason.setdefault(reason, []).append(version)
    lines = [
        f"{name} {runs(versions, project)} {'are' if len(versions) > 1 else 'is'} out: {reason}"
        for reason, versions in list(by_reason.items())[:_MOST_REASONS]
    ]
    if len(by_reason) > _MOST_REASONS:
        lines.append(f"… and {len(by_reason) - _MOST_REASONS} more reasons (-v lists them all)")
    if left and all(version.is_prerelease for version in left):
        lines.append(f"{name} has only pre-releases in range: {runs(left, project)}")
        return lines, [f'name one, such as "{name}>={left[0]}", or set prereleases = "allow"']
    return lines, [] if left else list(_remedies(name, by_reason, target))


def _remedies(name: NormalizedName, reasons: Iterable[str], target: Target) -> Iterable[str]:
    for reason in reasons:
        if "needs Python" in reason:
            yield f"choose another Python with `--python`, or bound `{name}` to versions for {target.python}"
        elif "it has no wheels" in reason:
            yield f"`{name}` is published as source only, which this version of lockenv does not build"
        elif "yanked" in reason:
            yield f"pin a yanked version with `{name}==…` if you must have it"
        elif "wheel" in reason:
            yield f"choose a Python or platform that `{name}` has wheels for"
        elif "cut-off" in reason:
            yield "move `exclude-newer` to a later date; if it is an age, `lockenv lock --upgrade` counts it anew"


def _general_hint(
    names: Sequence[NormalizedName], demands: Sequence[tuple[Demand, Candidate | None]]
) -> str | None:
    yours = sorted({demand.node.name for demand, parent in demands if parent is None})
    relax = yours or list(names)
    return f"relax `{relax[0]}` in env.toml, or override it in [resolution]" if relax else None


def _plain(specifier: SpecifierSet) -> str:
    return ", ".join(sorted(map(str, specifier)))
