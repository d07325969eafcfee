"""The environment digest: one name for what an environment holds, equal on every machine. Pure.

A digest for each package over its files, and one over the packages and what they were selected for. Machine facts
are taken out before (`compose`): the environment's path in scripts, the address of a local folder, and the lines
of RECORD that speak of these. Not part of it at all are times, the mode but for 'executable', bytecode, and what
lockenv itself puts into an environment: ``pyvenv.cfg``, activation scripts, links to the interpreter.

The texts that are hashed are plain lines, so that anybody can compute them::

    lockenv package 1                                  lockenv environment 1
    menu 2.0                                           cpython 3.12 linux-x86_64
    <sha256> x bin/menu                                menu 2.0 sha256:<digest of the package>
    <sha256> - lib/python3.12/site-packages/menu.py
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: To be changed with what a digest says, so that equal digests always mean the same.
FORMAT = 1
_SHORT = 12  #: hexadecimal digits that are shown to people


def package_digest(name: str, version: str, files: Mapping[str, tuple[str, int]]) -> str:
    """Digest one package; `files` are, by path in the environment, sha256 without machine facts and executable.

    No path holds a line break: such names are refused when a wheel is opened.
    """
    lines = [
        f"{content} {'x' if executable else '-'} {path}\n" for path, (content, executable) in sorted(files.items())
    ]
    return _digest(f"lockenv package {FORMAT}\n{name} {version}\n{''.join(lines)}")


def environment_digest(runtime: str, packages: Iterable[tuple[str, str, str]]) -> str:
    """Digest an environment; `packages` are (name, version, digest), `runtime` what they were selected for."""
    lines = [f"{name} {version} {digest}\n" for name, version, digest in sorted(packages)]
    return _digest(f"lockenv environment {FORMAT}\n{runtime}\n{''.join(lines)}")


def short(digest: str) -> str:
    """Give the first digits of a digest, for people."""
    return digest.removeprefix("sha256:")[:_SHORT]


def _digest(text: str) -> str:
    from hashlib import sha256  # Lazy: to shorten a digest takes none

    return f"sha256:{sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()}"
