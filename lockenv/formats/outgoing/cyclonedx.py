"""A software bill of materials: CycloneDX 1.6 as JSON (ECMA-424), the same bytes for the same lock."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from packaging.pylock import Package

from lockenv.formats.outgoing.rows import Row
from lockenv.lockfile.pylock import tool_table
from lockenv.packages import canonicalize_name, parse_requirement

_ALGORITHMS = {"sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}
#: Makes serial numbers out of contents (RFC 9562, version 5), so that they do not change by themselves.
_NAMESPACE = uuid.UUID("6f5b3f4e-0d4c-5d6a-9a58-1f1c2f3a7d10")


def cyclonedx(rows: Sequence[Row], *, name: str, version: str) -> str:
    """Write the packages as components, with their files' hashes and who requires whom.

    `name` is the environment's, `version` is lockenv's. Dependencies are known where lockenv made the lock.
    """
    references: dict[str, str] = {row.package.name: _reference(row.package) for row in rows}
    document: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "pre-build"}],
            "tools": {"components": [{"type": "application", "name": "lockenv", "version": version}]},
            "component": {"type": "application", "bom-ref": "environment", "name": name},
        },
        "components": [_component(row) for row in rows],
        "dependencies": _dependencies(rows, references),
    }
    serial = uuid.uuid5(_NAMESPACE, json.dumps(document, sort_keys=True))
    ordered = {key: document[key] for key in ("$schema", "bomFormat", "specVersion")}
    ordered["serialNumber"] = f"urn:uuid:{serial}"
    return json.dumps({**ordered, **document}, indent=2, ensure_ascii=False) + "\n"


def _reference(package: Package) -> str:
    """What stands for a package in the document: its package URL, or its place where it has no version."""
    if package.version is not None:
        return _purl(package)
    return f"{package.name}@{package.directory.path if package.directory is not None else ''}"


def _purl(package: Package) -> str:
    """The package URL (ECMA-427, type pypi); where a package is no file of an index, its address is told."""
    plain = f"pkg:pypi/{package.name}@{quote(str(package.version), safe='')}"
    if package.vcs is not None and package.vcs.url:
        address = f"{package.vcs.type}+{package.vcs.url}@{package.vcs.commit_id}"
        return f"{plain}?vcs_url={quote(address, safe='')}"
    if package.archive is not None and package.archive.url:
        return f"{plain}?download_url={quote(package.archive.url, safe='')}"
    return plain


def _component(row: Row) -> dict[str, Any]:
    package = row.package
    made: dict[str, Any] = {"type": "library", "bom-ref": _reference(package), "name": package.name}
    if package.version is not None:
        made |= {"version": str(package.version), "purl": _purl(package)}
    files = [_file(file.url, file.hashes) for file in row.files if file.url]
    if package.archive is not None and package.archive.url:
        files.append(_file(package.archive.url, package.archive.hashes))
    if package.vcs is not None and package.vcs.url:
        files.append({"type": "vcs", "url": package.vcs.url})
    if files:
        made["externalReferences"] = files
    properties = {"marker": row.marker, "index": package.index}
    told = [{"name": f"lockenv:{key}", "value": str(said)} for key, said in properties.items() if said is not None]
    return {**made, "properties": told} if told else made


def _file(url: str, hashes: Mapping[str, str]) -> dict[str, Any]:
    known = [{"alg": _ALGORITHMS[name], "content": hashes[name]} for name in sorted(hashes) if name in _ALGORITHMS]
    return {"type": "distribution", "url": url, **({"hashes": known} if known else {})}


def _dependencies(rows: Sequence[Row], references: Mapping[str, str]) -> list[dict[str, Any]]:
    direct = [row for row in rows if tool_table(row.package).get("direct")]
    found: list[dict[str, Any]] = [_depends("environment", [_reference(row.package) for row in direct])]
    for row in rows:
        required = [
            canonicalize_name(parse_requirement(text).name) for text in tool_table(row.package).get("requires", ())
        ]
        found.append(
            _depends(_reference(row.package), [references[name] for name in required if name in references])
        )
    return found


def _depends(reference: str, on: Sequence[str]) -> dict[str, Any]:
    return {"ref": reference, "dependsOn": sorted(set(on) - {reference})}
