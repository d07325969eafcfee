"""Common slips in requirements and Python specifiers, recognised, and what was probably meant.

Each rule takes a text that is invalid and gives the text to write instead. A proposal is shown only if it is
itself valid, so that a hint never leads from one error to the next.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from lockenv.manifest.words import closest, quoted
from lockenv.packages import MARKER_VARIABLES

#: A text in, and the text that was meant out; None where the rule does not apply.
_Rule: TypeAlias = Callable[[str], str | None]

_NAME = r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]]*\])?)\s*"
_PIECE = re.compile(r"(===|~=|==|!=|<=|>=|<|>)\s*([^\s,;]+)")
_UNQUOTED = re.compile(r"(===|~=|==|!=|<=|>=|<|>)\s*([0-9][\w.]*)(?=\s|\)|$)")

_BESIDE = "write the name here, and name = {{ {} }} under [sources]"
_OTHER_THINGS = (
    (re.compile(r"^(-e\b|--editable\b)"), "it is an option of pip", _BESIDE.format('path = "…", editable = true')),
    (
        re.compile(r"^-"),
        "it is an option of pip",
        "list the packages; limits on others go into [resolution] constraints",
    ),
    (re.compile(r"^(git|hg|svn|bzr)\+"), "it is an address without a name", _BESIDE.format('git = "…"')),
    (re.compile(r"^[a-z]+://"), "it is an address without a name", _BESIDE.format('url = "…"')),
    (re.compile(r"^[.~/\\]|^[A-Za-z]:[/\\]|\.(whl|tar\.gz|zip)$"), "it is a path", _BESIDE.format('path = "…"')),
)


def why_no_requirement(text: str) -> tuple[str, str | None]:
    """Say why a text is no PEP 508 requirement, and what to write instead: (reason, hint)."""
    if reason := _other_thing(text):
        return reason
    body, semicolon, marker = text.partition(";")
    for reason_text, rule in _BODY_RULES:
        meant = rule(body.strip())
        if meant is not None:
            return reason_text, _proposal(meant + (f" ;{marker}" if semicolon else ""), _is_requirement)
    if semicolon and _is_requirement(body.strip()) and (slip := _marker_slip(marker)):
        what, hint, mended = slip
        return what, _proposal(f"{body.strip()} ; {mended}", _is_requirement) if mended else hint
    return _complaint_of_packaging(text), None


def why_no_marker(text: str) -> tuple[str, str | None]:
    """Say why a text is no marker (PEP 508), and what to write instead: (reason, hint)."""
    if slip := _marker_slip(text):
        what, hint, mended = slip
        return what, _proposal(mended, _is_marker) if mended else hint
    return _complaint_of_packaging(f"x ; {text}"), None


def why_no_python(text: str) -> tuple[str, str | None]:
    """Say why a text is no version specifier for Python, and what to write instead: (reason, hint)."""
    text = re.sub(r"^(python|cpython|py)\s*", "", text.strip().lower())
    if bare := re.fullmatch(r"=?\s*(\d+(?:\.\d+)*)(\.[x*]|\+)?", text):
        version, tail = bare.groups()
        exact = f"=={version}" + ("" if version.count(".") > 1 else ".*")
        hint = f"write `{exact}` for {version} only, or `>={version}`" if tail is None else f"write `{exact}`"
        return "a version needs an operator before it", f"write `>={version}`" if tail == "+" else hint
    if text and _is_specifier(text):
        return "only the versions stand here", f"write {quoted(text)}"
    for reason, rule in _BODY_RULES:
        meant = rule(f"python{text}")
        if meant not in (None, "python"):
            return reason, _proposal(meant.removeprefix("python"), _is_specifier)
    return "it is no version specifier (PEP 440)", "write for example `>=3.11` or `>=3.11,<3.14`"


def _proposal(meant: str, is_valid: Callable[[str], bool]) -> str | None:
    meant = meant.strip()
    return f"write {quoted(meant)}" if is_valid(meant) else None


def _is_requirement(text: str) -> bool:
    try:
        Requirement(text)
    except InvalidRequirement:
        return False
    return True


def _is_marker(text: str) -> bool:
    return _is_requirement(f"x ; {text}")


def _is_specifier(text: str) -> bool:
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        return False
    return True


def _other_thing(text: str) -> tuple[str, str | None] | None:
    """Recognise what is no requirement at all: options of pip, addresses, paths."""
    for pattern, reason, hint in _OTHER_THINGS:
        if pattern.search(text):
            return reason, hint
    if "--hash" in text:
        return "hashes stand in the lock, not in the manifest", _proposal(
            text.partition("--hash")[0], _is_requirement
        )
    if "#" in text:
        bare = text.partition("#")[0]
        return "a comment stands behind the text's closing quote, not in it", _proposal(bare, _is_requirement)
    return None


def _substitution(pattern: str, template: str) -> _Rule:
    compiled = re.compile(pattern)

    def rule(text: str) -> str | None:
        match = compiled.fullmatch(text)
        return match.expand(template) if match else None

    return rule


def _poetry(text: str) -> str | None:
    """Translate ``^1.2.3`` (up to the next left-most non-zero part) and ``~1.2`` (up to the next minor)."""
    match = re.fullmatch(_NAME + r"@?\s*([\^~])\s*(\d+(?:\.\d+)*)", text)
    if match is None:
        return None
    parts = [int(part) for part in match[3].split(".")]
    if match[2] == "^":
        at = next((at for at, part in enumerate(parts) if part), len(parts) - 1)
    else:
        at = min(1, len(parts) - 1)
    ceiling = ".".join(map(str, [*parts[:at], parts[at] + 1]))
    return f"{match['name']}>={match[3]},<{ceiling}"


def _wildcard(text: str) -> str | None:
    """Translate ``.*`` behind an operator that takes none: only ``==`` and ``!=`` do (PEP 440)."""
    match = re.fullmatch(_NAME + r"(~=|<=|>=|<|>)\s*(\d+(?:\.\d+)*)\.?\*", text)
    if match is None:
        return None
    *head, last = match[3].split(".")
    following = ".".join([*head, str(int(last) + 1)])
    written = {
        "~=": f"=={match[3]}.*",
        ">=": f">={match[3]}",
        "<": f"<{match[3]}",
        ">": f">={following}",
        "<=": f"<{following}",
    }[match[2]]
    return match["name"] + written


def _swapped(text: str) -> str | None:
    return re.sub(r"=([<>])", r"\1=", text) if re.search(r"(?<![=<>!~])=[<>]", text) else None


def _single_equals(text: str) -> str | None:
    match = re.fullmatch(_NAME + r"=\s*([^=\s,<>]+)(?:=\S*)?", text)
    return f"{match['name']}=={match[2]}" if match else None


def _letter_wildcard(text: str) -> str | None:
    match = re.fullmatch(_NAME + r"(==|!=)\s*(\d+(?:\.\d+)*?)(?:\*|(?:\.[xX*]){1,3})", text)
    return f"{match['name']}{match[2]}{match[3]}.*" if match and not text.endswith(f"{match[3]}.*") else None


def _commas(text: str) -> str | None:
    match = re.match(_NAME, text)
    pieces = _PIECE.findall(text[match.end() :]) if match else []
    if match is None or len(pieces) < 2 or re.sub(r"[\s,]", "", _PIECE.sub("", text[match.end() :])):
        return None
    return match["name"].strip() + ",".join(operator + version for operator, version in pieces)


#: (what is wrong, rule), the more special first.
_BODY_RULES: tuple[tuple[str, _Rule], ...] = (
    ("`^` and `~` are Poetry's", _poetry),
    ("`.*` stands only behind `==` and `!=`", _wildcard),
    ("a wildcard is one `.*` at the end", _letter_wildcard),
    ("any version is meant by the name alone", _substitution(_NAME + r"(?:==|@)?\s*(?:\*|latest)", r"\g<name>")),
    ("the operators are written `>=` and `<=`", _swapped),
    ("equality is written `==`", _single_equals),
    ("an operator is missing before the version", _substitution(_NAME + r"\s(v?\d[\w.]*)", r"\g<name>==\g<2>")),
    ("a comma is missing between the specifiers", _commas),
    ("a version is missing behind the operator", _substitution(_NAME + r"(?:~=|==|!=|<=|>=|<|>|=)", r"\g<name>")),
    ("`[` is not closed", _substitution(r"([^\[\]]+\[[\w.,\s-]+)", r"\g<1>]")),
)


def _marker_slip(marker: str) -> tuple[str, str | None, str | None] | None:
    """Recognise a slip in a marker: (reason, hint, the marker that was meant)."""
    if marker.count("'") % 2 or marker.count('"') % 2:
        return "a quote in the marker is not closed", None, None
    if _UNQUOTED.search(marker):
        mended = _UNQUOTED.sub(r"\1 '\2'", marker).strip()
        return "values in markers stand in quotes", None, mended
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", "", marker)
    known = {*MARKER_VARIABLES, "and", "or", "in", "not", "extra", "extras", "dependency_groups"}
    for word in re.findall(r"[A-Za-z_]\w*", bare):
        if word not in known:
            near = closest(word, [variable.replace("_", "-") for variable in MARKER_VARIABLES])
            if near is None and (value := re.compile(rf"([=<>])\s*{word}\b")).search(bare):
                return "values in markers stand in quotes", None, value.sub(rf"\1 '{word}'", marker).strip()
            hint = f"did you mean {quoted(near.replace('-', '_'))}?" if near else None
            return f"{quoted(word)} is no marker variable", hint, None
    return None


def _complaint_of_packaging(text: str) -> str:
    """Say it with the words of `packaging`, which point at a column."""
    try:
        Requirement(text)
    except InvalidRequirement as error:
        first = str(error).partition("\n")[0]
        return first[:1].lower() + first[1:]
    return "behind `@` stands no URL"
