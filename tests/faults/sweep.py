"""Fail, or die at, the n-th mutating call of a real sync, for every n. Run as a program: it forks.

``python -m tests.faults.sweep SCENARIO FAULT FOLDER`` prints one line of JSON: how many points there were, and
what was found wrong. A process of its own, because audit hooks cannot be removed and forking wants one thread.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from lockenv.errors import InstallError
from lockenv.files import hash_file
from lockenv.store import Store, StoredWheel
from lockenv.transaction.apply import apply
from lockenv.transaction.compose import Desired
from lockenv.tree import Text
from tests.fakes.environments import ICONS, MENU, MENU2, Project

_MUTATIONS = frozenset(
    {
        "os.chmod",
        "os.link",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.symlink",
        "os.truncate",
        "os.utime",
    }
)
_GROWING = frozenset({"open", "os.link", "os.mkdir", "os.symlink"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_DIED, _FAILED, _DONE, _WRONG = 70, 71, 72, 73
_MOST = 2000  #: points; far more than any scenario has


class Fault:
    """An audit hook that counts mutating calls and spoils the n-th: `kind` is what happens then.

    ``error``: that one call fails with EIO. ``full``: from there on the disk is full. ``kill``: the process dies.
    ``interrupt``: the user presses Ctrl-C.
    """

    def __init__(self, kind: str, number: int, *, exchange: bool) -> None:
        self.kind, self.number, self.exchange = kind, number, exchange
        self.count = 0
        self.armed = False

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.armed:
            return
        if event == "ctypes.dlopen" and not self.exchange:
            raise OSError(errno.ENOSYS, "no exchange here")
        if event in _MUTATIONS or (event == "open" and _writes(arguments)):
            self.count += 1
            self.strike(event)

    def strike(self, event: str) -> None:
        if self.kind == "full" and self.count >= self.number and event in _GROWING:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self.count != self.number:
            return
        if self.kind == "kill":
            os._exit(_DIED)
        if self.kind == "error":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if self.kind == "interrupt":
            raise KeyboardInterrupt


def _writes(arguments: tuple[object, ...]) -> bool:
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & _WRITING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`prepare` makes the environment before; None stands for no environment at all."""

    prepare: Callable[[Project], object]
    after: Callable[[Project], Desired]
    exchange: bool = True


#: What people put into the root themselves; it stands in an environment of either kind, before and after.
_OWN = frozenset({"notes.txt", "drafts", "drafts/first.txt"})


def _people(project: Project) -> None:
    (project.env / "drafts").mkdir()
    (project.env / "drafts" / "first.txt").write_text("once")
    (project.env / "notes.txt").write_text("mine")


def _foreign(project: Project) -> None:
    (project.env / "lib").mkdir(parents=True)
    _people(project)
    (project.env / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (project.env / "lib" / "theirs.py").write_text("x = 1\n")


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
    "remove": Scenario(
        prepare=lambda project: project.sync(MENU, ICONS), after=lambda project: project.desired(MENU)
    ),
    "adopt": Scenario(prepare=_foreign, after=lambda project: project.desired(MENU)),
    "adopt without exchange": Scenario(
        prepare=_foreign, after=lambda project: project.desired(MENU), exchange=False
    ),
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
    return None if seen is None else {name: what for name, what in seen.items() if name not in _OWN}


def leftovers(project: Project) -> list[str]:
    """What a healed project may not hold: anything beside the environment, any third generation."""
    found = [path.name for path in project.folder.iterdir() if path.name != ".venv"]
    home = project.env / ".lockenv"
    names = sorted(path.name for path in home.iterdir() if path.name not in {"lock", "current"})
    current = os.readlink(home / "current")  # noqa: PTH115
    if current not in names or len(names) > 2:
        found += names
    found += [path.name for path in project.env.iterdir() if path.is_symlink() and not path.exists()]
    return found


def _says_what_happened(message: str, fault: str) -> bool:
    return "was not changed" in message and (fault != "full" or "the disk is full" in message)


class StoreSweep:
    """Adding a wheel to the store: afterwards it is there and sound, or it is not there."""

    def __init__(self, fault: str, folder: Path) -> None:
        self.fault, self.folder = fault, folder
        self.file = MENU.write_to(folder)
        self.problems: list[str] = []

    def run(self) -> int:
        """Try every point; return how many there were."""
        for number in range(1, _MOST):
            cache = self.folder / f"cache {number}"
            child = os.fork()
            if child == 0:
                os._exit(self._in_child(cache, number))
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            rest = [path.name for path in cache.glob("wheels/*") if path.name != MENU.sha256]
            if status == _WRONG or (rest and status == _FAILED and self.fault == "full"):
                self.problems.append(f"point {number}: {status}, {rest}")
            if status == _DONE and Store(cache).get(MENU.sha256) is None:
                self.problems.append(f"point {number}: added, but not there")
            self.add(cache)
            if status == _DONE:
                return number - 1
        raise AssertionError("the sweep found no end")

    def add(self, cache: Path) -> StoredWheel:
        """Add the wheel and read it back file by file."""
        stored = Store(cache).add(MENU.sha256, self.file, name="menu", version="1.0", filename=MENU.filename)
        for file in stored.files:
            if hash_file(stored.root / file.path)["sha256"] != file.sha256:
                self.problems.append(f"{cache.name}: {file.path} is not what it should be")
        return stored

    def _in_child(self, cache: Path, number: int) -> int:
        fault = Fault(self.fault, number, exchange=True)
        sys.addaudithook(fault)
        fault.armed = True
        try:
            self.add(cache)
        except (OSError, KeyboardInterrupt):
            return _FAILED
        except BaseException:  # noqa: BLE001
            return _WRONG
        # What is tolerated is the failure of tidying: then points are left though this run is done.
        return _DONE if fault.count < number else _FAILED


class Sweep:
    """One scenario under one kind of fault."""

    def __init__(self, scenario: Scenario, fault: str, folder: Path) -> None:
        self.scenario, self.fault = scenario, fault
        self.project = Project(folder)
        self.want = scenario.after(self.project)
        scenario.prepare(self.project)
        self.before = what_stands(self.project.env)
        self.pristine = folder / "pristine"
        shutil.copytree(self.project.folder, self.pristine, symlinks=True)
        apply(self.project.env, self.want, link_mode="hardlink")
        self.after = what_stands(self.project.env)
        self.problems: list[str] = []
        if self.before is not None:
            lost = self.before.keys() & _OWN - (self.after or {}).keys()
            self._expect(0, not lost, f"lost {lost}")

    def run(self) -> int:
        """Try every point; return how many there were."""
        for number in range(1, _MOST):
            shutil.rmtree(self.project.folder)
            shutil.copytree(self.pristine, self.project.folder, symlinks=True)
            status = self._attempt(number)
            self._judge(number, status)
            if self._was_last:
                return number - 1
        raise AssertionError("the sweep found no end")

    def _attempt(self, number: int) -> int:
        """Apply in a fork with the fault set; say how that ended."""
        reached, tell = os.pipe()
        child = os.fork()
        if child == 0:
            os._exit(self._in_child(number, tell))
        os.close(tell)
        with os.fdopen(reached) as pipe:
            # Some failures do not matter, such as that of sweeping: a run can be done though points are left.
            self._was_last = pipe.read() == "end"
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def _in_child(self, number: int, tell: int) -> int:
        fault = Fault(self.fault, number, exchange=self.scenario.exchange)
        sys.addaudithook(fault)
        fault.armed = True
        try:
            apply(self.project.env, self.want, link_mode="hardlink", wait=0)
        except (InstallError, KeyboardInterrupt) as error:
            fault.armed = False
            return _FAILED if self.fault == "interrupt" or _says_what_happened(str(error), self.fault) else _WRONG
        except BaseException as error:  # noqa: BLE001
            fault.armed = False
            sys.stderr.write(f"{error!r}\n")
            return _WRONG
        fault.armed = False
        if fault.count < number:
            os.write(tell, b"end")
        return _DONE

    def _judge(self, number: int, status: int) -> None:
        found = what_stands(self.project.env)
        between = None if self.scenario.exchange else self.before
        if status == _FAILED and self.fault != "interrupt":
            self._expect(number, found == self.before, "failed, but the environment was changed")
        elif status == _DONE:
            self._expect(number, found == self.after, "done, but the environment is not the new one")
        elif status in {_DIED, _FAILED}:
            # Without exchange there is an instant between two renames; the old environment stands beside then.
            # Before the swap people's own things are carried over, one by one; the next sync finds those beside.
            whole = _without_own(found) in (_without_own(self.before), _without_own(self.after))
            if status == _FAILED:
                whole = found in (self.before, self.after)
            whole = whole or (found is None and between is not None)
            self._expect(number, whole, "neither the old nor the new environment")
        else:
            self._expect(number, good=False, problem=f"ended with {status}")
        if status == _FAILED:
            self._expect(number, not self._rubbish(), f"left behind {self._rubbish()}")
        self._heal(number)

    def _rubbish(self) -> list[str]:
        """What a sync that failed, but did not die, left beside the environment.

        An interrupt may come in the midst of tidying: what is left then goes with the next sync.
        """
        prefix = ".venv.lockenv-" if self.fault == "interrupt" else ".venv/"
        names = [path.name for path in self.project.folder.iterdir() if path.name != ".venv"]
        return [name for name in names if not name.startswith(prefix)]

    def _heal(self, number: int) -> None:
        apply(self.project.env, self.want, link_mode="hardlink", wait=0)
        self._expect(number, what_stands(self.project.env) == self.after, "not healed by the next sync")
        self._expect(number, not leftovers(self.project), f"left behind after healing: {leftovers(self.project)}")

    def _expect(self, number: int, good: bool, problem: str) -> None:
        if not good:
            self.problems.append(f"point {number}: {problem}")


def main() -> None:
    """Sweep and print what was found."""
    scenario, fault, folder = sys.argv[1:]
    sweep = (
        StoreSweep(fault, Path(folder)) if scenario == STORE else Sweep(SCENARIOS[scenario], fault, Path(folder))
    )
    points = sweep.run()
    sys.stdout.write(json.dumps({"points": points, "problems": sweep.problems}))


if __name__ == "__main__":
    main()
