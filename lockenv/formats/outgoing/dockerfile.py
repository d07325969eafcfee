"""A Dockerfile for an environment: the layer with the packages changes when the lock does, and only then."""

from __future__ import annotations

from collections.abc import Sequence

from packaging.version import Version

from lockenv.formats.outgoing.rows import Row, others

_TEMPLATE = """\
# syntax=docker/dockerfile:1
# Made by `lockenv export dockerfile`. The same image every time: write python:{python}-slim@sha256:… below;
# `docker buildx imagetools inspect python:{python}-slim` tells the digest.
ARG IMAGE=python:{python}-slim

# The environment: made anew when the lock changes, and only then.
FROM ${{IMAGE}} AS environment
RUN pip install --no-cache-dir lockenv=={version}
WORKDIR /app
{copies}ENV LOCKENV_CACHE_DIR=/var/cache/lockenv
RUN --mount=type=cache,target=/var/cache/lockenv \\
    lockenv sync --lock {lock} --env /app/.venv --python /usr/local/bin/python --link-mode copy{options}

# What runs: the environment and your code, without lockenv and without its cache.
FROM ${{IMAGE}}
RUN useradd --create-home --uid 1000 app
WORKDIR /app
COPY --from=environment /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1
COPY . .
USER app
CMD ["python"]
"""
_OLDEST_TOOL = Version("3.11")  #: the oldest Python that lockenv itself runs on


def dockerfile(
    rows: Sequence[Row], *, python: Version, groups: Sequence[str], version: str, lock: str = "pylock.toml"
) -> tuple[str, tuple[str, ...]]:
    """Write a Dockerfile, and say what has to be known about it.

    `lock` is the file's path from the folder that Docker sees. Folders that the lock holds are copied before the
    sync, because it builds them.
    """
    folders = [row.package.directory.path for row in others(rows) if row.package.directory is not None]
    files = [row.package.archive.path for row in others(rows) if row.package.archive and row.package.archive.path]
    outside = sorted(path for path in (*folders, *files) if path.startswith(("..", "/")))
    copies = [f"COPY {lock} ./\n"]
    copies += [f"COPY {path} ./{path}\n" for path in sorted({*folders, *files}) if path not in outside]
    text = _TEMPLATE.format(
        python=f"{python.major}.{python.minor}",
        version=version,
        lock=lock.rpartition("/")[2],
        copies="".join(copies),
        options="".join(f" --group {group}" for group in sorted(groups)),
    )
    warnings = [f"{path} lies outside the folder, where Docker does not see it" for path in outside]
    if python < _OLDEST_TOOL:
        warnings.append(f"lockenv runs on Python {_OLDEST_TOOL} or newer: make the environment in such an image")
    return text, (*warnings, "put .venv and .git into .dockerignore, so that they are not copied")
