# SPDX-License-Identifier: GPL-3.0-or-later
"""jobs/setup.sh on machines that lack something. The package tools are stand-ins, so nothing is installed."""

import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ("bash", "awk", "head", "cat", "rm", "mktemp", "env", "dirname")
LIST = [line.split() for line in (ROOT / "jobs" / "packages.txt").read_text().splitlines()
        if line and line[0] not in "#["]
CHECKS = {package: check for packages, check in LIST for package in packages.split("|")}
OPEN_MPI, MPICH = "mpirun (Open MPI) 4.1.4", "HYDRA build details:"


def packages(section, family="openmpi"):
    """What a machine of that MPI would have installed."""
    text = (ROOT / "jobs" / "packages.txt").read_text().split(f"[{section}]\n")[1].split("\n[")[0]
    lines = [line.split()[0].split("|") for line in text.splitlines() if line and not line.startswith("#")]
    return [next((name for name in names if family in name), names[0]) for names in lines]


@pytest.fixture
def machine(tmp_path):
    """machine(there=..., uid=..., sudo=..., mpirun=...)(sections...): runs setup_packages where these packages, or the
    same things from elsewhere, are there; the finished process. What apt-get was asked for is in the file apt.log."""
    bin_folder, there_file = tmp_path / "bin", tmp_path / "there"

    def stand_in(name, script):
        (bin_folder / name).write_text(f"#!/bin/bash\n{script}\n")
        (bin_folder / name).chmod(0o755)

    def make(there=(), uid=1000, sudo=False, debian=True, apt_works=True, mpirun=None, brings=(), versions={}):
        bin_folder.mkdir()
        there_file.write_text("".join(f"{CHECKS[name]}\n" for name in there))
        for tool in TOOLS:
            (bin_folder / tool).symlink_to(shutil.which(tool))
        stand_in("id", f"echo {uid}")
        stand_in("sudo", 'shift; exec "$@"' if sudo else "exit 1")
        stand_in("true", "exit 0")
        has = f'while read -r line; do [ "$line" = "$1" ] && exit 0; done <{there_file}; exit 1'
        stand_in("has", has)
        stand_in("pkg-config", 'exec has "pc:$2"')
        stand_in("python", 'exec has "python:${2#import }"')
        for line in there_file.read_text().splitlines():
            kind, _, name = line.partition(":")
            if kind == "command" and name not in ("cc", "mpicc"):
                name, _, version = name.partition(">=")
                if not (bin_folder / name).exists():
                    stand_in(name, f"echo {name} version {versions.get(name, version)}")
            elif line == "hdf5":
                stand_in("h5cc", "exit 0")
        if "command:cc" in there_file.read_text():
            stand_in("cc", "exec has compiler:cc")
        if "compiler:mpicc" in there_file.read_text():
            stand_in("mpicc", "exit 0")
        if mpirun or "mpirun" in there_file.read_text().splitlines():
            stand_in("mpirun", f'echo "{mpirun or OPEN_MPI}"')
        if debian:
            installs = "".join(f'  [ "$package" = {name} ] && echo "{check}" >>{there_file}\n'
                               for name, check in CHECKS.items())
            # Commands that are installed appear; `-s` tells what an installation would bring.
            stand_in("apt-get", f"""
if [ "$2" = -s ]; then for package in {" ".join(brings)}; do echo "Inst $package (1.0)"; done; exit 0; fi
echo "$@" >>{tmp_path}/apt.log
echo "from apt-get"
[ "$1" = install ] || exit 0
{"" if apt_works else "exit 100"}
for package; do
{installs}  case $package in cmake) printf '#!/bin/bash\\necho 3.22\\n' >{bin_folder}/cmake; /bin/chmod 755 {bin_folder}/cmake;; esac
done
exit 0""")

        def run(*sections):
            environment = {"PATH": str(bin_folder), "PYTHON": str(bin_folder / "python")}
            return subprocess.run(["bash", "-c", '. jobs/setup.sh; setup_packages "$@"; echo went on', "-", *sections],
                                  cwd=ROOT, env=environment, text=True, capture_output=True)

        return run

    return make


BUILD = packages("build")


def without(*names):
    return [name for name in BUILD if name not in names]


def test_nothing_is_done_where_everything_is_there(machine, tmp_path):
    result = machine(there=BUILD)("build")
    assert (result.returncode, result.stdout, result.stderr) == (0, "went on\n", "")
    assert not (tmp_path / "apt.log").exists()


@pytest.mark.parametrize("mpirun", [OPEN_MPI, MPICH, "Intel(R) MPI Library for Linux* OS, Version 2021.11"])
def test_the_mpi_that_works_is_taken_whatever_it_is(machine, tmp_path, mpirun):
    result = machine(there=BUILD, mpirun=mpirun, uid=0)("build")
    assert (result.returncode, result.stderr) == (0, "")
    assert not (tmp_path / "apt.log").exists()


@pytest.mark.parametrize("mpirun, header", [(OPEN_MPI, "libopenmpi-dev"), (MPICH, "libmpich-dev")])
def test_what_is_missing_of_an_mpi_is_that_of_the_same_one(machine, tmp_path, mpirun, header):
    result = machine(there=without("libopenmpi-dev"), mpirun=mpirun)("build")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].split() == ["apt-get", "install", "--no-install-recommends", header]


@pytest.mark.parametrize("who", [{"uid": 0}, {"sudo": True}, {}])
@pytest.mark.parametrize("mpirun, brings", [(MPICH, "openmpi-bin"), (OPEN_MPI, "libmpich12")])
def test_a_second_mpi_is_never_installed(machine, tmp_path, who, mpirun, brings):
    result = machine(there=without("cmake"), mpirun=mpirun, brings=["libsz2", brings], **who)("build")
    assert result.returncode == 1 and "went on" not in result.stdout
    assert f"would bring a second MPI ({'mpich' if mpirun == MPICH else 'openmpi'} is the one of this machine): " \
           f"{brings}\n" in result.stderr
    log = tmp_path / "apt.log"
    assert not log.exists() or "install" not in log.read_text()


def test_a_compiler_that_cannot_link_is_not_enough(machine):
    result = machine(there=without("libc6-dev"))("build")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].split()[-1] == "libc6-dev"


def test_an_ordinary_user_without_sudo_is_told_the_packages(machine, tmp_path):
    result = machine(there=without("cmake", "libgsl-dev"))("build")
    assert result.returncode == 1
    assert "went on" not in result.stdout
    assert result.stderr.splitlines()[-1].split() == [
        "apt-get", "install", "--no-install-recommends", "cmake", "libgsl-dev"]
    assert not (tmp_path / "apt.log").exists()


@pytest.mark.parametrize("who", [{"uid": 0}, {"sudo": True}])
def test_root_and_sudo_install_what_is_missing_and_only_that(machine, tmp_path, who):
    result = machine(there=without("cmake"), **who)("build")
    assert result.returncode == 0, result.stderr
    assert "went on" in result.stdout and "from apt-get" not in result.stdout
    update, install = (tmp_path / "apt.log").read_text().splitlines()
    assert update.split()[0] == "update"
    assert install.split()[0] == "install" and install.split()[-1] == "cmake"
    assert "libgsl-dev" not in install


def test_a_failed_installation_shows_its_log_and_stops(machine):
    result = machine(there=without("cmake"), uid=0, apt_works=False)("build")
    assert result.returncode == 1 and "went on" not in result.stdout
    assert "from apt-get" in result.stderr
    assert result.stderr.splitlines()[-1] == "apt-get could not install these packages: cmake"


def test_what_does_not_work_though_it_was_installed_is_named(machine):
    """As with a broken compiler ahead of Debian's on PATH."""
    result = machine(there=without("libopenmpi-dev"), uid=0)("build")
    assert result.returncode == 1 and "went on" not in result.stdout
    assert result.stderr == "Installed, and yet it does not work:\n  mpicc (Debian: libopenmpi-dev)\n"


@pytest.mark.parametrize("version, will_do", [("3.18.4", False), ("2.99", False), ("3.22.0", True), ("3.100", True),
                                              ("4.0.1", True)])
def test_an_old_cmake_is_refused_with_the_version_that_is_needed(machine, version, will_do):
    result = machine(there=BUILD, versions={"cmake": version}, debian=False)("build")
    assert result.returncode == (0 if will_do else 1)
    assert will_do or "  cmake>=3.22 (Debian: cmake)\n" in result.stderr


def test_another_system_is_told_what_is_missing(machine):
    result = machine(debian=False, there=["gcc", "libc6-dev", "make", "libopenmpi-dev"])("build")
    assert result.returncode == 1 and "went on" not in result.stdout
    missing = re.findall(r"^  (\S+) \(Debian: (\S+)\)$", result.stderr, re.MULTILINE)
    assert ("cmake>=3.22", "cmake") in missing and ("hdf5", BUILD[-1]) in missing
    assert not {"cc", "make", "mpicc"} & {name for name, _ in missing}


@pytest.mark.parametrize("said, words", [
    (OPEN_MPI, ["--oversubscribe", "--allow-run-as-root"]),
    ("mpirun (Open MPI) 5.0.7", ["--map-by", ":OVERSUBSCRIBE", "--allow-run-as-root"]),
    (MPICH, []),
])
def test_each_mpirun_is_called_as_it_wants(machine, tmp_path, said, words):
    """More ranks than cores, as root; what comes after is passed on as it is."""
    machine(uid=0)
    launcher = tmp_path / "bin" / "launcher"
    launcher.write_text(f"""#!/bin/bash
if [ "$*" = --version ]; then echo "{said}"; exit; fi
printf '%s\\n' "$@"
""")
    launcher.chmod(0o755)
    result = subprocess.run([ROOT / "jobs" / "mpirun.sh", "-n", "3", "a program", "--flag"], text=True,
                            capture_output=True, env={"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "MPIEXEC": str(launcher)})
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [*words, "-n", "3", "a program", "--flag"]


def test_a_section_that_does_not_exist_is_refused(machine):
    result = machine(there=BUILD)("bild")
    assert result.returncode == 1 and "went on" not in result.stdout
    assert "no section [bild]" in result.stderr


@pytest.mark.parametrize("script, message", [
    ("jobs/quickstart.sh", "takes no arguments, got '--fast'"),
    ("tests/run.sh", "unknown argument '--fast' (allowed: --sanitizers, --long)"),
])
def test_a_wrong_argument_is_refused(script, message):
    result = subprocess.run([ROOT / script, "--fast"], text=True, capture_output=True)
    assert result.returncode == 1
    assert message in result.stderr and result.stdout == ""
