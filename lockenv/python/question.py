"""The question an interpreter is asked, and how: one short, isolated, bounded run of the executable.

What is asked may be anything: another version, another program, something that hangs or never stops talking.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess

#: Seconds an interpreter has to answer; a cold network disk takes its time.
LIMIT = 15.0

_MARK = "lockenv-answer:"
_MAX_OUTPUT = 1 << 18

# Runs inside the target with `-I -S`, on any Python 3: nothing here may need more than 3.2.
SCRIPT = r"""
import json, os, platform, sys, sysconfig
from importlib.machinery import EXTENSION_SUFFIXES

info, implementation = sys.version_info, sys.implementation

def version_of(value):
    text = "%d.%d.%d" % value[:3]
    if value[3] != "final":
        text += value[3][0] + str(value[4])
    return text

var = sysconfig.get_config_var
names = sysconfig.get_scheme_names()
scheme = "venv" if "venv" in names else "nt" if os.name == "nt" else "posix_prefix"
here = os.sep + "env"
places = {"base": here, "platbase": here, "installed_base": here, "installed_platbase": here}
paths = sysconfig.get_paths(scheme, places)
relative = lambda key: paths[key][len(here) + 1:].replace(os.sep, "/")
has_refcounts = hasattr(sys, "gettotalrefcount") or "_d.pyd" in EXTENSION_SUFFIXES
try:
    glibc = os.confstr("CS_GNU_LIBC_VERSION") or ""
except (AttributeError, OSError, ValueError):
    glibc = ""
answer = {
    "executable": sys.executable or "",
    "base_prefix": getattr(sys, "base_prefix", sys.prefix),
    "foreign_prefix": getattr(sys, "real_prefix", ""),
    "implementation": implementation.name,
    "version_info": list(info),
    "markers": {
        "os_name": os.name,
        "sys_platform": sys.platform,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_version": "%d.%d" % info[:2],
        "python_full_version": platform.python_version(),
        "implementation_name": implementation.name,
        "implementation_version": version_of(implementation.version),
    },
    "platform": sysconfig.get_platform(),
    "mac_ver": list(platform.mac_ver()[::2]) if sys.platform == "darwin" else [],
    "glibc": glibc,
    "bits": 64 if sys.maxsize > 2 ** 32 else 32,
    "abiflags": getattr(sys, "abiflags", ""),
    "free_threaded": bool(var("Py_GIL_DISABLED")),
    "debug": bool(var("Py_DEBUG") or has_refcounts),
    "ext_suffix": var("EXT_SUFFIX") or EXTENSION_SUFFIXES[0],
    "stdlib": os.path.dirname(os.__file__),
    "purelib": relative("purelib"),
    "platlib": relative("platlib"),
    "scripts": relative("scripts"),
    "framework": var("PYTHONFRAMEWORK") or "",
    "wheel_folder": var("WHEEL_PKG_DIR") or "",
}
sys.stdout.write("\nMARK" + json.dumps(answer) + "\n")
""".replace("MARK", _MARK)


class NoAnswer(Exception):
    """The executable did not say what a Python 3 would; the argument is the reason."""


def ask(executable: Path, *, limit: float = LIMIT, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Run `executable` and give its answer: what JSON made of the script's dictionary.

    Raises `NoAnswer` with a reason for people.
    """
    return hear(start(executable, environ=environ), limit=limit)


def hear(child: subprocess.Popen[bytes], *, limit: float = LIMIT) -> dict[str, Any]:
    """Give the answer of what was started, which has `limit` seconds from now. Raises as `ask` does."""
    status, output, late = _heard(child, limit)
    for line in reversed(output.splitlines()):
        if line.startswith(_MARK):
            return _decoded(line.removeprefix(_MARK))
    raise NoAnswer(_why_not(status, output, late, limit))


def _decoded(text: str) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        msg = "its answer to the probe is cut off"
        raise NoAnswer(msg)
    return answer


def _why_not(status: int, output: str, late: bool, limit: float) -> str:
    if late:
        return f"it did not answer within {limit:g} seconds"
    if len(output) >= _MAX_OUTPUT:
        return "it says more than a Python would"
    if "Unknown option: -I" in output:
        return "it is Python 2; 3.8 is the oldest that works"
    shown = next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "")
    said = f": {shown[:160]}" if shown else ""
    if status < 0:
        return f"it was killed by signal {-status}{said}"
    if status > 0:
        return f"it failed with exit status {status}{said}"
    return f"it does not answer as Python does{said}"


def clean_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Take out of an environment what would make one Python look like another."""
    kept = {name: value for name, value in environ.items() if not name.startswith("PYTHON")}
    kept.pop("__PYVENV_LAUNCHER__", None)
    # Without it a Python built against an old SDK calls every macOS since 11 '10.16'.
    return kept | {"SYSTEM_VERSION_COMPAT": "0"}


def start(executable: Path, *, environ: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Ask `executable` without waiting, in a session of its own. Who starts it has to `hear` it, or to `stop` it.

    Raises `NoAnswer` where it cannot be started.
    """
    import subprocess  # a warm start never gets here

    try:
        return subprocess.Popen(
            [str(executable), "-I", "-S", "-c", SCRIPT],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=clean_environ(os.environ if environ is None else environ),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise NoAnswer(f"it cannot be started: {getattr(error, 'strerror', None) or error}") from error


def _heard(child: subprocess.Popen[bytes], limit: float) -> tuple[int, str, bool]:
    """Wait for a child; give its status, its output, and whether the limit ended it."""
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        _kill(child)

    watchdog = threading.Timer(limit, expire)
    watchdog.start()
    try:
        assert child.stdout is not None  # noqa: S101 - told to Popen above
        with child.stdout:
            output = child.stdout.read(_MAX_OUTPUT)
            if len(output) == _MAX_OUTPUT:
                _kill(child)
        status = child.wait()
    finally:
        watchdog.cancel()
        watchdog.join()
        if child.poll() is None:  # we are interrupted, and it does not hear Ctrl-C in its own session
            stop(child)
    return status, output.decode("utf-8", "backslashreplace"), expired.is_set()


def stop(child: subprocess.Popen[bytes]) -> None:
    """End what was started, whatever it is doing, and give back what it holds."""
    _kill(child)
    if child.stdout is not None:
        child.stdout.close()
    child.wait()


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End a child and what it started: a grandchild that keeps the pipe would keep us reading."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (AttributeError, OSError):
        child.kill()
