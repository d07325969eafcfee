"""The options that commands share, and the session they make (`lockenv.cli.opening`)."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from lockenv.cli.opening import session_of
from lockenv.errors import UsageError

__all__ = [
    "add_all",
    "add_build",
    "add_change",
    "add_env",
    "add_json",
    "add_limits",
    "add_lock",
    "add_named",
    "add_network",
    "add_python",
    "parser",
    "session_of",
]


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30)

    def _format_usage(self, *asked: Any) -> str:
        # Lazy: only help needs it.
        from lockenv.cli.folding import folded

        return folded(super()._format_usage(*asked), self._width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        # Lazy: as above.
        from lockenv.cli.folding import folded

        return folded(super()._fill_text(text, width, indent), width, prose=True)


#: Arguments that ask a command for nothing but its parser, which `Built` then brings.
PARSER = ("--\0parser",)


class Built(Exception):
    """A command has built its parser, for which alone it was called."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__()
        self.parser = parser


class _Parser(argparse.ArgumentParser):
    """A parser whose errors look like all others: verdict, then remedy."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse, unless the parser itself is asked for."""
        if args == PARSER:
            raise Built(self)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError` where argparse would print its usage and exit."""
        hint = f"see `{self.prog} --help`"
        unknown = message.removeprefix("unrecognized arguments: ")
        if unknown == message:
            raise UsageError(f"{self.prog}: {message}", hint=hint)
        from difflib import get_close_matches  # only a mistake needs it

        close = get_close_matches(unknown.split()[0].partition("=")[0], self._option_string_actions, n=1)
        raise UsageError(
            f"`{self.prog}` does not take `{unknown}`", hint=f"did you mean `{close[0]}`?" if close else hint
        )


def parser(
    command: str, summary: str, examples: Sequence[str], *, usage: str | None = None
) -> argparse.ArgumentParser:
    """Make a command's parser with the options that all commands share."""
    made = _Parser(
        prog=f"lockenv {command}",
        usage=usage,
        description=summary,
        epilog="examples:\n" + "\n".join(f"  {example}" for example in examples),
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    shared = made.add_argument_group("options for every command")
    shared.add_argument("-C", "--project", metavar="DIR", help="the folder with env.toml")
    shared.add_argument("--cache-dir", metavar="DIR", help="where downloads and unpacked wheels are kept")
    shared.add_argument("--offline", action="store_true", default=None, help="never use the network")
    shared.add_argument("-q", "--quiet", action="store_true", default=None, help="say nothing but errors")
    shared.add_argument("-v", "--verbose", action="count", dest="verbosity", help="say why (twice: requests too)")
    return made


def add_network(to: argparse.ArgumentParser) -> None:
    """Let a command say how the network is used."""
    network = to.add_argument_group("network")
    network.add_argument("--index-url", metavar="URL", help="instead of the index that pip is configured for")
    network.add_argument("--concurrency", type=int, metavar="N", help="connections at once, 1 to 64 (default: 50)")
    network.add_argument("--timeout", type=float, metavar="S", help="seconds without a byte (default: 30)")
    network.add_argument("--keyring", choices=["auto", "never"], help="whether `keyring` is asked for passwords")


def add_lock(to: argparse.ArgumentParser) -> None:
    """Let a command name its lock, or the environment whose lock is meant."""
    _add_environment(to)
    to.add_argument("--lock", metavar="FILE", help="the lock (default: pylock.toml beside env.toml)")


def add_env(to: argparse.ArgumentParser) -> None:
    """Let a command name its environment, by name or by folder."""
    _add_environment(to)
    to.add_argument(
        "--env", metavar="DIR", dest="env_dir", help="the environment (default: .venv beside env.toml)"
    )


def _add_environment(to: argparse.ArgumentParser) -> None:
    if to.get_default("environment") is None:
        to.add_argument(
            "-e",
            "--environment",
            metavar="NAME",
            default="",
            help="another environment of env.toml: [environments.NAME]",
        )


def add_named(to: argparse.ArgumentParser) -> None:
    """Let a command take the name of an environment as a word of its own."""
    to.add_argument(
        "named", nargs="?", metavar="NAME", help="an environment of env.toml (default: that of [env], `default`)"
    )


def add_all(to: argparse.ArgumentParser, what: str) -> None:
    """Let a command be for all environments of env.toml."""
    to.add_argument("--all", action="store_true", help=what)


def add_limits(to: argparse.ArgumentParser) -> None:
    """Let a command move the bounds on archives."""
    to.add_argument(
        "--limit",
        metavar="NAME=N",
        dest="limits",
        action="append",
        help="what one archive may unpack to: file=64GiB, unpacked=64GiB, files=500000, ratio=400",
    )


def add_python(
    to: argparse.ArgumentParser, what: str = "a version (3.12, '>=3.11,<3.13'), a command or a path"
) -> None:
    """Let a command name its Python."""
    to.add_argument("-p", "--python", metavar="X", help=what)


def add_build(to: argparse.ArgumentParser) -> None:
    """Let a command say what may be built, beside what the manifest allows."""
    to.add_argument(
        "--allow-build",
        metavar="NAME",
        action="append",
        default=[],
        help="let this package's build run, this time",
    )


def add_change(to: argparse.ArgumentParser) -> None:
    """Let a command say how an environment is changed. The settings judge the values."""
    change = to.add_argument_group("the environment")
    change.add_argument(
        "--wait", metavar="S", help="seconds, while another process changes it (default: for ever)"
    )
    change.add_argument("--durable", metavar="WHAT", help="survive a `power` cut (default) or a killed `process`")
    change.add_argument("--history", metavar="N", help="how many earlier generations are kept (default: 1)")


def add_json(to: argparse.ArgumentParser) -> None:
    """Let a command answer for machines. An error is then a document too (`lockenv.cli.main`)."""
    to.add_argument("--json", action="store_true", help="a document for machines")
