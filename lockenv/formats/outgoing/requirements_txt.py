"""requirements.txt and constraints.txt from a lock (pip's 'Requirements File Format')."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from packaging.pylock import PackageArchive, PackageDirectory, PackageVcs

from lockenv.formats.outgoing.rows import Row, marker_text
from lockenv.lockfile.pylock import tool_table
from lockenv.packages import NormalizedName, canonicalize_name, parse_requirement
from lockenv.project import MANIFEST
from lockenv.values import dataclass

_HASHED = "pip checks hashes of all or none: with this line, install it with --no-deps, or export with --no-hashes"
_ANYBODYS = (
    "pip asks {indexes} for every name, and without hashes it takes the file of whoever has that version "
    "(dependency confusion): export with hashes"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A text, and what whoever uses it has to know."""

    text: str
    warnings: tuple[str, ...] = ()


def requirements(
    rows: Sequence[Row], *, heading: str, hashes: bool = True, default_index: str = "", reasons: bool = True
) -> Given:
    """Write requirements, each with the hashes of all files that it may be installed from.

    With `reasons`, comments say who asks for each (``# via``, as pip-compile writes it), so that whoever reads the
    file back knows what is wanted, and what only followed. Locks of other tools do not tell.

    Indexes are named at the top by their addresses in the lock, but for the default one where nothing else is
    needed. Where several are needed and there are no hashes, the warnings say what that comes to.
    """
    warnings: list[str] = []
    indexes = _indexes(rows, default_index)
    if len(indexes) > 1 and not hashes:
        told = ", ".join(url or "the default index" for url in indexes)
        warnings.append(_ANYBODYS.format(indexes=told))
    lines = [*_comments(heading), *_named(indexes)]
    askers = _askers(rows) if reasons else {}
    for row in rows:
        lines.extend(_requirement(row, warnings, hashes=hashes))
        lines.extend(_via(askers.get(row.package.name, ())))
    return Given(text="\n".join(lines) + "\n", warnings=tuple(warnings))


def constraints(rows: Sequence[Row], *, heading: str) -> Given:
    """Write constraints: the version of every package that has one, and no files."""
    lines = [*_comments(heading)]
    warnings: list[str] = []
    for row in rows:
        if row.package.version is None:
            warnings.append(f"{row.package.name} has no version in the lock, so that nothing constrains it")
        else:
            lines.append(f"{row.package.name}=={row.package.version}{marker_text(row.marker)}")
    return Given(text="\n".join(lines) + "\n", warnings=tuple(warnings))


def _comments(heading: str) -> Iterator[str]:
    yield from (f"# {line}".rstrip() for line in heading.splitlines())


def _indexes(rows: Iterable[Row], default: str) -> tuple[str, ...]:
    """The indexes that packages come from; '' is the default one, and the first where it is among them."""
    usual = default.rstrip("/")
    asked = [row.package.index or "" for row in rows if row.files]
    found = dict.fromkeys("" if url.rstrip("/") == usual else url for url in asked)
    return tuple(sorted(found, key=bool))


def _named(indexes: Sequence[str]) -> Iterator[str]:
    """What pip is told of indexes. It asks the default one too, unless another one takes its place."""
    options = ("--index-url", *["--extra-index-url"] * len(indexes))
    yield from (f"{option} {url}" for option, url in zip(options, indexes, strict=False) if url)


def _requirement(row: Row, warnings: list[str], *, hashes: bool) -> Iterator[str]:
    package = row.package
    said, digests = _place(row)
    if not digests and hashes:
        warnings.append(f"{package.name} has no hash, because it is no file: {_HASHED}")
    first = f"{said}{marker_text(row.marker)}"
    shown = [f"    --hash={algorithm}:{digest}" for algorithm, digest in digests] if hashes else []
    yield from (f"{line} \\" for line in [first, *shown][:-1])
    yield [first, *shown][-1]


def _askers(rows: Sequence[Row]) -> Mapping[NormalizedName, Sequence[str]]:
    """Who asks for each package, by what lockenv's lock tells: the manifest first."""
    found: dict[NormalizedName, dict[str, None]] = {}
    for row in rows:
        if tool_table(row.package).get("direct"):
            found.setdefault(row.package.name, {})[MANIFEST] = None
    if not found:
        return {}
    for row in rows:
        for text in tool_table(row.package).get("requires", ()):
            name = canonicalize_name(parse_requirement(text).name)
            if name != row.package.name:
                found.setdefault(name, {})[row.package.name] = None
    return {name: tuple(whom) for name, whom in found.items()}


def _via(askers: Sequence[str]) -> Iterator[str]:
    if len(askers) == 1:
        yield f"    # via {askers[0]}"
    elif askers:
        yield "    # via"
        yield from (f"    #   {asker}" for asker in askers)


def _place(row: Row) -> tuple[str, list[tuple[str, str]]]:
    """What pip is told to install, and the hashes that it may have."""
    package = row.package
    for source in (package.vcs, package.archive, package.directory):
        if source is not None:
            return direct(package.name, source), _hashes([source]) if isinstance(source, PackageArchive) else []
    return f"{package.name}=={package.version}", _hashes(row.files)


def direct(name: str, source: PackageVcs | PackageArchive | PackageDirectory) -> str:
    """A source as pip takes it: ``name @ git+https://…@commit``, ``-e ./path``."""
    inside = f"#subdirectory={source.subdirectory}" if source.subdirectory else ""
    match source:
        case PackageVcs():
            return f"{name} @ {source.type}+{source.url or source.path}@{source.commit_id}{inside}"
        case PackageArchive():
            return f"{name} @ {source.url or _local(source.path or '')}{inside}"
        case PackageDirectory():
            return f"-e {_local(source.path)}{inside}" if source.editable else f"{_local(source.path)}{inside}"


def _local(path: str) -> str:
    """A path that nobody takes for a name."""
    return path if path.startswith((".", "/")) else f"./{path}"


def _hashes(files: Iterable[object]) -> list[tuple[str, str]]:
    """The hashes of files, each once; sha256 where a file has it, for all that pip knows."""
    found: dict[tuple[str, str], None] = {}
    for file in files:
        digests = getattr(file, "hashes", {})
        algorithm = "sha256" if "sha256" in digests else next(iter(sorted(digests)))
        found[algorithm, digests[algorithm]] = None
    return sorted(found)
