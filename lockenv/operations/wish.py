"""What is asked of a sync, and what it answers."""

from __future__ import annotations

from lockenv.operations.up_to_date import compares_content, selection_of
from lockenv.values import dataclass

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Collection

    from lockenv.plan import Plan
    from lockenv.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What of the lock is asked for. `seed` adds pip; `allow_build` are packages whose build may run.

    `only_hosts`, where there are any, are the hosts that files may come from.
    How it is asked for is no part of `selection`: `verify` compares content, and None means where a CI does it;
    `compile` writes bytecode; `manifest` is a file that shall tell what is installed.
    """

    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    all_groups: bool = False
    seed: bool = False
    allow_build: tuple[str, ...] = ()
    only_hosts: tuple[str, ...] = ()
    verify: bool | None = None
    compile: bool = False
    manifest: str | None = None

    @property
    def selection(self) -> tuple[str, ...]:
        """The wish in the form that the environment's record keeps."""
        return selection_of(groups=self.groups, extras=self.extras, all_groups=self.all_groups, seed=self.seed)


def wish_of(selection: Collection[str]) -> Wish:
    """The wish that an environment's record speaks of."""
    words = [text.partition(" ")[::2] for text in selection if text not in {"all groups", "seed"}]
    return Wish(
        groups=tuple(name for kind, name in words if kind == "group"),
        extras=tuple(name for kind, name in words if kind == "extra"),
        all_groups="all groups" in selection,
        seed="seed" in selection,
    )


def recorded_wish(env: str) -> Wish:
    """The wish that an environment was made for, to be granted again with its content compared."""
    # Lazy: a sync that knows its wish need not.
    from dataclasses import replace

    from lockenv.transaction import state

    record = state.read_current(env)
    return replace(wish_of(() if record is None else record.selection), verify=True)


def verifies(session: Session, wish: Wish) -> bool:
    """Whether content is to be compared: if asked for, and on machines that call themselves a `CI`."""
    return compares_content(session.environ, wish.verify)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartUp:
    """A file with a say in every start of Python, and the package that brings it.

    `known` is whether there was one of this name before, with another content.
    """

    file: str
    package: str
    known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What `sync` did. `plan` is None where nothing had to be done, `reason` why the environment was made anew.

    `digest` is the environment's; `differences` how many there were in its content, where that was compared.
    """

    env: str
    lock: str
    packages: int
    plan: Plan | None = None
    reason: str | None = None
    startup: tuple[StartUp, ...] = ()
    digest: str = ""
    differences: int = 0
