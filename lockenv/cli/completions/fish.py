"""The script for fish."""

from __future__ import annotations

from collections.abc import Iterator

from lockenv.cli.completions.cases import plain
from lockenv.cli.completions.grammar import FILES, FOLDERS, NOTHING, PROGRAM, Command, Option, Value, shared

_HEAD = """\
# Completion of lockenv for fish, written by `lockenv completion fish`.

function __lockenv_command
    set -l skip no
    for word in (commandline -opc)[2..-1]
        if test $skip = yes
            set skip no
            continue
        end
        switch $word
            case @VALUED@
                set skip yes
            case '-*'
            case '*'
                echo $word
                return
        end
    end
end

function __lockenv_is
    set -l typed (__lockenv_command)
    test "$typed" = "$argv[1]"
end

function __lockenv_words
    lockenv completion words $argv[1] (commandline -opc)[2..-1] 2>/dev/null
end

complete -c lockenv -f
"""


def script(commands: tuple[Command, ...]) -> str:
    """Write the script."""
    before = shared(commands)
    valued = [_quoted(flag) for option in before if option.value is not None for flag in option.flags]
    lines = [_HEAD.replace("@VALUED@", " ".join(valued)), *(_option("", option) for option in before)]
    lines += map(_name, commands)
    for command in commands:
        lines += (_option(command.name, option) for option in command.options)
        lines += _places(command)
    return "\n".join(lines) + "\n"


def _name(command: Command) -> str:
    return f"complete -c lockenv -n '__lockenv_is \"\"' -a {command.name} -d {_quoted(command.summary)}"


def _option(command: str, option: Option) -> str:
    spelt = [f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags]
    value = [] if option.value is None else [_value(option.value)]
    words = [f"complete -c lockenv -n '__lockenv_is \"{command}\"'", *spelt, *value]
    return " ".join([*words, f"-d {_quoted(plain(option.help))}"])


def _places(command: Command) -> Iterator[str]:
    condition = f'__lockenv_is "{command.name}"'
    if command.first.words:
        not_yet = f"{condition}; and not __fish_seen_subcommand_from {' '.join(command.first.words)}"
        yield f"complete -c lockenv -n {_quoted(not_yet)} {_value(command.first)}"
        condition = f"{condition}; and __fish_seen_subcommand_from {' '.join(command.first.words)}"
    if command.rest.kind != NOTHING and not command.rest.words:
        yield f"complete -c lockenv -n {_quoted(condition)} {_value(command.rest)}"


def _value(value: Value) -> str:
    if value.words:
        return f"-x -a {_quoted(' '.join(value.words))}"
    if value.kind == PROGRAM:
        return "-x -a '(__fish_complete_subcommand --fcs-skip=2)'"
    known = {FILES: "-r -F", FOLDERS: "-x -a '(__fish_complete_directories)'", NOTHING: "-x"}
    return known.get(value.kind) or f"-x -a '(__lockenv_words {value.kind})'"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
