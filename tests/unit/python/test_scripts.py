from __future__ import annotations

import pytest

from lockenv.errors import UsageError
from lockenv.python.scripts import check_path, rewritten, shebang, wrapper
from lockenv.wheels import Script


def test_a_short_path_stands_in_the_first_line() -> None:
    assert shebang("/w/.venv/bin/python") == b"#!/w/.venv/bin/python\n"


@pytest.mark.parametrize("path", ["/my work/.venv/bin/python", f"/{'x' * 130}/bin/python"])
def test_a_path_that_the_kernel_would_not_take_goes_through_the_shell(path: str) -> None:
    text = shebang(path)
    assert text.startswith(b"#!/bin/sh\n'''exec' ")
    # To Python the lines are one string.
    compile(text + b"x = 1\n", "script", "exec")


def test_a_wrapper_calls_the_object_and_exits_with_its_answer() -> None:
    text = wrapper(Script("menu", "menu.cli", "App.run"), "/v/bin/python")
    assert text.decode() == (
        "#!/v/bin/python\nimport sys\n\nfrom menu.cli import App\n\n"
        'if __name__ == "__main__":\n    sys.exit(App.run())\n'
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"#!python\nx\n", b"#!/v/bin/python\nx\n"),
        (b"#!pythonw\nx\n", b"#!/v/bin/python\nx\n"),
        (b"#!python -E\r\nx\r\n", b"#!/v/bin/python -E\nx\r\n"),
        (b"#!python", b"#!/v/bin/python\n"),
        (b"#!/usr/bin/env python\n", None),
        (b"\x7fELF", None),
        (b"", None),
    ],
)
def test_only_the_formats_own_first_line_is_rewritten(content: bytes, expected: bytes | None) -> None:
    assert rewritten(content, "/v/bin/python") == expected


@pytest.mark.parametrize("path", ["/a\\b", "/a\nb", "/a'''b", "/a\x7fb"])
def test_paths_that_no_script_can_hold_are_refused(path: str) -> None:
    with pytest.raises(UsageError, match="cannot hold"):
        check_path(path)
