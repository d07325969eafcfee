from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from packaging.markers import Marker
from packaging.specifiers import SpecifierSet

from lockenv.errors import ManifestError
from lockenv.manifest.model import (
    Build,
    GitSource,
    Group,
    IndexSource,
    Manifest,
    Options,
    PathSource,
    Targets,
    UrlSource,
)
from lockenv.manifest.read import Loader, decode, read
from lockenv.packages import Index, canonicalize_name, parse_requirement

SMALL = '[env]\npython = ">=3.11"\n'


def problems(text: str, load: Loader | None = None, where: str = "env.toml") -> list[str]:
    with pytest.raises(ManifestError) as caught:
        read(text, where=where, load=load)
    return [str(problem) for problem in caught.value.problems]


def loader(files: Mapping[str, str]) -> Loader:
    def load(path: str) -> str:
        if path not in files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return files[path]

    return load


def with_include(pyproject: str, text: str = '[env]\ninclude = "pyproject.toml"\n') -> Manifest:
    return read(text, load=loader({"pyproject.toml": pyproject}))


def test_the_smallest_manifest_is_a_range_of_pythons() -> None:
    assert read(SMALL) == Manifest(python=SpecifierSet(">=3.11"))


def test_every_table_becomes_its_value() -> None:
    manifest = read(
        SMALL
        + """
name = "forecast"
dependencies = ["pandas>=2.2,<3", "httpx[http2]"]
[groups]
Test_All = ["pytest>=8"]
dev = [{ include-group = "test.all" }, "ruff"]
cpu = []
gpu = []
[targets]
platforms = ["linux-x86_64", "linux-aarch64-musl", "macos-arm64"]
glibc = "2.28"
musl = "1.2"
macos = "13"
implementations = ["cpython", "pypy"]
[[index]]
name = "acme"
url = "https://packages.example.com/simple/"
packages = ["Acme_*", "x"]
explicit = true
[[index]]
name = "local"
url = "wheelhouse"
upload-times = false
[sources]
Acme_Models = { index = "acme" }
core = { path = "libs/core", editable = true, subdirectory = "src" }
plotlib = { git = "ssh://git@example.com/plotlib.git", rev = "v2.1.0" }
patched = { url = "https://example.com/patched-1.0-py3-none-any.whl" }
[resolution]
strategy = "lowest-direct"
across-pythons = "fewest"
prereleases = "allow"
constraints = ["numpy<2.3"]
overrides = ["protobuf>=5 ; python_version >= '3.12'"]
only-binary = [":all:"]
no-binary = ["Zope.Interface"]
conflicts = [["Test-All", "cpu"], ["gpu", "cpu"]]
[resolution.exclude-newer-package]
Torch = "7 days"
acme-core = false
[build]
allow = ["PySpark"]
"""
    )
    assert manifest == Manifest(
        name="forecast",
        python=SpecifierSet(">=3.11"),
        dependencies=(parse_requirement("pandas>=2.2,<3"), parse_requirement("httpx[http2]")),
        groups=(
            Group(name="cpu", requirements=()),
            Group(
                name="dev",
                requirements=(parse_requirement("pytest>=8"), parse_requirement("ruff")),
                includes=frozenset({canonicalize_name("test-all")}),
            ),
            Group(name="gpu", requirements=()),
            Group(name="test-all", requirements=(parse_requirement("pytest>=8"),)),
        ),
        targets=Targets(
            platforms=("linux-x86_64", "linux-aarch64-musl", "macos-arm64"),
            glibc=(2, 28),
            musl=(1, 2),
            macos=(13, 0),
            implementations=("cpython", "pypy"),
        ),
        indexes=(
            Index(
                name="acme",
                url="https://packages.example.com/simple/",
                packages=("acme-*", "x"),
                explicit=True,
            ),
            Index(name="local", url="wheelhouse", upload_times=False),
        ),
        sources=(
            (canonicalize_name("acme-models"), IndexSource(index="acme")),
            (canonicalize_name("core"), PathSource(path="libs/core", editable=True, subdirectory="src")),
            (canonicalize_name("patched"), UrlSource(url="https://example.com/patched-1.0-py3-none-any.whl")),
            (canonicalize_name("plotlib"), GitSource(git="ssh://git@example.com/plotlib.git", rev="v2.1.0")),
        ),
        resolution=Options(
            strategy="lowest-direct",
            across_pythons="fewest",
            prereleases="allow",
            constraints=(parse_requirement("numpy<2.3"),),
            overrides=(parse_requirement("protobuf>=5 ; python_version >= '3.12'"),),
            only_binary=frozenset({":all:"}),
            no_binary=frozenset({"zope-interface"}),
            exclude_newer_package=(
                (canonicalize_name("acme-core"), None),
                (canonicalize_name("torch"), timedelta(days=7)),
            ),
            conflicts=(
                (canonicalize_name("cpu"), canonicalize_name("gpu")),
                (canonicalize_name("cpu"), canonicalize_name("test-all")),
            ),
        ),
        build=Build(allow=frozenset({canonicalize_name("pyspark")})),
    )


def test_a_manifest_knows_the_line_of_each_key() -> None:
    manifest = read('[env]\npython = ">=3.11"\ndependencies = [\n  "a",\n  "b",\n]\n')
    assert dict(manifest.places)["env.dependencies[1]"] == 5


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"7 days"', timedelta(days=7)),
        ('"2 weeks"', timedelta(weeks=2)),
        ('"36 hours"', timedelta(hours=36)),
        ('"1 Day"', timedelta(days=1)),
        ("2026-03-01", datetime(2026, 3, 2, tzinfo=UTC)),
        ('"2026-03-01"', datetime(2026, 3, 2, tzinfo=UTC)),
        ("2026-03-01T12:00:00", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T12:00:00+02:00", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ('"2026-03-01T12:00:00Z"', datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ('"2026-03-01 12:00"', datetime(2026, 3, 1, 12, tzinfo=UTC)),
    ],
)
def test_a_cut_off_is_a_moment_in_utc_or_an_age_and_a_date_counts_whole(
    written: str, meant: datetime | timedelta
) -> None:
    assert read(f"{SMALL}[resolution]\nexclude-newer = {written}\n").resolution.exclude_newer == meant


@pytest.mark.parametrize("written", ["0001-01-01T00:00:00+23:59", "9999-12-31", "9999-12-31T23:59:59-23:59"])
def test_a_cut_off_outside_the_calendar_is_refused(written: str) -> None:
    assert "out of bounds" in problems(f"{SMALL}[resolution]\nexclude-newer = {written}\n")[0]


def test_an_age_longer_than_the_calendar_is_refused() -> None:
    assert "no age" in problems(f'{SMALL}[resolution]\nexclude-newer = "999999 weeks"\n')[0]


def test_groups_keep_the_order_of_their_includes_and_each_requirement_once() -> None:
    manifest = read(
        SMALL
        + """[groups]
all = ["z", { include-group = "left" }, { include-group = "right" }, "y"]
left = [{ include-group = "shared" }, "a"]
right = [{ include-group = "shared" }, "b"]
shared = ["s"]
"""
    )
    assert [str(one) for one in manifest.groups[0].requirements] == ["z", "s", "a", "b", "y"]


def test_thirty_storeys_of_groups_that_meet_again_are_read_at_once() -> None:
    storeys = "".join(
        f'l{n} = [{{ include-group = "l{n + 1}" }}]\nr{n} = [{{ include-group = "l{n + 1}" }},'
        f' {{ include-group = "r{n + 1}" }}]\n'
        for n in range(30)
    )
    manifest = read(f'{SMALL}[groups]\n{storeys}l30 = ["a"]\nr30 = ["b"]\n')
    assert {group.name: len(group.requirements) for group in manifest.groups}["r0"] == 2


def test_a_requirement_may_stand_under_several_markers() -> None:
    text = f"{SMALL}dependencies = [\"a<2 ; sys_platform == 'win32'\", \"a>=2 ; sys_platform != 'win32'\"]\n"
    assert len(read(text).dependencies) == 2


# ── include


def test_an_included_project_gives_python_dependencies_and_groups() -> None:
    manifest = with_include(
        """[project]
name = "app"
requires-python = ">=3.10"
dependencies = ["flask"]
optional-dependencies = { async = ["gevent"] }
[dependency-groups]
test = ["pytest"]
""",
        """[env]
include = "pyproject.toml"
dependencies = ["rich"]
[groups]
dev = [{ include-group = "test" }]
""",
    )
    assert manifest.python == SpecifierSet(">=3.10")
    assert [str(one) for one in manifest.dependencies] == ["rich", "flask"]
    assert [(group.name, [str(one) for one in group.requirements]) for group in manifest.groups] == [
        ("dev", ["pytest"]),
        ("test", ["pytest"]),
    ]


def test_the_manifests_own_python_goes_before_the_projects() -> None:
    manifest = with_include(
        '[project]\nrequires-python = ">=3.9"\n', '[env]\ninclude = "pyproject.toml"\npython = "==3.12.*"\n'
    )
    assert manifest.python == SpecifierSet("==3.12.*")


def test_the_same_requirement_in_both_files_counts_once() -> None:
    manifest = with_include(
        '[project]\nrequires-python = ">=3.9"\ndependencies = ["flask"]\n',
        '[env]\ninclude = "pyproject.toml"\ndependencies = ["flask"]\n',
    )
    assert [str(one) for one in manifest.dependencies] == ["flask"]


@pytest.mark.parametrize(
    ("pyproject", "env", "expected"),
    [
        (
            '[project]\nrequires-python = ">=3.9"\ndependencies = [\n"a",\n"b=1"]\n',
            "",
            "app/pyproject.toml:5: `b=1` is not a requirement: equality is written `==` (write `b==1`)",
        ),
        (
            '[project]\nrequires-python = "<3.10"\n',
            'python = ">=3.11"\n',
            'app/env.toml:3: `python` contradicts `requires-python = "<3.10"` of app/pyproject.toml',
        ),
        (
            '[project]\nrequires-python = ">=3.10"\ndependencies = ["a<1"]\n',
            'dependencies = ["a>=1"]\n',
            "app/pyproject.toml:3: `a<1` and `a>=1` (app/env.toml:3) contradict each other (keep one of them)",
        ),
        (
            '[project]\nname = "x"\n',
            "",
            'app/env.toml:1: [env] has no `python`, the versions it is for (write python = ">=3.11")',
        ),
        (
            '[project]\nrequires-python = ">=3.10"\ndynamic = ["version", "dependencies"]\n',
            "",
            (
                "app/pyproject.toml:3: the project computes its `dependencies` only when it is built"
                " (list them under [env] dependencies)"
            ),
        ),
        (
            '[dependency-groups]\nTest = ["a"]\n',
            'python = ">=3.11"\n[groups]\ntest = ["b"]\n',
            "app/pyproject.toml:2: the group `test` is given twice: `test` (app/env.toml:5)",
        ),
    ],
)
def test_problems_of_an_included_file_name_their_own_place(pyproject: str, env: str, expected: str) -> None:
    text = f'[env]\ninclude = "pyproject.toml"\n{env}'
    assert problems(text, loader({"pyproject.toml": pyproject}), "app/env.toml") == [expected]


@pytest.mark.parametrize(
    ("include", "files", "words"),
    [
        ("pyproject.toml", {}, "it does not exist"),
        ("requirements.txt", {}, "only a pyproject.toml can be"),
        ("/srv/pyproject.toml", {}, "by a path relative to env.toml"),
        ("pyproject.toml", {"pyproject.toml": "[project\n"}, "pyproject.toml:1:9: the table's name is not closed"),
        ("pyproject.toml", {"pyproject.toml": "[tool.poetry]\n"}, "Poetry's own tables are not read"),
    ],
)
def test_what_cannot_be_included_is_refused_at_the_include(
    include: str, files: Mapping[str, str], words: str
) -> None:
    (problem,) = problems(f'{SMALL}include = "{include}"\n', loader(files))
    assert problem.startswith("env.toml:3: ")
    assert words in problem


def test_an_include_without_a_folder_is_refused() -> None:
    assert "read without its folder" in problems(f'{SMALL}include = "pyproject.toml"\n')[0]


def test_an_included_file_that_is_no_utf8_is_refused() -> None:
    def load(path: str) -> str:
        return b"\xff".decode()

    assert "not UTF-8" in problems(f'{SMALL}include = "pyproject.toml"\n', load)[0]


# ── bytes and odd texts


def test_a_byte_order_mark_and_windows_line_ends_are_accepted_and_counted_right() -> None:
    text = decode(b'\xef\xbb\xbf[env]\r\npython = ">=3.11"\r\nnmae = "x"\r\n', where="env.toml")
    assert problems(text) == ["env.toml:3: unknown key `nmae` in [env] (did you mean `name`?)"]
    assert problems("\ufeff" + text) == problems(text)


def test_bytes_that_are_no_utf8_are_refused_with_their_line() -> None:
    with pytest.raises(ManifestError) as caught:
        decode(b'[env]\nname = "caf\xe9"\n', where="env.toml")
    assert [str(problem) for problem in caught.value.problems] == [
        "env.toml:2: the byte 0xe9 is not UTF-8 (save it as UTF-8)"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "\x00",
        '[env]\nname = "a\x00"\n',
        "# \x1b\n",
        "a = 1\rb = 2",
        "x = " + "[" * 5000,
        "x = " + "{a=" * 3000,
        "a." * 3000 + "b = 1",
        "x = " + "9" * 5000,
        "[" * 3000,
        "\ufeff\ufeff",
    ],
)
def test_hostile_text_is_refused_and_not_shown_raw(text: str) -> None:
    assert all(line.isprintable() for line in problems(text))


def test_a_chain_of_two_thousand_groups_is_refused_not_crashed_on() -> None:
    chain = "".join(f'g{n} = [{{ include-group = "g{n + 1}" }}]\n' for n in range(2000))
    # Hypothesis, which ran before in this process, may have left a limit that is higher than Python's own.
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    try:
        assert "nested too deeply" in problems(f"{SMALL}[groups]\n{chain}g2000 = []\n")[0]
    finally:
        sys.setrecursionlimit(before)


def test_problems_come_in_the_order_of_lines() -> None:
    lines = [
        int(problem.split(":")[1])
        for problem in problems('[build]\nallow = 1\n[resolution]\nstrategy = "x"\n[env]\npython = "x"\nfoo = 1\n')
    ]
    assert lines == [2, 4, 6, 7]


def test_sources_of_one_package_are_told_apart_by_markers_in_an_order_of_their_own() -> None:
    written = [
        "{ url = 'https://example.com/x-1.0.zip', marker = \"sys_platform == 'win32'\" }",
        "{ path = 'libs/x', marker = \"sys_platform == 'linux'\" }",
    ]
    manifests = [
        read(f"{SMALL}[sources]\ny = {{ path = '../y' }}\nX = [{', '.join(order)}]\n")
        for order in (written, reversed(written))
    ]
    assert manifests[0] == manifests[1]
    assert manifests[0].sources == (
        (canonicalize_name("x"), PathSource(path="libs/x", marker=Marker("sys_platform == 'linux'"))),
        (
            canonicalize_name("x"),
            UrlSource(url="https://example.com/x-1.0.zip", marker=Marker("sys_platform == 'win32'")),
        ),
        (canonicalize_name("y"), PathSource(path="../y")),
    )


def test_a_single_source_may_count_under_a_marker_only() -> None:
    manifest = read(SMALL + "[sources]\nx = { path = 'x', marker = \"os_name == 'nt'\" }\n")
    assert manifest.sources == ((canonicalize_name("x"), PathSource(path="x", marker=Marker("os_name == 'nt'"))),)


def test_a_group_knows_all_that_it_includes() -> None:
    groups = read(
        SMALL
        + """[groups]
a = []
b = [{ include-group = "a" }]
c = [{ include-group = "b" }, { include-group = "d" }]
d = []
"""
    ).groups
    assert {group.name: sorted(group.includes) for group in groups} == {
        "a": [],
        "b": ["a"],
        "c": ["a", "b", "d"],
        "d": [],
    }


def test_groups_of_an_included_project_may_conflict_with_ones_own() -> None:
    manifest = with_include(
        '[dependency-groups]\ngpu = ["cupy"]\n',
        '[env]\npython = ">=3.11"\ninclude = "pyproject.toml"\n[groups]\ncpu = ["numpy"]\n'
        '[resolution]\nconflicts = [["GPU", "cpu"]]\n',
    )
    assert manifest.resolution.conflicts == (("cpu", "gpu"),)


@pytest.mark.parametrize(
    "address",
    [
        'path = "../sibling"',
        'path = "dist/Other_x-1.0-py3-none-any.whl"',
        'git = "../other-x"',
        'git = "ssh://git@example.com/x.git", rev = "feature/y"',
        'git = "https://example.com/@scope/x.git", rev = "0123abc", subdirectory = "libs/../core"',
        'url = "https://example.com/x/archive/main.zip", subdirectory = "x-main"',
        'url = "https://example.com/other%5Fx-1.0-py3-none-any.whl?token=no"',
    ],
)
def test_an_ordinary_source_is_accepted(address: str) -> None:
    ((name, _),) = read(f"{SMALL}[sources]\nother-x = {{ {address} }}\n").sources
    assert name == "other-x"


def test_floors_without_platforms_are_for_the_common_ones() -> None:
    targets = read(SMALL + '[targets]\nglibc = "2.31"\nmusl = "1.1"\n').targets
    assert targets == Targets(platforms=(), glibc=(2, 31), musl=(1, 1))
