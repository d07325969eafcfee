from __future__ import annotations

import pytest

from lockenv.lockfile.freshness import digests
from lockenv.manifest.read import read

WHOLE = """[env]
python = ">=3.11"
dependencies = ["a"]
[groups]
cpu = ["b"]
gpu = ["c"]
tpu = ["d"]
[[index]]
name = "acme"
url = "https://packages.example.com/simple/"
{index}
[sources]
{sources}
[resolution]
{resolution}
"""
LINUX = "{ path = 'x', marker = \"sys_platform == 'linux'\" }"
WINDOWS = "{ path = 'y', marker = \"sys_platform == 'win32'\" }"


def digested(*, index: str = "", sources: str = "", resolution: str = "") -> dict[str, str]:
    return digests(read(WHOLE.format(index=index, sources=sources, resolution=resolution)))


@pytest.mark.parametrize(
    ("part", "one", "other"),
    [
        ("index", "", "upload-times = false"),
        ("sources", "", "x = { path = 'x' }"),
        ("sources", "x = { path = 'x' }", f"x = {LINUX}"),
        ("sources", f"x = {LINUX}", f"x = [{LINUX}, {WINDOWS}]"),
        ("resolution", "", 'conflicts = [["cpu", "gpu"]]'),
        ("resolution", 'conflicts = [["cpu", "gpu"]]', 'conflicts = [["cpu", "tpu"]]'),
        ("resolution", "", "exclude-newer-package = { a = false }"),
        ("resolution", "exclude-newer-package = { a = false }", 'exclude-newer-package = { a = "7 days" }'),
    ],
)
def test_what_shapes_a_lock_shows_in_the_digest_of_its_part_and_in_no_other(
    part: str, one: str, other: str
) -> None:
    before, after = digested(**{part: one}), digested(**{part: other})
    assert [name for name in before if before[name] != after[name]] == [part]


@pytest.mark.parametrize(
    ("part", "one", "other"),
    [
        ("index", "upload-times = true", ""),
        ("sources", f"x = [{WINDOWS}, {LINUX}]", f"X = [{LINUX}, {WINDOWS}]"),
        (
            "resolution",
            'conflicts = [["gpu", "CPU"], ["cpu", "tpu"]]',
            'conflicts = [["tpu", "cpu"], ["cpu", "gpu"]]',
        ),
        ("resolution", "conflicts = []", ""),
        (
            "resolution",
            "exclude-newer-package = { A-b = false, c = false }",
            "exclude-newer-package = { c = false, a_b = false }",
        ),
    ],
)
def test_order_and_spelling_do_not_show(part: str, one: str, other: str) -> None:
    assert digested(**{part: one}) == digested(**{part: other})
