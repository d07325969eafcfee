"""The first line of an explanation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lockenv.manifest.words import listed
from lockenv.packages import NormalizedName
from lockenv.resolution.explain.account import Account
from lockenv.resolution.explain.story import Fact

_MOST_NAMES = 4


def verdict(account: Account, facts: Sequence[Fact]) -> str:
    """Say in one sentence what cannot be."""
    names = account.root_names()
    asked = [f"`{fact.package}{fact.requirement}`" for fact in facts if fact.kind == "asked"]
    if asked:
        return f"{listed(asked)} cannot be had"
    unknown = [fact for fact in facts if fact.kind == "unknown"]
    if unknown:
        whose = "" if unknown[0].package in names else f", which `{names[0]}` requires"
        return f"{_nobody(unknown)} {_quoted([fact.package for fact in unknown])}{whose}"
    if len(names) > 1:
        return f"{_quoted(names)} do not fit together"
    if account.core.edges:
        return f"what `{names[0]}` requires cannot be met"
    return _of_one(account, names[0], facts)


def _nobody(unknown: Sequence[Fact]) -> str:
    """Who does not know names: all indexes, or the one that alone was asked."""
    asked = {fact.reason for fact in unknown}
    if asked == {""} or len(asked) > 1:
        return "no index knows"
    return f"the index {asked.pop()} does not know"


def _of_one(account: Account, name: NormalizedName, facts: Sequence[Fact]) -> str:
    """Where the user's requirements on one package are all that there is to it."""
    texts = dict.fromkeys(root.text.partition(";")[0].rstrip() for root in account.core.roots)
    if _of_kind("constrained", facts):
        return f"`{name}` does not fit its constraint"
    if _of_kind("none", facts) and len(texts) == 1:
        return f"there is no `{next(iter(texts))}`"
    if len(texts) > 1 and not account.in_range(name):
        return f"the requirements on `{name}` exclude each other"
    return f"no version of `{name}` can be used"


def _of_kind(kind: str, facts: Iterable[Fact]) -> list[str]:
    return [fact.package for fact in facts if fact.kind == kind]


def _quoted(names: Sequence[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    if len(quoted) > _MOST_NAMES:
        return f"{', '.join(quoted[: _MOST_NAMES - 1])} and {len(quoted) - _MOST_NAMES + 1} others"
    return listed(quoted)
