"""The keys of `env.toml`, from `lockenv.manifest.schema`."""

from __future__ import annotations

from lockenv.manifest.schema import KEYS, table_title
from tools.reference.tables import table


def keys() -> list[str]:
    """List the keys of each table, each a link to its section."""
    rows = ((f"`{table_title(name)}`", ", ".join(_link(name, key) for key in of)) for name, of in KEYS.items())
    return table(("table", "its keys"), rows)


def _link(name: str, key: str) -> str:
    return f"[`{key}`](#{name}{key})"
