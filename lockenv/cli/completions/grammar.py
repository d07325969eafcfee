"""What can be typed behind `lockenv`, read from the parsers of its commands."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module

from lockenv.cli.options import PARSER, Built
from lockenv.values import dataclass

#: Values that only the project knows, by the name that a parser has for them (`lockenv.cli.completions.words`).
_ASKED: Mapping[str, str] = {
    "group": "groups",
    "groups": "groups",
    "environment": "environments",
    "named": "environments",
    "upgrade_package": "packages",
    "allow_build": "packages",
    "package": "packages",
    "packages": "packages",
    "names": "requirements",
}
#: What the shell itself knows: files, folders, programs; and what nobody can guess.
FILES, FOLDERS, PROGRAM, NOTHING = "files", "folders", "program", "nothing"
_PLACES: Mapping[str, str] = {"DIR": FOLDERS, "FILE": FILES, "P": FILES, "A": FILES, "B": FILES}
_LINE = re.compile(r"^ +(?:(-\w), )?(--[\w-]+)(?: ([A-Z]+))?\n? +(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What can stand in a place: one of `words`, or whatever `kind` says."""

    kind: str = NOTHING
    words: tuple[str, ...] = ()

    @property
    def token(self) -> str:
        """It as one word of a script: a kind, or ``words:auto never``."""
        return f"words:{' '.join(self.words)}" if self.words else self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option by its spellings. `value` is None where it takes none."""

    flags: tuple[str, ...]
    help: str
    value: Value | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command, its options, and what its first word and all further ones can be."""

    name: str
    summary: str
    options: tuple[Option, ...]
    first: Value = Value()
    rest: Value = Value()


def grammar(commands: Mapping[str, tuple[str, str]]) -> tuple[Command, ...]:
    """Read the grammar of all commands, given by name with their module and summary."""
    return tuple(_command(name, module, summary) for name, (module, summary) in commands.items())


def shared(commands: tuple[Command, ...]) -> tuple[Option, ...]:
    """The options that may stand before a command, as all commands have them; `run` does not tell of each."""
    parsed = [command for command in commands if command.first.kind != PROGRAM]
    first, *others = ({option.flags: option for option in command.options} for command in parsed)
    return tuple(option for flags, option in first.items() if all(flags in other for other in others))


def _command(name: str, module: str, summary: str) -> Command:
    loaded = import_module(module)
    if (told := getattr(loaded, "HELP", None)) is not None:
        # `run` reads its few options without a parser, for speed.
        program = Value(kind=PROGRAM)
        return Command(name=name, summary=summary, options=tuple(_told(told)), first=program, rest=program)
    found = _parser(loaded.main)
    places = [_value(action) for action in found._actions if not action.option_strings]  # noqa: SLF001 - see below
    first, rest = (places[0], places[-1]) if places else (Value(), Value())
    return Command(name=name, summary=summary, options=tuple(_options(found)), first=first, rest=rest)


def _parser(main: Callable[[Sequence[str]], int]) -> argparse.ArgumentParser:
    try:
        main(PARSER)
    except Built as built:
        return built.parser
    raise AssertionError(main)


def _options(parser: argparse.ArgumentParser) -> Iterator[Option]:
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to ask
        if action.option_strings and action.help != argparse.SUPPRESS:
            value = None if action.nargs == 0 else _value(action)
            yield Option(flags=tuple(action.option_strings), help=action.help or "", value=value)


def _value(action: argparse.Action) -> Value:
    if action.choices is not None:
        return Value(words=tuple(map(str, action.choices)))
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    return Value(kind=_PLACES.get(metavar) or _ASKED.get(action.dest, NOTHING))


def _told(text: str) -> Iterator[Option]:
    """The options of a help text."""
    for short, long, metavar, said in _LINE.findall(text):
        asked = _ASKED.get(long.removeprefix("--"), NOTHING)
        value = Value(kind=_PLACES.get(metavar, asked)) if metavar else None
        yield Option(flags=tuple(filter(None, (short, long))), help=said, value=value)
