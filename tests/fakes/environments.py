"""Desired environments over a real store, for tests of plans and transactions."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename

from lockenv.plan import Wanted
from lockenv.store import Store
from lockenv.transaction.compose import Desired
from lockenv.tree import Directory, Entry, Link, Scheme, Text
from tests.fakes.wheels import BuiltFile

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
SITE = f"lib/{PYTHON}/site-packages"
SCHEME = Scheme(purelib=SITE, platlib=SITE, scripts="bin", headers=f"include/site/{PYTHON}")


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
    )
