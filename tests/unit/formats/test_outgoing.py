"""What is given out: places that are no files of an index, markers without groups, what others make of it."""

from __future__ import annotations

import json
import tomllib

import pytest
from packaging.markers import Marker
from packaging.pylock import Package, PackageWheel, Pylock
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.errors import UsageError
from lockenv.formats.incoming import yaml
from lockenv.formats.outgoing import conda, cyclonedx, dockerfile, requirements_txt, single
from lockenv.formats.outgoing.pyproject import pyproject
from lockenv.formats.outgoing.rows import Row, restricted, rows
from lockenv.lockfile import pylock
from lockenv.manifest.read import read
from lockenv.packages import NormalizedName
from tests.fakes.source import linux_target
from tests.unit.formats.cases import bring

LOCK = """\
lock-version = "1.0"
requires-python = ">=3.11"
extras = []
dependency-groups = ["test", "gpu"]
created-by = "somebody"

[[packages]]
name = "archived"
version = "1.0"
[packages.archive]
url = "https://files.example.com/archived-1.0.tar.gz"
subdirectory = "py"
hashes = { sha256 = "aa" }

[[packages]]
name = "both"
version = "2.0"
marker = "('test' in dependency_groups or 'gpu' in dependency_groups) and sys_platform == 'linux'"
index = "https://packages.example.com/simple"
sdist = { name = "both-2.0.tar.gz", url = "https://files.example.com/both-2.0.tar.gz", hashes = { sha256 = "bb" } }
[[packages.wheels]]
name = "both-2.0-py3-none-any.whl"
url = "https://files.example.com/both-2.0-py3-none-any.whl"
hashes = { md5 = "dd", sha256 = "cc" }

[[packages]]
name = "edited"
directory = { path = "libs/edited", editable = true }

[[packages]]
name = "folder"
directory = { path = "../folder" }

[[packages]]
name = "tagged"
version = "0.3"
vcs = { type = "git", url = "https://git.example.com/tagged.git", commit-id = "0123abcd" }
"""


@pytest.fixture
def lock() -> Pylock:
    return pylock.read(LOCK)


def given(lock: Pylock, *groups: str) -> tuple[Row, ...]:
    return rows(lock, groups, None, where="pylock.toml")


def test_requirements_name_places_as_pip_takes_them(lock: Pylock) -> None:
    done = requirements_txt.requirements(
        given(lock, "test"), heading="", default_index="https://default.example.com"
    )
    assert done.text == (
        "--index-url https://packages.example.com/simple\n"
        "archived @ https://files.example.com/archived-1.0.tar.gz#subdirectory=py \\\n"
        "    --hash=sha256:aa\n"
        "both==2.0 ; sys_platform == 'linux' \\\n"
        "    --hash=sha256:bb \\\n"
        "    --hash=sha256:cc\n"
        "-e ./libs/edited\n"
        "../folder\n"
        "tagged @ git+https://git.example.com/tagged.git@0123abcd\n"
    )
    assert [warning.partition(" ")[0] for warning in done.warnings] == ["edited", "folder", "tagged"]


def from_indexes(*urls: str) -> tuple[Row, ...]:
    """One package from each index; '' is one that the lock does not name."""
    wheel = PackageWheel(url="https://files.example.com/x-1-py3-none-any.whl", hashes={"sha256": "aa"})
    return tuple(
        Row(
            package=Package(
                name=NormalizedName(f"p{number}"), version=Version("1"), index=url or None, wheels=[wheel]
            )
        )
        for number, url in enumerate(urls)
    )


DEFAULT, OWN, THIRD = "https://default.example.com/simple/", "https://own.example.com", "https://third.example.com"


@pytest.mark.parametrize(
    ("indexes", "options"),
    [
        ([], []),
        ([DEFAULT], []),
        ([""], []),
        ([OWN, OWN], [f"--index-url {OWN}"]),
        ([OWN, THIRD], [f"--index-url {OWN}", f"--extra-index-url {THIRD}"]),
        ([OWN, DEFAULT], [f"--extra-index-url {OWN}"]),
        ([OWN, "", THIRD], [f"--extra-index-url {OWN}", f"--extra-index-url {THIRD}"]),
    ],
)
def test_the_default_index_is_asked_only_where_something_comes_from_it(
    indexes: list[str], options: list[str]
) -> None:
    done = requirements_txt.requirements(from_indexes(*indexes), heading="", default_index=DEFAULT.rstrip("/"))
    assert [line for line in done.text.splitlines() if "index" in line] == options
    assert done.warnings == ()


@pytest.mark.parametrize(
    ("indexes", "warned"),
    [([OWN], []), ([DEFAULT], []), ([OWN, THIRD], [OWN, THIRD]), ([OWN, ""], ["the default index", OWN])],
)
def test_several_indexes_without_hashes_are_warned_of(indexes: list[str], warned: list[str]) -> None:
    rows = from_indexes(*indexes)
    done = requirements_txt.requirements(rows, heading="", hashes=False, default_index=DEFAULT)
    file = conda.environment(rows, name="x", pythons=SpecifierSet(), default_index=DEFAULT)
    expected = [f"pip asks {', '.join(warned)} for every name"] if warned else []
    assert [text.partition(", and without")[0] for text in done.warnings] == expected
    assert file.warnings[1:] == done.warnings


@pytest.mark.parametrize("urls", [[OWN], [OWN, THIRD], [DEFAULT]])
def test_indexes_come_back_from_requirements(urls: list[str]) -> None:
    rows = from_indexes(*urls)
    draft = bring("requirements.txt", requirements_txt.requirements(rows, heading="", default_index=DEFAULT).text)
    declared = [url for url in urls if url != DEFAULT]
    assert [(one.value.url, one.value.explicit) for one in draft.indexes] == [(url, False) for url in declared]
    assert [str(pin.version) for pin in draft.pins] == ["1"] * len(urls)


def test_requirements_say_who_asks_for_them_where_the_lock_does() -> None:
    def row(name: str, **table: object) -> Row:
        return Row(package=Package(name=NormalizedName(name), version=Version("1"), tool={"lockenv": table}))

    rows = [row("app", direct=True, requires=["lib>=1", "plug[x] ; os_name == 'nt'"]), row("lib"), row("plug")]
    rows[2] = row("plug", direct=True, requires=["lib", "plug[x]", "gone"])
    done = requirements_txt.requirements(rows, heading="", hashes=False)
    assert done.text == (
        "app==1\n    # via env.toml\n"
        "lib==1\n    # via\n    #   app\n    #   plug\n"
        "plug==1\n    # via\n    #   env.toml\n    #   app\n"
    )
    assert [str(one.value) for one in bring("requirements.txt", done.text).dependencies] == ["app", "plug"]
    assert "#" not in conda.environment(rows, name="x", pythons=SpecifierSet()).text


def test_requirements_come_back_as_versions_and_places(lock: Pylock) -> None:
    done = requirements_txt.requirements(given(lock, "test"), heading="", hashes=False)
    draft = bring("requirements.txt", done.text, {"libs/edited/pyproject.toml": '[project]\nname = "edited"'})
    assert [(one.value[0], type(one.value[1]).__name__) for one in draft.sources] == [
        ("archived", "UrlSource"),
        ("edited", "PathSource"),
        ("tagged", "GitSource"),
    ]
    assert [(pin.name, str(pin.version)) for pin in draft.pins] == [("both", "2.0")]


def test_constraints_leave_out_what_has_no_version(lock: Pylock) -> None:
    done = requirements_txt.constraints(given(lock), heading="Made.")
    assert done.text == "# Made.\narchived==1.0\ntagged==0.3\n"
    assert [warning.partition(" ")[0] for warning in done.warnings] == ["edited", "folder"]


@pytest.mark.parametrize(
    ("marker", "groups", "left"),
    [
        ("'test' in dependency_groups", ["test"], True),
        ("'test' in dependency_groups", [], False),
        ("'test' not in dependency_groups and os_name == 'nt'", [], "os_name == 'nt'"),
        ("'a' in dependency_groups or os_name == 'nt'", [], "os_name == 'nt'"),
        ("'a' in dependency_groups or os_name == 'nt'", ["a"], True),
        ("'x' in extras and os_name == 'nt'", ["x"], False),
        (
            "('a' in extras or sys_platform == 'win32') and (os_name == 'nt' or 'b' in dependency_groups)",
            ["b"],
            "sys_platform == 'win32'",
        ),
        ("os_name == 'nt' and (os_name == 'nt' or 'b' in extras)", [], "os_name == 'nt'"),
    ],
)
def test_a_marker_says_what_is_left_when_groups_are_chosen(
    marker: str, groups: list[str], left: str | bool
) -> None:
    found = restricted(Marker(marker), groups)
    assert found == (left if isinstance(left, bool) else Marker(left))


def test_a_lock_for_one_use_needs_no_groups(lock: Pylock) -> None:
    made = pylock.read(single.single(lock, given(lock, "gpu"), None))
    assert (made.extras, made.dependency_groups) == ([], [])
    assert [package.name for package in made.packages] == ["archived", "both", "edited", "folder", "tagged"]
    assert made.packages[1].marker == Marker("sys_platform == 'linux'")


def test_a_lock_for_one_target_holds_the_one_file_that_is_installed(lock: Pylock) -> None:
    target = linux_target()
    chosen = rows(lock, ["test"], target, where="pylock.toml")
    made = pylock.read(single.single(lock, chosen, target))
    both = next(package for package in made.packages if package.name == "both")
    assert (both.sdist, [wheel.filename for wheel in both.wheels or ()]) == (None, ["both-2.0-py3-none-any.whl"])
    assert both.marker is None
    assert [marker.evaluate(dict(target.variables)) for marker in made.environments or ()] == [True]


def test_a_group_that_is_not_there_is_refused(lock: Pylock) -> None:
    with pytest.raises(UsageError, match="no group 'tset'"):
        given(lock, "tset")


def test_a_bill_of_materials_names_places(lock: Pylock) -> None:
    document = json.loads(cyclonedx.cyclonedx(given(lock, "test"), name="forecast", version="1.0"))
    components = {one["name"]: one for one in document["components"]}
    assert components["tagged"]["purl"] == (
        "pkg:pypi/tagged@0.3?vcs_url=git%2Bhttps%3A%2F%2Fgit.example.com%2Ftagged.git%400123abcd"
    )
    assert "purl" not in components["folder"]
    assert [file["hashes"] for file in components["both"]["externalReferences"]] == [
        [{"alg": "SHA-256", "content": "cc"}],
        [{"alg": "SHA-256", "content": "bb"}],
    ]
    references = [one["bom-ref"] for one in document["components"]]
    assert len(set(references)) == len(references)
    assert {one["ref"] for one in document["dependencies"]} == {*references, "environment"}


def test_another_lock_has_another_serial_number(lock: Pylock) -> None:
    texts = [
        cyclonedx.cyclonedx(given(lock, *groups), name="forecast", version="1.0") for groups in ((), ("test",))
    ]
    numbers = [json.loads(text)["serialNumber"] for text in texts]
    assert len(set(numbers)) == 2


def test_an_environment_file_is_read_as_it_was_meant(lock: Pylock) -> None:
    done = conda.environment(given(lock, "test"), name="no", pythons=SpecifierSet(">=3.11,<3.13"))
    top = yaml.read(done.text, where="environment.yml")
    assert isinstance(top, yaml.Table)
    assert top.get("name") == yaml.Scalar("no", 1)
    dependencies = top.get("dependencies")
    assert isinstance(dependencies, yaml.Listing)
    python, _, nested = dependencies.items
    assert isinstance(python, yaml.Scalar)
    assert python.text == "python>=3.11,<3.13"
    assert isinstance(nested, yaml.Table)
    pip = nested.get("pip")
    assert isinstance(pip, yaml.Listing)
    assert "both==2.0 ; sys_platform == 'linux'" in [
        item.text for item in pip.items if isinstance(item, yaml.Scalar)
    ]


def test_a_dockerfile_copies_what_the_sync_builds_and_says_what_docker_cannot_see(lock: Pylock) -> None:
    text, warnings = dockerfile.dockerfile(given(lock), python=Version("3.12"), groups=["b", "a"], version="1.0")
    assert "COPY libs/edited ./libs/edited\n" in text
    assert "--group a --group b\n" in text
    assert warnings[0].startswith("../folder lies outside")


def test_a_dockerfile_for_an_old_python_says_that_lockenv_needs_a_newer_one(lock: Pylock) -> None:
    _, warnings = dockerfile.dockerfile((), python=Version("3.9"), groups=[], version="1.0")
    assert any("runs on Python 3.11 or newer" in warning for warning in warnings)


def test_a_pyproject_tells_what_the_standards_have_no_word_for() -> None:
    manifest = read(
        """
[env]
python = ">=3.11"
dependencies = ["plot[fast]>=1 ; os_name != 'nt'", "own", "file"]
[groups]
test = ["pytest"]
dev = [{ include-group = "test" }]
[sources]
plot = { git = "https://git.example.com/plot", rev = "v1", subdirectory = "py" }
own = { path = "libs/own" }
file = { url = "https://files.example.com/file-1.0.zip" }
[resolution]
constraints = ["numpy<2"]
"""
    )
    done = pyproject(manifest, name="My Env")
    data = tomllib.loads(done.text)
    assert data["project"]["dependencies"] == [
        'plot[fast] @ git+https://git.example.com/plot@v1#subdirectory=py ; os_name != "nt"',
        "own",
        "file @ https://files.example.com/file-1.0.zip",
    ]
    assert data["dependency-groups"] == {"dev": ["pytest"], "test": ["pytest"]}
    assert [warning.split(" is not")[0].split(" are not")[0] for warning in done.warnings] == [
        "the source of own",
        "[resolution] constraints",
    ]
