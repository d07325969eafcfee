"""The lock file, `pylock.toml` (PEP 751): written by a fixed-order emitter, read by `packaging.pylock`."""
