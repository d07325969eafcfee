"""Wording shared by the manifest's messages: text of a user shown safely, and 'did you mean'."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SHOWN = 100  # characters of a user's text that one message repeats

# What stands before the host: over HTTP all of it may be a token, elsewhere (`ssh://git@…`) a password is secret.
_USERINFO = r"(?i:(https?://)[^/\s@]*@|(://[^/\s:@]*):[^/\s@]*@)"


def without_secrets(text: str) -> str:
    """Leave credentials out of addresses; no message repeats them."""
    return re.sub(_USERINFO, lambda match: f"{match[1] or match[2] + ':'}…@", text)


def shown(text: str) -> str:
    """Show a user's text on one line, without secrets and control characters, and not endlessly."""
    text = without_secrets(text)
    safe = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return safe if len(safe) <= _SHOWN else f"{safe[:_SHOWN]}…"


def quoted(text: str) -> str:
    """Show a user's text in back quotes."""
    return f"`{shown(text)}`"


def listed(words: Iterable[str], last: str = "and") -> str:
    """Join words as prose does: ``a, b and c``; a user's words are shown safely."""
    *most, final = map(shown, words)
    return f"{', '.join(most)} {last} {final}" if most else final


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that `word` was probably meant to be, or None."""
    from difflib import get_close_matches  # only a mistake needs it

    found = get_close_matches(word.lower().replace("_", "-")[:_SHOWN], list(known), n=1, cutoff=0.65)
    return found[0] if found else None


def suggestion(word: str, known: Iterable[str]) -> str | None:
    """Return the hint ``did you mean `x`?``, or None where nothing is near."""
    near = closest(word, known)
    return f"did you mean {quoted(near)}?" if near else None
