"""lockenv: a Python environment as a pure function of a committed lock file.

Everything that the command line does, programs can call (docs/reference/api.md):

    import lockenv

    lockenv.lock("/srv/forecast")
    lockenv.sync("/srv/forecast", groups=["test"])

Nothing of it prints or asks for the working directory. What goes wrong is a `LockenvError`.
"""

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from lockenv.api.caches import (
        cache_folder,
        cache_sizes,
        clean_cache,
        prune_cache,
        verify_cache,
    )
    from lockenv.api.changing import (
        add,
        export,
        import_from,
        init,
        keep_versions,
        lock,
        lock_all,
        pin_python,
        remove,
        repair,
        rollback,
        sync,
        upgrade,
    )
    from lockenv.api.inside import Environment, current
    from lockenv.api.projects import Project
    from lockenv.api.reading import (
        check,
        diff,
        digest,
        explain,
        find_python,
        history,
        installed,
        list_environments,
        list_pythons,
        offers,
        outdated,
        plan_sync,
        read_lock,
        read_manifest,
        tree_of,
        verify,
        why,
    )
    from lockenv.api.scripts import add_to_script, lock_script, remove_from_script
    from lockenv.errors import (
        BuildError,
        CheckFailed,
        InstallError,
        InternalError,
        InterpreterNotFound,
        LockenvError,
        LockError,
        ManifestError,
        MetadataError,
        NetworkError,
        OfflineMiss,
        Problem,
        Refused,
        ResolutionGaveUp,
        ResolutionImpossible,
        ResolutionUnknown,
        UsageError,
    )
    from lockenv.manifest.model import Manifest
    from lockenv.operations.amendment import Edited
    from lockenv.operations.check import Checked
    from lockenv.operations.diff import Compared
    from lockenv.operations.foresee import Foreseen
    from lockenv.operations.locked import Locked
    from lockenv.operations.verify import Verified
    from lockenv.operations.wish import Synced
    from lockenv.plan import Install, Plan, Remove, Replace
    from lockenv.transaction.history import RolledBack

__version__ = "0.1.0"

#: Where the public names are at home. They are loaded when they are asked for: the import itself is start-up time.
_HOMES = {
    "lockenv.api.caches": "cache_folder cache_sizes clean_cache prune_cache verify_cache",
    "lockenv.api.changing": "add export import_from init keep_versions lock lock_all pin_python remove repair "
    "rollback sync upgrade",
    "lockenv.api.inside": "Environment current",
    "lockenv.api.projects": "Project",
    "lockenv.api.reading": "check diff digest explain find_python history installed list_environments "
    "list_pythons offers outdated plan_sync read_lock read_manifest tree_of verify why",
    "lockenv.api.scripts": "add_to_script lock_script remove_from_script",
    "lockenv.errors": "BuildError CheckFailed InstallError InternalError InterpreterNotFound LockenvError "
    "LockError ManifestError MetadataError NetworkError OfflineMiss Problem Refused ResolutionGaveUp "
    "ResolutionImpossible ResolutionUnknown UsageError",
    "lockenv.manifest.model": "Manifest",
    "lockenv.operations.amendment": "Edited",
    "lockenv.operations.check": "Checked",
    "lockenv.operations.diff": "Compared",
    "lockenv.operations.foresee": "Foreseen",
    "lockenv.operations.locked": "Locked",
    "lockenv.operations.verify": "Verified",
    "lockenv.operations.wish": "Synced",
    "lockenv.plan": "Install Plan Remove Replace",
    "lockenv.transaction.history": "RolledBack",
}

__all__ = [
    "BuildError",
    "CheckFailed",
    "Checked",
    "Compared",
    "Edited",
    "Environment",
    "Foreseen",
    "Install",
    "InstallError",
    "InternalError",
    "InterpreterNotFound",
    "LockError",
    "Locked",
    "LockenvError",
    "Manifest",
    "ManifestError",
    "MetadataError",
    "NetworkError",
    "OfflineMiss",
    "Plan",
    "Problem",
    "Project",
    "Refused",
    "Remove",
    "Replace",
    "ResolutionGaveUp",
    "ResolutionImpossible",
    "ResolutionUnknown",
    "RolledBack",
    "Synced",
    "UsageError",
    "Verified",
    "__version__",
    "add",
    "add_to_script",
    "cache_folder",
    "cache_sizes",
    "check",
    "clean_cache",
    "current",
    "diff",
    "digest",
    "explain",
    "export",
    "find_python",
    "history",
    "import_from",
    "init",
    "installed",
    "keep_versions",
    "list_environments",
    "list_pythons",
    "lock",
    "lock_all",
    "lock_script",
    "offers",
    "outdated",
    "pin_python",
    "plan_sync",
    "prune_cache",
    "read_lock",
    "read_manifest",
    "remove",
    "remove_from_script",
    "repair",
    "rollback",
    "sync",
    "tree_of",
    "upgrade",
    "verify",
    "verify_cache",
    "why",
]


if not TYPE_CHECKING:
    # A type checker that knew of it would take any name for a good one.

    def __getattr__(name: str) -> object:
        """Load what is public when it is first asked for (PEP 562)."""
        for module, names in _HOMES.items():
            if name in names.split():
                found: object = getattr(__import__(module, fromlist=[name]), name)
                # The next time it is there. No module of the package has a name like one of these.
                globals()[name] = found
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
