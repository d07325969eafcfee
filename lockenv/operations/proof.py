"""What an environment should be, compared with what it is; and the store behind it, by content."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lockenv.errors import InstallError
from lockenv.events import Noted, StageFinished, StageStarted, Warned
from lockenv.files import hash_file, write_atomically
from lockenv.operations.unchanged import is_compiled, note_compiled
from lockenv.session import Session
from lockenv.transaction import places
from lockenv.transaction.compose import Desired, compose
from lockenv.transaction.link import Changed
from lockenv.values import dataclass

if TYPE_CHECKING:
    from lockenv.transaction.planned import Planned
    from lockenv.transaction.verify import Examined, Finding

_Done = TypeVar("_Done")

_PROOFS = "bytecode"  #: the folder of the cache where proofs are kept


def plan_of(session: Session, desired: Desired) -> Planned:
    """The whole tree, composed anew from the wheels. Raises as `compose` does."""
    # Lazy, like all that compares content: a plain sync composes no rows, and compiles nothing.
    from lockenv.transaction.planned import planned

    env = session.project.env
    return planned(desired, compose(desired, env), env)


def examine(session: Session, desired: Desired, *, bytecode: bool = True) -> tuple[Finding, ...]:
    """Every difference between the environment on disk and what is desired."""
    return examined(session, plan_of(session, desired), desired.interpreter_id, bytecode=bytecode).findings


def examined(session: Session, plan: Planned, identity: str, *, bytecode: bool = True) -> Examined:
    """Every difference between the disk and a plan, and what is not judged.

    `identity` is that of the interpreter, for its proofs.
    """
    # Lazy: as above.
    from lockenv.transaction.bytecode import Prover
    from lockenv.transaction.verify import examine as examine_tree

    session.report(StageStarted(stage="Reading"))
    prover = Prover(plan.interpreter, identity, f"{session.cache}/{_PROOFS}") if bytecode else None
    try:
        return examine_tree(plan, prover)
    finally:
        session.report(StageFinished(stage="Reading"))


def discard_bad(session: Session, desired: Desired) -> bool:
    """Hash what stands in the store for these packages and remove entries that are not what they should be.

    A hard link lets an edit in one environment reach the store; where the times were put back too, only the
    content shows it. Says whether anything was removed.
    """
    bad = [stored for _, stored in desired.packages if session.store.faults(stored.sha256)]
    for stored in bad:
        session.report(Warned(message=f"{stored.filename} was changed in the cache, and is brought there anew"))
        session.store.discard(stored.sha256)
    return bool(bad)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundStore:
    """What the store has for these packages, healed where it turns out to be spoilt.

    `bring` has in the store whatever is missing there.
    """

    session: Session
    desired: Desired
    bring: Callable[[], object]

    def use(self, work: Callable[[], _Done]) -> _Done:
        """Do some work with it, and again once it is healed. Raises `Changed` where that is of no use."""
        try:
            return work()
        except Changed as changed:
            self.session.report(Noted(message=changed.message))
            discard_bad(self.session, self.desired)
            for one, _ in self.desired.packages:
                self.session.store.get(one.sha256)  # which mends what has only another time or mode
            self.bring()
            return work()


def compiler(session: Session, desired: Desired) -> Callable[[str, str], None]:
    """What writes bytecode into a generation: called with its folder, and with the place where it will stand."""
    # Lazy: as above.
    from lockenv.transaction.bytecode import write_bytecode

    executable = desired.interpreter_id.split("\0")[0]
    libraries = tuple({f"{desired.scheme.purelib}/", f"{desired.scheme.platlib}/"})
    rows = plan_of(session, desired).rows
    sources = [row.path for row in rows if row.path.endswith(".py") and row.path.startswith(libraries)]

    def finish(folder: str, place: str) -> None:
        session.report(StageStarted(stage="Compiling", total=len(sources)))
        write_bytecode(executable, folder, place, sources)
        session.report(StageFinished(stage="Compiling"))

    return finish


def compile_once(session: Session, finish: Callable[[str, str], None], *, done: bool) -> None:
    """Write the bytecode of an environment that stands already, unless it is `done`; then note that it is there.

    That is what Python does itself when it imports a module, so no new generation is needed.
    """
    env = session.project.env
    number = places.current_number(env)
    if number is not None and not done and not is_compiled(env):
        folder = places.generation(env, number)
        finish(folder, folder)
    note_compiled(env)


def write_inventory(session: Session, desired: Desired, file: str) -> None:
    """Write what the environment holds as a document that needs no lock and no cache to be verified by."""
    # Lazy: as above.
    from lockenv.transaction import inventory

    plan = plan_of(session, desired)
    interpreter = hash_file(Path(plan.interpreter))["sha256"]
    text = inventory.written(plan, interpreter_sha256=interpreter, lock_sha256=desired.lock_digest)
    try:
        write_atomically(Path(session.folder, file), text.encode())
    except OSError as error:
        raise InstallError(
            f"the environment is in order, but {file} cannot be written: {error.strerror}",
            hint="name another file with `--manifest`",
        ) from error
