"""Desired environments over a real store, for tests of plans and transactions."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename

from lockenv.plan import Wanted
from lockenv.store import Store
from lockenv.transaction import state
from lockenv.transaction.apply import Applied, apply
from lockenv.transaction.compose import Desired
from lockenv.transaction.link import LinkMode
from lockenv.tree import Directory, Entry, Link, Scheme, Text
from tests.fakes.wheels import BuiltFile, make_wheel

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
SITE = f"lib/{PYTHON}/site-packages"
SCHEME = Scheme(purelib=SITE, platlib=SITE, scripts="bin", headers=f"include/site/{PYTHON}")

MENU = make_wheel(
    "menu", "1.0", files={"menu.py": "def main():\n    print('menu 1')\n"}, scripts={"menu": "menu:main"}
)
MENU2 = make_wheel(
    "menu", "2.0", files={"menu.py": "def main():\n    print('menu 2')\n"}, scripts={"menu": "menu:main"}
)
ICONS = make_wheel("icons", "1.0", files={"icons/__init__.py": "", "{data}/data/etc/icons.conf": "set = 1\n"})


def skeleton() -> tuple[Entry, ...]:
    """What a bare environment of the running Python needs to work."""
    base = Path(sys.executable).resolve()
    cfg = f"home = {base.parent}\ninclude-system-site-packages = false\n"
    return (
        Text(path="pyvenv.cfg", content=cfg.encode()),
        Link(path="lib64", target="lib"),
        Link(path="bin/python", target=str(base)),
        Directory(path=SITE),
        Directory(path="include"),
    )


def desired(
    store: Store,
    wheels: Sequence[BuiltFile],
    scratch: Path,
    *,
    requested: Sequence[str] = (),
    direct_urls: Mapping[str, str] | None = None,
    entries: tuple[Entry, ...] | None = None,
    interpreter_id: str = "this python",
) -> Desired:
    """An environment of these wheels, which are brought into the store. The lock digest names them."""
    scratch.mkdir(exist_ok=True)
    packages = []
    for wheel in wheels:
        name, version, *_ = parse_wheel_filename(wheel.filename)
        stored = store.get(wheel.sha256) or store.add(
            wheel.sha256,
            wheel.write_to(scratch),
            name=name,
            version=str(version),
            filename=wheel.filename,
        )
        wanted = Wanted(
            name=canonicalize_name(name),
            version=str(version),
            sha256=wheel.sha256,
            filename=wheel.filename,
            requested=name in requested,
            direct_url=(direct_urls or {}).get(name),
        )
        packages.append((wanted, stored))
    return Desired(
        lock_digest=" ".join(wheel.sha256 for wheel in wheels),
        selection=("main",),
        interpreter_id=interpreter_id,
        entries=skeleton() if entries is None else entries,
        scheme=SCHEME,
        packages=tuple(packages),
        runtime="cpython 3.12 linux-x86_64",
    )


class Project:
    """A folder with a store and an environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.folder.mkdir(exist_ok=True)
        self.scratch = folder / "scratch"
        self.store = Store(folder / "cache")
        self.env = self.folder / ".venv"
        self.site = self.env / SITE

    def desired(self, *wheels: BuiltFile, requested: tuple[str, ...] = ()) -> Desired:
        return desired(self.store, wheels, self.scratch, requested=requested)

    def sync(self, *wheels: BuiltFile, link_mode: LinkMode = "auto") -> Applied:
        return apply(self.env, self.desired(*wheels), link_mode=link_mode)

    def why_not(self, *wheels: BuiltFile) -> str | None:
        want = self.desired(*wheels)
        return state.why_not(
            str(self.env),
            lock_digest=want.lock_digest,
            selection=want.selection,
            interpreter_id=want.interpreter_id,
        )

    def run_python(self, code: str) -> None:
        """Run a program in the environment, which writes bytecode."""
        subprocess.run([str(self.env / "bin" / "python"), "-c", code], env={}, check=True)

    def run(self, script: str) -> str:
        done = subprocess.run([str(self.env / "bin" / script)], capture_output=True, text=True, check=True)
        return done.stdout
