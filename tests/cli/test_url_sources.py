"""`[sources]`: packages from URLs, and sources that markers tell apart."""

from __future__ import annotations

import shutil

import pytest

from tests.cli.refusals import check_refusal
from tests.cli.sourcing import direct_url, entries, entry, manifest, packages, up_to_date
from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.sdists import source_files, source_sdist, source_tree
from tests.fakes.wheels import BuiltFile, make_sdist, make_wheel

ALLOW = "[build]\nallow = ['core']\n"
PLATFORMS = "[targets]\nplatforms = ['linux-x86_64', 'macos-arm64', 'windows-x86_64']\n"


def serve(index: FakeIndex, built: BuiltFile, where: str = "/elsewhere/") -> str:
    """Serve a file at a place of no index's; give its URL."""
    index.serve(f"{where}{built.filename}", built.content, "application/octet-stream")
    return f"{index.origin}{where}{built.filename}"


def make(kind: str, version: str = "1.0", requires: str = "icons") -> BuiltFile:
    if kind == "wheel":
        return make_wheel("core", version, requires=[requires])
    return source_sdist("core", version, requires=[requires], metadata_version="2.2")


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_a_file_at_a_url(project: ScratchProject, index: FakeIndex, kind: str) -> None:
    built = make(kind)
    url = serve(index, built)
    manifest(project, f'core = {{ url = "{url}" }}', more=ALLOW)
    project.run("lock").ok()
    package = entry(project, "core")
    assert package["version"] == "1.0"
    assert package["archive"] == {"url": url, "size": len(built.content), "hashes": {"sha256": built.sha256}}
    assert "index" not in package
    project.run("sync").ok()
    assert project.installed() == {"core": "1.0", "icons": "2.0"}
    assert direct_url(project, "core") == {"url": url, "archive_info": {"hashes": {"sha256": built.sha256}}}
    # Fetched once, by the lock.
    assert index.count(f"/elsewhere/{built.filename}") == 1


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_other_content_behind_the_same_url(project: ScratchProject, index: FakeIndex, kind: str) -> None:
    url = serve(index, make(kind))
    manifest(project, f'core = {{ url = "{url}" }}', more=ALLOW)
    project.run("lock").ok()
    before = project.lock.read_bytes()
    serve(index, make(kind, requires="checks"))
    shutil.rmtree(project.cache)
    check_refusal(project.run("sync"), 4, "is not what it should be")
    assert not project.env.exists()
    manifest(project, f'core = {{ url = "{url}" }}', more=ALLOW, dependencies=("menu",))
    ran = project.run("lock")
    check_refusal(ran, 4, "is not what it should be", "`lockenv upgrade core` takes what it serves now")
    assert project.lock.read_bytes() == before
    project.run("upgrade", "core").ok()
    project.run("sync").ok()
    assert project.installed() == {
        "checks": "3.1",
        "core": "1.0",
        "dropdown": "1.1",
        "icons": "2.0",
        "menu": "1.0",
    }


def test_an_sdist_at_a_url_is_built_only_with_leave(project: ScratchProject, index: FakeIndex) -> None:
    url = serve(index, make("sdist"))
    manifest(project, f'core = {{ url = "{url}" }}')
    project.run("lock").ok()
    ran = project.run("sync")
    check_refusal(ran, 4, "core must be built", "core comes from an archive of sources", 'allow = ["core"]')
    built = source_sdist("core", "2.0")
    manifest(project, f'core = {{ url = "{serve(index, built)}" }}')
    check_refusal(project.run("lock"), 4, "only its build can say what core requires", 'allow = ["core"]')


def test_a_folder_of_an_archive(project: ScratchProject, index: FakeIndex) -> None:
    files = {f"libs/core/{path}": text for path, text in source_files("core", "1.0").items()}
    built = make_sdist("all", "3", files=files)
    manifest(project, f'core = {{ url = "{serve(index, built)}", subdirectory = "libs/core" }}', more=ALLOW)
    project.run("lock").ok()
    assert entry(project, "core")["archive"]["subdirectory"] == "libs/core"
    project.run("sync").ok()
    assert project.installed() == {"core": "1.0"}
    assert direct_url(project, "core")["subdirectory"] == "libs/core"


def test_a_url_that_serves_nothing(project: ScratchProject, index: FakeIndex) -> None:
    manifest(project, f'core = {{ url = "{index.origin}/elsewhere/core-1.0-py3-none-any.whl" }}')
    check_refusal(project.run("lock"), 5, "404")


def test_a_url_offline(project: ScratchProject, index: FakeIndex) -> None:
    manifest(project, f'core = {{ url = "{serve(index, make("wheel"))}" }}')
    check_refusal(project.run("lock", "--offline"), 5, "is not in the cache", "--offline")
    project.run("lock").ok()
    project.run("sync").ok()
    project.run("sync", "--env", "other", "--offline").ok()
    project.lock.unlink()
    check_refusal(project.run("lock", "--offline"), 5, "is not in the cache")


@pytest.mark.parametrize(
    ("filename", "said"),
    [
        ("core-1.0.whl", "is no name of a wheel"),
        ("core-1.0-py3-none-any.whl.txt", "core"),
        ("..%2F..%2Fcore-1.0.tar.gz", "is no name of a file"),
    ],
)
def test_a_url_of_no_distribution(project: ScratchProject, index: FakeIndex, filename: str, said: str) -> None:
    index.serve(f"/elsewhere/{filename}", b"what?")
    manifest(project, f'core = {{ url = "{index.origin}/elsewhere/{filename}" }}', more=ALLOW)
    ran = project.run("lock")
    assert ran.status in {2, 4}
    check_refusal(ran, ran.status, said)


def test_a_wheel_at_a_url_must_fit_all_targets(project: ScratchProject, index: FakeIndex) -> None:
    url = serve(index, make_wheel("core", "1.0", tag="py3-none-win_amd64"))
    manifest(project, f'core = {{ url = "{url}" }}', more=PLATFORMS)
    marker = "marker = \"sys_platform == 'win32'\""
    check_refusal(project.run("lock"), 3, "core 1.0 is out: wheels only for windows-x86_64", "[sources]", marker)
    index.add(make_wheel("core", "0.9"))
    manifest(project, f'core = {{ url = "{url}", {marker} }}', more=PLATFORMS)
    project.run("lock").ok()


# Markers


def test_a_source_for_each_platform(project: ScratchProject, index: FakeIndex) -> None:
    urls = {
        system: serve(index, make_wheel("core", "1.0", tag=f"py3-none-{tag}", requires=[requires]))
        for system, tag, requires in (
            ("linux", "manylinux_2_17_x86_64", "icons"),
            ("win32", "win_amd64", "checks"),
        )
    }
    index.add(make_wheel("core", "0.9", requires=["dropdown"]))
    listed = ", ".join(f'{{ url = "{url}", marker = "sys_platform == \'{name}\'" }}' for name, url in urls.items())
    manifest(project, f"core = [{listed}]", more=PLATFORMS)
    project.run("lock").ok()
    found = {package.get("marker"): package for package in entries(project, "core")}
    assert found['sys_platform == "linux"']["archive"]["url"] == urls["linux"]
    assert found['sys_platform == "win32"']["archive"]["url"] == urls["win32"]
    (other,) = [package for package in found.values() if "wheels" in package]
    assert (other["version"], other["index"]) == ("0.9", index.url)
    assert other["marker"] == 'sys_platform == "darwin"'
    markers = {package["name"]: package["marker"] for package in packages(project)}
    assert markers["checks"] == 'sys_platform == "win32"'
    project.run("sync").ok()
    assert project.installed()["core"] == "1.0"
    assert up_to_date(project)


def test_two_folders_of_one_version(project: ScratchProject) -> None:
    one = source_tree(project.folder / "one", "core", "1.0", requires=["icons"])
    source_tree(project.folder / "two", "core", "1.0", requires=["icons"], build_system_requires=["checks"])
    manifest(
        project,
        """core = [
            { path = "one", marker = "sys_platform != 'win32'" },
            { path = "two", marker = "sys_platform == 'win32'" },
        ]""",
        more=PLATFORMS,
    )
    project.run("lock").ok()
    first, second = entries(project, "core")
    assert (first["directory"], second["directory"]) == ({"path": "one"}, {"path": "two"})
    assert first["tool"]["lockenv"]["build-requires"] == []
    assert second["tool"]["lockenv"]["build-requires"] == ["checks"]
    assert first["tool"]["lockenv"]["declares"] != second["tool"]["lockenv"]["declares"]
    project.run("sync").ok()
    assert direct_url(project, "core")["url"] == one.as_uri()


def test_what_a_marker_leaves_to_the_index_is_not_allowed_to_be_built(
    project: ScratchProject, index: FakeIndex
) -> None:
    source_tree(project.folder / "one", "core", "1.0")
    index.add(source_sdist("core", "2.0", metadata_version="2.2"))
    manifest(project, 'core = [{ path = "one", marker = "sys_platform != \'win32\'" }]', more=PLATFORMS)
    check_refusal(project.run("lock"), 3, "core 2.0 is out: no wheels", '[build] allow = ["core"]')


def test_a_source_that_is_for_no_platform_of_the_lock_leaves_it_to_the_index(
    project: ScratchProject, index: FakeIndex
) -> None:
    index.add(make_wheel("core", "2.0"))
    manifest(
        project, f'core = [{{ url = "{serve(index, make("wheel"))}", marker = "sys_platform == \'plan9\'" }}]'
    )
    project.run("lock").ok()
    assert project.locked() == {"core": "2.0"}


def test_a_package_that_no_index_knows_is_missing_where_its_source_does_not_count(
    project: ScratchProject,
) -> None:
    source_tree(project.folder / "one", "core", "1.0")
    manifest(project, 'core = [{ path = "one", marker = "sys_platform != \'win32\'" }]', more=PLATFORMS)
    check_refusal(project.run("lock"), 3, "on windows-x86_64 only", "name a source of `core`")


# URLs that packages of an index ask for


def test_a_package_of_an_index_may_not_bring_a_url(project: ScratchProject, index: FakeIndex) -> None:
    url = serve(index, make("wheel"))
    index.add(make_wheel("shop", "1.0", requires=[f"core @ {url}"]))
    project.manifest(dependencies=["shop"])
    check_refusal(project.run("lock"), 3, "shop", f"core @ {url}")
    assert index.count("/elsewhere/*") == 0


def test_unless_the_manifest_names_the_same(project: ScratchProject, index: FakeIndex) -> None:
    url = serve(index, make("wheel"))
    index.add(make_wheel("shop", "1.0", requires=[f"core @ {url}"]))
    project.manifest(dependencies=["shop"], more=f'[sources]\ncore = {{ url = "{url}" }}\n')
    project.run("lock").ok()
    project.run("sync").ok()
    assert project.installed() == {"core": "1.0", "icons": "2.0", "shop": "1.0"}
    project.run("lock", "--check").ok()
    other = serve(index, make("wheel"), "/another/")
    project.manifest(dependencies=["shop"], more=f'[sources]\ncore = {{ url = "{other}" }}\n')
    check_refusal(project.run("lock"), 3, "shop", f"core @ {url}")


def test_sources_stand_beside_packages_of_a_certain_index(project: ScratchProject, index: FakeIndex) -> None:
    source_tree(project.folder / "libs/core", "core", "1.0", requires=["acme-icons"])
    with FakeIndex() as acme:
        acme.add(make_wheel("acme-icons", "5.0"))
        index.add(make_wheel("acme-icons", "9.0"))
        project.manifest(
            dependencies=["core"],
            more=(
                f"[[index]]\nname = 'acme'\nurl = '{acme.url}'\nexplicit = true\n"
                "[sources]\nacme-icons = { index = 'acme' }\ncore = { path = 'libs/core' }\n"
            ),
        )
        project.run("lock").ok()
        project.run("sync").ok()
    assert project.installed() == {"acme_icons": "5.0", "core": "1.0"}
    assert entry(project, "acme-icons")["index"] == acme.url
