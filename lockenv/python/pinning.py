"""The start-up file that keeps a program on the generation with which it began.

An environment's folders are links into its current generation, and a sync turns the one link behind them. A
program that imported one module before and another after would see two environments. So each Python looks once, at
its start, which generation is current, and takes its libraries from that folder from then on
(docs/decisions/0016-a-program-stays-with-its-generation.md).
"""

from __future__ import annotations

from lockenv.tree import Text
from lockenv.wheels import PIN_NAME

# In a dictionary of its own: `site` runs start-up lines among its local variables. One system call; whatever is
# not as lockenv made it (a copy without links, another tool's environment) leaves the path as it was.
_BODY = """\
import os, sys
try:
    base = sys.prefix
    current = os.readlink(base + '/.lockenv/current')
    for i, path in enumerate(sys.path):
        if path.startswith(base + '/lib') and path.endswith('-packages') and current[:2] == 'g-':
            sys.path[i] = base + '/.lockenv/' + current + path[len(base):]
except Exception:
    pass
"""


def pin(libraries: str) -> Text:
    """Give the start-up file for the folder of libraries (`lib/python3.12/site-packages`) of an environment."""
    return Text(path=f"{libraries}/{PIN_NAME}", content=f"import os; exec({_BODY!r}, {{}})\n".encode())
