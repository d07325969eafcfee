"""One call of `git`: no questions on a terminal, safe protocols only, no hooks, and errors of the right kind."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO

from lockenv.build.children import Children
from lockenv.errors import BuildError, LockenvError, NetworkError, UsageError

#: What git may speak, be it told by a URL, by a redirect or by somebody's `url.….insteadOf`.
PROTOCOLS = ("https", "ssh", "file")

_MAX_OUTPUT = 64 << 20  #: bytes; every branch and tag of the largest repositories take a few
_SHOWN = 5
#: Variables of git's own that are kept: how to reach a server, and where people's settings are. The others would
#: lead it to a repository that is not ours, as they do where lockenv is called by a hook.
_KEPT = re.compile(
    r"GIT_(?:SSH|SSH_COMMAND|SSH_VARIANT|SSL_CAINFO|SSL_CAPATH|ASKPASS|EXEC_PATH"
    r"|CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+))"
)
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "submodule.recurse=false",
    "advice.detachedHead=false",
    "gc.auto=0",  # a clone in use by a build must not be tidied up
    "maintenance.auto=false",
    "credential.interactive=false",
    "http.lowSpeedLimit=100",
    "http.lowSpeedTime=60",  # seconds
)
_NOBODYS_SETTINGS = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_COUNT": "0"}
_USERINFO = re.compile(r"(\w+://)[^/@\s]*@")
_DENIED = re.compile(
    r"authentication failed|could not read (?:username|password)|terminal prompts disabled|permission denied"
    r"|access denied|host key verification failed|returned error: 40[13]|invalid credentials",
    re.IGNORECASE,
)
_NO_COMMIT = re.compile(r"not our ref|unadvertised object|couldn't find remote ref", re.IGNORECASE)
_ABSENT = re.compile(
    r"repository .*not found|does not appear to be a git repository|returned error: 404|does not exist"
    r"|no such file",
    re.IGNORECASE,
)


class Git:
    """The `git` program. `run` may be called from several threads."""

    def __init__(self, environ: Mapping[str, str], children: Children) -> None:
        self._environ = environ
        self._children = children

    @property
    def is_there(self) -> bool:
        """Whether there is such a program."""
        return self._program() is not None

    def local(self, folder: Path, *arguments: str) -> str:
        """Run git on a repository of our own, heeding nobody's settings; give what it says.

        Without settings there are no filters either, so that what is checked out is what was committed. Raises
        `BuildError` where git fails, `UsageError` where there is none.
        """
        status, said, complaints = self._run(folder, arguments, self._variables() | _NOBODYS_SETTINGS)
        if status:
            msg = f"`git {arguments[0]}` failed in {folder}"
            raise BuildError(msg, details=_last(complaints))
        return said

    def answer(self, folder: Path, *arguments: str, theirs: bool = False) -> str | None:
        """Ask git something that it may know or not; `theirs` is a repository of people's own."""
        variables = self._variables() | ({} if theirs else _NOBODYS_SETTINGS)
        status, said, _ = self._run(folder, arguments, variables)
        return None if status else said.strip()

    def remote(self, folder: Path, url: str, *arguments: str) -> str:
        """Run git against the repository at `url`, with people's own credentials; give what it says.

        Raises `UnknownCommit` for a commit that it does not give, `NetworkError` where it cannot be read at all,
        `UsageError` where there is no git.
        """
        status, said, complaints = self._run(folder, arguments, self._variables())
        if status:
            raise _unreadable(without_userinfo(url), complaints)
        return said

    def _variables(self) -> dict[str, str]:
        kept = {
            key: value
            for key, value in self._environ.items()
            if not key.startswith("GIT_") or _KEPT.fullmatch(key)
        }
        kept.pop("SSH_ASKPASS", None)
        kept.setdefault("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o ConnectTimeout=30")
        return kept | {
            "GIT_ALLOW_PROTOCOL": ":".join(PROTOCOLS),
            "GIT_TERMINAL_PROMPT": "0",
            "GCM_INTERACTIVE": "never",
            "GIT_LFS_SKIP_SMUDGE": "1",
            "LC_ALL": "C",
        }

    def _program(self) -> str | None:
        return shutil.which("git", path=self._environ.get("PATH"))

    def _run(self, folder: Path, arguments: Iterable[str], variables: dict[str, str]) -> tuple[int, str, str]:
        program = self._program()
        if program is None:
            msg = "a package comes from a Git repository, and there is no `git` program"
            raise UsageError(msg, hint="install git, or put it on PATH")
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            status = self._children.run(
                [program, *settings, *arguments], folder=folder, environ=variables, output=output, errors=errors
            )
            return status, _content(output), _content(errors)


def without_userinfo(text: str) -> str:
    """Take users and passwords out of all addresses in a text."""
    return _USERINFO.sub(r"\1", text)


def _content(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(_MAX_OUTPUT).decode("utf-8", "replace")


def _last(complaints: str) -> tuple[str, ...]:
    lines = [line for line in without_userinfo(complaints).splitlines() if line.strip()]
    return tuple("".join(char if char.isprintable() else " " for char in line)[:200] for line in lines[-_SHOWN:])


class UnknownCommit(UsageError):
    """A repository does not have a commit, or does not give it away."""


def _unreadable(url: str, complaints: str) -> LockenvError:
    details = _last(complaints)
    if _NO_COMMIT.search(complaints):
        return UnknownCommit(f"the Git repository at {url} does not have what is asked for", details=details)
    if _DENIED.search(complaints):
        hint = "git must get in without asking: give it a credential helper, a netrc entry or an SSH key"
        return NetworkError(f"{url} does not let us in", details=details, hint=hint)
    if _ABSENT.search(complaints):
        hint = "check the address; private repositories say this to strangers too"
        return NetworkError(f"there is no Git repository at {url}", details=details, hint=hint)
    return NetworkError(f"the Git repository at {url} cannot be read", details=details, hint="try again")
