"""Contents into a generation: by one process or two where files are linked, else in threads."""

from __future__ import annotations

from lockenv.errors import InstallError
from lockenv.events import StageAdvanced, StageFinished, StageStarted
from lockenv.forks import can_fork
from lockenv.transaction.halves import HalfFailedError, both
from lockenv.transaction.laying import lay_out, note
from lockenv.transaction.link import Changed
from lockenv.transaction.shares import first_of, halves_of, weight
from lockenv.transaction.state import fact_at
from lockenv.values import replace

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from lockenv.events import Reporter
    from lockenv.transaction.contents import Brought, Contents, Group
    from lockenv.transaction.link import Linker, LinkMode
    from lockenv.transaction.state import Tree

_STAGE = "Linking"
_MANY = 2000  #: links of a file from which on it pays to make a second process, which takes a millisecond or two


class Bringing:
    """Brings contents into the generation in `folder`, and notes in `tree` what they are there.

    What is much is made by two processes, where that can be (`lockenv.transaction.halves`).
    """

    def __init__(self, folder: str, tree: Tree, linker: Linker, reporter: Reporter) -> None:
        self._folder = folder
        self._tree = tree
        self._linker = linker
        self._reporter = reporter
        self._done = 0

    def bring(self, contents: Contents) -> None:
        """Bring all of it but for the folders that `tree` has.

        Raises `Changed` for a file that is not what it should be, and `OSError`.
        """
        packages = len(contents.packages)
        self._reporter(StageStarted(stage=_STAGE, total=packages, brisk=self._links()))
        rest = self._without_what_stands(contents)
        if self._links() and can_fork() and weight(rest) >= _MANY:
            if self._linker.mode == "auto" and packages:
                # What can be done here is known of the first file.
                first, rest = first_of(rest)
                self._bring_alone(first)
            if self._linker.mode == "hardlink":
                self._bring_in_halves(rest)
                rest = replace(rest, folders=(), texts=(), links=(), packages=())
        self._bring_alone(rest)
        self._reporter(StageFinished(stage=_STAGE))

    def _links(self) -> bool:
        return self._linker.mode in {"auto", "hardlink"}

    def _without_what_stands(self, contents: Contents) -> Contents:
        new = tuple(inner for inner in contents.folders if inner not in self._tree)
        for inner in new:
            self._tree[inner] = {}
        return replace(contents, folders=new)

    def _bring_alone(self, contents: Contents) -> None:
        lay_out(self._folder, contents, self._tree)
        packages = contents.packages
        done = 0
        # To link is so short that threads cost more, in waiting for Python's lock, than they give.
        while done < len(packages) and self._links():
            self._bring_package(packages[done])
            self._tell(packages[done])
            done += 1
        if done < len(packages):
            # Lazy: most environments are linked.
            from lockenv.transaction.threads import bring_in_threads

            before = self._done
            bring_in_threads(packages[done:], self._bring_group, lambda one, more: self._tell(one, before + more))

    def _tell(self, package: Brought, done: int = 0) -> None:
        """Tell that a package is there, as one of so many, or as one more."""
        self._done = done or self._done + 1
        self._reporter(StageAdvanced(stage=_STAGE, done=self._done, detail=package.name))

    def _bring_package(self, package: Brought) -> None:
        for group in package.groups:
            self._bring_group(package, group)

    def _bring_group(self, package: Brought, group: Group) -> None:
        self._tree[group[1]].update(self._linker.bring(package.root, group, self._folder))

    def _bring_in_halves(self, contents: Contents) -> None:
        first, mine, theirs = halves_of(contents)
        lay_out(self._folder, first, self._tree)

        def bring_mine() -> None:
            lay_out(self._folder, mine, self._tree)
            before, count = self._done, len(mine.packages)
            for done, package in enumerate(mine.packages, 1):
                self._bring_package(package)
                self._tell(package, before + done + len(theirs.packages) * done // count)
            # The other process is at work still, or as good as done: what it makes is known.
            self._promise(theirs)

        try:
            _, (changed, mode, odd) = both(bring_mine, lambda: self._bring_elsewhere(theirs))
        except HalfFailedError as error:
            raise InstallError(f"{error}; the environment was not changed", hint="run it again") from error
        if changed:
            raise Changed(*changed)
        if self._linker.mode == "hardlink":
            self._linker.mode = mode
        for inner, facts in odd.items():
            self._tree[inner].update(facts)

    def _promise(self, contents: Contents) -> None:
        """Note what files will be that are made as they should be."""
        for text in contents.texts:
            note(self._tree, text.path, text.fact)
        for link in contents.links:
            note(self._tree, link.path, link.target)
        for package in contents.packages:
            for _, inner, facts, *_ in package.groups:
                self._tree[inner].update(facts)

    def _bring_elsewhere(self, contents: Contents) -> tuple[tuple[str, str] | None, LinkMode, Tree]:
        """Bring it, and say what the first process cannot know: a file that had changed, the mode, odd facts."""
        odd: Tree = {}
        lay_out(self._folder, contents, self._tree)
        for text in contents.texts:
            if (fact := fact_at(self._tree, text.path)) is not None and fact != text.fact:
                parent, _, name = text.path.rpartition("/")
                odd.setdefault(parent, {})[name] = fact
        try:
            for package in contents.packages:
                for group in package.groups:
                    found = self._linker.bring(package.root, group, self._folder)
                    if found is not group[2]:
                        odd.setdefault(group[1], {}).update(found)
        except Changed as changed:
            return (changed.root, changed.path), self._linker.mode, {}
        return None, self._linker.mode, odd
