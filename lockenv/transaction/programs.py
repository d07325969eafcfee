"""Two short programs for the interpreter behind an environment: one proves bytecode, one writes it.

They run in any Python from 3.8, isolated from people's settings and without `site`, and run nothing of what they
read. Each takes rows of JSON on its input and answers each row with a line of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence

from lockenv.python.question import clean_environ

_START, _EACH = 30.0, 0.5  #: seconds that a run may take, and for each row more

# The folder of a `-c` program is the working folder: out with it before anything is imported.
_BEGIN = r"""
import sys
sys.path.pop(0)
import json
def answers(of):
    for row in json.load(sys.stdin):
        sys.stdout.write(json.dumps(of(*row)) + "\n")
        sys.stdout.flush()
"""

#: Rows (bytecode, source, sha256 of each, size and time of the source, level, tag) -> 'proven', 'source' where
#: there is none to judge by, or what is wrong. Code is compared part by part: `==` leaves lines out.
PROVING = (
    _BEGIN
    + r"""
import hashlib, importlib.util, marshal

try:
    import resource
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30 if hard < 0 else min(4 << 30, hard), hard))
except Exception:
    pass  # not on this system: a crash is an answer too
sample = compile("", "", "exec", dont_inherit=True)
told = [name for name in dir(sample) if name.startswith("co_") and name not in ("co_filename", "co_lnotab")]
told = [name for name in told if not callable(getattr(sample, name))]
if not hasattr(sample, "co_linetable"):
    told.append("co_lnotab")

def same(one, other):
    if type(one) is not type(other):
        return False
    if isinstance(one, type(sample)):
        return all(same(getattr(one, name), getattr(other, name)) for name in told)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, frozenset):
        return sorted(map(shown, one)) == sorted(map(shown, other))
    return shown(one) == shown(other)

def shown(value):
    if isinstance(value, tuple):
        return "tuple" + str(list(map(shown, value)))
    if isinstance(value, frozenset):
        return "frozenset" + str(sorted(map(shown, value)))
    return type(value).__name__ + repr(value)

def belongs(head, text, size, mtime):
    flags = int.from_bytes(head[4:8], "little")
    if flags == 0:
        return head[8:] == b"".join((part & 0xFFFFFFFF).to_bytes(4, "little") for part in (mtime, size))
    return flags in (1, 3) and head[8:] == importlib.util.source_hash(text)

def read(path, sha256):
    with open(path, "rb") as file:
        content = file.read()
    return content if hashlib.sha256(content).hexdigest() == sha256 else None

def judge(path, source, content, source_content, size, mtime, level, tag):
    if tag != sys.implementation.cache_tag:
        return "it is for another Python"
    try:
        text = read(source, source_content)
    except OSError:
        text = None
    if text is None:
        return "source"
    try:
        code = read(path, content)
    except OSError as error:
        return str(error)
    if code is None:
        return "it is being changed"
    if code[:4] != importlib.util.MAGIC_NUMBER:
        return "it is for another Python"
    if not belongs(code[:16], text, size, mtime):
        return "it is of another state of its source"
    try:
        found = marshal.loads(code[16:])
        expected = compile(text, "", "exec", dont_inherit=True, optimize=level)
    except Exception as error:
        return "%s: %s" % (type(error).__name__, error)
    return "proven" if same(found, expected) else "its code is not what its source says"

answers(judge)
"""
)

#: Rows (source, the path at which it will be imported) -> '' or why it could not be compiled.
COMPILING = (
    _BEGIN
    + r"""
import py_compile

def write(source, imported_as):
    try:
        mode = py_compile.PycInvalidationMode.TIMESTAMP
        py_compile.compile(source, dfile=imported_as, doraise=True, invalidation_mode=mode)
    except OSError:
        raise
    except Exception as error:
        return "%s: %s" % (type(error).__name__, error)
    return ""

answers(write)
"""
)


def run_program(executable: str, program: str, rows: Sequence[Sequence[object]]) -> tuple[list[str], str]:
    """Run a program over rows: as many answers as it gave before its end, and what it said when it failed.

    Raises `OSError` where the executable cannot be started.
    """
    try:
        done = subprocess.run(
            [executable, "-s", "-S", "-W", "ignore", "-c", program],
            input=json.dumps(rows),
            capture_output=True,
            encoding="utf-8",
            timeout=_START + _EACH * len(rows),
            cwd="/",
            # `-I` would forget the seed, without which sets are written in another order each time.
            env=clean_environ(os.environ) | {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1"},
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        # What has come by then is not decoded, whatever was asked for.
        return _lines((late.stdout or b"").decode(errors="replace")), "it did not end"
    return _lines(done.stdout), "" if done.returncode == 0 else _last(done.stderr)


def _lines(output: str) -> list[str]:
    return [json.loads(line) for line in output.split("\n")[:-1]]


def _last(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "it was killed")
