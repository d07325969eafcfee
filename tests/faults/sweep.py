"""Fail, or die at, the n-th mutating call of a real change, for every n. Run as a program: it forks.

``python -m tests.faults.sweep`` reads lines of JSON, ``[SCENARIO, FAULT, FOLDER, POINTS]``. For each it forks,
tries so many points, spread over all, and answers with a line: how many there are, how many were tried, and what
was found wrong. A process of its own, because audit hooks cannot be removed and forking wants one thread.
``python -m tests.faults.sweep --all`` tries every point of every scenario under every fault, which takes some
minutes, and prints a line each.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from lockenv.errors import InstallError, LockenvError
from lockenv.files import hash_file
from lockenv.store import Store, StoredWheel
from lockenv.transaction import commit, durability, places, state
from lockenv.transaction.apply import apply
from lockenv.transaction.compose import Desired
from lockenv.transaction.history import rollback
from lockenv.transaction.link import LinkMode
from lockenv.tree import Text
from tests.fakes.environments import ICONS, MENU, MENU2, SITE, Project
from tests.faults.injection import DIED, FAULTS, LASTING, Fault

_FAILED, _DONE, _WRONG, _TOO_LATE = 71, 72, 73, 74
_NEVER = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`prepare` makes what stands before, perhaps nothing; `after` says what is wanted, None for a rollback."""

    prepare: Callable[[Project], object]
    after: Callable[[Project], Desired] | None
    exchange: bool = True
    link_mode: LinkMode = "hardlink"


def act(project: Project, want: Desired | None, link_mode: LinkMode) -> None:
    """Make the change, so carefully as it can be made."""
    if want is not None:
        apply(project.env, want, link_mode=link_mode, wait=0, durable="power")
    elif places.current_number(str(project.env)) != 1:
        rollback(project.env, 1, stands=lambda _: True, wait=0, durable="power")


#: What people put into the root themselves; it stands in an environment of either kind, before and after.
_OWN = frozenset({"notes.txt", "drafts", "drafts/first.txt"})
#: What they put among what the old environment's tool made: it is kept when that one has been retired.
_STRAYS = ("lib/theirs.py", "bin/mytool", "share/tables/one.csv", "share/tables/two.csv")
_KEPT = frozenset(f"kept/{path}" for path in _STRAYS) | {
    "kept",
    "kept/lib",
    "kept/bin",
    "kept/share",
    "kept/share/tables",
}


def _people(project: Project) -> None:
    (project.env / "drafts").mkdir()
    (project.env / "drafts" / "first.txt").write_text("once")
    (project.env / "notes.txt").write_text("mine")


def _with_spare(project: Project) -> None:
    """Sync so often that there is a spare, of other packages than are current, which Python has used."""
    for wheels in ((MENU2, ICONS), (MENU,), (ICONS,)):
        apply(project.env, project.desired(*wheels), link_mode="hardlink", durable="power")
        project.run_python("import icons" if ICONS in wheels else "import menu")


def _spoil_spare(project: Project) -> None:
    _with_spare(project)
    spare = project.env / ".lockenv" / "spare" / SITE
    (spare / "icons" / "__init__.py").unlink()
    (spare / "stray.py").write_text("x = 1\n")


def _foreign(project: Project) -> None:
    (project.env / "lib").mkdir(parents=True)
    _people(project)
    (project.env / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (project.env / _STRAYS[0]).write_text("x = 1\n")


def _foreign_in_use(project: Project) -> None:
    """An environment of another tool with a package, and with what is people's own here and there."""
    _foreign(project)
    info = project.site / "tool-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tool\nVersion: 1.0\n")
    (info / "RECORD").write_text("tool.py,,\n../../../bin/tool,,\n")
    for path in ("bin/tool", f"{SITE}/tool.py", *_STRAYS[1:]):
        (project.env / path).parent.mkdir(parents=True, exist_ok=True)
        (project.env / path).write_text(path)


def _ours_and_people(project: Project) -> None:
    project.sync(MENU)
    _people(project)


def _other_settings(project: Project) -> Desired:
    want = project.desired(MENU2)
    changed = Text(path="pyvenv.cfg", content=want.root_files[0].content + b"prompt = other\n")
    return replace(want, interpreter_id="another", entries=(changed, *want.entries[1:]))


STORE = "store"  #: the scenario that fills the store and has no environment
SCENARIOS = {
    "create": Scenario(prepare=lambda _: None, after=lambda project: project.desired(MENU)),
    "upgrade": Scenario(
        prepare=lambda project: (project.sync(MENU2), project.sync(MENU)),
        after=lambda project: project.desired(MENU2, ICONS),
    ),
    "change of a spare": Scenario(
        prepare=_with_spare, after=lambda project: project.desired(MENU, ICONS, requested=("menu",))
    ),
    "a spare that will not do": Scenario(
        prepare=_spoil_spare, after=lambda project: project.desired(MENU2, ICONS)
    ),
    "add": Scenario(
        prepare=lambda project: project.sync(MENU), after=lambda project: project.desired(MENU, ICONS)
    ),
    "copy": Scenario(
        prepare=lambda project: project.sync(MENU),
        after=lambda project: project.desired(MENU2, ICONS),
        link_mode="copy",
    ),
    "clone or link": Scenario(
        prepare=lambda _: None, after=lambda project: project.desired(MENU2, ICONS), link_mode="auto"
    ),
    "roll back": Scenario(prepare=lambda project: (project.sync(MENU, ICONS), project.sync(MENU2)), after=None),
    "remove": Scenario(
        prepare=lambda project: project.sync(MENU, ICONS), after=lambda project: project.desired(MENU)
    ),
    "adopt": Scenario(prepare=_foreign, after=lambda project: project.desired(MENU)),
    "adopt without exchange": Scenario(
        prepare=_foreign, after=lambda project: project.desired(MENU), exchange=False
    ),
    "adopt what is in use": Scenario(prepare=_foreign_in_use, after=lambda project: project.desired(MENU)),
    "another interpreter": Scenario(prepare=_ours_and_people, after=_other_settings),
    "another interpreter without exchange": Scenario(
        prepare=_ours_and_people, after=_other_settings, exchange=False
    ),
}


def what_stands(env: Path) -> dict[str, object] | None:
    """Everything that a program started in the environment could see; links that lead nowhere are not seen."""
    if not env.exists():
        return None
    seen: dict[str, object] = {}
    for top in sorted(env.iterdir()):
        if top.name == ".lockenv" or not top.exists():
            continue
        for path in [top, *sorted(top.rglob("*"))]:
            name = str(path.relative_to(env))
            if path.is_file():
                seen[name] = (path.read_bytes(), path.stat().st_mode)
            else:
                seen[name] = str(path.readlink()) if path.is_symlink() else "folder"
    return seen


def _without_own(seen: dict[str, object] | None) -> dict[str, object] | None:
    return None if seen is None else {name: what for name, what in seen.items() if name not in _OWN | _KEPT}


def leftovers(project: Project) -> list[str]:
    """What a healed project may not hold: anything beside the environment, any third generation, half a spare."""
    found = [path.name for path in project.folder.iterdir() if path.name != ".venv"]
    home = project.env / ".lockenv"
    names = sorted(path.name for path in home.iterdir() if path.name not in {"lock", "current", "spare"})
    current = os.readlink(home / "current")  # noqa: PTH115
    if current not in names or len(names) > 2:
        found += names
    found += [path.name for path in project.env.iterdir() if path.is_symlink() and not path.exists()]
    spare = home / "spare"
    record = state.read(str(spare))
    if spare.exists() and (record is None or state.tree_drift(str(spare), record.tree)):
        found.append("spare")
    return found


def _says_what_happened(message: str, fault: str) -> bool:
    return "was not changed" in message and (fault != "full" or "the disk is full" in message)


def spread(total: int, most: int | None) -> Iterable[int]:
    """Choose at most so many of the points 1 to `total`, the first and the last among them."""
    if most is None or most >= total:
        return range(1, total + 1)
    return sorted({1 + round(step * (total - 1) / max(most - 1, 1)) for step in range(most)})


class StoreSweep:
    """Adding a wheel to the store: afterwards it is there and sound, or it is not there."""

    def __init__(self, fault: str, folder: Path) -> None:
        self.fault, self.folder = fault, folder
        self.file = MENU.write_to(folder)
        self.problems: list[str] = []
        self.total = self.tried = 0

    def run(self, most: int | None) -> None:
        """Try so many points; None stands for all."""
        self.total = _in_fork(partial(self._in_child, self.folder / "cache 0", _NEVER))[1]
        for number in spread(self.total, most):
            self.tried += 1
            cache = self.folder / f"cache {number}"
            status, _ = _in_fork(partial(self._in_child, cache, number))
            rest = [path.name for path in cache.glob("wheels/*") if path.name != MENU.sha256]
            if status == _WRONG or (rest and status == _FAILED and self.fault == "full"):
                self.problems.append(f"point {number}: {status}, {rest}")
            if status == _DONE and Store(cache).get(MENU.sha256) is None:
                self.problems.append(f"point {number}: added, but not there")
            self.add(cache)
            shutil.rmtree(cache)

    def add(self, cache: Path) -> StoredWheel:
        """Add the wheel and read it back file by file."""
        stored = Store(cache).add(MENU.sha256, self.file, name="menu", version="1.0", filename=MENU.filename)
        for file in stored.files:
            if hash_file(stored.root / file.path)["sha256"] != file.sha256:
                self.problems.append(f"{cache.name}: {file.path} is not what it should be")
        return stored

    def _in_child(self, cache: Path, number: int, tell: int) -> int:
        fault = Fault(self.fault, number, exchange=True)
        fault.install()
        try:
            self.add(cache)
        except (OSError, LockenvError, KeyboardInterrupt):
            return _FAILED
        except BaseException:  # noqa: BLE001
            return _WRONG
        finally:
            fault.armed = False
            os.write(tell, str(fault.count).encode())
        # What is tolerated is the failure of tidying: then points are left though this run is done.
        return _DONE if fault.count < number else _FAILED


def _in_fork(work: Callable[[int], int]) -> tuple[int, int]:
    """Do something in a fork; give how it ended and the number that it told."""
    reached, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os._exit(work(tell))
    os.close(tell)
    with os.fdopen(reached) as pipe:
        told = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), int(told or 0)


class Sweep:
    """One scenario under one kind of fault."""

    def __init__(self, scenario: Scenario, fault: str, folder: Path) -> None:
        self.scenario, self.fault = scenario, fault
        self.project = Project(folder)
        self.want = None if scenario.after is None else scenario.after(self.project)
        scenario.prepare(self.project)
        self.before = what_stands(self.project.env)
        self.pristine = folder / "pristine"
        shutil.copytree(self.project.folder, self.pristine, symlinks=True)
        act(self.project, self.want, self.scenario.link_mode)
        self.after = what_stands(self.project.env)
        self.problems: list[str] = []
        self.total = self.tried = 0
        if self.before is not None:
            lost = self.before.keys() & _OWN - (self.after or {}).keys()
            lost |= {path for path in _STRAYS if path in self.before and f"kept/{path}" not in (self.after or {})}
            self._expect(0, not lost, f"lost {lost}")

    def run(self, most: int | None) -> None:
        """Try so many points; None stands for all."""
        _, self.total = self._attempt(_NEVER)
        for number in spread(self.total, most):
            self.tried += 1
            status, _ = self._attempt(number)
            self.judge(number, status)

    def restore(self) -> None:
        """Have what stood before stand again."""
        shutil.rmtree(self.project.folder)
        shutil.copytree(self.pristine, self.project.folder, symlinks=True)

    def _attempt(self, number: int) -> tuple[int, int]:
        """Make the change in a fork with the fault set; say how that ended, and how many points it met."""
        self.restore()
        return _in_fork(partial(self._in_child, number))

    def _in_child(self, number: int, tell: int) -> int:
        fault = Fault(self.fault, number, exchange=self.scenario.exchange)
        fault.install()
        try:
            act(self.project, self.want, self.scenario.link_mode)
        except KeyboardInterrupt:
            # Who interrupts is told whether that came too late.
            return _TOO_LATE if commit.happened() else _FAILED
        except InstallError as error:
            fault.armed = False
            if _says_what_happened(str(error), self.fault):
                return _FAILED
            sys.stderr.write(f"{error!r}\n")
            return _WRONG
        except BaseException as error:  # noqa: BLE001
            fault.armed = False
            sys.stderr.write(f"{error!r}\n")
            return _WRONG
        finally:
            fault.armed = False
            os.write(tell, str(fault.count).encode())
        return _DONE

    def judge(self, number: int, status: int) -> None:
        """Look at what a run that ended so has left, and heal it."""
        found = what_stands(self.project.env)
        if status in {_FAILED, DIED} and found is None and not self.scenario.exchange:
            # There is an instant between two renames; the old environment stands beside then, and whoever reads it
            # sets that right.
            commit.restore(str(self.project.env))
            found = what_stands(self.project.env)
        if status == _FAILED:
            same = found == self.before
            if self.fault in LASTING:
                same = _without_own(found) == _without_own(self.before)
            self._expect(number, same, "failed, but the environment was changed")
            self._expect(number, not self._rubbish(), f"left behind {self._rubbish()}")
        elif status in {_DONE, _TOO_LATE}:
            # What was not carried over stands beside until the next sync; that nothing is lost, healing shows.
            same = _without_own(found) == _without_own(self.after)
            self._expect(number, same, "done, but the environment is not the new one")
        elif status == DIED:
            # Before the swap people's own things are carried over, one by one; the next sync finds those beside.
            whole = _without_own(found) in (_without_own(self.before), _without_own(self.after))
            self._expect(number, whole, "neither the old nor the new environment")
        else:
            self._expect(number, good=False, problem=f"ended with {status}")
        self._heal(number)

    def _rubbish(self) -> list[str]:
        """What a sync that failed, but did not die, left beside the environment.

        An interrupt may come in the midst of tidying, and what lasts keeps from it: what is left then goes with
        the next sync.
        """
        prefix = ".venv.lockenv-" if self.fault in {"interrupt", *LASTING} else ".venv/"
        names = [path.name for path in self.project.folder.iterdir() if path.name != ".venv"]
        return [name for name in names if not name.startswith(prefix)]

    def _heal(self, number: int) -> None:
        act(self.project, self.want, self.scenario.link_mode)
        self._expect(number, what_stands(self.project.env) == self.after, "not healed by the next sync")
        self._expect(number, not leftovers(self.project), f"left behind after healing: {leftovers(self.project)}")

    def _expect(self, number: int, good: bool, problem: str) -> None:
        if not good:
            self.problems.append(f"point {number}: {problem}")


def sweep(scenario: str, fault: str, folder: Path, most: int | None) -> Sweep | StoreSweep:
    """Sweep one scenario under one fault."""
    # That a call for the disk is made, and may fail, is looked at; to wait for the disk would show nothing.
    setattr(durability, "_settle", lambda _: None)  # noqa: B010
    made = StoreSweep(fault, folder) if scenario == STORE else Sweep(SCENARIOS[scenario], fault, folder)
    made.run(most)
    return made


def sweep_all() -> bool:
    """Try every point there is and tell of it; whether nothing was wrong."""
    tried: Counter[str] = Counter()
    good = True
    for fault in FAULTS:
        for scenario in (*SCENARIOS, STORE):
            with tempfile.TemporaryDirectory() as folder:
                done = sweep(scenario, fault, Path(folder), None)
            tried[fault] += done.tried
            good = good and not done.problems
            sys.stdout.write(f"{fault:12} {scenario:38} {done.tried:4} points, {len(done.problems)} wrong\n")
            sys.stdout.writelines(f"  {problem}\n" for problem in done.problems[:10])
            sys.stdout.flush()
    sys.stdout.writelines(f"{fault}: {points} points\n" for fault, points in tried.items())
    return good


def main() -> int:
    """Sweep and print what was found."""
    if sys.argv[1:] == ["--all"]:
        return 0 if sweep_all() else 1
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            return _answer(*json.loads(line))
        if os.waitpid(child, 0)[1] != 0:
            return 1
    return 0


def _answer(scenario: str, fault: str, folder: str, most: int) -> int:
    done = sweep(scenario, fault, Path(folder), most)
    told = {"points": done.total, "tried": done.tried, "problems": done.problems}
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
