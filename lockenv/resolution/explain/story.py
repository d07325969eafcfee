"""What a person has to know about a dead end, as values; prose and JSON are functions of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

from lockenv.values import dataclass

#: What a fact says of `package`:
#:   requires     its `versions` require `requirement`; `each` if every one requires something else
#:   out          its `versions` cannot be used, for `reason`, which is of the kind `why`
#:   unknown      no index knows it; `reason` names the index that alone was asked, where one owns the name
#:   empty        the index lists no file of it that could be installed
#:   none         it has no version in `requirement`; `reason` says what there is instead
#:   constrained  the manifest constrains it to `requirement`
#:   asked        the command line asks for `requirement` of it; `reason` says what there is instead, if it is not
#:   apart        each version of those who require it takes other versions of it
FactKind: TypeAlias = Literal["requires", "out", "unknown", "empty", "none", "constrained", "asked", "apart"]

#: How prose names all versions of a package, and all that are in range and could be used.
EVERY = "(every version)"
FITTING = "(every version that fits)"

#: Why a version is out.
Why: TypeAlias = Literal[
    "", "cut-off", "quarantine", "source", "python", "files", "yanked", "pre-release", "metadata", "dependency"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Required:
    """A requirement of the user's; `group` is '' for the main dependencies."""

    requirement: str
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that is so.

    `shown` names the versions as prose does; `depth` is how far it is from the user, `age` how many newer versions
    there are that it has nothing to do with.
    """

    kind: FactKind
    package: str
    versions: tuple[str, ...] = ()
    shown: str = ""
    requirement: str = ""
    each: bool = False
    overridden: bool = False
    reason: str = ""
    why: Why = ""
    depth: int = 0
    age: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Why there is no solution.

    `verdict` says it in a sentence, `required` are the user's requirements that have a part in it, `facts` stand
    in the order in which they are told, `hints` are what may help, the best first. Where the facts differ from
    target to target, they are those of one, which `example` names.
    """

    verdict: str
    required: tuple[Required, ...]
    facts: tuple[Fact, ...]
    hints: tuple[str, ...]
    example: str = ""


def in_common(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """The facts without what differs from target to target: which versions fit, where all that do are told of."""
    fitting = {fact.package.partition("[")[0] for fact in facts if fact.shown in {EVERY, FITTING}}
    return tuple(
        replace(fact, shown=FITTING) if fact.shown == EVERY else fact
        for fact in facts
        if fact.kind != "out" or fact.package not in fitting
    )
