"""The last step of a sync: what is desired goes into the environment, by one `apply`."""

from __future__ import annotations

from lockenv.events import StageFinished, StageStarted
from lockenv.transaction.apply import Applied, apply
from lockenv.transaction.commit import GRACE

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Callable

    from lockenv.session import Session
    from lockenv.transaction.compose import Desired
    from lockenv.transaction.contents import Blueprint


def carry_out(
    session: Session,
    desired: Desired | Blueprint,
    *,
    because: str | None = None,
    afresh: bool = False,
    finish: Callable[[str, str], None] | None = None,
) -> Applied:
    """Make the project's environment what is desired, as the settings want it done. Raises as `apply` does."""
    session.report(StageStarted(stage="Linking", total=len(desired.packages), brisk=True))
    applied = apply(
        session.project.env,
        desired,
        link_mode=session.settings.link_mode,
        wait=session.settings.wait,
        durable=session.settings.durable,
        history=session.settings.history,
        grace=GRACE,
        because=because,
        afresh=afresh,
        finish=finish,
        reporter=session.report,
    )
    session.report(StageFinished(stage="Linking"))
    return applied
