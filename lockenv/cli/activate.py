"""`lockenv activate`: the line that activates the environment, for the shell at hand."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from lockenv.cli.options import add_env, parser, session_of
from lockenv.operations.activate import SHELLS, activation


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv activate`."""
    options = parser(
        "activate",
        "Write the line that activates the environment in the shell you type in, to be evaluated there.\n"
        "`deactivate` leaves it. No other program can change your shell, so this one cannot do it for you.",
        [
            'eval "$(lockenv activate)"                              bash, zsh, sh, ksh',
            "lockenv activate | source                               fish",
            "eval `lockenv activate`                                 csh, tcsh",
            "lockenv activate | Out-String | Invoke-Expression       PowerShell",
        ],
    )
    options.add_argument("--shell", choices=sorted(SHELLS), help="for this shell (default: the one at hand)")
    add_env(options)
    asked = options.parse_args(arguments)
    with session_of(asked) as (session, screen):
        found = activation(session, asked.shell)
        screen.data(found.line)
        if sys.stdout.isatty():
            screen.hint(f"nothing is activated yet: run `{found.shell.evaluate}`")
    return 0
