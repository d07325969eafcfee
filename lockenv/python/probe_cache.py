"""What interpreters answered, kept on disk: one small file an executable, believed while the file is the same."""

from __future__ import annotations

import os
import sys

from lockenv.sums import sha256

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    import subprocess
    from pathlib import Path
    from typing import Any

# Raised when the question or the meaning of an answer changes.
_FORMAT = 1


class ProbeCache:
    """Answers as files in a folder, usually ``<cache>/interpreters``.

    The key is the executable's real path; an entry counts while mtime and size are the same, and while this is
    the same system: kernel and C library are part of the answer (`platform_release`, manylinux). Corrupt entries
    are as good as none; a folder that cannot be written to costs time, nothing else.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        #: What was asked ahead and has not been heard, by the executable: `lockenv.python.interpreter.begin`.
        self.under_way: dict[Path, subprocess.Popen[bytes]] = {}

    def read(self, executable: Path) -> dict[str, Any] | None:
        """Give what this executable answered, if it is still the same file on the same machine."""
        import json  # Lazy: a sync that was planned before asks no interpreter

        try:
            entry = json.loads(self._file(executable).read_bytes())
            if entry["key"] == _key(executable) and isinstance(entry["answer"], dict):
                return dict(entry["answer"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            pass
        return None

    def write(self, executable: Path, answer: dict[str, Any]) -> None:
        """Keep what it answered; a refusal of the disk is no error."""
        import json  # Lazy: only after a probe

        from lockenv.files import write_atomically

        try:
            entry = {"key": _key(executable), "answer": answer}
            self._folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self._file(executable), json.dumps(entry).encode())
        except OSError:
            return

    def _file(self, executable: Path) -> Path:
        digest = sha256(os.fsencode(executable)).hexdigest()
        return self._folder / f"{digest[:32]}.json"


def _key(executable: Path) -> list[object]:
    stat = executable.stat()
    return [_FORMAT, str(executable), stat.st_mtime_ns, stat.st_size, system()]


def system() -> str:
    """Tell this running system apart from another, or from what it was before an upgrade."""
    if sys.platform == "win32":
        return str(sys.getwindowsversion())
    try:
        libc = os.confstr("CS_GNU_LIBC_VERSION")
    except (OSError, ValueError):
        libc = None
    return " ".join((*os.uname()[::2], os.uname().version, libc or ""))
