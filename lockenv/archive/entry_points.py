"""entry_points.txt: which scripts a wheel asks for (entry points specification). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lockenv.errors import Refused
from lockenv.wheels import Script, script_refusal

_GUI = {"console_scripts": False, "gui_scripts": True}
#: ``module:attribute``, dotted both, with extras that are obsolete and ignored.
_REFERENCE = re.compile(r"(?P<module>[\w.]+)\s*:\s*(?P<attribute>[\w.]+)\s*(?:\[[^\[\]]*\])?")


def read_scripts(content: bytes, *, archive: str) -> tuple[Script, ...]:
    """Read the console and GUI scripts, sorted by name. Raises `Refused` for bad names and references."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(f"{archive}: entry_points.txt is not UTF-8: {error}") from None
    scripts: dict[str, Script] = {}
    for section, name, reference in _entries(text):
        if section not in _GUI:
            continue
        script = _script(name, reference, gui=_GUI[section], archive=archive)
        if scripts.setdefault(name, script)[:3] != script[:3]:
            raise Refused(f"{archive}: entry_points.txt defines the script {name!r} twice")
    return tuple(scripts[name] for name in sorted(scripts))


def _entries(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield (section, name, value) of each line, as `importlib.metadata` reads them."""
    section = ""
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith(("#", ";")):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip()
        elif "=" in line:
            name, _, value = line.partition("=")
            yield section, name.strip(), value.strip()


def _script(name: str, reference: str, *, gui: bool, archive: str) -> Script:
    if reason := script_refusal(name):
        raise Refused(f"{archive}: the script name {name!r} is refused: {reason}")
    found = _REFERENCE.fullmatch(reference)
    dotted = (found["module"], found["attribute"]) if found else ("",)
    # These words are written into a program: each must be an identifier and nothing else.
    if not found or not all(word.isidentifier() for part in dotted for word in part.split(".")):
        raise Refused(f"{archive}: the script {name!r} refers to {reference!r}, which is not module:attribute")
    return Script(name, found["module"], found["attribute"], gui)
