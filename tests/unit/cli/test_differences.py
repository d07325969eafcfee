from __future__ import annotations

import pytest

from lockenv.cli.differences import markdown
from lockenv.lockfile.diff import Change, Difference, Item, Shift
from lockenv.operations.diff import Compared
from lockenv.packages import canonicalize_name


def marked(**parts: object) -> list[str]:
    found = Difference(**parts)  # type: ignore[arg-type]
    return list(markdown(Compared(before="a", after="b", difference=found)))


@pytest.mark.parametrize(
    ("hostile", "told"),
    [
        ("`x` <img>", "- `` + group `x` <img> ``"),
        ("a`` | b", "- ``` + group a`` | b ```"),
        ("x\n# title", "- `+ group x\\n# title`"),
        ("x\x1b[2J", "- `+ group x\\x1b[2J`"),
    ],
)
def test_foreign_text_does_not_get_out_of_its_code(hostile: str, told: str) -> None:
    assert told in marked(groups=Shift(added=(hostile,)))


def test_a_bar_in_a_table_is_escaped() -> None:
    change = Change(name=canonicalize_name("x"), after=(Item(version="", source="a|b"),))
    assert "| `+` | `x` |  | `from a\\|b` |  |" in marked(changes=(change,))


def test_what_must_not_be_overlooked_stands_in_a_box_of_its_own() -> None:
    told = marked(hosts=Shift(added=("evil.example.com",)), startup=Shift(removed=("x: x.pth",)))
    assert told == [
        "### `a` → `b`: the same versions, 1 to look at first (!)",
        "",
        "> [!CAUTION]",
        "> - `new host: evil.example.com`",
        "",
        "- `- start-up file x.pth of x`",
    ]
