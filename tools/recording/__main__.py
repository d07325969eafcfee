"""`python -m tools.recording`: run the session of the README and draw it into docs/session.svg.

Packages come from the index that pip is configured for; the cache is a new one, so that a person sees what a first
time is like. The lockenv that is shown is the one beside the Python that runs this.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tools.recording.svg import picture
from tools.recording.terminal import Screen, Terminal

_COLUMNS = 84
_PLACE = Path(__file__).resolve().parents[2] / "docs" / "session.svg"
_READ = 1.2  #: seconds in which a person reads what was said, and types the next line
_SESSION = (
    'lockenv init "flask>=3" pandas --requires-python ">=3.11,<3.14"',
    "lockenv lock",
    "lockenv sync",
    "lockenv run -- flask --version",
    "lockenv sync",
    "lockenv verify",
)


def main() -> int:
    """Record, and draw."""
    with tempfile.TemporaryDirectory() as folder:
        frames = list(_frames(Path(folder)))
    _PLACE.write_text(picture(frames, columns=_COLUMNS), encoding="utf-8")
    print(f"wrote {_PLACE.name}: {len(frames)} frames, {frames[-1][0]:.0f} s")
    return 0


def _frames(folder: Path) -> Iterator[tuple[float, Screen]]:
    project = folder / "shop"
    project.mkdir()
    environ = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "LOCKENV_CACHE_DIR": str(folder / "cache"),
        "PYTHONDONTWRITEBYTECODE": "",
        "TERM": "xterm-256color",
        "COLUMNS": str(_COLUMNS),
    }
    environ.pop("CI", None)
    terminal, now = Terminal(), 0.0
    for command in _SESSION:
        terminal.write("\x1b[36m$\x1b[0m ")
        yield now, terminal.screen
        now += _READ
        terminal.write(f"{command}\n")
        began = time.monotonic()
        yield now, terminal.screen
        shown = terminal.screen
        for text in _run(command, project, environ):
            terminal.write(text.replace(str(folder), "/home/ada"))
            if terminal.screen != shown:
                shown = terminal.screen
                yield now + time.monotonic() - began, shown
        now += time.monotonic() - began + _READ
    terminal.write("\x1b[36m$\x1b[0m ")
    yield now, terminal.screen


def _run(command: str, folder: Path, environ: dict[str, str]) -> Iterator[str]:
    main, end = pty.openpty()
    with subprocess.Popen(
        ["/bin/sh", "-c", command], cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=end, stderr=end
    ) as process:
        os.close(end)
        while True:
            try:
                content = os.read(main, 1 << 16)
            except OSError:  # Linux says EIO when the other end is closed
                break
            if not content:
                break
            yield content.decode(errors="replace").replace("\r\n", "\n")
        os.close(main)
    if process.returncode:
        raise SystemExit(f"`{command}` ended with {process.returncode}")


if __name__ == "__main__":
    raise SystemExit(main())
