"""Any order of syncs, crashes, failures, drift, rivals, lost caches and poison: the environment stays whole.

``python -m tests.faults.machine [EXAMPLES]`` prints the shortest story that went wrong, if any, and fails. A
program of its own, because it forks and sets audit hooks. What should stand is told from the wheels alone, not
from what lockenv says of itself.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from lockenv.errors import InstallError
from lockenv.transaction.apply import apply
from lockenv.transaction.link import LinkMode
from tests.fakes.environments import SITE, Project
from tests.fakes.wheels import BuiltFile, make_wheel
from tests.faults.injection import Fault

NAMES = ("ant", "bee", "cow")
VERSIONS = ("1", "2")
WHEELS = {
    (name, version): make_wheel(
        name,
        version,
        files={f"{name}/__init__.py": f"number = {version}\n", f"{name}/part.py": f"number = {version}\n"},
        scripts={name: f"{name}:main"},
    )
    for name in NAMES
    for version in VERSIONS
}
Set = tuple[tuple[str, str], ...]
_sets = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VERSIONS)).map(
    lambda chosen: tuple(sorted(chosen.items()))
)
_points = st.integers(1, 70)
_ERRORS = (errno.EIO, errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EMFILE)


def wheels_of(chosen: Set) -> Sequence[BuiltFile]:
    return [WHEELS[key] for key in chosen]


def payload(env: Path) -> dict[str, bytes] | None:
    """What programs could import or run, but for what differs from path to path; None where nothing stands."""
    if not (env / SITE).is_dir():
        return None
    found = {}
    for path in sorted((env / SITE).rglob("*")):
        name = str(path.relative_to(env / SITE))
        if path.is_file() and not name.endswith(("/RECORD", "/REQUESTED", "/INSTALLER")):
            found[name] = path.read_bytes()
    scripts = [path.name for path in (env / "bin").iterdir()]
    return found | {f"bin/{name}": b"" for name in scripts if name != "python"}


def expected(chosen: Set) -> dict[str, bytes]:
    """What a set of wheels brings, read from the wheels with the standard library."""
    import io
    import zipfile

    found = {}
    for key in chosen:
        with zipfile.ZipFile(io.BytesIO(WHEELS[key].content)) as wheel:
            for name in wheel.namelist():
                if not name.endswith("/RECORD"):
                    found[name] = wheel.read(name)
        found[f"bin/{key[0]}"] = b""
    return found


class Spoiled(Fault):
    """A fault with any error number."""

    def __init__(self, kind: str, number: int, error: int) -> None:
        super().__init__(kind, number, exchange=True)
        self.error = error

    def strike(self, event: str) -> None:
        if self.kind == "error" and self.count == self.number:
            raise OSError(self.error, os.strerror(self.error))
        super().strike(event)


def in_child(act: Callable[[], None]) -> int:
    """Do something in a process of its own; give its exit status."""
    child = os.fork()
    if child == 0:
        try:
            act()
        except (InstallError, KeyboardInterrupt):
            os._exit(1)
        except BaseException as error:  # noqa: BLE001
            sys.stderr.write(f"{error!r}\n")
            os._exit(99)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class Environment(RuleBasedStateMachine):
    """`may_be` are the sets that the environment may hold now, None for none; `drifted`: it was edited."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.project = Project(self.folder)
        self.may_be: set[Set | None] = {None}
        self.wished: Set | None = None  #: what was asked for last
        self.drifted = False

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def sync_to(self, chosen: Set, *, link_mode: LinkMode = "hardlink") -> None:
        self.wished = chosen
        apply(self.project.env, self.project.desired(*wheels_of(chosen)), link_mode=link_mode, wait=20)

    # -- what may happen

    @rule(chosen=_sets, link_mode=st.sampled_from(["hardlink", "copy"]))
    def sync(self, chosen: Set, link_mode: LinkMode) -> None:
        self.sync_to(chosen, link_mode=link_mode)
        self.may_be, self.drifted = {chosen}, False

    @rule(chosen=_sets, kind=st.sampled_from(["kill", "full", "interrupt"]), point=_points)
    def fault(self, chosen: Set, kind: str, point: int) -> None:
        self._spoil(chosen, Spoiled(kind, point, 0))

    @rule(chosen=_sets, error=st.sampled_from(_ERRORS), point=_points)
    def failure(self, chosen: Set, error: int, point: int) -> None:
        self._spoil(chosen, Spoiled("error", point, error))

    def _spoil(self, chosen: Set, fault: Fault) -> None:
        want = self.project.desired(*wheels_of(chosen))
        self.wished = chosen

        def act() -> None:
            sys.addaudithook(fault)
            fault.armed = True
            try:
                apply(self.project.env, want, link_mode="hardlink", wait=0)
            finally:
                fault.armed = False

        status = in_child(act)
        assert status in {0, 1, 70}, status
        if status == 0:
            self.may_be, self.drifted = {chosen}, False
        else:
            # A failure that was reported leaves the old one; a death or an interrupt may come after the flip.
            said = status == 1 and fault.kind != "interrupt"
            self.may_be = self.may_be if said else self.may_be | {chosen}

    @rule(one=_sets, other=_sets)
    def rivals(self, one: Set, other: Set) -> None:
        wants = [self.project.desired(*wheels_of(chosen)) for chosen in (one, other)]
        children = []
        for want in wants:
            child = os.fork()
            if child == 0:
                status = 99
                try:
                    apply(self.project.env, want, link_mode="hardlink", wait=20)
                    status = 0
                finally:
                    os._exit(status)
            children.append(child)
        assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0]
        self.may_be, self.drifted = {one, other}, False

    @rule(chosen=_sets, same=st.booleans())
    def heal(self, chosen: Set, *, same: bool) -> None:
        self.the_next_sync_heals_and_leaves_nothing_behind(self.wished if same and self.wished else chosen)

    @rule(number=st.integers(0, 50), how=st.sampled_from(["delete", "change", "add", "empty", "folder", "link"]))
    def drift(self, number: int, how: str) -> None:
        files = [path for path in sorted((self.project.env / SITE).rglob("*")) if path.is_file()]
        if not files:
            return  # no precondition: what rivals leave is not always the same, and rules must be
        victim = files[number % len(files)]
        match how:
            case "delete":
                victim.unlink()
            case "change":
                content = victim.read_bytes()
                victim.unlink()
                victim.write_bytes(content + b"#")
            case "empty":
                victim.unlink()
                victim.write_bytes(b"")
            case "add":
                (victim.parent / "stray.py").write_text("raise SystemExit\n")
            case "folder":
                shutil.rmtree(victim.parent) if victim.parent.name != "site-packages" else victim.unlink()
            case _:
                victim.unlink()
                victim.symlink_to(os.devnull)
        self.drifted = True
        if self.wished is not None and self.may_be == {self.wished}:
            self.the_next_sync_heals_and_leaves_nothing_behind(self.wished)

    @rule()
    def lose_the_cache(self) -> None:
        shutil.rmtree(self.folder / "cache", ignore_errors=True)

    @rule(number=st.integers(0, 20))
    def poison_the_store(self, number: int) -> None:
        """Somebody edits a file of the store, or, through a hard link, of every environment that has it."""
        files = sorted((self.folder / "cache").glob("wheels/*/files/*/part.py"))
        if not files:
            return
        victim = files[number % len(files)]
        victim.chmod(0o644)
        victim.write_bytes(victim.read_bytes() + b"poison = True\n")
        self.drifted = True

    @rule()
    def others_take_its_place(self) -> None:
        shutil.rmtree(self.project.env, ignore_errors=True)
        (self.project.env / "lib").mkdir(parents=True)
        (self.project.env / "pyvenv.cfg").write_text("home = /usr/bin\n")
        self.may_be, self.drifted = {None}, False

    # -- what must hold

    @invariant()
    def it_is_one_of_what_it_may_be(self) -> None:
        if self.drifted:
            return
        found = payload(self.project.env)
        allowed = [None if chosen is None else expected(chosen) for chosen in self.may_be]
        assert found in allowed, (found, self.may_be)

    def the_next_sync_heals_and_leaves_nothing_behind(self, chosen: Set) -> None:
        self.sync_to(chosen)
        self.may_be, self.drifted = {chosen}, False
        assert [path.name for path in self.project.folder.iterdir()] == [".venv"]
        assert self.project.why_not(*wheels_of(chosen)) is None
        assert not [*(self.folder / "cache").glob("wheels/.*")]


def main() -> None:
    """Run the machine."""
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    run_state_machine_as_test(
        Environment,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            database=None,
            derandomize=examples <= 100,
            suppress_health_check=list(HealthCheck),
        ),
    )


if __name__ == "__main__":
    main()
