"""Words of a command line."""

from __future__ import annotations

import argparse
import re

from benchmarks.serving import SERVERS


def add_strace(to: argparse.ArgumentParser) -> None:
    """Let calls be counted, where strace is at hand, or not."""
    to.add_argument(
        "--strace",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="count system calls in a further run of each phase, where strace is at hand (default: %(default)s)",
    )


def add_server(to: argparse.ArgumentParser) -> None:
    """Let it be said who serves."""
    to.add_argument(
        "--server",
        choices=SERVERS,
        default="auto",
        help="who serves: nginx, our own server, or nginx where it is there and can wait (default: %(default)s)",
    )


def seconds(text: str) -> float:
    """Read a duration: '30ms', '0.5s'."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s)", text.strip())
    if found is None:
        msg = f"{text!r} is no duration; write 30ms or 0.5s"
        raise argparse.ArgumentTypeError(msg)
    return float(found[1]) / (1000 if found[2] == "ms" else 1)
