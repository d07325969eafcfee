"""Activation scripts: text that a shell reads, as functions of where the environment is and what it is called.

They do what users of the standard library's environments expect: VIRTUAL_ENV and VIRTUAL_ENV_PROMPT are set, the
environment's programs come first on PATH, PYTHONHOME is out of the way, the prompt says where one is unless
VIRTUAL_ENV_DISABLE_PROMPT is set, and `deactivate` undoes it all and is gone. What was before is kept under the
names that the standard library's and virtualenv's scripts use too, so that one can be activated over another.

A prompt is code to most shells: there, characters that would be expanded are shown as `_`. VIRTUAL_ENV_PROMPT
has them as they are.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from lockenv.tree import Text

_SH = """\
# Source this in sh, bash, zsh, dash or ksh:  . bin/activate
# Leave with:  deactivate

deactivate () {
    if [ -n "${_OLD_VIRTUAL_PATH+set}" ]; then
        PATH=$_OLD_VIRTUAL_PATH
        export PATH
        unset _OLD_VIRTUAL_PATH
    fi
    if [ -n "${_OLD_VIRTUAL_PYTHONHOME+set}" ]; then
        PYTHONHOME=$_OLD_VIRTUAL_PYTHONHOME
        export PYTHONHOME
        unset _OLD_VIRTUAL_PYTHONHOME
    fi
    if [ -n "${_OLD_VIRTUAL_PS1+set}" ]; then
        PS1=$_OLD_VIRTUAL_PS1
        unset _OLD_VIRTUAL_PS1
    fi
    unset VIRTUAL_ENV
    unset VIRTUAL_ENV_PROMPT
    # Shells remember where they found commands.
    hash -r 2>/dev/null || :
    if [ "${1:-}" != nondestructive ]; then
        unset -f deactivate
    fi
}

# Leave what is active now, whoever made it.
deactivate nondestructive

VIRTUAL_ENV=@ENV@
@CONVERT@export VIRTUAL_ENV
VIRTUAL_ENV_PROMPT=@PROMPT@
export VIRTUAL_ENV_PROMPT

_OLD_VIRTUAL_PATH=${PATH:-}
PATH=$VIRTUAL_ENV/@BIN@${PATH:+:$PATH}
export PATH

if [ -n "${PYTHONHOME+set}" ]; then
    _OLD_VIRTUAL_PYTHONHOME=$PYTHONHOME
    unset PYTHONHOME
fi

if [ -z "${VIRTUAL_ENV_DISABLE_PROMPT:-}" ] && [ -n "${PS1+set}" ]; then
    _OLD_VIRTUAL_PS1=$PS1
    PS1=@SHOWN@$PS1
fi

hash -r 2>/dev/null || :
"""

# Git for Windows and Cygwin want their own spelling of a path.
_SH_CONVERT = """\
if command -v cygpath >/dev/null 2>&1; then
    VIRTUAL_ENV=$(cygpath -u "$VIRTUAL_ENV")
fi
"""

# `test … &&`, because csh expands a one-line `if` whole, unset variables too. `!:*` are the alias's arguments.
_CSH_ALIAS = "; ".join(  # an alias is one line
    (
        'test $?_OLD_VIRTUAL_PATH = 1 && setenv PATH "$_OLD_VIRTUAL_PATH:q" && unset _OLD_VIRTUAL_PATH',
        'test $?_OLD_VIRTUAL_HOME = 1 && setenv PYTHONHOME "$_OLD_VIRTUAL_HOME:q" && unset _OLD_VIRTUAL_HOME',
        'test $?_OLD_VIRTUAL_PROMPT = 1 && set prompt = "$_OLD_VIRTUAL_PROMPT:q" && unset _OLD_VIRTUAL_PROMPT',
        "unsetenv VIRTUAL_ENV",
        "unsetenv VIRTUAL_ENV_PROMPT",
        "rehash",
        r'test "\!:*" != nondestructive && unalias deactivate',
    )
)

_CSH = """\
# Source this in csh or tcsh:  source bin/activate.csh
# Leave with:  deactivate

alias deactivate '@ALIAS@'

# Leave what is active now, whoever made it.
deactivate nondestructive

setenv VIRTUAL_ENV @ENV@
setenv VIRTUAL_ENV_PROMPT @PROMPT@

set _OLD_VIRTUAL_PATH = "$PATH:q"
setenv PATH "${VIRTUAL_ENV:q}/@BIN@:${PATH:q}"

if ( $?PYTHONHOME ) then
    set _OLD_VIRTUAL_HOME = "$PYTHONHOME:q"
    unsetenv PYTHONHOME
endif

if ( ! $?VIRTUAL_ENV_DISABLE_PROMPT ) then
    if ( $?prompt ) then
        set _OLD_VIRTUAL_PROMPT = "$prompt:q"
        set prompt = @SHOWN@"$prompt:q"
    endif
endif

rehash
"""

_FISH = """\
# Source this in fish:  source bin/activate.fish
# Leave with:  deactivate

function deactivate -d 'Leave the virtual environment'
    if set -q _OLD_VIRTUAL_PATH
        set -gx PATH $_OLD_VIRTUAL_PATH
        set -e _OLD_VIRTUAL_PATH
    end
    if set -q _OLD_VIRTUAL_PYTHONHOME
        set -gx PYTHONHOME $_OLD_VIRTUAL_PYTHONHOME
        set -e _OLD_VIRTUAL_PYTHONHOME
    end
    if functions -q _old_fish_prompt
        functions -e fish_prompt
        functions -c _old_fish_prompt fish_prompt
        functions -e _old_fish_prompt
        set -e _OLD_FISH_PROMPT_OVERRIDE
    end
    set -e VIRTUAL_ENV
    set -e VIRTUAL_ENV_PROMPT
    if test "$argv[1]" != nondestructive
        functions -e _lockenv_status
        functions -e deactivate
    end
end

# Leave what is active now, whoever made it.
deactivate nondestructive

set -gx VIRTUAL_ENV @ENV@
set -gx VIRTUAL_ENV_PROMPT @PROMPT@

set -g _OLD_VIRTUAL_PATH $PATH
set -gx PATH "$VIRTUAL_ENV/@BIN@" $PATH

if set -q PYTHONHOME
    set -g _OLD_VIRTUAL_PYTHONHOME $PYTHONHOME
    set -e PYTHONHOME
end

if test -z "$VIRTUAL_ENV_DISABLE_PROMPT"; and functions -q fish_prompt
    functions -c fish_prompt _old_fish_prompt

    function _lockenv_status
        return $argv[1]
    end

    function fish_prompt
        set -l before $status
        printf '(%s) ' "$VIRTUAL_ENV_PROMPT"
        # The prompt that was there may show how the last command ended.
        _lockenv_status $before
        _old_fish_prompt
    end
end
"""

_POWERSHELL = """\
# Run this in PowerShell:  . bin/Activate.ps1
# Leave with:  deactivate

function global:deactivate ([switch] $NonDestructive) {
    if (Test-Path -LiteralPath Env:_OLD_VIRTUAL_PATH) {
        $Env:PATH = $Env:_OLD_VIRTUAL_PATH
        Remove-Item -LiteralPath Env:_OLD_VIRTUAL_PATH
    }
    if (Test-Path -LiteralPath Env:_OLD_VIRTUAL_PYTHONHOME) {
        $Env:PYTHONHOME = $Env:_OLD_VIRTUAL_PYTHONHOME
        Remove-Item -LiteralPath Env:_OLD_VIRTUAL_PYTHONHOME
    }
    if (Test-Path -LiteralPath Function:_OLD_VIRTUAL_PROMPT) {
        Set-Item -LiteralPath Function:global:prompt -Value $Function:_OLD_VIRTUAL_PROMPT
        Remove-Item -LiteralPath Function:_OLD_VIRTUAL_PROMPT
    }
    foreach ($name in 'VIRTUAL_ENV', 'VIRTUAL_ENV_PROMPT') {
        Remove-Item -LiteralPath "Env:$name" -ErrorAction SilentlyContinue
    }
    if (-not $NonDestructive) {
        Remove-Item -LiteralPath Function:deactivate
    }
}

# Leave what is active now, whoever made it.
deactivate -NonDestructive

$Env:VIRTUAL_ENV = @ENV@
$Env:VIRTUAL_ENV_PROMPT = @PROMPT@

$Env:_OLD_VIRTUAL_PATH = $Env:PATH
$Env:PATH = (Join-Path -Path $Env:VIRTUAL_ENV -ChildPath '@BIN@') + [System.IO.Path]::PathSeparator + $Env:PATH

if (Test-Path -LiteralPath Env:PYTHONHOME) {
    $Env:_OLD_VIRTUAL_PYTHONHOME = $Env:PYTHONHOME
    Remove-Item -LiteralPath Env:PYTHONHOME
}

if (-not $Env:VIRTUAL_ENV_DISABLE_PROMPT) {
    Set-Item -LiteralPath Function:global:_OLD_VIRTUAL_PROMPT -Value $Function:prompt
    function global:prompt {
        Write-Host -NoNewline -ForegroundColor Green "($Env:VIRTUAL_ENV_PROMPT) "
        _OLD_VIRTUAL_PROMPT
    }
}
"""

# No parenthesised blocks: a `)` in PATH would end them. The script knows where it is, so no path is written down.
_ACTIVATE_BAT = """\
@echo off
rem Run this in cmd:  Scripts\\activate.bat      Leave with:  deactivate

if defined _OLD_VIRTUAL_PATH set "PATH=%_OLD_VIRTUAL_PATH%"
if defined _OLD_VIRTUAL_PROMPT set "PROMPT=%_OLD_VIRTUAL_PROMPT%"
if defined _OLD_VIRTUAL_PYTHONHOME set "PYTHONHOME=%_OLD_VIRTUAL_PYTHONHOME%"
set "_OLD_VIRTUAL_PROMPT="
set "_OLD_VIRTUAL_PYTHONHOME="

for %%i in ("%~dp0..") do set "VIRTUAL_ENV=%%~fi"
set "VIRTUAL_ENV_PROMPT=@PROMPT@"

set "_OLD_VIRTUAL_PATH=%PATH%"
set "PATH=%VIRTUAL_ENV%\\Scripts;%PATH%"

if defined PYTHONHOME set "_OLD_VIRTUAL_PYTHONHOME=%PYTHONHOME%"
set "PYTHONHOME="

if not defined PROMPT set "PROMPT=$P$G"
if not defined VIRTUAL_ENV_DISABLE_PROMPT set "_OLD_VIRTUAL_PROMPT=%PROMPT%"
if not defined VIRTUAL_ENV_DISABLE_PROMPT set "PROMPT=@SHOWN@%PROMPT%"
"""

_DEACTIVATE_BAT = """\
@echo off
if defined _OLD_VIRTUAL_PATH set "PATH=%_OLD_VIRTUAL_PATH%"
if defined _OLD_VIRTUAL_PROMPT set "PROMPT=%_OLD_VIRTUAL_PROMPT%"
if defined _OLD_VIRTUAL_PYTHONHOME set "PYTHONHOME=%_OLD_VIRTUAL_PYTHONHOME%"
set "_OLD_VIRTUAL_PATH="
set "_OLD_VIRTUAL_PROMPT="
set "_OLD_VIRTUAL_PYTHONHOME="
set "VIRTUAL_ENV="
set "VIRTUAL_ENV_PROMPT="
"""


def activation_scripts(*, env_dir: str, prompt: str, scripts: str, windows: bool) -> tuple[Text, ...]:
    """Make the scripts of an environment that will stand at `env_dir` and keeps its programs in `scripts`."""
    words = {"ENV": env_dir, "PROMPT": prompt, "SHOWN": f"({_harmless(prompt)}) ", "BIN": scripts}
    csh = _CSH.replace("@ALIAS@", _CSH_ALIAS)
    posix = _SH.replace("@CONVERT@", _SH_CONVERT if windows else "")
    made = [
        ("activate", _filled(posix, words, quote_sh)),
        ("activate.csh", _filled(csh, words, quote_csh)),
        ("activate.fish", _filled(_FISH, words, quote_fish)),
        ("Activate.ps1", _filled(_POWERSHELL, words, quote_powershell)),
    ]
    if windows:
        made.append(("activate.bat", _crlf(_filled(_ACTIVATE_BAT, words, quote_batch))))
        made.append(("deactivate.bat", _crlf(_DEACTIVATE_BAT)))
    return tuple(Text(path=f"{scripts}/{name}", content=_encoded(name, text)) for name, text in made)


def _filled(template: str, words: dict[str, str], quote: Callable[[str], str]) -> str:
    """Put quoted words in, all in one go: a path may hold what looks like a place to fill."""

    def word(found: re.Match[str]) -> str:
        name = found[1]
        return words[name] if name == "BIN" else quote(words[name])

    return re.sub("@(ENV|PROMPT|SHOWN|BIN)@", word, template)


def _harmless(prompt: str) -> str:
    """Replace what some shell's prompt would expand or break at."""
    return re.sub(r"[$`\\%!\x00-\x1f\x7f]", "_", prompt)


def _crlf(text: str) -> str:
    return text.replace("\n", "\r\n")


def _encoded(name: str, text: str) -> bytes:
    # Windows PowerShell takes a script without the mark for the machine's old code page.
    mark = b"\xef\xbb\xbf" if name.endswith(".ps1") and not text.isascii() else b""
    return mark + (os.fsencode(text) if os.name == "posix" else text.encode("utf-8", "surrogatepass"))


def quote_sh(text: str) -> str:
    """Quote a word for the shells of POSIX."""
    return "'" + text.replace("'", "'\\''") + "'"


def quote_csh(text: str) -> str:
    """Quote a word for csh, where `!` and a line's end are special even between quotes."""
    return "'" + text.replace("'", "'\\''").replace("!", "\\!").replace("\n", "\\\n") + "'"


def quote_fish(text: str) -> str:
    """Quote a word for fish."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quote_powershell(text: str) -> str:
    """Quote a word for PowerShell, to which the typographic quotes are quotes as well."""
    return "'" + re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", text) + "'"


def quote_batch(text: str) -> str:
    """Quote text for the inside of ``set "name=…"`` in a batch file."""
    return text.replace("%", "%%").replace('"', "'")
