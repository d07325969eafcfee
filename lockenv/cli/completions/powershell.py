"""The script for PowerShell, 5.1 and newer, on all platforms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lockenv.cli.completions.cases import plain
from lockenv.cli.completions.grammar import Command, Option, Value, shared

_SCRIPT = """\
# Completion of lockenv for PowerShell, written by `lockenv completion powershell`.

Register-ArgumentCompleter -Native -CommandName lockenv -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    function Expected($option) {
        # Names in hash tables do not tell -P from -p.
        switch -CaseSensitive ($option) {
@VALUES@
            default { '' }
        }
    }
    $options = @{
@OPTIONS@
    }
    $commands = [ordered]@{
@COMMANDS@
    }
    $places = @{
@PLACES@
    }

    $typed = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
    if ($wordToComplete -ne '') { $typed = @($typed | Select-Object -First ($typed.Count - 1)) }
    $command = ''
    $expects = ''
    $count = 0
    foreach ($word in $typed) {
        if ($expects) { $expects = ''; continue }
        if ($word -like '-*') {
            $expects = Expected "${command}:$word"
        } elseif (-not $command) { $command = $word } else { $count++ }
    }

    function Offer($word, $text) {
        if ($word -like "$wordToComplete*") {
            [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $text)
        }
    }

    if (-not $expects -and $wordToComplete -like '-*') {
        foreach ($each in $options[$command]) { Offer $each[0] $each[1] }
        return
    }
    if (-not $expects -and -not $command) {
        foreach ($name in $commands.Keys) { Offer $name $commands[$name] }
        return
    }
    if (-not $expects) {
        $expects = $places["${command}:$count"]
        if (-not $expects) { $expects = $places[$command] }
    }
    if (-not $expects -or $expects -in 'files', 'folders', 'program', 'nothing') { return }
    if ($expects -like 'words:*') { $found = $expects.Substring(6) -split ' ' }
    else { $found = @(lockenv completion words $expects @typed 2>$null) }
    foreach ($each in $found) { Offer $each $each }
}
"""


def script(commands: tuple[Command, ...]) -> str:
    """Write the script."""
    before = shared(commands)
    every = [("", before), *((command.name, command.options) for command in commands)]
    rows = {
        "@VALUES@": [line for name, options in every for line in _values(name, options)],
        "@OPTIONS@": [f"{_quoted(name)} = @({', '.join(_pairs(options))})" for name, options in every],
        "@COMMANDS@": [f"{_quoted(command.name)} = {_quoted(command.summary)}" for command in commands],
        "@PLACES@": [line for command in commands for line in _places(command)],
    }
    text = _SCRIPT
    for mark, lines in rows.items():
        text = text.replace(mark, "\n".join(f"        {line}" for line in lines))
    return text


def _values(command: str, options: Iterable[Option]) -> Iterator[str]:
    for option in options:
        if option.value is not None:
            yield from (
                f"    {_quoted(f'{command}:{flag}')} {{ {_token(option.value)} }}" for flag in option.flags
            )


def _pairs(options: Iterable[Option]) -> Iterator[str]:
    for option in options:
        yield from (f"@({_quoted(flag)}, {_quoted(plain(option.help))})" for flag in option.flags)


def _places(command: Command) -> Iterator[str]:
    yield f"{_quoted(f'{command.name}:0')} = {_token(command.first)}"
    yield f"{_quoted(command.name)} = {_token(command.rest)}"


def _token(value: Value) -> str:
    return _quoted(value.token)


def _quoted(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"
