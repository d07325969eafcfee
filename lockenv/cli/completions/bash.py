"""The script for bash: it works with the one of macOS (3.2), too."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from lockenv.cli.completions.cases import expects, places
from lockenv.cli.completions.grammar import Command, Option, shared

_SCRIPT = """\
# Completion of lockenv for bash, written by `lockenv completion bash`.

_lockenv_expects() {
    case "$command:$1" in
@EXPECTS@
        *) expects='' ;;
    esac
}

_lockenv_offer() {
    local IFS=$'\\n' words
    case $expects in
        files) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")) ;;
        folders) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$cur")) ;;
        program) COMPREPLY=($(compgen -c -- "$cur" | sort -u)) ;;
        nothing) ;;
        words:*) IFS=' '; COMPREPLY=($(compgen -W "${expects#words:}" -- "$cur")) ;;
        *)
            words=$(lockenv completion words "$expects" "${COMP_WORDS[@]:1}" 2>/dev/null)
            COMPREPLY=($(compgen -W "$words" -- "$cur"))
            ;;
    esac
}

_lockenv() {
    local cur=${COMP_WORDS[COMP_CWORD]} command='' expects='' word count=0 i ended=''
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        # `--option=value` comes as three words.
        if [[ $word == '=' ]]; then continue; fi
        if [[ -n $expects ]]; then expects=''; continue; fi
        case $word in
            --) [[ -n $command ]] && ended=yes ;;
            -*) _lockenv_expects "$word" ;;
            *) if [[ -z $command ]]; then command=$word; else count=$((count + 1)); fi ;;
        esac
        if [[ $command == run && $count -gt 0 ]]; then
            # What follows belongs to that command.
            expects=files; _lockenv_offer; return
        fi
    done
    if [[ $cur == '=' ]]; then cur=''; fi
    if [[ -z $expects && -z $ended && $cur == -* ]]; then
        case $command in
@OPTIONS@
            *) return ;;
        esac
    elif [[ -z $expects ]]; then
        case "$command:$count" in
@PLACES@
            *) return ;;
        esac
    fi
    _lockenv_offer
}

complete -F _lockenv lockenv
"""


def script(commands: tuple[Command, ...]) -> str:
    """Write the script."""
    indent = " " * 12
    return (
        _SCRIPT.replace("@EXPECTS@", expects(commands, " " * 8))
        .replace("@OPTIONS@", _options(commands, indent))
        .replace("@PLACES@", places(commands, indent))
    )


def _options(commands: tuple[Command, ...], indent: str) -> str:
    rows = {"''": [*_flags(shared(commands)), "--help", "--version"]}
    rows |= {command.name: _flags(command.options) for command in commands}
    offered = {name: shlex.quote("words:" + " ".join(dict.fromkeys(row))) for name, row in rows.items()}
    return "\n".join(f"{indent}{name}) expects={words} ;;" for name, words in offered.items())


def _flags(options: Iterable[Option]) -> list[str]:
    return [flag for option in options for flag in option.flags]
