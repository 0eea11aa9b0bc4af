# SPDX-License-Identifier: GPL-3.0-or-later
"""jobs/setup.sh on machines that lack something. The package tools are stand-ins, so nothing is installed."""

import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ("bash", "awk", "head", "cat", "rm", "mktemp", "env", "dirname")


@pytest.fixture
def machine(tmp_path):
    """machine(installed=..., uid=..., sudo=...)(sections...): runs setup_packages there; the finished process.
    What apt-get was asked for is in the file apt.log."""
    bin_folder = tmp_path / "bin"

    def stand_in(name, script):
        (bin_folder / name).write_text(f"#!/bin/bash\n{script}\n")
        (bin_folder / name).chmod(0o755)

    def make(installed=(), uid=1000, sudo=False, debian=True, commands=(), apt_works=True):
        bin_folder.mkdir()
        for tool in TOOLS:
            (bin_folder / tool).symlink_to(shutil.which(tool))
        for command in commands:
            stand_in(command, "exit 0")
        stand_in("id", f"echo {uid}")
        stand_in("sudo", 'shift; exec "$@"' if sudo else "exit 1")
        stand_in("true", "exit 0")
        if debian:
            cases = "|".join(installed) or "none"
            stand_in("dpkg-query", f'case ${{@: -1}} in {cases}) echo installed;; *) echo not-installed; exit 1;; esac')
            stand_in("apt-get", f'echo "$@" >>{tmp_path}/apt.log; echo "from apt-get"; '
                                + ("exit 0" if apt_works else "exit 100"))

        def run(*sections):
            return subprocess.run(["bash", "-c", '. jobs/setup.sh; setup_packages "$@"; echo went on', "-", *sections],
                                  cwd=ROOT, env={"PATH": str(bin_folder), "PYTHON": "/nonexistent"}, text=True,
                                  capture_output=True)

        return run

    return make


def packages(section):
    text = (ROOT / "jobs" / "packages.txt").read_text().split(f"[{section}]\n")[1].split("\n[")[0]
    return [line.split()[0].split("|") for line in text.splitlines() if line and not line.startswith("#")]


BUILD = [names[0] for names in packages("build")]


def test_nothing_is_done_where_everything_is_there(machine, tmp_path):
    result = machine(installed=BUILD)("build")
    assert (result.returncode, result.stdout, result.stderr) == (0, "went on\n", "")
    assert not (tmp_path / "apt.log").exists()


def test_either_of_two_packages_will_do(machine):
    installed = [names[-1] for names in packages("build")]
    assert installed != BUILD
    assert machine(installed=installed)("build").returncode == 0


def test_an_ordinary_user_without_sudo_is_told_the_packages(machine, tmp_path):
    result = machine(installed=[name for name in BUILD if name not in ("cmake", "libgsl-dev")])("build")
    assert result.returncode == 1
    assert "went on" not in result.stdout
    assert result.stderr.splitlines()[-1].split() == [
        "apt-get", "install", "--no-install-recommends", "cmake", "libgsl-dev"]
    assert not (tmp_path / "apt.log").exists()


@pytest.mark.parametrize("who", [{"uid": 0}, {"sudo": True}])
def test_root_and_sudo_install_what_is_missing_and_only_that(machine, tmp_path, who):
    result = machine(installed=[name for name in BUILD if name != "cmake"], **who)("build")
    assert result.returncode == 0, result.stderr
    assert "went on" in result.stdout and "from apt-get" not in result.stdout
    update, install = (tmp_path / "apt.log").read_text().splitlines()
    assert update.split()[0] == "update"
    assert install.split()[0] == "install" and install.split()[-1] == "cmake"
    assert "libgsl-dev" not in install


def test_a_failed_installation_shows_its_log_and_stops(machine):
    result = machine(installed=BUILD[1:], uid=0, apt_works=False)("build")
    assert result.returncode == 1 and "went on" not in result.stdout
    assert "from apt-get" in result.stderr
    assert result.stderr.splitlines()[-1] == f"apt-get could not install these packages: {BUILD[0]}"


def test_another_system_is_told_what_is_missing(machine):
    result = machine(debian=False, commands=["cc", "make", "mpicc"])("build")
    assert result.returncode == 1 and "went on" not in result.stdout
    missing = re.findall(r"^  (\S+) \(Debian: (\S+)\)$", result.stderr, re.MULTILINE)
    assert ("cmake", "cmake") in missing and ("h5pcc", "libhdf5-openmpi-dev") in missing
    assert not {"cc", "make", "mpicc"} & {name for name, _ in missing}


def test_a_section_that_does_not_exist_is_refused(machine):
    result = machine(installed=BUILD)("bild")
    assert result.returncode == 1 and "went on" not in result.stdout
    assert "no section [bild]" in result.stderr


@pytest.mark.parametrize("script, message", [
    ("jobs/quickstart.sh", "takes no arguments, got '--fast'"),
    ("tests/run.sh", "unknown argument '--fast' (allowed: --long, --release)"),
])
def test_a_wrong_argument_is_refused(script, message):
    result = subprocess.run([ROOT / script, "--fast"], text=True, capture_output=True)
    assert result.returncode == 1
    assert message in result.stderr and result.stdout == ""
