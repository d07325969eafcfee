"""Credentials, each for its own origin and for no other.

They come from an index's URL, from ``LOCKENV_INDEX_<NAME>_USERNAME`` and ``_PASSWORD``, from netrc, and, after a
401, from the `keyring` command. An origin is a scheme, host and port (RFC 6454): a password for an https address
is never sent to its http sister, and a redirect or a link to another host carries none.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from lockenv.index.origins import Origin, origin_of, without_credentials
from lockenv.packages import Index
from lockenv.values import dataclass

_KEYRING_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Login:
    """A user and a password. Neither is part of the representation, so that no message can hold them."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "Login(…)"

    @property
    def header(self) -> str:
        """The value of the Authorization header (RFC 7617)."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


def login_in(url: str) -> Login | None:
    """Take the login that a URL states, if it does."""
    username, password = _named(urlsplit(url))
    return Login(username, password or "") if username is not None else None


def _named(parts: SplitResult) -> tuple[str | None, str | None]:
    """Take the user and the password that a URL states, each of which may be missing."""
    user, password = parts.username, parts.password
    return (unquote(user) if user else None, unquote(password) if password is not None else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known beforehand about one index's origin; `path` tells several indexes of one origin apart."""

    origin: Origin
    path: str
    url: str
    username: str | None
    password: str | None


class Credentials:
    """Looks credentials up. Safe to use from several threads.

    `environ` is the process's environment, `indexes` those that are configured (their URLs may hold credentials,
    which stay here). `home` is the folder of ``.netrc`` where ``NETRC`` does not name a file. Without `keyring`
    the `keyring` command is never run.
    """

    def __init__(
        self,
        *,
        environ: Mapping[str, str],
        indexes: Iterable[Index] = (),
        home: Path | None = None,
        keyring: bool = True,
    ) -> None:
        self._may_ask_keyring = keyring
        self._environ = environ
        self._netrc_file = _netrc_file(environ, home)
        self._netrc_hosts: Mapping[str, tuple[str, str | None, str]] | None = None
        self._known = [_known(index, environ) for index in indexes if not index.url.startswith("file:")]
        self._from_keyring: dict[Origin, Login | None] = {}
        self._lock = threading.Lock()

    def for_url(self, url: str) -> Login | None:
        """Find the login to send with a request, without asking anybody."""
        origin = origin_of(url)
        known = self._nearest(origin, url)
        if known is not None and known.username is not None and known.password is not None:
            return Login(known.username, known.password)
        with self._lock:
            if origin in self._from_keyring:
                return self._from_keyring[origin]
        return self._from_netrc(origin, known)

    def ask_keyring(self, url: str) -> Login | None:
        """Ask the `keyring` command, where there is one and the user is known: what one does after a 401.

        Asked once per origin; the answer is used for it from then on.
        """
        origin = origin_of(url)
        known = self._nearest(origin, url)
        if not self._may_ask_keyring or known is None or known.username is None or known.password is not None:
            return None
        with self._lock:
            if origin not in self._from_keyring:
                self._from_keyring[origin] = self._run_keyring(known, known.username)
            return self._from_keyring[origin]

    def _nearest(self, origin: Origin, url: str) -> _Known | None:
        """Choose among the indexes of one origin: the longest path that `url` begins with, else the first."""
        ours = [known for known in self._known if known.origin == origin]
        path = urlsplit(url).path
        below = [known for known in ours if path.startswith(known.path)]
        return max(below, key=lambda known: len(known.path)) if below else next(iter(ours), None)

    def _from_netrc(self, origin: Origin, known: _Known | None) -> Login | None:
        """Look into netrc, which knows hosts only: http, and its default entry, are for declared indexes."""
        hosts = self._read_netrc()
        entry = hosts.get(origin.host) if origin.scheme == "https" or known is not None else None
        if entry is None and known is not None:
            entry = hosts.get("default")
        if entry is None or (known is not None and known.username not in {None, entry[0]}):
            return None
        return Login(entry[0], entry[2])

    def _read_netrc(self) -> Mapping[str, tuple[str, str | None, str]]:
        with self._lock:
            if self._netrc_hosts is None:
                self._netrc_hosts = _read_netrc(self._netrc_file)
            return self._netrc_hosts

    def _run_keyring(self, known: _Known, username: str) -> Login | None:
        import shutil  # Lazy: `keyring` is asked after a 401
        import subprocess

        command = shutil.which("keyring", path=self._environ.get("PATH", ""))
        if command is None:
            return None
        for place in (known.url, known.origin.host):
            try:
                done = subprocess.run(
                    [command, "get", place, username],
                    env=dict(self._environ),
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=_KEYRING_SECONDS,
                    check=False,
                )
            except (OSError, subprocess.TimeoutExpired):
                return None
            password = done.stdout.decode(errors="replace").rstrip("\r\n")
            if done.returncode == 0 and password:
                return Login(username, password)
        return None


def _known(index: Index, environ: Mapping[str, str]) -> _Known:
    """Collect what an index's URL and the environment say; the environment, being nearer to the user, wins."""
    parts = urlsplit(index.url)
    username, password = _named(parts)
    prefix = "LOCKENV_INDEX_" + re.sub(r"[^A-Z0-9]", "_", index.name.upper())
    return _Known(
        origin=origin_of(index.url),
        path=parts.path,
        url=without_credentials(index.url),
        username=environ.get(f"{prefix}_USERNAME", username),
        password=environ.get(f"{prefix}_PASSWORD", password),
    )


def _netrc_file(environ: Mapping[str, str], home: Path | None) -> Path | None:
    if named := environ.get("NETRC"):
        return Path(named)
    if home is None and "HOME" in environ:
        home = Path(environ["HOME"])
    return home / ".netrc" if home is not None else None


def _read_netrc(file: Path | None) -> Mapping[str, tuple[str, str | None, str]]:
    """Read netrc; one that is missing or broken counts as empty, as for curl and pip."""
    if file is None or not file.is_file():
        return {}
    import netrc  # few people have one

    try:
        hosts = netrc.netrc(str(file)).hosts
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
        return {}
    return {host: (login, account, password or "") for host, (login, account, password) in hosts.items()}
