# SPDX-License-Identifier: GPL-3.0-or-later
"""What the program calls its sources: cmake/version.cmake in copies of them, and in the build."""

import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOBODY = ["-c", "user.name=nobody", "-c", "user.email=nobody@nowhere.invalid", "-c", "commit.gpgsign=false"]


def run(*command, **options):
    result = subprocess.run([str(word) for word in command], text=True, capture_output=True, **options)
    assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
    return result.stdout.strip()


def git(folder, *words):
    return run("git", "-C", folder, *NOBODY, *words)


def commit_all(folder):
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "all")
    return git(folder, "rev-parse", "--short", "HEAD")


def header(source, output=None):
    output = output or source.parent / f"{source.name}.h"
    run("cmake", f"-DSOURCE={source}", "-DVERSION=1.2.3", f"-DOUTPUT={output}", "-P", source / "cmake" / "version.cmake")
    return output


def version(source, output=None):
    return re.fullmatch(r'#define DKM_VERSION "(.*)"\n', header(source, output).read_text())[1]


def copy(folder):
    folder.mkdir(parents=True)
    for name in ("src", "include", "cmake"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("CMakeLists.txt", ".gitattributes", "dickemap.pc.in", "README.md"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture
def source(tmp_path):
    """A copy of the sources in a folder with a space, without git."""
    return copy(tmp_path / "two words" / "dickemap")


def change(source, text):
    with open(source / "src" / "core" / "model.c", "a") as file:
        file.write(f"/* {text} */\n")


def test_a_commit_is_its_own_name(source):
    commit = commit_all(source)
    assert version(source) == f"1.2.3 (git {commit})"


def test_two_dirty_builds_have_different_versions(source):
    commit = commit_all(source)
    versions = []
    for text in ("one", "another"):
        change(source, text)
        versions.append(version(source))
        assert re.fullmatch(rf"1\.2\.3 \(git {commit}-dirty, sources [0-9a-f]{{12}}\)", versions[-1])
    assert versions[0] != versions[1]
    git(source, "checkout", "-q", "src")
    assert version(source) == f"1.2.3 (git {commit})"


def test_the_same_sources_have_the_same_version_anywhere(source, tmp_path):
    other = copy(tmp_path / "elsewhere" / "dickemap-1.2.3")
    assert version(source) == version(other)
    (other / "README.md").write_text("not a source\n")
    assert version(source) == version(other)
    (other / "src" / "core" / "model.c").rename(other / "src" / "core" / "another_name.c")
    assert version(source) != version(other)


def test_an_enclosing_repository_is_not_asked(source):
    outer = source.parent
    (outer / ".gitignore").write_text("dickemap*\n")
    commit = commit_all(outer)
    assert commit not in version(source)
    assert re.fullmatch(r"1\.2\.3 \(sources [0-9a-f]{12}\)", version(source))


def test_git_may_not_point_elsewhere(source, tmp_path, monkeypatch):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_text("text\n")
    other = commit_all(tmp_path / "other")
    commit = commit_all(source)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    assert other not in version(source) and commit in version(source)


def test_an_archive_names_its_commit(source, tmp_path):
    commit = commit_all(source)
    git(source, "archive", "--prefix=dickemap-1.2.3/", "-o", tmp_path / "a.tar", "HEAD")
    with tarfile.open(tmp_path / "a.tar") as archive:
        archive.extractall(tmp_path / "unpacked")
    unpacked = tmp_path / "unpacked" / "dickemap-1.2.3"
    before = version(unpacked)
    assert re.fullmatch(rf"1\.2\.3 \(archive of git {commit}, sources [0-9a-f]{{12}}\)", before)
    change(unpacked, "edited")
    assert version(unpacked) != before


def test_nothing_is_built_anew_while_nothing_changes(source):
    output = header(source)
    os.utime(output, (1, 1))
    header(source)
    assert output.stat().st_mtime == 1
    change(source, "something")
    header(source)
    assert output.stat().st_mtime > 1


def test_the_program_says_what_its_build_wrote():
    if "DICKEMAP_BUILD" not in os.environ:
        pytest.skip("DICKEMAP_BUILD does not name a build folder")
    build = pathlib.Path(os.environ["DICKEMAP_BUILD"])
    said = re.match(r"dickemap (.*)", run(build / "dickemap", "--version"))[1]
    assert f'"{said}"' in (build / "version" / "version.h").read_text()


def test_a_build_asks_again_without_configuring_anew(source, tmp_path):
    build = tmp_path / "build"
    run("cmake", "-S", source, "-B", build, "-DBUILD_TESTING=OFF", "-DCMAKE_BUILD_TYPE=Debug")
    seen = set()
    for text in ("one", "another"):
        change(source, text)
        run("cmake", "--build", build, "--target", "dickemap_version")
        seen.add((build / "version" / "version.h").read_text())
    assert len(seen) == 2
