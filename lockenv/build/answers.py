"""What backends said, kept by what they were asked: small values as JSON, each behind its own digest."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from lockenv.files import write_atomically

_TOUCH = 3600.0  #: seconds; a use is noted no more often than this


def key_of(*parts: object) -> str:
    """Make a key of values that JSON can hold: equal values give the same, others another."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class Answers:
    """A folder of answers. What is missing or damaged was never asked. Several processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> object | None:
        """Give what was kept, or None."""
        path = self._folder / key
        try:
            digest, _, text = path.read_bytes().partition(b"\n")
            if digest != hashlib.sha256(text).hexdigest().encode():
                return None
            if time.time() - path.stat().st_mtime > _TOUCH:
                os.utime(path)
        except OSError:
            return None
        answer: object = json.loads(text)
        return answer

    def keep(self, key: str, answer: object) -> None:
        """Keep a value that JSON can hold. A disk that refuses costs only time, later."""
        text = json.dumps(answer).encode()
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self._folder / key, hashlib.sha256(text).hexdigest().encode() + b"\n" + text)

    def all(self) -> Iterator[tuple[Path, float]]:
        """Yield the place of each answer and when it was used last, to within an hour."""
        with contextlib.suppress(FileNotFoundError):
            for path in sorted(self._folder.iterdir()):
                with contextlib.suppress(OSError):
                    yield path, path.stat().st_mtime
