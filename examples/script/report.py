#!/usr/bin/env -S lockenv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = ["idna>=3"]
# ///
"""Says by what it was written."""

import sys
from importlib.metadata import version

import idna

print(" ".join(sys.argv[1:]), "by", idna.__name__, version("idna"))
