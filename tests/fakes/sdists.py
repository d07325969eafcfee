"""Source trees and sdists that build without a network: each brings its own backend (PEP 517, `backend-path`).

    folder = source_tree(tmp_path / "menu", "menu", "1.0", requires=["dropdown>=2"])
    built = source_sdist("menu", "1.0", plan={"fail": {"build_wheel": "no compiler"}})

What the backend does is a plan, a JSON file beside it: `Plan` says what it may hold. The wheel holds the module
below ``src`` that is named after the package, and ``<module>_built.json``: the variables, arguments and paths that
the build saw.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

from tests.fakes.wheels import BuiltFile, make_sdist


class Plan(TypedDict, total=False):
    """What a fake backend does besides building."""

    without: Sequence[str]  #: hooks that it lacks
    build_requires: Sequence[str]  #: what `get_requires_for_build_wheel` and `…_editable` give
    fail: Mapping[str, str]  #: hooks that raise, and with which words
    exit: Mapping[str, int]  #: hooks that end the process with a status
    imports: Sequence[str]  #: modules that must be there to build the wheel, which says which version they had
    runs: Sequence[str]  #: programs that must be on PATH to build the wheel
    waits: bool  #: build_wheel says where its process and one that it starts are, then waits for ever
    deaf: bool  #: build_wheel, and what it starts, do not heed SIGTERM
    gives: Mapping[str, Any]  #: hooks that do nothing and give just this
    tag: str  #: the tag of the wheel instead of py3-none-any
    said_version: str  #: the version of the wheel instead of the true one
    said_name: str  #: the name of the wheel instead of the true one
    witness: str  #: a file, by its absolute path, to which each call adds a line: for what is built in passing


# On any Python since 3.8, with nothing but the standard library.
BACKEND = """
import base64, hashlib, importlib, json, os, signal, subprocess, sys, time, zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "plan.json")) as file:
    PLAN = json.load(file)


def hook(function):
    name = function.__name__

    def called(*args):
        print("running", name)
        if "witness" in PLAN:
            with open(PLAN["witness"], "a") as file:
                file.write(name + "\\n")
        # Among the results of builds, which do not make the project another one.
        os.makedirs(os.path.join(HERE, "..", "build"), exist_ok=True)
        with open(os.path.join(HERE, "..", "build", "calls"), "a") as file:
            file.write(name + "\\n")
        if name in PLAN.get("fail", {}):
            raise RuntimeError(PLAN["fail"][name])
        if name in PLAN.get("exit", {}):
            os._exit(PLAN["exit"][name])
        if name in PLAN.get("gives", {}):
            return PLAN["gives"][name]
        return function(*args)

    return called


def stem():
    return PLAN.get("said_name", PLAN["module"]) + "-" + PLAN.get("said_version", PLAN["version"])


def metadata():
    return PLAN["metadata"].replace("VERSION", PLAN.get("said_version", PLAN["version"]))


def get_requires(settings=None):
    return list(PLAN.get("build_requires", []))


def prepare(folder, settings=None):
    info = stem() + ".dist-info"
    os.mkdir(os.path.join(folder, info))
    with open(os.path.join(folder, info, "METADATA"), "w") as file:
        file.write(metadata())
    return info


def sources():
    name = PLAN["module"] + ".py"
    with open(os.path.join(HERE, "..", "src", name)) as file:
        return {name: file.read()}


def build(folder, settings=None, module=None):
    with_versions = {}
    for name in PLAN.get("imports", []):
        with_versions[name] = getattr(importlib.import_module(name), "version", None)
    for name in PLAN.get("runs", []):
        print(subprocess.check_output([name]).decode())
    tag = PLAN.get("tag", "py3-none-any")
    info = stem() + ".dist-info"
    seen = {"environ": dict(os.environ), "settings": settings, "path": sys.path, "cwd": os.getcwd()}
    seen["with"] = with_versions
    seen.update({"python": list(sys.version_info[:2]), "prefix": sys.prefix, "stdin": sys.stdin.read()})
    files = dict(module or sources())
    files[PLAN["module"] + "_built.json"] = json.dumps(seen)
    files[info + "/METADATA"] = metadata()
    files[info + "/WHEEL"] = "Wheel-Version: 1.0\\nGenerator: fake\\nRoot-Is-Purelib: true\\nTag: %s\\n" % tag
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += "%s,sha256=%s,%d\\n" % (path, digest, len(text.encode()))
    files[info + "/RECORD"] = record + info + "/RECORD,,\\n"
    name = stem() + "-" + tag + ".whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), text)
    return name


@hook
def get_requires_for_build_wheel(settings=None):
    return get_requires(settings)


@hook
def get_requires_for_build_editable(settings=None):
    return get_requires(settings)


@hook
def prepare_metadata_for_build_wheel(folder, settings=None):
    return prepare(folder, settings)


@hook
def prepare_metadata_for_build_editable(folder, settings=None):
    return prepare(folder, settings)


@hook
def build_wheel(folder, settings=None, metadata_folder=None):
    if PLAN.get("deaf"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if PLAN.get("waits"):
        other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        with open(os.path.join(HERE, "waiting.part"), "w") as file:
            json.dump([os.getpid(), other.pid], file)
        os.rename(os.path.join(HERE, "waiting.part"), os.path.join(HERE, "waiting"))
        time.sleep(600)
    return build(folder, settings)


@hook
def build_editable(folder, settings=None, metadata_folder=None):
    source = os.path.join(os.path.dirname(HERE), "src")
    return build(folder, settings, {PLAN["module"] + "_editable.pth": source + "\\n"})


for name in PLAN.get("without", []):
    del globals()[name]
"""


def source_files(
    name: str,
    version: str,
    *,
    requires: Sequence[str] = (),
    build_system_requires: Sequence[str] = (),
    dynamic: Sequence[str] = ("version",),
    plan: Plan | None = None,
    files: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Make the files of a project, by path. Its metadata are static where `dynamic` is empty."""
    module = name.lower().replace("-", "_").replace(".", "_")
    core = ["Metadata-Version: 2.1", f"Name: {(plan or {}).get('said_name', name)}", "Version: VERSION"]
    core += [f"Requires-Dist: {requirement}" for requirement in requires]
    whole = {**(plan or {}), "module": module, "version": version, "metadata": "\n".join(core) + "\n"}
    project = [
        "[build-system]",
        f"requires = {json.dumps(list(build_system_requires))}",
        'build-backend = "fake_backend"',
        'backend-path = ["_build"]',
        "[project]",
        f'name = "{name}"',
        *([] if "version" in dynamic else [f'version = "{version}"']),
        f"dynamic = {json.dumps(list(dynamic))}",
        f"dependencies = {json.dumps(list(requires))}",
    ]
    return {
        "pyproject.toml": "\n".join(project) + "\n",
        "_build/fake_backend.py": BACKEND,
        "_build/plan.json": json.dumps(whole),
        f"src/{module}.py": f"version = {version!r}\n",
        **(files or {}),
    }


def source_tree(folder: Path, name: str, version: str, **options: Any) -> Path:
    """Write a project into a folder, with the options of `source_files`."""
    for path, content in source_files(name, version, **options).items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
    return folder


def source_sdist(
    name: str,
    version: str,
    *,
    metadata_version: str = "2.1",
    pkg_info_dynamic: Sequence[str] = (),
    **options: Any,
) -> BuiltFile:
    """Build the sdist of a project, with the options of `source_files`."""
    return make_sdist(
        name,
        version,
        requires=options.get("requires", ()),
        metadata_version=metadata_version,
        dynamic=pkg_info_dynamic,
        files=source_files(name, version, **options),
    )


def calls(folder: Path) -> list[str]:
    """Say which hooks of a tree's backend ran, in order."""
    path = folder / "build" / "calls"
    return path.read_text().split() if path.exists() else []
