"""The cache: how big it is, whether it is sound, and taking out what nobody has used for a while.

The cache is a person's and not a project's: the project only says which one is meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockenv.api.projects import ProjectPath, opened

if TYPE_CHECKING:
    from lockenv.operations.housekeeping import Sizes, StoreVerified


def cache_folder(project: ProjectPath) -> str:
    """Say where the cache is."""
    with opened(project) as session:
        return session.settings.cache_dir


def cache_sizes(project: ProjectPath) -> Sizes:
    """Count the bytes of each part of the cache."""
    from lockenv.operations.housekeeping import sizes

    with opened(project) as session:
        return sizes(session)


def verify_cache(project: ProjectPath) -> StoreVerified:
    """Hash every file of every unpacked wheel, and remove the wheels that are not what they were at first."""
    from lockenv.operations.housekeeping import verify_store

    with opened(project) as session:
        return verify_store(session)


def prune_cache(project: ProjectPath, *, older_than_days: float) -> int:
    """Remove what was not used for so many days; give the bytes freed. Environments keep their files."""
    from lockenv.operations.housekeeping import prune

    with opened(project) as session:
        return prune(session, older_than_days=older_than_days)


def clean_cache(project: ProjectPath) -> int:
    """Remove everything that the cache holds; give the bytes freed. Environments keep their files."""
    from lockenv.operations.housekeeping import clean

    with opened(project) as session:
        return clean(session)
