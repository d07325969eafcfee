"""Laws of `lockenv.manifest.read`: it refuses in one way only, and reads what was written."""

from __future__ import annotations

import json
import re
from datetime import timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from lockenv.errors import ManifestError
from lockenv.manifest.model import Build, Group, IndexSource, Manifest, Options, Targets
from lockenv.manifest.options import IMPLEMENTATIONS, STRATEGIES
from lockenv.manifest.read import read
from lockenv.manifest.schema import KEYS
from lockenv.manifest.slips import why_no_marker, why_no_python, why_no_requirement
from lockenv.packages import Index, canonicalize_name, parse_requirement
from lockenv.platforms import PLATFORMS

_LAW = settings(deadline=None)  # machines are busy; a law says nothing about time

_WHOLE = """[env]
name = "forecast"
python = ">=3.11,<3.14"
dependencies = ["pandas>=2.2,<3", "httpx[http2]", "torch>=2.5 ; sys_platform != 'darwin'"]
[groups]
test = ["pytest>=8"]
dev = [{ include-group = "test" }, "ruff"]
gpu = ["cupy"]
[targets]
platforms = ["linux-x86_64", "macos-arm64"]
glibc = "2.28"
[[index]]
name = "acme"
url = "https://packages.example.com/simple/"
packages = ["acme-*"]
[sources]
acme-models = { index = "acme" }
core = { path = "libs/core", editable = true }
patched = { url = "https://example.com/patched-1.0.zip", marker = "sys_platform == 'linux'" }
[resolution]
exclude-newer = "7 days"
exclude-newer-package = { torch = "2026-10-01", pandas = false }
conflicts = [["test", "gpu"]]
constraints = ["numpy<2.3"]
[build]
allow = ["pyspark"]
"""

_keys = st.sampled_from(sorted({*KEYS, *(key for keys in KEYS.values() for key in keys), "project", "tool", "x"}))
_texts = st.one_of(
    st.text(max_size=20),
    st.text(alphabet="ab1.*~^=<>!,;@[]()'\" -:/#", max_size=20),
    st.sampled_from(
        [">=3.11", "acme", "a>=1 ; b", "git+https://a@b/c", "7 days", "2.28", ":all:", "../x", "~", "C:\\"]
    ),
)
_scalars = st.one_of(_texts.map(json.dumps), st.booleans().map(lambda b: str(b).lower()), st.integers().map(str))
_values = st.recursive(
    st.one_of(_scalars, st.sampled_from(["2026-01-01", "07:30:00", "1.5", "nan", "0001-01-01T00:00:00+10:00"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(_keys, inner, max_size=3).map(
            lambda table: "{ " + ", ".join(f"{key} = {value}" for key, value in table.items()) + " }"
        ),
    ),
    max_leaves=6,
)
_lines = st.one_of(
    st.tuples(_keys, _values).map(lambda pair: f"{pair[0]} = {pair[1]}"),
    _keys.map(lambda key: f"[{key}]"),
    _keys.map(lambda key: f"[[{key}]]"),
    st.text(max_size=10),
)


def _is_read_or_refused(text: str, pyproject: str | None = None) -> None:
    """Read; `ManifestError` is the one thing that may come of it, and each problem is one printable line."""
    error = _refusal(text, pyproject)
    if error is None:
        return
    assert error.problems
    assert all(str(problem).isprintable() for problem in error.problems)
    assert all(detail.isprintable() for detail in error.details)
    assert all(problem.where.startswith(("env.toml", "pyproject.toml")) for problem in error.problems)


def _refusal(text: str, pyproject: str | None) -> ManifestError | None:
    try:
        read(text, load=None if pyproject is None else lambda _: pyproject)
    except ManifestError as error:
        return error
    return None


@_LAW
@given(st.text())
@example("\ufeff\ufeff")
@example("a = [\r\n")
def test_any_text_is_read_or_refused(text: str) -> None:
    _is_read_or_refused(text)


@_LAW
@given(st.lists(_lines, max_size=8))
def test_any_lines_of_toml_are_read_or_refused(lines: list[str]) -> None:
    _is_read_or_refused("\n".join(lines))


@_LAW
@given(st.dictionaries(_keys, st.dictionaries(_keys, _values, max_size=4), max_size=5))
def test_any_values_under_known_keys_are_read_or_refused(tables: dict[str, dict[str, str]]) -> None:
    text = "".join(
        f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in table.items())
        for name, table in tables.items()
    )
    _is_read_or_refused(text)
    _is_read_or_refused('[env]\ninclude = "pyproject.toml"\n', text.replace("[groups]", "[dependency-groups]"))


@_LAW
@given(st.data())
def test_a_manifest_with_a_few_characters_changed_is_read_or_refused(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(_WHOLE)))
    length = data.draw(st.integers(0, 8))
    _is_read_or_refused(_WHOLE[:start] + data.draw(st.text(max_size=3)) + _WHOLE[start + length :])


_almost = st.builds(
    lambda name, parts, tail: name + "".join(parts) + tail,
    st.sampled_from(["a", "a-b", "a[x]", "a[", "", "git+", "./a"]),
    st.lists(
        st.sampled_from(["^", "~", "=", "==", ">=", "=>", "<", " ", "1", "1.2", ".*", ".x", "*", ",", "@"]),
        max_size=6,
    ),
    st.sampled_from(["", " ; python_version<3.9", " ; extra == 'x'", " # c", " --hash=x"]),
)


@_LAW
@given(st.one_of(_almost, st.text()))
def test_no_proposal_leads_to_the_next_error(text: str) -> None:
    for explain, parses in (
        (why_no_requirement, Requirement),
        (why_no_python, SpecifierSet),
        (why_no_marker, Marker),
    ):
        _, hint = explain(text)
        proposal = re.fullmatch("write `([^`…]+)`", hint or "")
        assert proposal is None or parses(proposal[1]) is not None


# ── what is written is read

_names = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,4})?", fullmatch=True).map(canonicalize_name)
_versions = st.lists(st.integers(0, 40), min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))
_requirement_texts = st.builds(
    lambda name, extra, operator, version, marker: f"{name}{extra}{operator}{version}{marker}",
    _names,
    st.sampled_from(["", "[x]", "[x,y]"]),
    st.sampled_from([">=", "==", "!=", "<=", "~=1."]),
    _versions,
    st.sampled_from(["", " ; python_version >= '3.9'", " ; sys_platform == 'win32'"]),
)
# One requirement a name: two could contradict each other, which is another law's business.
_lists = st.lists(_requirement_texts, max_size=4, unique_by=lambda text: parse_requirement(text).name)


@st.composite
def _written_manifests(draw: st.DrawFn) -> tuple[str, Manifest]:
    """A manifest as text and as the value that was written."""
    dependencies, constraints = draw(_lists), draw(_lists.map(lambda texts: [t for t in texts if "[" not in t]))
    groups = draw(st.dictionaries(_names, _lists, max_size=3))
    platforms = draw(st.lists(st.sampled_from(tuple(PLATFORMS)), min_size=1, unique=True))
    implementations = draw(st.lists(st.sampled_from(IMPLEMENTATIONS), min_size=1, unique=True))
    indexes = draw(st.lists(_names, max_size=2, unique=True))
    sources = draw(st.dictionaries(_names, st.sampled_from(indexes), max_size=3)) if indexes else {}
    allow = draw(st.lists(_names, max_size=3))
    strategy = draw(st.sampled_from(STRATEGIES))
    glibc = draw(st.integers(5, 45)) if any(PLATFORMS[name].libc == "glibc" for name in platforms) else None
    conflicts = [sorted(groups)[:2]] if len(groups) > 1 else []
    cut_offs = draw(st.dictionaries(_names, st.sampled_from([False, "7 days"]), max_size=2))
    lines = [
        '[env]\npython = ">=3.9,<3.14"',
        f"dependencies = {json.dumps(dependencies)}",
        f"[targets]\nplatforms = {json.dumps(platforms)}",
        f"implementations = {json.dumps(implementations)}",
        f'glibc = "2.{glibc}"' if glibc else "",
        "[groups]",
        *(f"{name} = {json.dumps(texts)}" for name, texts in groups.items()),
        *(f'[[index]]\nname = "{name}"\nurl = "https://{name}.example.com/"' for name in indexes),
        "[sources]",
        *(f'{name} = {{ index = "{index}" }}' for name, index in sources.items()),
        f'[resolution]\nstrategy = "{strategy}"\nconstraints = {json.dumps(constraints)}',
        f"conflicts = {json.dumps(conflicts)}\n[resolution.exclude-newer-package]",
        *(f"{name} = {json.dumps(cut_off)}" for name, cut_off in cut_offs.items()),
        f"[build]\nallow = {json.dumps(allow)}",
    ]
    value = Manifest(
        python=SpecifierSet(">=3.9,<3.14"),
        dependencies=tuple(map(parse_requirement, dependencies)),
        groups=tuple(
            Group(name=name, requirements=tuple(map(parse_requirement, texts)))
            for name, texts in sorted(groups.items())
        ),
        targets=Targets(
            platforms=tuple(platforms),
            glibc=(2, glibc) if glibc else None,
            implementations=tuple(implementations),
        ),
        indexes=tuple(Index(name=name, url=f"https://{name}.example.com/") for name in indexes),
        sources=tuple((name, IndexSource(index=index)) for name, index in sorted(sources.items())),
        resolution=Options(
            strategy=strategy,  # type: ignore[arg-type]
            constraints=tuple(map(parse_requirement, constraints)),
            conflicts=tuple(tuple(map(canonicalize_name, one)) for one in conflicts),
            exclude_newer_package=tuple(
                (name, timedelta(days=7) if cut_off else None) for name, cut_off in sorted(cut_offs.items())
            ),
        ),
        build=Build(allow=frozenset(allow)),
    )
    return "\n".join(lines) + "\n", value


@_LAW
@given(_written_manifests())
def test_a_manifest_reads_to_the_values_it_was_made_from(written: tuple[str, Manifest]) -> None:
    text, value = written
    assert read(text) == value


@_LAW
@given(_written_manifests())
def test_line_ends_of_windows_change_nothing(written: tuple[str, Manifest]) -> None:
    text, value = written
    windows = read(text.replace("\n", "\r\n"))
    assert windows == value
    assert windows.places == read(text).places
