"""Bring an environment to what is desired, wholly or not at all: the one function that changes environments.

Order: refuse, take the lock, look whether anything is to be done, build aside, flip, tidy. Whatever fails or dies
before the flip leaves the old environment; what it leaves beside is swept by the next run.
"""

# ruff: noqa: PTH100, PTH102, PTH120

from __future__ import annotations

import errno
import os
import stat
import time

from lockenv.events import Noted, Reporter, Warned, silent
from lockenv.files import remove_tree, write_atomically
from lockenv.leftovers import machine_run
from lockenv.light import ExitStack, suppress
from lockenv.plan import Installed, Plan, make_plan
from lockenv.transaction import commit, foreign, ground, places, spare, state
from lockenv.transaction.carry import carry_over, check_room, own_entries
from lockenv.transaction.contents import SETTINGS, Blueprint, Contents, WrittenFile
from lockenv.transaction.durability import Durable, begin_to_settle
from lockenv.transaction.generation import build, rebuild
from lockenv.transaction.laying import write_file
from lockenv.transaction.link import Linker, LinkMode
from lockenv.transaction.need import check_space
from lockenv.transaction.refusals import unchanged
from lockenv.transaction.turn import Turn
from lockenv.tree import fixed_mtime_ns
from lockenv.values import dataclass

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    # What it imports takes long, and names are recorded as they are written here.
    from lockenv.packages import NormalizedName
    from lockenv.transaction.compose import Desired


_MANY_FOLDERS = 500  #: from which on it takes the disk longer to keep a generation than to be asked twice
#: What the system says where nobody, or not this user, may write.
_NOT_TO_BE_WRITTEN = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was done. `reason` says why the environment was made anew; it is None where nothing was to be done.

    Where there was no environment before, it is empty.
    """

    plan: Plan
    generation: int
    reason: str | None

    @property
    def changed(self) -> bool:
        """Whether there is a new generation; it may hold the same packages, where files had been changed."""
        return self.reason is not None


def apply(
    env_dir: Path | str,
    desired: Desired | Blueprint,
    *,
    link_mode: LinkMode = "auto",
    wait: float | None = None,
    durable: Durable = "process",
    history: int = 1,
    grace: float = 0.0,
    because: str | None = None,
    afresh: bool = False,
    finish: Callable[[str, str], None] | None = None,
    reporter: Reporter = silent,
) -> Applied:
    """Make the environment at `env_dir` what is desired, and nothing else.

    `wait` is how many seconds to wait for another process that is changing it; None waits for ever. `durable` says
    what the change survives, `history` how many earlier generations are kept, `grace` for how many seconds a
    retired one is kept in any case, for programs that began with it. `because` is a reason to build that this
    function cannot see, such as content that has changed unseen; then, and where all is to be made `afresh`, every
    file comes from the store, and none from a spare, of which sizes and times are compared and no bytes. `finish`
    is called with a generation's folder when all is in it, and with the place where it will stand.

    Raises `Refused` for packages that collide or hostile names, `UsageError` where `env_dir` is no place for an
    environment, `InstallError` for what the disk or the store refuse: in each case the environment is as it was.
    """
    named = os.path.abspath(env_dir)
    with unchanged(named), ExitStack() as locks:
        env = ground.behind_link(named)
        ground.check_place(env)
        # Scripts name the path that people know, also where it is a link; so does a blueprint that was kept.
        if not isinstance(desired, Blueprint):
            # Lazy: what was planned before is composed already.
            from lockenv.transaction.compose import blueprint

            desired = blueprint(desired, named)
        turn = Turn(env, reporter, wait, locks)
        keep = _Keep(durable == "power", history, grace)
        linker = Linker(link_mode, reporter)
        work = _Work(env, desired, link_mode, linker, reporter, turn, keep, because, afresh, finish)
        return work.run()


def installed(env_dir: Path) -> tuple[Installed, ...]:
    """List what the current generation of an environment holds; nothing where lockenv did not make it."""
    record = state.read_current(os.path.abspath(env_dir))
    return () if record is None else _installed(record)


def _installed(record: state.State) -> tuple[Installed, ...]:
    return tuple(
        Installed(name=name, version=version, sha256=sha256) for name, version, sha256, _ in record.packages
    )


def _is_recorded(text: WrittenFile, tree: state.Tree) -> bool:
    fact = state.fact_at(tree, text.path)
    if not isinstance(fact, tuple):
        return False
    size, mtime, mode = fact
    expected = (len(text.content), fixed_mtime_ns(text.sha256), text.mode)
    return (size, mtime, stat.S_IMODE(mode)) == expected


@dataclass(frozen=True, slots=True)
class _Keep:
    """What is kept: all of it through a power cut, and earlier generations, so many and for so long."""

    durable: bool
    history: int
    grace: float


@dataclass(frozen=True, slots=True)
class _Work:
    """One run of `apply`, after its refusals."""

    env: str
    desired: Blueprint
    link_mode: LinkMode
    linker: Linker
    reporter: Reporter
    turn: Turn
    keep: _Keep
    because: str | None
    afresh: bool
    finish: Callable[[str, str], None] | None

    @property
    def contents(self) -> Contents:
        """What the next generation holds."""
        return self.desired.contents

    def run(self) -> Applied:
        try:
            ours = self.turn.take()
        except OSError as error:
            standing = self._standing() if error.errno in _NOT_TO_BE_WRITTEN else None
            if standing is None:
                raise
            return standing
        record = state.read_current(self.env)
        reason = self._why(record)
        present = foreign.installed_in(self.env) if record is None else _installed(record)
        plan = make_plan(self.desired.packages, present)
        stands = record is not None and ours and self.because is None and self._stands_already(record)
        if reason is not None and record is not None and stands:
            # Another lock, or another wish, that comes to the same files: only the record has to say so.
            self._write_record(record)
            reason = None
        if reason is not None:
            self.reporter(Noted(message=f"{self.env} is made" + (f" anew: {reason}" if reason else "")))
            if ours and record is not None and self._can_flip(record):
                self._renew()
            else:
                check_room(self.env, tops=self.contents.tops, links=None if record is None else record.links)
                self._tell_what_goes(None if ours else foreign.maker(self.env), len(present))
                self._replace(ours=ours)
        commit.tidy(self.env, self.contents.tops, history=self.keep.history, grace=self.keep.grace)
        return Applied(plan=plan, generation=places.current_number(self.env) or 0, reason=reason)

    def _standing(self) -> Applied | None:
        """What there is to say of an environment that is right, and need not be locked to be looked at."""
        record = state.read_current(self.env)
        if record is None or self._why(record) is not None:
            return None
        plan = make_plan(self.desired.packages, _installed(record))
        return Applied(plan=plan, generation=places.current_number(self.env) or 0, reason=None)

    def _stands_already(self, record: state.State) -> bool:
        """Whether the current generation holds, file for file, what is desired, and nothing has drifted.

        A package's files follow from its wheel; the times of what is written follow from the content, so the
        recorded facts of a text tell whether it would be written again as it is.
        """
        # What is short comes first: the tree is unpacked when it is asked for.
        same = (record.packages, record.digest, record.interpreter_id, record.root_files, record.links) == (
            self._packages(),
            self.contents.digest,
            self.desired.interpreter_id,
            self.desired.root_files,
            self.contents.tops,
        )
        return (
            same
            and all(_is_recorded(text, record.tree) for text in self.contents.texts)
            and all(state.fact_at(record.tree, link.path) == link.target for link in self.contents.links)
            and not state.why_not_recorded(
                self.env,
                record,
                lock_digest=record.lock_digest,
                selection=record.selection,
                interpreter_id=record.interpreter_id,
            )
        )

    def _write_record(self, record: state.State) -> None:
        """Replace the record of the current generation, whose tree stays as it is."""
        number = places.current_number(self.env)
        if number is not None:
            path = f"{places.generation(self.env, number)}/{places.STATE}"
            write_atomically(path, self._record(record.tree, record.origin).pack())

    def _why(self, record: state.State | None) -> str | None:
        reason = state.why_not_recorded(
            self.env,
            record,
            lock_digest=self.desired.lock_digest,
            selection=self.desired.selection,
            interpreter_id=self.desired.interpreter_id,
        )
        if reason is not None and not os.path.lexists(f"{self.env}/{SETTINGS}"):
            return ""
        if reason is not None or record is None:
            return reason
        if record.packages != self._packages():
            # One lock leads to other wheels where a folder that one is built from has changed.
            return "what is built from a folder has changed"
        if not all(_is_recorded(text, record.tree) for text in self.contents.texts):
            return "it stands at another place than it was made for"
        return self.because

    def _tell_what_goes(self, maker: str | None, packages: int) -> None:
        if maker is not None:
            count = "1 package" if packages == 1 else f"{packages} packages"
            self.reporter(Warned(message=f"replacing the environment at {self.env}, which {maker} made ({count})"))
            # Lazy: where there is no other tool's environment, there is nothing to tell.
            from lockenv.transaction.strays import told

            if what := told(self.env, self.contents.tops):
                self.reporter(Warned(message=what))
        kept = own_entries(self.env)
        if kept:
            self.reporter(Noted(message=f"not part of the environment, and kept: {', '.join(kept)}"))

    def _can_flip(self, record: state.State) -> bool:
        """Whether one rename can do it: the real files of the root stay, and nothing stands in a link's way."""
        if record.interpreter_id != self.desired.interpreter_id or record.root_files != self.desired.root_files:
            return False
        # What was drifted in the root cannot be put right by a link: then the whole folder is exchanged.
        if not all(state.holds(f"{self.env}/{name}", content) for name, content in record.root_files):
            return False
        try:
            commit.missing_links(self.env, self.contents.tops)
        except FileExistsError:
            return False
        return True

    def _packages(self) -> tuple[tuple[NormalizedName, str, str, bool], ...]:
        return tuple(
            (wanted.name, wanted.version, wanted.sha256, wanted.requested) for wanted in self.desired.packages
        )

    def _record(self, tree: state.Tree, origin: state.Origin) -> state.State:
        return state.State(
            lock_digest=self.desired.lock_digest,
            selection=self.desired.selection,
            interpreter_id=self.desired.interpreter_id,
            packages=self._packages(),
            digest=self.contents.digest,
            root_files=self.desired.root_files,
            links=self.contents.tops,
            tree=tree,
            made=int(time.time()),
            origin=origin,
        )

    def _origin(self, used: str = "auto") -> state.Origin:
        """Say how the files of a generation came; `used` is the mode of those that were there before."""
        mode = used if self.linker.mode == "auto" else self.linker.mode
        return self.link_mode, mode, self._run_of_machine()

    def _run_of_machine(self) -> str:
        """Name the run of the machine that what is written now may not outlive; '' where the disk keeps it."""
        # Where the system has no name for it, no later run will be taken for this one.
        return "" if self.keep.durable else machine_run() or str(time.time_ns())

    def _next(self, number: int) -> None:
        """Make the next generation: of the spare where there is one that will do, else whole."""
        folder = places.generation(self.env, number)
        claimed = None
        if self.because is None and not self.afresh:
            claimed = spare.claim(self.env, number, wished=self.link_mode, run=self._run_of_machine())
        if claimed is None:
            self._build(folder, folder)
            return
        record, bytecode = claimed
        had = {(name, sha256) for name, _, sha256, _ in record.packages}
        rebuild(
            folder,
            self.contents,
            self.linker,
            spare=record,
            bytecode=bytecode,
            unchanged={one.name for one in self.desired.packages if (one.name, one.sha256) in had},
            record=lambda tree: self._record(tree, self._origin(record.origin[1])),
            reporter=self.reporter,
        )
        if self.finish is not None:
            self.finish(folder, folder)

    def _build(self, folder: str, place: str) -> None:
        build(
            folder,
            self.contents,
            self.linker,
            record=lambda tree: self._record(tree, self._origin()),
            written=lambda: self._settle_early(folder),
            reporter=self.reporter,
        )
        if self.finish is not None:
            self.finish(folder, place)

    def _settle_early(self, folder: str) -> None:
        """Have the disk begin with what is much, while the record of it is put together."""
        if self.keep.durable and len(self.contents.folders) >= _MANY_FOLDERS:
            begin_to_settle(folder)

    def _renew(self) -> None:
        """Build the next generation inside the environment and flip to it."""
        try:
            commit.sweep(self.env, history=self.keep.history, grace=self.keep.grace)
        except OSError as error:
            # What cannot be removed, such as files of another user, is in nobody's way.
            where = f" at {os.fsdecode(error.filename)}" if error.filename else ""
            self.reporter(Warned(message=f"an earlier generation cannot be removed: {error.strerror}{where}"))
        check_space(self.env, self.contents, self.linker.mode)
        number = max(places.generations(self.env), default=0) + 1
        folder = places.generation(self.env, number)
        missing = commit.missing_links(self.env, self.contents.tops)
        try:
            self._next(number)
            commit.add_links(self.env, missing)
            commit.flip(self.env, number, durable=self.keep.durable)
        except BaseException:
            # An interrupt can come after the rename: then the new environment stands and nothing is taken back.
            if places.current_number(self.env) != number:
                with suppress(OSError):
                    commit.remove_links(self.env, missing)
                with suppress(OSError):
                    remove_tree(folder)
            raise

    def _replace(self, *, ours: bool) -> None:
        """Make a whole environment beside and put it in the place of what stands there.

        Everything beside has a name that tells it from people's own things (`carry`): no temporary files here.
        """
        if ours:
            self.turn.take_beside()
        check_space(os.path.dirname(self.env), self.contents, self.linker.mode)
        new = places.new_beside(self.env)
        try:
            os.mkdir(new)
            os.mkdir(places.home(new))
            self.turn.take_at(places.lock(new))
            self._build(places.generation(new, 1), places.generation(self.env, 1))
            commit.add_links(new, self.contents.tops)
            commit.point(new, 1)
            for name, content in self.desired.root_files:
                write_file(f"{new}/{name}", content, 0o644)
            ground.check_place(self.env)
            carry_over(self.env, new)
            commit.put_in_place(self.env, durable=self.keep.durable)
        finally:
            # Beside stands either what could not be finished or what was retired.
            try:
                commit.recover(self.env)
            except OSError as error:
                if commit.happened() and commit.leftovers(self.env):
                    what = f"what is left of the old environment stands beside {self.env}"
                    told = f"{what} until the next sync: {error.strerror}"
                    self.reporter(Warned(message=told))
