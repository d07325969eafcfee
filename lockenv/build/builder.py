"""All of it in order: from a source to its build requirements, its metadata, its wheel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lockenv.build.git import Repositories
from lockenv.build.requirements import OUTERMOST, Chain, Pin, Provide
from lockenv.build.sources import Source
from lockenv.events import Reporter, silent
from lockenv.packages import Metadata
from lockenv.python.interpreter import Interpreter
from lockenv.store import Store, StoredWheel


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What building a source asks for, to be recorded in a lock.

    `requirements` are `build-system.requires` and then what the backend adds, as texts (PEP 508); `pins` what
    they were answered with.
    """

    requirements: tuple[str, ...]
    pins: tuple[Pin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A wheel that was built, now or before, in the store; and what it was built with."""

    wheel: StoredWheel
    needs: Needs


class Builder:
    """Builds for one interpreter. Safe to use from several threads and processes at once."""

    def __init__(
        self,
        *,
        cache: Path,
        interpreter: Interpreter,
        store: Store,
        provide: Provide,
        repositories: Repositories,
        environ: Mapping[str, str],
        settings: Mapping[str, str] | None = None,
        reporter: Reporter = silent,
    ) -> None:
        """`settings` are the backend's (PEP 517, config settings); of `environ` a backend sees little."""
        raise NotImplementedError

    def needs(self, source: Source, *, editable: bool = False, chain: Chain = OUTERMOST) -> Needs:
        """Find out what a build asks for; runs the backend where it was not asked before.

        Raises `BuildError`, `Refused`, what `provide` raises, and `OSError`.
        """
        raise NotImplementedError

    def metadata(self, source: Source, *, editable: bool = False, chain: Chain = OUTERMOST) -> Metadata:
        """Give the core metadata: what stands there statically, else what the backend says (PEP 517).

        Raises as `needs` does, and `MetadataError` for metadata that is broken or of something else.
        """
        raise NotImplementedError

    def wheel(self, source: Source, *, editable: bool = False, chain: Chain = OUTERMOST) -> Built:
        """Build the wheel, unless it was built before from the same with the same; it is in the store then.

        `editable` builds one that leads to a `Tree` (PEP 660). Raises as `metadata` does.
        """
        raise NotImplementedError
