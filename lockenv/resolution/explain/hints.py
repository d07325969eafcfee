"""What may help: the remedies for a story, the best first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lockenv.graph import MAIN
from lockenv.manifest.words import listed
from lockenv.packages import NormalizedName
from lockenv.resolution.explain.account import Account
from lockenv.resolution.explain.names import meant
from lockenv.resolution.explain.remedies import remedies
from lockenv.resolution.explain.scene import Scene
from lockenv.resolution.explain.story import Fact


def hints(
    scene: Scene, facts: Sequence[Fact], known: Iterable[NormalizedName], conflicts: Iterable[Sequence[str]]
) -> tuple[str, ...]:
    """The remedies for a story. `known` are names that exist, `conflicts` what the manifest says of its groups."""
    account = scene.account
    mended = list(remedies(scene))
    found = [
        *_for_unasked(facts, account.provider.policy.explicit),
        *_for_names(facts, known, explicit=bool(account.provider.policy.explicit)),
        *_for_policy(facts),
        *mended,
        *_for_groups(account, conflicts),
        *_for_extras(account),
    ]
    # A newer release may have the same trouble: then what holds of all of them must give way.
    unsure = not found or (
        found == mended and not any(account.none_usable(name) for name in account.clash_names())
    )
    return tuple(dict.fromkeys([*found, *(_general(account) if unsure else [])]))


def _for_names(facts: Iterable[Fact], known: Iterable[NormalizedName], *, explicit: bool) -> Iterator[str]:
    names = list(known)
    told = list(facts)
    asked = {fact.package: _for_unknown(fact, names, explicit=explicit) for fact in told if fact.kind == "unknown"}
    unknown = {name: hint for name, hint in asked.items() if hint}
    if len(unknown) == 1:
        yield from unknown.values()
    elif unknown:
        yield "; ".join(f"`{name}`: {hint}" for name, hint in unknown.items())
    for fact in told:
        if fact.kind == "empty":
            yield f"check the spelling of `{fact.package}`, and which index it comes from"


def _for_unknown(fact: Fact, known: Iterable[str], *, explicit: bool) -> str | None:
    name = NormalizedName(fact.package)
    if fact.reason:
        return (
            f"check the spelling of `{name}`; if it is in another index, see to `packages` of {fact.reason} in "
            "[[index]], or to [sources]: no other is asked for this name"
        )
    general = f"check the spelling of `{name}`, or name the index that has it in [[index]]"
    return meant(name, known) or (None if explicit else general)


def _for_unasked(facts: Iterable[Fact], explicit: Sequence[str]) -> Iterator[str]:
    unknown = [fact for fact in facts if fact.kind == "unknown" and not fact.reason]
    if unknown and explicit:
        names = listed([f"`{name}`" for name in explicit])
        was = "is `explicit` and was" if len(explicit) == 1 else "are `explicit` and were"
        yield f"{names} {was} not asked: say in `packages` or in [sources] what comes from there"


def _for_groups(account: Account, conflicts: Iterable[Sequence[str]]) -> Iterator[str]:
    groups = sorted({root.gate for root in account.core.roots if root.gate != MAIN})
    if len(groups) > 1:
        names = listed([f"`{group}`" for group in groups])
        sets = ", ".join(f"[{', '.join(map(_quoted, members))}]" for members in (*conflicts, groups))
        yield f"if {names} are never installed together, say so in [resolution]: `conflicts = [{sets}]`"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _for_policy(facts: Sequence[Fact]) -> Iterator[str]:
    asked = [f"`{fact.package}`" for fact in facts if fact.kind == "asked"]
    if asked:
        yield f"ask for another version of {listed(asked, last='or')}, or relax what stands against it"
    for fact in facts:
        if fact.kind == "constrained":
            yield f"relax the constraint on `{fact.package}` in [resolution]"
        elif fact.overridden:
            yield "look at `overrides` in [resolution]: what they say counts instead of what packages say"


def _for_extras(account: Account) -> Iterator[str]:
    """Do without an extra of one's own that has a part in it."""
    asked: dict[NormalizedName, dict[str, None]] = {}
    for owner, _ in account.core.edges:
        if owner.extra and any(root.node == owner for root in account.core.roots):
            asked.setdefault(owner.name, {})[owner.extra] = None
    for name, extras in asked.items():
        if len(extras) > 1:
            yield f"ask for {listed([f'`{name}[{extra}]`' for extra in sorted(extras)], last='or')}, not for both"
        else:
            yield f"ask for `{name}` without `[{next(iter(extras))}]`"


def _general(account: Account) -> Iterator[str]:
    """Relax what the user has bounded, or override what a package says of it."""
    roots = account.core.roots
    bounded = list(dict.fromkeys(root.node.name for root in roots if str(root.specifier)))
    demanded = {demanded for _, demanded in account.core.edges}
    clash = [name for name in account.clash_names() if name in demanded]
    own = dict.fromkeys(
        f'"{root.node.name}{root.specifier}"' for root in roots if root.node.name in clash and str(root.specifier)
    )
    parts = []
    if bounded:
        parts.append(f"relax {listed([f'`{name}`' for name in bounded], last='or')} in env.toml")
        if not account.core.edges and any(";" in root.text for root in roots):
            parts.append("keep the markers apart")
    if own:
        parts.append(f"have yours win, in [resolution]: `overrides = [{', '.join(own)}]`")
    elif clash and not bounded:
        names = listed([f"`{name}`" for name in account.root_names()], last="or")
        parts.append(f"do without {names}")
        parts.append(f"override `{clash[0]}` in [resolution] if you know a version that serves all")
    if parts:
        yield ", or ".join(parts)
