"""What of our environment variables a build may see: what it needs to find compilers, and no secret.

What is not listed is not passed on: whoever builds a package runs its code, and that code has no business with
tokens, passwords, indexes and the rest of a person's life.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from lockenv.archive.sdist import SOURCE_TIME

#: Variables that change what a build makes: they are part of what a built wheel is kept under.
_SHAPING = frozenset(
    {
        *("AR", "AS", "CC", "CPP", "CXX", "FC", "F77", "F90", "LD", "NM", "RANLIB", "STRIP"),
        *("CFLAGS", "CPPFLAGS", "CXXFLAGS", "FCFLAGS", "FFLAGS", "LDFLAGS", "LDSHARED", "OPT", "RUSTFLAGS"),
        *("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "LD_RUN_PATH"),
        *("PKG_CONFIG", "PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR", "PKG_CONFIG_SYSROOT_DIR"),
        *("CMAKE_ARGS", "CMAKE_GENERATOR", "CMAKE_PREFIX_PATH", "CMAKE_TOOLCHAIN_FILE"),
        *("ARCHFLAGS", "DEVELOPER_DIR", "MACOSX_DEPLOYMENT_TARGET", "SDKROOT"),
        *("CUDA_HOME", "CUDA_PATH", "ROCM_PATH", "JAVA_HOME"),
    }
)
#: Variables that help a build and leave no trace in what it makes.
_HELPING = frozenset(
    {
        *("LANG", "LANGUAGE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"),
        *("MAKEFLAGS", "CMAKE_BUILD_PARALLEL_LEVEL", "CARGO_BUILD_JOBS", "NUM_JOBS", "RUSTUP_TOOLCHAIN"),
        *("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE"),
        *(
            "http_proxy",
            "https_proxy",
            "all_proxy",
            "no_proxy",
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "NO_PROXY",
        ),
    }
)
#: Credentials in an address, such as that of a proxy.
_USERINFO = re.compile(r"[^\s/@]*@")
_DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"


def shaping_variables(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Give the variables that change what a build makes, sorted by name."""
    return tuple(sorted((name, environ[name]) for name in _SHAPING & environ.keys()))


def build_variables(
    environ: Mapping[str, str], *, environment: Path, scripts: Path, scratch: Path
) -> dict[str, str]:
    """Make the variables of a build in the environment at `environment`, whose programs are in `scripts`.

    `scratch` is a folder of the build's own, for its home and its temporary files. Hashes, times and the time zone
    are fixed, so that a build makes the same of the same.
    """
    return dict(_passed_on(environ)) | {
        "PATH": f"{scripts}:{environ.get('PATH') or _DEFAULT_PATH}",
        "VIRTUAL_ENV": str(environment),
        "HOME": str(scratch / "home"),
        "TMPDIR": str(scratch / "tmp"),
        # Else it would land in people's own folders. To have it elsewhere takes longer: Python then compiles
        # its own library as well, of which it has the bytecode.
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONUNBUFFERED": "1",  # what was said before a crash must be in the log
        "PYTHONIOENCODING": "utf-8:backslashreplace",
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": str(SOURCE_TIME),
        "TZ": "UTC",
        "DIST_EXTRA_CONFIG": str(scratch / "setup.cfg"),
    }


def prepare_scratch(scratch: Path) -> None:
    """Make what `build_variables` speaks of. Raises `OSError`."""
    for name in ("home", "tmp"):
        (scratch / name).mkdir(parents=True, exist_ok=True)
    # Setuptools would build in a folder beside the sources, and pack what it finds there of modules long deleted.
    (scratch / "setup.cfg").write_text(f"[build]\nbuild_base = {str(scratch / 'build').replace('%', '%%')}\n")


def _passed_on(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in environ.items():
        wanted = name in _SHAPING or name in _HELPING or name.startswith("LC_")
        if wanted and not (name.lower().endswith("_proxy") and _USERINFO.search(value)):
            yield name, value
    # Rust's toolchains are found by the home folder, which a build does not get to see.
    if rustup := environ.get("RUSTUP_HOME") or (environ.get("HOME") and f"{environ['HOME']}/.rustup"):
        yield "RUSTUP_HOME", rustup
