# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as Python has them: a path, YAML, or a mapping of the keys in jobs/README.md; and `--set` as a mapping."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import tempfile
from typing import Any, Iterator, Mapping, Union

import numpy as np

from . import arguments
from .errors import Error

Job = Union[str, os.PathLike, Mapping[str, Any]]
NAME = "job"  # in messages, of a job that is no file


def file_name(name: str) -> str:
    """Omega_mu_2 of Omega_mu[2]: of an axis in files, by its name in jobs."""
    return name.replace("[", "_").replace("]", "")


def _plain(value):
    """What json does not know."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise Error(f"a job holds numbers, texts, lists and mappings, but not {arguments.shown(value)}")


def as_yaml(value: Any) -> str:
    """A value in flow style: every JSON text is one of YAML, and numbers keep their bits."""
    return json.dumps(value, default=_plain, ensure_ascii=False)


def text_of(job: Job) -> str | None:
    """The YAML of a job that is no file: of a mapping, or of a text of several lines or in braces; None for a path."""
    if isinstance(job, Mapping):
        return "{" + ",\n ".join(f"{as_yaml(str(key))}: {as_yaml(value)}" for key, value in job.items()) + "}\n"
    if isinstance(job, str) and ("\n" in job or job.lstrip().startswith("{")):
        return job
    if not isinstance(job, (str, os.PathLike)):
        raise Error(f"a job is a path, YAML, or a mapping of its keys, but not {arguments.shown(job)}")
    return None


def settings(set: Mapping[str, Any] | None) -> list[str]:
    """{"solver.t_max": 1e5} as the program takes it; a text is YAML as it is."""
    given = arguments.mapping(set, "set", "{'solver.t_max': 1e5}")
    return [f"{key}={value if isinstance(value, str) else as_yaml(value)}" for key, value in given.items()]


@contextlib.contextmanager
def as_file(job: Job) -> Iterator[pathlib.Path]:
    """A file with the job, for as long as it is needed: in the present folder, from which it names other files, if that may be
    written."""
    text = text_of(job)
    if text is None:
        yield pathlib.Path(job)
        return
    folder = os.getcwd() if os.access(os.getcwd(), os.W_OK) else None
    with tempfile.NamedTemporaryFile("w", prefix=".dickemap-", suffix=".yaml", dir=folder, encoding="utf-8") as file:
        file.write(text)
        file.flush()
        yield pathlib.Path(file.name)


@contextlib.contextmanager
def inside(path: str | os.PathLike) -> Iterator[tuple[pathlib.Path, dict[str, str]]]:
    """The job that an output file holds, written out beside the files that it names, for as long as it is needed; and the settings
    that it was run with.  Raises Error for a job that names files outside of its own folder."""
    from . import reading
    import xarray as xr

    with reading.open(path, fields="status", chunks=None) as data:
        text, sets = data.attrs.get("job"), data.attrs.get("job_sets", "")
    if not text:
        raise Error(f"{os.fspath(path)}: there is no job in it")
    with tempfile.TemporaryDirectory(prefix="dickemap-") as folder:
        job = pathlib.Path(folder) / "job.yaml"
        engine = reading.first_engine()
        try:
            files = xr.open_dataset(path, engine=engine, group="job_files", mask_and_scale=False,
                                    **({"phony_dims": "access"} if engine == "h5netcdf" else {}))
        except (OSError, KeyError):  # it names no files
            files = xr.Dataset()
        with files:
            for variable in files.data_vars.values():
                name = pathlib.PurePosixPath(variable.attrs["name"])
                if name.is_absolute() or ".." in name.parts:
                    raise Error(f"{os.fspath(path)}: the job in it names {name}, outside of its own folder: give the job itself")
                target = job.parent / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(variable.values.astype(np.uint8).tobytes())
        job.write_text(text, encoding="utf-8")
        yield job, dict(line.split("=", 1) for line in sets.splitlines() if "=" in line)


def is_output(path: str | os.PathLike) -> bool:
    """Whether a file is HDF5, and so no job."""
    from . import reading

    if not os.path.exists(path):
        raise Error(f"{os.fspath(path)}: there is no such file")
    with open(path, "rb") as file:
        return file.read(len(reading.SIGNATURE)) == reading.SIGNATURE


@contextlib.contextmanager
def of(path: str | os.PathLike) -> Iterator[tuple[pathlib.Path, dict[str, str]]]:
    """A job and the settings that go with it, for as long as it is needed: a job as it is, without any; of an output that in it."""
    if is_output(path):
        with inside(path) as job:
            yield job
    else:
        yield pathlib.Path(path), {}
