"""The same index and projects as for the command line."""

from __future__ import annotations

from tests.cli.conftest import index, project, synced, tried_again_at_once

__all__ = ["index", "project", "synced", "tried_again_at_once"]
