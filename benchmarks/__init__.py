"""Benchmarks: lockenv and its peers side by side in one run, as ratios. `python -m benchmarks --help`."""
