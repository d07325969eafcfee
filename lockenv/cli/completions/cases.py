"""What the scripts of bash and zsh share: which value an option takes, and what a command offers."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from lockenv.cli.completions.grammar import NOTHING, Command, Option, Value, shared


def expects(commands: tuple[Command, ...], indent: str) -> str:
    """Cases of ``COMMAND:OPTION`` that set `expects` to what comes behind the option."""
    everywhere = shared(commands)
    lines = list(_expecting("*", everywhere))
    for command in commands:
        lines += _expecting(command.name, (option for option in command.options if option not in everywhere))
    return "\n".join(f"{indent}{line}" for line in lines)


def _expecting(command: str, options: Iterable[Option]) -> Iterator[str]:
    found: dict[Value, list[str]] = {}
    for option in options:
        if option.value is not None:
            found.setdefault(option.value, []).extend(f"{command}:{flag}" for flag in option.flags)
    for value, patterns in found.items():
        yield f"{'|'.join(patterns)}) expects={shlex.quote(value.token)} ;;"


def places(commands: tuple[Command, ...], indent: str) -> str:
    """Cases of ``COMMAND:NUMBER`` that set `expects` to what a word can be that is no option."""
    first = Value(words=tuple(command.name for command in commands))
    lines = [f":*) expects={shlex.quote(first.token)} ;;"]
    for command in commands:
        # The first that fits counts.
        places = [("0", command.first), ("*", command.rest)]
        for number, value in places if command.first != command.rest else places[1:]:
            if value.kind != NOTHING or value.words:
                lines.append(f"{command.name}:{number}) expects={shlex.quote(value.token)} ;;")
    return "\n".join(f"{indent}{line}" for line in lines)


def plain(text: str) -> str:
    """A help text as a shell's list shows it: one line, and no more than that."""
    return " ".join(text.split()).replace("%%", "%")
