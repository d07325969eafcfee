"""The files of all packages into a generation: in one process or two where they are linked, else in threads."""

from __future__ import annotations

from lockenv.errors import InstallError
from lockenv.events import StageAdvanced, StageFinished, StageStarted
from lockenv.forks import can_fork
from lockenv.transaction.halves import HalfFailedError, both
from lockenv.transaction.link import Changed

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lockenv.events import Reporter
    from lockenv.transaction.contents import Brought, Group
    from lockenv.transaction.link import Linker, LinkMode
    from lockenv.transaction.state import Tree

_STAGE = "Linking"
_MANY = 2000  #: files from which on it pays to make a second process, which takes a millisecond or two


class Bringing:
    """Brings packages into the generation in `folder`, and notes in `tree` what their files are there.

    Many files are linked by two processes, where that can be (`lockenv.transaction.halves`).
    """

    def __init__(self, folder: str, tree: Tree, linker: Linker, reporter: Reporter) -> None:
        self._folder = folder
        self._tree = tree
        self._linker = linker
        self._reporter = reporter

    def bring(self, packages: Sequence[Brought]) -> None:
        """Bring all of them. Raises `Changed` for a file that is not what it should be, and `OSError`."""
        brisk = self._linker.mode in {"auto", "hardlink"}
        self._reporter(StageStarted(stage=_STAGE, total=len(packages), brisk=brisk))
        done = 0
        # What can be done here is known of the first file. To link is so short that threads cost more, in waiting
        # for Python's lock, than they give.
        while done < len(packages) and self._linker.mode in {"auto", "hardlink"}:
            if self._is_work_for_two(packages[done:]):
                self._bring_in_halves(packages[done:], self._telling(done))
                done = len(packages)
            else:
                self._bring_package(packages[done])
                done += 1
                self._telling(done)(packages[done - 1], 0)
        if done < len(packages):
            # Lazy: most environments are linked.
            from lockenv.transaction.threads import bring_in_threads

            bring_in_threads(packages[done:], self._bring_group, self._telling(done))
        self._reporter(StageFinished(stage=_STAGE))

    def _telling(self, before: int) -> Callable[[Brought, int], None]:
        """What tells that a package is there, as one of so many behind those of `before`."""

        def tell(package: Brought, more: int) -> None:
            self._reporter(StageAdvanced(stage=_STAGE, done=before + more, detail=package.name))

        return tell

    def _bring_package(self, package: Brought) -> None:
        for group in package.groups:
            self._bring_group(package, group)

    def _bring_group(self, package: Brought, group: Group) -> None:
        self._tree[group[1]].update(self._linker.bring(package.root, group, self._folder))

    def _is_work_for_two(self, packages: Sequence[Brought]) -> bool:
        return self._linker.mode == "hardlink" and can_fork() and _weight(packages) >= _MANY

    def _bring_in_halves(self, packages: Sequence[Brought], tell: Callable[[Brought, int], None]) -> None:
        mine, theirs = _halves(packages)

        def bring_mine() -> None:
            for done, package in enumerate(mine, 1):
                self._bring_package(package)
                tell(package, done + len(theirs) * done // len(mine))

        try:
            _, (changed, mode, odd) = both(bring_mine, lambda: self._bring_elsewhere(theirs))
        except HalfFailedError as error:
            raise InstallError(f"{error}; the environment was not changed", hint="run it again") from error
        if changed:
            raise Changed(*changed)
        if self._linker.mode == "hardlink":
            self._linker.mode = mode
        for package in theirs:
            for _, inner, rows in package.groups:
                self._tree[inner].update({name: fact for _, name, fact, _ in rows})
        for inner, facts in odd.items():
            self._tree[inner].update(facts)

    def _bring_elsewhere(self, packages: Iterable[Brought]) -> tuple[tuple[str, str] | None, LinkMode, Tree]:
        """Bring them, and say what the first process cannot know: a file that had changed, the mode, odd facts."""
        odd: Tree = {}
        try:
            for package in packages:
                for group in package.groups:
                    found = self._linker.bring(package.root, group, self._folder)
                    facts = {name: found[name] for _, name, fact, _ in group[2] if found[name] != fact}
                    if facts:
                        odd.setdefault(group[1], {}).update(facts)
        except Changed as changed:
            return (changed.root, changed.path), self._linker.mode, {}
        return None, self._linker.mode, odd


def _weight(packages: Iterable[Brought]) -> int:
    return sum(len(rows) for package in packages for _, _, rows in package.groups)


def _halves(packages: Sequence[Brought]) -> tuple[list[Brought], list[Brought]]:
    """Two halves of about as many files: the largest packages first, each goes where there are fewer."""
    halves: tuple[list[Brought], list[Brought]] = [], []
    sizes = [0, 0]
    weights = sorted(((_weight((one,)), number) for number, one in enumerate(packages)), reverse=True)
    for size, number in weights:
        less = sizes.index(min(sizes))
        halves[less].append(packages[number])
        sizes[less] += size
    return halves
