"""The script for zsh: to be put on `fpath` as `_lockenv`, or to be evaluated behind `compinit`."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from lockenv.cli.completions.cases import expects, places, plain
from lockenv.cli.completions.grammar import Command, Option, shared

_SCRIPT = """\
#compdef lockenv
# Completion of lockenv for zsh, written by `lockenv completion zsh`.

_lockenv_expects() {
    case "$command:$1" in
@EXPECTS@
        (*) expects='' ;;
    esac
}

_lockenv_offer() {
    local -a found
    case $expects in
        (files) _files ;;
        (folders) _files -/ ;;
        (program) _command_names -e ;;
        (nothing) ;;
        (words:*) found=(${=expects#words:}); compadd -a found ;;
        (*) found=(${(f)"$(lockenv completion words $expects ${words[2,-1]} 2>/dev/null)"}); compadd -a found ;;
    esac
}

_lockenv() {
    local command='' expects='' word ended=''
    local -a offered
    integer i count=0
    for (( i = 2; i < CURRENT; i++ )); do
        word=${words[i]}
        if [[ -n $expects ]]; then expects=''; continue; fi
        case $word in
            (--) [[ -n $command ]] && ended=yes ;;
            (-*) _lockenv_expects $word ;;
            (*) if [[ -z $command ]]; then command=$word; else (( count += 1 )); fi ;;
        esac
        if [[ $command == run && $count -gt 0 ]]; then
            # What follows belongs to that command.
            (( CURRENT -= i - 1 )); shift $(( i - 1 )) words; _normal; return
        fi
    done
    word=${words[CURRENT]}
    if [[ -z $expects && $word == --*=* ]]; then
        _lockenv_expects ${word%%=*}
        compset -P '*='
    elif [[ -z $expects && -z $ended && $word == -* ]]; then
        case $command in
@OPTIONS@
        esac
        _describe -o option offered
        return
    elif [[ -z $expects && -z $command ]]; then
        offered=(
@COMMANDS@
        )
        _describe command offered
        return
    elif [[ -z $expects ]]; then
        case "$command:$count" in
@PLACES@
            (*) return ;;
        esac
    fi
    _lockenv_offer
}

if [[ ${funcstack[1]} == _lockenv ]]; then
    _lockenv "$@"
else
    compdef _lockenv lockenv
fi
"""


def script(commands: tuple[Command, ...]) -> str:
    """Write the script."""
    indent = " " * 12
    return (
        _SCRIPT.replace("@EXPECTS@", expects(commands, " " * 8))
        .replace("@OPTIONS@", "\n".join(_options(commands, indent)))
        .replace("@COMMANDS@", "\n".join(f"{indent}{_told(each.name, each.summary)}" for each in commands))
        .replace("@PLACES@", places(commands, indent))
    )


def _options(commands: tuple[Command, ...], indent: str) -> Iterable[str]:
    for name, options in (("''", shared(commands)), *((command.name, command.options) for command in commands)):
        yield f"{indent}{name}) offered=("
        yield from (f"{indent}    {line}" for option in options for line in _lines(option))
        yield f"{indent}) ;;"


def _lines(option: Option) -> Iterable[str]:
    return (_told(flag, option.help) for flag in option.flags)


def _told(word: str, text: str) -> str:
    return shlex.quote(f"{word}:{plain(text)}")
