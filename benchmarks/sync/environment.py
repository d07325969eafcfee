"""Whether an environment is what it should be: a tool that does nothing must not win."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version


def installed(env: Path) -> dict[str, str]:
    """What is installed, by the names of the dist-info folders."""
    found: dict[str, str] = {}
    for path in env.glob("lib/python*/site-packages/*.dist-info"):
        name, _, version = path.name.removesuffix(".dist-info").rpartition("-")
        if any(path.iterdir()):
            found[canonicalize_name(name)] = str(Version(version))
    return found


def wrong(env: Path, expected: Mapping[str, str], imports: Iterable[str], *, besides: Iterable[str] = ()) -> str:
    """Say what is wrong with an environment, else ''. It may have what is in `besides`, of any version."""
    python = env / "bin" / "python"
    if not python.exists():
        return "there is no environment"
    if env.is_symlink():
        # What is removed between two runs would be the link alone, and the next run would have nothing to do.
        return f"the environment is kept elsewhere, in {env.readlink()}"
    found = {name: version for name, version in installed(env).items() if name not in besides}
    difference = _difference(found, expected)
    if difference:
        return f"the environment is not right: {difference}"
    # -B: it is looked at, and not added to.
    done = subprocess.run(
        [python, "-I", "-B", "-c", f"import {', '.join(imports)}"], capture_output=True, text=True, check=False
    )
    return f"the environment does not work: {done.stderr.strip()[-200:]}" if done.returncode else ""


def state(python: str) -> tuple[int, ...]:
    """The state of an interpreter's own folders. It changes where somebody installs into these by mistake."""
    question = (
        "import sys, sysconfig; print(sysconfig.get_path('purelib'), sysconfig.get_path('scripts'), sep='\\n')"
    )
    done = subprocess.run([python, "-I", "-c", question], capture_output=True, text=True, check=True)
    return tuple(Path(line).stat().st_mtime_ns for line in done.stdout.splitlines() if Path(line).is_dir())


def _difference(found: Mapping[str, str], expected: Mapping[str, str]) -> str:
    said = [f"{name} {version} is missing" for name, version in expected.items() if name not in found]
    said += [f"{name} {version} is too much" for name, version in found.items() if name not in expected]
    said += [
        f"{name} is {found[name]}, not {version}"
        for name, version in expected.items()
        if found.get(name, version) != str(Version(version))
    ]
    return ", ".join(said[:3]) + (f" and {len(said) - 3} more" if len(said) > 3 else "")
