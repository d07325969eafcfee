from __future__ import annotations

import dataclasses
import tomllib
from typing import Any

import pytest
from packaging.pylock import Pylock

from lockenv.errors import LockError
from lockenv.lockfile import pylock

#: A lock with everything that PEP 751 knows, in words of our own.
EVERYTHING = """\
lock-version = "1.0"
environments = ['sys_platform == "linux"', 'sys_platform == "win32"']
requires-python = ">=3.9"
extras = ["cli"]
dependency-groups = ["docs", "test"]
default-groups = ["docs"]
created-by = "somebody"

[[packages]]
name = "tree"
version = "1.0"
marker = '"docs" in dependency_groups'
requires-python = ">=3.8"
dependencies = [{name = "leaf"}, {name = "twig", version = "2.0"}]
index = "https://index.example.com/simple/"
attestation-identities = [{kind = "GitHub", repository = "a/b"}]
[packages.sdist]
upload-time = 2024-01-02T03:04:05Z
url = "https://files.example.com/tree-1.0.tar.gz"
size = 12
hashes = {sha256 = "aa"}
[[packages.wheels]]
url = "https://files.example.com/tree-1.0-1build-py3-none-any.whl"
hashes = {sha256 = "bb", sha512 = "cc"}
[packages.tool.other]
key = "value"
[packages.tool.other.deeper]
list = [1, 2]

[[packages]]
name = "leaf"
[packages.vcs]
type = "git"
url = "https://git.example.com/leaf.git"
requested-revision = "main"
commit-id = "0123456789abcdef0123456789abcdef01234567"
subdirectory = "py"

[[packages]]
name = "twig"
version = "2.0"
archive = {url = "https://files.example.com/twig.zip", size = 3, hashes = {sha256 = "dd"}, subdirectory = "x"}

[[packages]]
name = "root"
directory = {path = "../root", editable = true}

[tool.other]
answer = 42
"""


HEAD = 'lock-version = "1.0"\ncreated-by = "x"\n'


def minimal(**changes: Any) -> dict[str, Any]:
    return {"lock-version": "1.0", "created-by": "somebody", "packages": [], **changes}


def test_everything_that_the_standard_knows_survives_reading_and_writing() -> None:
    lock = pylock.read(EVERYTHING)
    written = pylock.write(lock)
    assert pylock.read(written) == lock
    assert pylock.write(pylock.read(written)) == written


def test_nothing_that_was_said_is_lost() -> None:
    written = tomllib.loads(pylock.write(pylock.read(EVERYTHING)))
    assert written == tomllib.loads(EVERYTHING)


def test_a_file_name_that_the_url_says_is_left_out() -> None:
    lock = pylock.read(EVERYTHING)
    wheels = lock.packages[0].wheels
    assert wheels is not None
    named = dataclasses.replace(wheels[0], name="tree-1.0-1build-py3-none-any.whl")
    package = dataclasses.replace(lock.packages[0], wheels=[named])
    assert pylock.write(dataclasses.replace(lock, packages=[package, *lock.packages[1:]])) == pylock.write(lock)


def test_keys_stand_in_the_order_of_the_standard() -> None:
    head = pylock.write(pylock.read(EVERYTHING)).split("[[packages]]")[0]
    keys = [line.split(" = ")[0] for line in head.splitlines() if " = " in line]
    assert keys == [
        "lock-version",
        "environments",
        "requires-python",
        "extras",
        "dependency-groups",
        "default-groups",
        "created-by",
    ]


def test_one_artifact_takes_one_line() -> None:
    lines = pylock.write(pylock.read(EVERYTHING)).splitlines()
    assert sum("py3-none-any.whl" in line for line in lines) == 1
    assert any(line.startswith("    {") and "upload-time" not in line and "sha512" in line for line in lines)


def test_a_file_name_stays_where_the_url_does_not_say_it() -> None:
    data = minimal(
        packages=[
            {
                "name": "a",
                "wheels": [
                    {
                        "name": "a-1.0+cpu-py3-none-any.whl",
                        "url": "https://files.example.com/a-1.0%2Bcpu-py3-none-any.whl",
                        "hashes": {"sha256": "aa"},
                    }
                ],
            }
        ]
    )
    assert 'name = "a-1.0+cpu-py3-none-any.whl"' in pylock.write(Pylock.from_dict(data))


def test_a_lock_without_packages_says_so() -> None:
    assert tomllib.loads(pylock.write(Pylock.from_dict(minimal())))["packages"] == []


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("lock-version = ", "not valid TOML", "lockenv lock"),
        (
            "<<<<<<< ours\nlock-version = '1.0'\n=======\n>>>>>>> theirs\n",
            "merge conflict",
            "versions of both sides",
        ),
        ('lock-version = "1.0"\n', "created-by", "lockenv lock"),
        ('lock-version = "9.0"\ncreated-by = "x"\npackages = []\n', "version", "newer lockenv"),
        (
            'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "A_b"\ndirectory = { path = "." }\n',
            "packages[0]",
            "lockenv lock",
        ),
        (
            HEAD + 'packages = [{ name = "a", wheels = [{ url = "https://a.b/a-1-py3-none-any.whl" }] }]',
            "hashes",
            "lockenv lock",
        ),
    ],
)
def test_a_broken_lock_is_refused_with_its_place_and_a_remedy(text: str, message: str, hint: str) -> None:
    with pytest.raises(LockError) as caught:
        pylock.read(text, where="pylock.toml")
    assert message in caught.value.message
    assert "pylock.toml" in caught.value.message
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    "table",
    ["extras = 5", "requires = 7", "requires = ['???']", "requires = [1]", "direct = 'yes'", "manifest = 1"],
)
def test_a_damaged_tool_table_of_ours_is_no_bug_but_a_damaged_lock(table: str) -> None:
    text = HEAD + "[[packages]]\nname = 'a'\ndirectory = { path = '.' }\n[packages.tool.lockenv]\n" + table
    with pytest.raises(LockError, match="damaged"):
        pylock.read(text)


def test_the_tool_table_of_others_is_not_ours() -> None:
    lock = pylock.read(EVERYTHING)
    assert pylock.tool_table(lock) == {}
    assert pylock.tool_table(Pylock.from_dict(minimal(tool={"lockenv": {"format": 1}}))) == {"format": 1}
