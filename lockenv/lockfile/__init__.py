"""The lock file, `pylock.toml` (PEP 751).

`toml` writes TOML in a fixed order, `pylock` reads and writes whole locks over `packaging.pylock`, `pin` makes a
lock from a resolution, `select` chooses from one for a target, `freshness` compares one with a manifest, `judge`
compares one with the resolution it was made from, with `evaluation` of what it asks again and again.
"""
