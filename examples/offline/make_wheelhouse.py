"""Make the wheels of this example. The same bytes every time; run it from the repository's root:

PYTHONPATH=. python examples/offline/make_wheelhouse.py
"""

from __future__ import annotations

from pathlib import Path

from tests.fakes.wheels import BuiltFile, make_wheel

HERE = Path(__file__).resolve().parent / "wheelhouse"

GREETER = '''"""Says hello."""

import sys

from colours import paint
from phrases import hello


def main():
    """Greet everybody named on the command line."""
    for name in sys.argv[1:] or ["world"]:
        print(paint(hello(name)))
'''

PHRASES = '''"""Phrases."""


def hello(name):
    return f"Hello, {name}!"
'''

COLOURS = '''"""Colours for terminals."""

import sys


def paint(text):
    return f"\\x1b[32m{text}\\x1b[0m" if sys.stdout.isatty() else text
'''

CHECKER = '''"""Checks that greetings are polite."""

from phrases import hello


def main():
    """Exit with 0 if they are."""
    raise SystemExit(0 if hello("you").startswith("Hello") else 1)
'''


def wheels() -> list[BuiltFile]:
    """All wheels of the example."""
    python = ">=3.8"
    return [
        make_wheel(
            "greeter",
            "1.2",
            requires=["phrases>=1,<2", "colours"],
            requires_python=python,
            files={"greeter.py": GREETER},
            scripts={"greet": "greeter:main"},
        ),
        make_wheel("phrases", "1.4", requires_python=python, files={"phrases.py": PHRASES}),
        make_wheel("phrases", "2.0", requires_python=python, files={"phrases.py": PHRASES}),
        make_wheel("colours", "0.9", requires_python=python, files={"colours/__init__.py": COLOURS}),
        make_wheel(
            "checker",
            "3.1",
            requires=["phrases"],
            requires_python=python,
            files={"checker.py": CHECKER},
            scripts={"check-politeness": "checker:main"},
        ),
    ]


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    for wheel in wheels():
        print(wheel.write_to(HERE).name)
