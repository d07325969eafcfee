"""Errors as documents for machines."""

from __future__ import annotations

from lockenv.errors import LockenvError, ResolutionImpossible

SCHEMA = 1  #: of the JSON document


def document(error: LockenvError) -> dict[str, object]:
    """An error with all that is said of it; the exit status stays what it is."""
    more = {"impossible": error.document} if isinstance(error, ResolutionImpossible) else {}
    return {
        "schema": SCHEMA,
        "error": {
            "code": error.code,
            "exit-status": error.exit_status,
            "message": error.message,
            "problems": [
                {"where": problem.where, "message": problem.message, "hint": problem.hint}
                for problem in error.problems
            ],
            "details": list(error.details),
            "hint": error.hint,
            **more,
        },
    }
