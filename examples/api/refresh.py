"""Lock, say what has changed, and bring the environment to it: what `lockenv lock && lockenv sync` does.

Run it with the Python in which lockenv is installed.
"""

from pathlib import Path

import lockenv

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Bring this folder's environment up to date, or say why that cannot be."""
    project = lockenv.Project(str(HERE))
    try:
        locked = lockenv.lock(project)
        for change in locked.changes:
            print(change.name, *(entry.version for entry in change.after))
        done = lockenv.sync(project, groups=["test"])
    except lockenv.LockenvError as error:
        raise SystemExit(f"{error.code}: {error.message}") from None
    print(done.packages, "packages are installed")
    print("each byte is theirs:", not lockenv.verify(project).findings)


if __name__ == "__main__":
    main()
