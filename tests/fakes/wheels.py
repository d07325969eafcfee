"""Real wheels and sdists, made in the test. The same arguments give the same bytes."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_EPOCH = (2020, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltFile:
    """A distribution file: its name, bytes and the METADATA (or PKG-INFO) inside."""

    filename: str
    content: bytes
    metadata: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def write_to(self, folder: Path) -> Path:
        path = folder / self.filename
        path.write_bytes(self.content)
        return path


def core_metadata(
    name: str,
    version: str,
    *,
    requires: Sequence[str] = (),
    requires_python: str | None = None,
    extras: Sequence[str] = (),
    metadata_version: str = "2.1",
    dynamic: Sequence[str] = (),
) -> bytes:
    lines = [f"Metadata-Version: {metadata_version}", f"Name: {name}", f"Version: {version}"]
    if requires_python is not None:
        lines.append(f"Requires-Python: {requires_python}")
    lines += [f"Dynamic: {field}" for field in dynamic]
    lines += [f"Provides-Extra: {extra}" for extra in extras]
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    return ("\n".join(lines) + "\n").encode()


def make_wheel(
    name: str,
    version: str,
    *,
    requires: Sequence[str] = (),
    requires_python: str | None = None,
    extras: Sequence[str] = (),
    tag: str = "py3-none-any",
    build: str = "",
    files: Mapping[str, bytes | str] | None = None,
    scripts: Mapping[str, str] | None = None,
    gui_scripts: Mapping[str, str] | None = None,
    purelib: bool = True,
    metadata: bytes | None = None,
    record: bool = True,
    executable: Sequence[str] = (),
) -> BuiltFile:
    """Build a wheel. `files` maps archive paths to content; by default one module named after the package.

    `scripts` are console entry points (name -> object reference). Paths under ``<dist>.data/`` may be written
    as ``{data}/scripts/x``; ``{info}`` stands for the dist-info folder.
    """
    module = name.lower().replace("-", "_").replace(".", "_")
    stem = f"{module}-{version}"
    info, data = f"{stem}.dist-info", f"{stem}.data"
    if metadata is None:
        metadata = core_metadata(name, version, requires=requires, requires_python=requires_python, extras=extras)
    content: dict[str, bytes] = {}
    for path, body in (files if files is not None else {f"{module}.py": f'version = "{version}"\n'}).items():
        where = path.replace("{data}", data).replace("{info}", info)
        content[where] = body.encode() if isinstance(body, str) else body
    content[f"{info}/METADATA"] = metadata
    wheel_lines = [
        "Wheel-Version: 1.0",
        "Generator: lockenv-tests",
        f"Root-Is-Purelib: {str(purelib).lower()}",
    ]
    pythons, abis, platforms = tag.split("-")
    wheel_lines += [
        f"Tag: {p}-{a}-{f}" for p in pythons.split(".") for a in abis.split(".") for f in platforms.split(".")
    ]
    content[f"{info}/WHEEL"] = ("\n".join(wheel_lines) + "\n").encode()
    entry_points = ""
    if scripts:
        entry_points += "[console_scripts]\n" + "".join(f"{k} = {v}\n" for k, v in scripts.items())
    if gui_scripts:
        entry_points += "[gui_scripts]\n" + "".join(f"{k} = {v}\n" for k, v in gui_scripts.items())
    if entry_points:
        content[f"{info}/entry_points.txt"] = entry_points.encode()
    if record:
        rows = [
            f"{path},sha256={_urlsafe(hashlib.sha256(body).digest())},{len(body)}"
            for path, body in content.items()
        ]
        content[f"{info}/RECORD"] = ("\n".join([*rows, f"{info}/RECORD,,"]) + "\n").encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, body in content.items():
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = ((0o755 if path in executable else 0o644) | 0o100000) << 16
            archive.writestr(entry, body)
    number = f"-{build}" if build else ""
    return BuiltFile(filename=f"{stem}{number}-{tag}.whl", content=buffer.getvalue(), metadata=metadata)


def make_sdist(
    name: str,
    version: str,
    *,
    requires: Sequence[str] = (),
    requires_python: str | None = None,
    metadata_version: str = "2.2",
    dynamic: Sequence[str] = (),
    files: Mapping[str, bytes | str] | None = None,
) -> BuiltFile:
    """Build an sdist (.tar.gz) with PKG-INFO; static metadata by PEP 643 unless `dynamic` says otherwise."""
    stem = f"{name.lower().replace('-', '_')}-{version}"
    metadata = core_metadata(
        name,
        version,
        requires=requires,
        requires_python=requires_python,
        metadata_version=metadata_version,
        dynamic=dynamic,
    )
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for path, body in {"PKG-INFO": metadata, "pyproject.toml": b"", **(files or {})}.items():
            raw = body.encode() if isinstance(body, str) else body
            entry = tarfile.TarInfo(f"{stem}/{path}")
            entry.size, entry.mtime, entry.mode = len(raw), 1577836800, 0o644
            archive.addfile(entry, io.BytesIO(raw))
    return BuiltFile(filename=f"{stem}.tar.gz", content=buffer.getvalue(), metadata=metadata)


def _urlsafe(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
