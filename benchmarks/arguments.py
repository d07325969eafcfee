"""Words of a command line."""

from __future__ import annotations

import argparse
import re


def seconds(text: str) -> float:
    """Read a duration: '30ms', '0.5s'."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s)", text.strip())
    if found is None:
        msg = f"{text!r} is no duration; write 30ms or 0.5s"
        raise argparse.ArgumentTypeError(msg)
    return float(found[1]) / (1000 if found[2] == "ms" else 1)
