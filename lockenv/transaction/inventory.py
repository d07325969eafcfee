"""An environment's planned tree as a JSON document, for where neither lock nor cache is: a container, a server.

The document is a statement of whoever wrote it and is to be kept where the environment's users cannot write. It is
checked for being whole and for meaning one thing only; paths of it are compared, never opened.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from lockenv.errors import Refused
from lockenv.transaction.digest import environment_digest
from lockenv.transaction.planned import Part, Planned, Row

SCHEMA = 1
_HEX = frozenset("0123456789abcdef")


def written(plan: Planned, *, interpreter_sha256: str, lock_sha256: str) -> str:
    """Write the document; the same plan gives the same text."""
    root, rows = ([list(row) for row in sorted(table)] for table in (plan.root, plan.rows))
    document = {
        "schema": SCHEMA,
        "environment": plan.env,
        "digest": plan.digest,
        "lock": lock_sha256,
        "runtime": plan.runtime,
        "interpreter": {"path": plan.interpreter, "sha256": interpreter_sha256},
        "packages": [list(part) for part in sorted(plan.packages)],
        "root": root,
        "rows": rows,
        "check": _check(root, rows),
    }
    lines = [f"{json.dumps(key)}: {_laid_out(value)}" for key, value in document.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def read(text: str, *, where: str) -> tuple[Planned, str]:
    """Read the document and the interpreter's sha256. Raises `Refused` for what is no whole document of ours."""
    try:
        document = json.loads(text)
        if document["schema"] != SCHEMA:
            raise Refused(f"{where} is of schema {document['schema']}, and this lockenv reads {SCHEMA}")
        plan = Planned(
            env=_text(document["environment"]),
            interpreter=_text(document["interpreter"]["path"]),
            runtime=_text(document["runtime"]),
            digest=_text(document["digest"]),
            packages=tuple(Part(*map(_text, part)) for part in document["packages"]),
            root=tuple(_row(row) for row in document["root"]),
            rows=tuple(_row(row) for row in document["rows"]),
        )
        if _check(document["root"], document["rows"]) != document["check"]:
            raise Refused(f"{where} was changed: its rows do not come to what it says of them")
        if environment_digest(plan.runtime, plan.packages) != plan.digest:
            raise Refused(f"{where} was changed: its packages do not come to its digest")
        _check_rows(plan, where)
        return plan, _sha256(document["interpreter"]["sha256"])
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise Refused(
            f"{where} is no document of an environment ({type(error).__name__}: {error})",
            hint="`lockenv sync --manifest FILE` writes one",
        ) from None


def _laid_out(value: object) -> str:
    """Put each entry of a table on a line, so that a difference reads."""
    if not isinstance(value, list) or not value:
        return json.dumps(value)
    return "[\n" + ",\n".join(json.dumps(row) for row in value) + "\n]"


def _check(*tables: object) -> str:
    return f"sha256:{sha256(json.dumps(tables, separators=(',', ':')).encode()).hexdigest()}"


def _row(values: list[Any]) -> Row:
    path, kind, content, size, mode, owner = values
    if kind not in {"file", "link", "folder"} or type(size) is not int or type(mode) is not int:
        raise ValueError(f"the row of {path!r}")
    return Row(_text(path), kind, _sha256(content) if kind == "file" else _text(content), size, mode, _text(owner))


def _check_rows(plan: Planned, where: str) -> None:
    """Refuse rows that could not be one tree: paths twice, outside, or below what is no folder."""
    for table in (plan.root, plan.rows):
        kinds = {row.path: row.kind for row in table}
        for row in table:
            parts = row.path.split("/")
            parent = "/".join(parts[:-1])
            if {"", ".", ".."} & set(parts) or "\0" in row.path or (parent and kinds.get(parent) != "folder"):
                raise Refused(f"{where} holds the path {row.path!r}, which has no place in an environment")
        if len(kinds) != len(table):
            raise Refused(f"{where} holds one path twice")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _sha256(value: object) -> str:
    text = _text(value)
    if len(text) != 64 or not _HEX.issuperset(text):
        raise ValueError(f"{text!r} is no sha256")
    return text
