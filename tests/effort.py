"""How many examples a law is tried with: few enough for every run, and more by hand.

``pytest --hypothesis-profile=thorough`` tries ten times as many.
"""

from __future__ import annotations

from hypothesis import settings

#: What Hypothesis itself would try, and tries in every run where nothing else is said.
_USUAL = 100


def examples(number: int, *, parent: settings | None = None) -> settings:
    """Try a law with so many examples, and with more of them where the profile says so."""
    return settings(parent, max_examples=number * settings().max_examples // _USUAL)
