from __future__ import annotations

import pytest

from lockenv.manifest.places import KeyPath, locate, path_text


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a = 1\nb = 2\n", {("a",): 1, ("b",): 2}),
        ("\n# c\n  a.b . c = 1\n", {("a",): 3, ("a", "b"): 3, ("a", "b", "c"): 3}),
        ("'a.b' = 1\n\"c\\u0064\" = 2\n", {("a.b",): 1, ("cd",): 2}),
        ("x = [\n  1, # [\n\n  2,\n]\ny = 1", {("x",): 1, ("x", 0): 2, ("x", 1): 4, ("y",): 6}),
        ("x = [[1],\n[2]]", {("x",): 1, ("x", 0): 1, ("x", 0, 0): 1, ("x", 1): 2, ("x", 1, 0): 2}),
        ("x = { a = 1, b.c = '}' }", {("x",): 1, ("x", "a"): 1, ("x", "b"): 1, ("x", "b", "c"): 1}),
        ("x = [\n{ a = 1 }\n]", {("x",): 1, ("x", 0): 2, ("x", 0, "a"): 2}),
        ('x = """\n"\n\\"""\n]"""""\ny = 1', {("x",): 1, ("y",): 5}),
        ("x = '''\n''\n\\'''\ny = 1", {("x",): 1, ("y",): 4}),
        ('x = ""\ny = """"""\nz = \'\'', {("x",): 1, ("y",): 2, ("z",): 3}),
        ("x = 1979-05-27 07:32:00Z\ny = +1_000e-3#z\nz = true", {("x",): 1, ("y",): 2, ("z",): 3}),
        ("[a]\nx = 1\n[a.b]\ny = 1", {("a",): 1, ("a", "x"): 2, ("a", "b"): 3, ("a", "b", "y"): 4}),
        ("[a.b]\nx = 1\n[a]\ny = 1", {("a",): 1, ("a", "b"): 1, ("a", "b", "x"): 2, ("a", "y"): 4}),
        (
            "[[a]]\nx = 1\n[[a]]\nx = 1\n[a.b]\ny = 1",
            {
                ("a",): 1,
                ("a", 0): 1,
                ("a", 0, "x"): 2,
                ("a", 1): 3,
                ("a", 1, "x"): 4,
                ("a", 1, "b"): 5,
                ("a", 1, "b", "y"): 6,
            },
        ),
        (
            "[[a.b]]\n[[a.b.c]]\n[[a.b.c]]\n",
            {
                ("a",): 1,
                ("a", "b"): 1,
                ("a", "b", 0): 1,
                ("a", "b", 0, "c"): 2,
                ("a", "b", 0, "c", 0): 2,
                ("a", "b", 0, "c", 1): 3,
            },
        ),
        ("[ a . 'b' ] # c\r\nx = 1\r\n", {("a",): 1, ("a", "b"): 1, ("a", "b", "x"): 2}),
        ("", {}),
    ],
)
def test_every_key_table_and_item_has_its_line(text: str, lines: dict[KeyPath, int]) -> None:
    assert locate(text).lines == lines


@pytest.mark.parametrize("text", ["a", "a = ", "a = [", "[a", "a = {", "= 1", 'a = "', "\x00", "a = [1 2]", "]"])
def test_a_broken_text_is_read_as_far_as_it_goes(text: str) -> None:
    places = locate(f"first = 1\n{text}")
    assert places.lines["first",] == 1


def test_what_has_no_line_stands_where_its_owner_stands() -> None:
    places = locate("\n[env]\nx = 1\n")
    assert places.line(("env", "python")) == 2
    assert places.line(("nowhere", "at all")) == 1


def test_what_is_given_twice_is_noticed() -> None:
    repeats = locate("[a]\nx = 1\nx = 2\n[b]\n[a]\n").repeats
    assert [(repeat.path, repeat.first, repeat.again) for repeat in repeats] == [
        (("a", "x"), 2, 3),
        (("a",), 1, 5),
    ]


def test_a_path_is_written_as_in_toml() -> None:
    assert path_text(("env", "dependencies", 2)) == "env.dependencies[2]"
    assert path_text(("index", 0, 'a."b"')) == 'index[0]."a.\\"b\\""'
