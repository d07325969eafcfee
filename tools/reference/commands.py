"""The commands and all their options, from the parsers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from lockenv.cli.main import COMMANDS
from tools.reference.parsers import Command, command
from tools.reference.tables import prose, table

_SHARED = "options for every command"
_HEAD = ("option", "does")


def commands() -> list[str]:
    """List the commands, each a link to its options."""
    rows = ((_link(name), prose(summary)) for name, (_, summary) in COMMANDS.items())
    return table(("command", "does"), rows)


def options() -> list[str]:
    """List every command with its options; those that all share come once, at the top."""
    every = [command(name) for name in COMMANDS]
    return [*_shared(every), *(line for one in every for line in _section(one))]


def _link(name: str) -> str:
    return f"[`lockenv {name}`](options.md#lockenv-{name})"


def _shared(every: Sequence[Command]) -> list[str]:
    parser = next(one.parser for one in every if one.parser is not None)
    group = next(group for group in parser._action_groups if group.title == _SHARED)
    return ["## Every command", "", *table(_HEAD, map(_row, group._group_actions))]


def _section(one: Command) -> list[str]:
    heading = ["", f"## `lockenv {one.name}`", ""]
    if one.parser is None:
        return [*heading, "```text", *one.help.rstrip().splitlines(), "```"]
    return [*heading, *_described(one.parser), *_examples(one.parser)]


def _described(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield prose(parser.description or "")
    shown = [action for group in _own_groups(parser) for action in group._group_actions if _is_shown(action)]
    if rows := [_row(action) for action in shown]:
        yield from ("", *table(_HEAD, rows))
    for action in shown:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from ("", f"### `{below.prog}`" if name else "", "", *_described(below))


def _own_groups(parser: argparse.ArgumentParser) -> list[argparse._ArgumentGroup]:
    return [group for group in parser._action_groups if group.title != _SHARED]


def _is_shown(action: argparse.Action) -> bool:
    return action.help is not argparse.SUPPRESS and action.dest != "help"


def _row(action: argparse.Action) -> tuple[str, str]:
    return _written(action), prose((action.help or "") % {**vars(action), "prog": ""})


def _written(action: argparse.Action) -> str:
    value = _value(action)
    if not action.option_strings:
        return f"`{value}`"
    takes = "" if action.nargs == 0 else f" {value}"
    return ", ".join(f"`{name}{takes}`" for name in action.option_strings)


def _value(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    if action.choices is not None:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return action.dest.upper() if action.option_strings else action.dest


def _examples(parser: argparse.ArgumentParser) -> list[str]:
    lines = (parser.epilog or "").splitlines()[1:]
    return ["", "```text", *(line.strip() for line in lines), "```"] if lines else []
