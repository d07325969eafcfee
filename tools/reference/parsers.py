"""The parsers of the commands, without running a command."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from io import StringIO
from unittest.mock import patch

from lockenv.cli.main import COMMANDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command: what it does in a line, and its parser or, where it has none, its help."""

    name: str
    summary: str
    parser: argparse.ArgumentParser | None
    help: str


class _BuiltError(Exception):
    """A command has built its parser."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__()
        self.parser = parser


def command(name: str) -> Command:
    """Find out how a command takes its options, by calling it and stopping it before it reads any."""
    module, summary = COMMANDS[name]
    said = StringIO()
    try:
        with _stopped(), redirect_stdout(said):
            import_module(module).main(["--help"])
    except _BuiltError as built:
        return Command(name=name, summary=summary, parser=built.parser, help="")
    return Command(name=name, summary=summary, parser=None, help=said.getvalue())


@contextmanager
def _stopped() -> Iterator[None]:
    def stop(parser: argparse.ArgumentParser, *_: object) -> None:
        raise _BuiltError(parser)

    with patch.object(argparse.ArgumentParser, "parse_args", stop):
        yield


def options_of(found: Command) -> frozenset[str]:
    """Give the names of a command's options."""
    if found.parser is None:
        return frozenset(re.findall(r"--?[a-zA-Z][a-z-]*", found.help))
    return frozenset(_options(found.parser))


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _options(below)
