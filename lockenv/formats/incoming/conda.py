"""Conda's environment.yml: its Python, its pip part, and what of its packages PyPI has under a known name."""

from __future__ import annotations

import re

from packaging.specifiers import SpecifierSet

from lockenv.formats.addresses import NotCarried
from lockenv.formats.draft import Draft
from lockenv.formats.env_toml import merge
from lockenv.formats.gathering import Gathering, Surroundings
from lockenv.formats.incoming import requirements_txt, yaml
from lockenv.formats.incoming.versions import conda as versions
from lockenv.graph import MAIN
from lockenv.manifest.words import quoted, shown

#: What Conda calls otherwise than PyPI does.
RENAMED = {
    "brotli-python": "brotli",
    "dask-core": "dask",
    "geopandas-base": "geopandas",
    "matplotlib-base": "matplotlib",
    "msgpack-python": "msgpack",
    "numpy-base": "numpy",
    "opencv": "opencv-python",
    "py-opencv": "opencv-python",
    "py-xgboost": "xgboost",
    "pyarrow-core": "pyarrow",
    "pyqt": "pyqt5",
    "pytables": "tables",
    "python-build": "build",
    "python-graphviz": "graphviz",
    "python-kaleido": "kaleido",
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "pytorch-gpu": "torch",
    "ray-default": "ray",
    "seaborn-base": "seaborn",
    "tensorflow-base": "tensorflow",
}
#: What Conda has and PyPI has not, or has under that name as something else: programs, compilers, other libraries.
_NOT_PYTHON = (
    "anaconda bcftools bedtools binutils blas blast boost boost-cpp bowtie2 bwa bzip2 c-compiler "
    "ca-certificates cairo clang clangxx compilers conda cuda cuda-nvcc cuda-toolkit cuda-version "
    "cudatoolkit cudatoolkit-dev cudnn curl cxx-compiler eigen fftw fortran-compiler freetype gcc "
    "gcc_linux-64 geos gfortran git glib go graphviz gsl gtk3 gtk4 gxx gxx_linux-64 hdf5 icu jemalloc "
    "jpeg julia ld_impl_linux-64 llvm-openmp lz4-c make mamba mpich mysql nccl ncurses netcdf4-c nodejs "
    "nomkl npm openblas openjdk openmpi openssl pandoc pango perl pkg-config pkgconfig postgresql proj "
    "python_abi pytorch-cuda pytorch-mutex readline redis-server rust samtools snappy sqlite texlive-core "
    "tk tzdata ucrt vc vim vs2015_runtime wget xz yarn zlib zstd "
)
ELSEWHERE = frozenset(_NOT_PYTHON.split())
_TAKEN = ("name", "channels", "dependencies")
#: ``=1.2.3=build``
_EXPORTED = re.compile(r"=(?P<version>[0-9][^=*<>,|\s]*)=(?P<build>\S+)")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
#: Extras, where a match specification has its brackets: ``name[extra,other]>=1``.
_EXTRAS = re.compile(r"\[\s*[A-Za-z0-9][\w.-]*(\s*,\s*[A-Za-z0-9][\w.-]*)*\s*\]")


def read(
    text: str, *, where: str = "environment.yml", surroundings: Surroundings | None = None, group: str = MAIN
) -> Draft:
    """Read an environment file into `group`. Raises `ManifestError` where it is none that is understood."""
    around = surroundings or Surroundings()
    gathered = Gathering(surroundings=around)
    into = gathered.group(where, group) or MAIN
    top = yaml.read(text, where=where)
    if not isinstance(top, yaml.Table):
        gathered.leave(where, "it is no mapping with `dependencies`")
        return gathered.draft()
    name = top.get("name")
    if isinstance(name, yaml.Scalar):
        gathered.call(f"{where}:{name.line}", name.text)
    _others(gathered, top, where)
    pip: list[Draft] = []
    dependencies = top.get("dependencies")
    for item in _items(gathered, dependencies, where):
        match item:
            case yaml.Scalar(spec, line):
                _package(gathered, spec, f"{where}:{line}", into)
            case yaml.Table():
                _nested(gathered, item, where, into, pip)
            case _:
                gathered.leave(f"{where}:{item.line}", "a list in a list means nothing here")
    _tell_conda(gathered, where)
    return merge([gathered.draft(), *pip])


def _items(gathered: Gathering, node: yaml.Node | None, where: str) -> tuple[yaml.Node, ...]:
    if isinstance(node, yaml.Listing):
        return node.items
    if node is not None and not (isinstance(node, yaml.Scalar) and not node.text):
        gathered.leave(f"{where}:{node.line}", "`dependencies` is no list")
    return ()


def _others(gathered: Gathering, top: yaml.Table, where: str) -> None:
    channels = top.get("channels")
    if isinstance(channels, yaml.Listing) and channels.items:
        names = [item.text for item in channels.items if isinstance(item, yaml.Scalar)]
        message = f"the channels {quoted(', '.join(names))} are Conda's; packages come from PyPI"
        gathered.leave(f"{where}:{channels.line}", message)
    for key, node in top.entries:
        if key not in _TAKEN:
            hint = "set them in your shell, or in a file for it" if key == "variables" else None
            place = f"{where}:{node.line}"
            gathered.leave(place, f"{quoted(key)} is not carried over: it has no counterpart here", hint)


def _nested(gathered: Gathering, table: yaml.Table, where: str, group: str, pip: list[Draft]) -> None:
    for key, node in table.entries:
        if key != "pip":
            gathered.leave(f"{where}:{node.line}", f"{quoted(key)} is not carried over: only `pip` is known here")
            continue
        # Line for line, so that places are those of the file.
        lines: dict[int, str] = {
            item.line: item.text for item in _items(gathered, node, where) if isinstance(item, yaml.Scalar)
        }
        text = "\n".join(lines.get(number, "") for number in range(1, max(lines, default=0) + 1))
        pip.append(requirements_txt.read(text, where=where, surroundings=gathered.surroundings, group=group))


def _package(gathered: Gathering, spec: str, place: str, group: str) -> None:
    """A match specification: ``channel::name``, ``name=1.2=build``, ``name>=1,<2``, ``name[version='…']``."""
    plain = spec.rpartition("::")[2].strip()
    match = _NAME.match(plain)
    if match is None or plain.startswith(("/", "http:", "https:")) or plain.endswith((".conda", ".tar.bz2")):
        gathered.leave(place, f"{quoted(spec)} names no package")
        return
    name, rest = match[0].lower(), plain[match.end() :].strip()
    extras = found[0] if (found := _EXTRAS.match(rest)) else ""
    rest = rest[len(extras) :].strip()
    if inside := re.fullmatch(r"\[(.*)\]", rest):
        version = re.search(r"version\s*=\s*['\"]?([^'\"\]]+)", inside[1])
        rest = version[1] if version else ""
    exported = _EXPORTED.fullmatch(rest)
    try:
        specifier = _versions(rest)
    except NotCarried as reason:
        gathered.leave(place, f"{quoted(spec)}: {reason.message}; any version is taken", reason.hint)
        specifier = SpecifierSet()
    if name == "python":
        _python(gathered, place, rest, specifier)
    elif _is_elsewhere(name, exported["build"] if exported else ""):
        gathered.leave(place, f"{quoted(spec)} is no Python package of PyPI", "install it beside the environment")
    elif name == "pip":
        gathered.notes.append(f"{place}: `pip` is not asked for: `lockenv sync --seed` puts it there")
    else:
        known = RENAMED.get(name, name)
        if known != name:
            gathered.notes.append(f"{place}: {quoted(name)} is called {quoted(known)} on PyPI")
        if exported:
            # A machine's choice, as `conda env export` writes it: kept for the lock.
            gathered.pin(place, known, exported["version"])
            specifier = SpecifierSet()
        gathered.require(place, f"{known}{extras}{specifier}", group)


def _python(gathered: Gathering, place: str, rest: str, specifier: SpecifierSet) -> None:
    """Take the Pythons; one patch version means its minor, which is what packages are built for."""
    patch = re.fullmatch(r"={1,2}(\d+\.\d+)\.\d+(\.\*)?(=.*)?", rest.replace(" ", ""))
    if patch is None:
        gathered.take_python(place, str(specifier))
        return
    gathered.notes.append(f"{place}: any Python {patch[1]} will do")
    gathered.take_python(place, f"=={patch[1]}.*")


def _is_elsewhere(name: str, build: str) -> bool:
    """Whether PyPI does not have a package. Builds for a Python say so: ``py311h1234567_0``, ``pyhd8ed1ab_0``."""
    foreign = name in ELSEWHERE or name.startswith(("lib", "r-", "_", "perl-", "bioconductor-"))
    return foreign or (re.fullmatch(r"(?!py).*h[0-9a-f]{6,}_\d+|\d+_\w+", build) is not None)


def _versions(rest: str) -> SpecifierSet:
    """The versions of a specification; behind a name and a space, a bare version is exact."""
    text = rest.strip()
    if text.startswith("=") and not text.startswith("=="):
        text = text.partition("=")[2].strip()
        version, build, _ = text.partition("=")
        return versions(version if build else f"={version}")
    return versions(re.split(r"\s+", text)[0] if re.fullmatch(r"[0-9]\S*\s+\S+", text) else text)


def _tell_conda(gathered: Gathering, where: str) -> None:
    taken = sum(len(items) for items in gathered.items.values())
    if taken:
        packages = "1 package" if taken == 1 else f"{taken} packages"
        note = f"{where}: {packages} of Conda are asked for from PyPI, under the names shown: look them over"
        gathered.notes.append(shown(note))
