"""Ctrl-C before the command line is there to hear it."""

from __future__ import annotations

import sys

import pytest

from lockenv import __main__ as program


def test_ctrl_c_while_modules_are_loaded_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupted:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "lockenv.cli.main":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "lockenv.cli.main", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])
    monkeypatch.setattr(sys, "argv", ["lockenv", "sync"])
    assert program.main() == 130
    assert capsys.readouterr().err == "\ninterrupted: nothing had begun\n"
