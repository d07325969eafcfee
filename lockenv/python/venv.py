"""A bare environment as values: what a generation holds before any wheel, and what stands beside generations.

Nothing here writes into an environment; `lockenv.transaction` does. Our own description is used where it is known
to be what the standard library would make (`safe`); elsewhere the interpreter's own `venv` is run in a scratch
folder and its executables are taken (`harvest`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from lockenv import __version__
from lockenv.errors import InstallError, UsageError
from lockenv.python.activation import activation_scripts
from lockenv.python.interpreter import Interpreter
from lockenv.python.pinning import pin
from lockenv.python.pyvenv import read_settings
from lockenv.python.question import clean_environ
from lockenv.tree import Directory, Entry, Link, Scheme, Text
from lockenv.values import dataclass

_HARVEST_LIMIT = 120.0  #: seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """What an interpreter's own `venv` made: its executables, and the settings of its `pyvenv.cfg`."""

    executables: tuple[Text | Link, ...]
    settings: tuple[tuple[str, str], ...]


def safe(interpreter: Interpreter) -> bool:
    """Whether `skeleton` needs no harvest: CPython on POSIX whose executable may be linked to.

    A framework build of macOS starts another executable than the one that was called, Windows wants a launcher,
    PyPy its shared library beside it.
    """
    return interpreter.implementation == "cpython" and interpreter.system != "win32" and not interpreter.framework


def layout(interpreter: Interpreter) -> Scheme:
    """Where the parts of wheels go in an environment of this interpreter.

    Pure and binary libraries share one folder: where the interpreter calls it ``lib64``, that is a link to
    ``lib``. Headers stand where pip puts them.
    """
    version = f"python{interpreter.version_info.major}.{interpreter.version_info.minor}"
    if interpreter.system == "win32":
        libraries, headers = "Lib/site-packages", f"Include/site/{version}"
    else:
        libraries, headers = f"lib/{interpreter.series}/site-packages", f"include/site/{version}"
    return Scheme(purelib=libraries, platlib=libraries, scripts=interpreter.scripts, headers=headers)


def bare(interpreter: Interpreter, *, env_dir: Path, prompt: str) -> tuple[Entry, ...]:
    """Describe the whole of a bare environment: `root_files` and `skeleton`, after a harvest where one is needed.

    Raises `UsageError` and `InstallError` as `skeleton` and `harvest` do.
    """
    made = None if safe(interpreter) else _harvested(interpreter)
    return (
        *root_files(interpreter, prompt=prompt, harvest=made),
        *skeleton(interpreter, env_dir=env_dir, prompt=prompt, harvest=made),
    )


def _harvested(interpreter: Interpreter) -> Harvest:
    import tempfile  # only for interpreters that are not safe

    with tempfile.TemporaryDirectory(prefix="lockenv-venv-") as scratch:
        return harvest(interpreter, Path(scratch))


def skeleton(
    interpreter: Interpreter, *, env_dir: Path, prompt: str, harvest: Harvest | None = None
) -> tuple[Entry, ...]:
    """Describe what stands in a generation before any wheel: executables, activation scripts, empty folders.

    `env_dir` is where the environment will be found, absolute; `prompt` its name for people. `harvest` is needed
    where the interpreter is not `safe`. Raises `UsageError` for a folder that no environment can stand in.
    """
    _check_place(env_dir, interpreter)
    scheme = layout(interpreter)
    windows = interpreter.system == "win32"
    return (
        *(_executables(interpreter) if harvest is None else harvest.executables),
        *activation_scripts(env_dir=str(env_dir), prompt=prompt, scripts=scheme.scripts, windows=windows),
        Directory(path=scheme.purelib),
        # Generations are links, which Windows lets few people make.
        *(() if windows else (pin(scheme.purelib),)),
        Directory(path="Include" if windows else "include"),
    )


def _executables(interpreter: Interpreter) -> Iterator[Link]:
    """Link the names under which people and shebangs call Python; all lead to ``python``, and that to the base."""
    yield Link(path="bin/python", target=str(interpreter.executable))
    version = f"python{interpreter.version_info.major}.{interpreter.version_info.minor}"
    for name in dict.fromkeys(("python3", version, f"{version}{interpreter.abiflags}")):
        yield Link(path=f"bin/{name}", target="python")


def _check_place(env_dir: Path, interpreter: Interpreter) -> None:
    text = str(env_dir)
    if not env_dir.is_absolute():
        raise UsageError(f"the environment's folder {text!r} is not absolute")
    separator = ";" if interpreter.system == "win32" else ":"
    if separator in text or any(ord(char) < 32 for char in text):
        raise UsageError(
            f"an environment cannot stand in {text!r}: PATH and pyvenv.cfg cannot hold `{separator}` or control"
            " characters",
            hint="name another folder with `--env`",
        )


def root_files(
    interpreter: Interpreter, *, prompt: str, harvest: Harvest | None = None
) -> tuple[Text | Link, ...]:
    """Describe what stands in the environment's folder beside the generations: `pyvenv.cfg` and its like.

    ``lib64`` leads to ``lib`` where the interpreter looks for binary libraries there. The transaction repeats
    ``pyvenv.cfg`` in each generation.
    """
    files: list[Text | Link] = [
        Text(path="pyvenv.cfg", content=os.fsencode(_settings(interpreter, prompt, harvest))),
        Text(path=".gitignore", content=b"*\n"),
    ]
    if interpreter.system != "win32" and interpreter.platlibdir != "lib":
        files.append(Link(path=interpreter.platlibdir, target="lib"))
    return tuple(files)


def _settings(interpreter: Interpreter, prompt: str, harvest: Harvest | None) -> str:
    settings = {
        "home": str(interpreter.executable.parent),
        "include-system-site-packages": "false",
        "version": interpreter.version,
        "executable": str(interpreter.executable),
    }
    if harvest is not None:
        settings |= {key: value for key, value in harvest.settings if key in settings}
    settings["lockenv"] = __version__
    if prompt:
        settings["prompt"] = " ".join(prompt.splitlines())
    return "".join(f"{key} = {value}\n" for key, value in settings.items())


def harvest(interpreter: Interpreter, scratch: Path) -> Harvest:
    """Let the interpreter's own `venv` make an environment in `scratch`, and take what is particular to it.

    `scratch` must exist and be the caller's to remove. Raises `InstallError` where the module fails.
    """
    import subprocess  # only for interpreters that are not safe

    folder = scratch / "env"
    command = [str(interpreter.executable), "-I", "-S", "-m", "venv", "--without-pip", str(folder)]
    try:
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_HARVEST_LIMIT,
            env=clean_environ(os.environ),
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or getattr(error, "stdout", None) or str(error)).strip()
        raise InstallError(
            f"{interpreter.executable} could not make an environment: its `venv` module failed",
            details=said.splitlines()[-5:],
            hint="some systems pack the module apart (`python3-venv`); or name another Python with `--python`",
        ) from error
    return Harvest(
        executables=tuple(_taken(folder / interpreter.scripts, interpreter.scripts)),
        settings=tuple((read_settings(folder / "pyvenv.cfg") or {}).items()),
    )


def _taken(folder: Path, scripts: str) -> Iterator[Text | Link]:
    """Read the executables and what they need beside them; activation scripts are ours."""
    for path in sorted(folder.iterdir()):
        where = f"{scripts}/{path.name}"
        if path.name.lower().startswith(("activate", "deactivate")):
            continue
        if path.is_symlink():
            yield Link(path=where, target=str(path.readlink()))
        elif path.is_file():
            yield Text(path=where, content=path.read_bytes(), executable=os.access(path, os.X_OK))


def bundled_pip(interpreter: Interpreter) -> Path | None:
    """Find the pip wheel that comes with an interpreter, newest first; None where its maker left it out.

    CPython keeps it in `ensurepip`, distributions of Linux in a folder of their own.
    """
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename  # only for `--seed`

    folders = (Path(interpreter.wheel_folder), interpreter.stdlib / "ensurepip" / "_bundled")
    found = []
    for folder in folders if interpreter.wheel_folder else folders[1:]:
        for wheel in sorted(folder.glob("pip-*.whl")):
            try:
                found.append((parse_wheel_filename(wheel.name)[1], wheel))
            except InvalidWheelFilename:
                continue
    return max(found, default=(None, None))[1]
