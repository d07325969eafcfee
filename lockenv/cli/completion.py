"""`lockenv completion`: a script that lets a shell complete lockenv's commands, options and names."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

_SHELLS = ("bash", "zsh", "fish", "powershell")


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv completion`."""
    if list(arguments[:1]) == ["words"] and len(arguments) > 1:
        # What the scripts ask at every Tab: no parser, no session.
        from lockenv.cli.completions.words import words

        sys.stdout.write("".join(f"{word}\n" for word in words(arguments[1], arguments[2:], os.environ)))
        return 0
    # Lazy: as above.
    from lockenv.cli.options import parser

    options = parser(
        "completion",
        "Write a script that lets a shell complete commands, options, and the names of groups and packages.\n"
        "It asks lockenv for the names of the project you are in whenever they are needed.",
        [
            'eval "$(lockenv completion bash)"                                   in ~/.bashrc',
            'eval "$(lockenv completion zsh)"                                    in ~/.zshrc, behind compinit',
            "lockenv completion fish > ~/.config/fish/completions/lockenv.fish",
            "lockenv completion powershell | Out-String | Invoke-Expression      in $PROFILE",
        ],
        usage=f"lockenv completion {{{','.join(_SHELLS)}}}",
    )
    options.add_argument("shell", choices=_SHELLS, help="for which shell")
    asked = options.parse_args(arguments)
    # Lazy: the grammar needs the parsers of all commands, and each script its own module.
    from importlib import import_module

    from lockenv.cli.completions.grammar import grammar
    from lockenv.cli.main import COMMANDS

    made = import_module(f"lockenv.cli.completions.{asked.shell}").script(grammar(COMMANDS))
    sys.stdout.write(made)
    return 0
