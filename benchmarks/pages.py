"""Pages of a project as an index sends them, in JSON (PEP 691, 700, 714) and HTML (PEP 503, 592, 714). Pure.

And what PyPI's own API says of it, which one tool reads.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias

from benchmarks.recording import File, Page, version_of

#: What a page says of a file's metadata: its sha256, that there is some, that there is none.
Core: TypeAlias = str | bool
#: `api` is what PyPI says beside the standards, at an address of its own.
Form: TypeAlias = Literal["json", "html", "api"]

CONTENT_TYPES: Final[Mapping[Form, str]] = {
    "json": "application/vnd.pypi.simple.v1+json",
    "html": "text/html; charset=UTF-8",
    "api": "application/json",
}
_FORMS: Final[Mapping[str, Form]] = {
    "application/vnd.pypi.simple.v1+json": "json",
    "application/vnd.pypi.simple.latest+json": "json",
    "application/vnd.pypi.simple.v1+html": "html",
    "application/vnd.pypi.simple.latest+html": "html",
    "text/html": "html",
    "text/*": "html",
    "*/*": "html",
}


def preferred_form(accept: str) -> Form | None:
    """Choose the form that a client likes best (RFC 9110, section 12.5.1); None where it takes neither."""
    best: tuple[float, Form] | None = None
    for choice in (accept or "*/*").split(","):
        media_type, *parameters = (part.strip().lower() for part in choice.split(";"))
        quality = _quality(parameters)
        form = _FORMS.get(media_type)
        if form is not None and quality > 0 and (best is None or quality > best[0]):
            best = quality, form
    return best[1] if best else None


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def as_json(page: Page, core: Mapping[str, Core], url: Callable[[str], str]) -> bytes:
    """Write a page in JSON. `core` says what is known of each wheel's metadata, `url` where a file is."""
    content = {
        "meta": {"api-version": "1.1"},
        "name": page.project,
        "versions": page.versions,
        "files": [_json_file(file, core.get(file.filename, False), url(file.filename)) for file in page.files],
    }
    return json.dumps(content, separators=(",", ":")).encode()


def as_api(page: Page, url: Callable[[str], str]) -> bytes:
    """Write what PyPI's JSON API says of a project's files, as far as tools that lock read it."""
    releases: dict[str, list[dict[str, Any]]] = {}
    for file in page.files:
        if version := version_of(page.project, file.filename):
            releases.setdefault(version, []).append(_api_file(file, url(file.filename)))
    content = {"info": {"name": page.project}, "releases": releases}
    return json.dumps(content, separators=(",", ":")).encode()


def _api_file(file: File, url: str) -> dict[str, Any]:
    return {
        "digests": file.hashes,
        "filename": file.filename,
        "packagetype": "bdist_wheel" if file.is_wheel else "sdist",
        "requires_python": file.requires_python,
        "size": file.size,
        "upload_time_iso_8601": file.upload_time,
        "url": url,
        "yanked": file.yanked is not False,
    }


def _json_file(file: File, core: Core, url: str) -> dict[str, Any]:
    metadata = {"sha256": core} if isinstance(core, str) else core
    return {
        "core-metadata": metadata,
        "data-dist-info-metadata": metadata,
        "filename": file.filename,
        "hashes": file.hashes,
        "requires-python": file.requires_python,
        "size": file.size,
        "upload-time": file.upload_time,
        "url": url,
        "yanked": file.yanked,
    }


def as_html(page: Page, core: Mapping[str, Core], url: Callable[[str], str]) -> bytes:
    """Write a page in HTML. It has neither sizes nor upload times."""
    lines = [
        '<!DOCTYPE html>\n<html><head><meta name="pypi:repository-version" content="1.1">',
        f"<title>Links for {page.project}</title></head><body><h1>Links for {page.project}</h1>",
        *(_html_link(file, core.get(file.filename, False), url(file.filename)) for file in page.files),
        "</body></html>\n",
    ]
    return "\n".join(lines).encode()


def _html_link(file: File, core: Core, url: str) -> str:
    digest = next((f"#{name}={value}" for name, value in file.hashes.items()), "")
    attributes = {"href": url + digest}
    if file.requires_python is not None:
        attributes["data-requires-python"] = file.requires_python
    if file.yanked is not False:
        attributes["data-yanked"] = file.yanked if isinstance(file.yanked, str) else ""
    if core is not False:
        said = f"sha256={core}" if isinstance(core, str) else "true"
        attributes |= {"data-dist-info-metadata": said, "data-core-metadata": said}
    text = " ".join(f'{key}="{html.escape(value)}"' for key, value in attributes.items())
    return f"<a {text}>{html.escape(file.filename)}</a><br />"
