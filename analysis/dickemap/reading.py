# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the files that dickemap writes.

Points that have not been computed yet are NaN (floating point) or the variable's `_FillValue` (integers, for `verdict` the
code of "none"); `status` says which they are.  So a file may be opened while a run is still writing it.

Files of older versions lack some fields, and their codes have other numbers: go by names (verdicts.py).
"""

from __future__ import annotations

import builtins
import importlib.util
import os
import re
from typing import Any, Sequence, Union

# A file on NFS, or one that a run is writing, is read without asking for a lock.
os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")

import numpy as np  # noqa: E402
import xarray as xr  # noqa: E402

from . import arguments, requirements  # noqa: E402
from .errors import Error  # noqa: E402

Data = Union["xr.Dataset", str, os.PathLike]  # what has been read, or is to be
TODO, DONE, POINT_FAILED = 0, 1, 2  # values of `status`
ENGINES = {"h5netcdf": "h5netcdf", "netcdf4": "netCDF4"}  # the module that each needs
SIGNATURE = b"\x89HDF\r\n\x1a\n"
NOT_FIELDS = ("status", "checksum")  # hold their own meaning where a point is not done


def open(path: str | os.PathLike, fields: str | Sequence[str] | None = None, engine: str | None = None, mask: bool = True,
         chunks: Any = None) -> xr.Dataset:
    """The file as an xarray.Dataset, whose variables have the names, dimensions and units of the file.

    fields: names of the fields to read, or one name; `status` comes always.
    engine: "h5netcdf" or "netcdf4"; None takes the one that is installed.
    mask: points that are not done become NaN or `_FillValue`; False leaves what the file holds.
    chunks: None reads into memory. "auto" or {dimension: size}, for files that are larger: arrays of dask, read when they are
        needed from the file, which stays open until `close`.

    `method`, 1, is added to files that are older than it.  Complex amplitudes: `alpha(data)`, or `data.dickemap.alpha`.
    Raises Error for what is no file of dickemap, OSError for what cannot be read.
    """
    if chunks is not None and not importlib.util.find_spec("dask"):
        raise ImportError("dickemap.open with chunks needs dask (Debian: python3-dask)")
    file = raw(path, engine, chunks=chunks)
    try:
        data = _chosen(file, path, fields)
        if chunks is None:
            data = data.load()
        elif data is not file and hasattr(data, "set_close"):  # xarray 0.17
            data.set_close(file.close)
    except BaseException:
        file.close()
        raise
    if chunks is None:
        file.close()
    if fields is None and "method" not in data:
        data["method"] = xr.ones_like(data.status)
        data.method.attrs = {"units": "1", "long_name": "version of the methods behind the record", "_FillValue": np.uint8(0)}
    return masked(data) if mask else data


def raw(path: str | os.PathLike, engine: str | None = None, **how: Any) -> xr.Dataset:
    """What xarray makes of a file that is HDF5, as it stands: flags stay integers, and times in "s" numbers.  Errors as of `open`."""
    if engine not in (None, *ENGINES):
        raise Error(f"engine is {arguments.shown(engine)}, but must be {' or '.join(ENGINES)}")
    shown = os.fspath(arguments.path(path))
    with builtins.open(path, "rb") as file:
        if file.read(len(SIGNATURE)) != SIGNATURE:
            raise Error(f"{shown}: not a file of dickemap (it is no HDF5)")
    try:
        return xr.open_dataset(path, engine=engine or first_engine(), **{"mask_and_scale": False, "decode_times": False, **how})
    except (ValueError, KeyError, RuntimeError) as error:
        raise Error(f"{shown}: not a file of dickemap ({(str(error).splitlines() or ['it cannot be read'])[0].strip()})") from error


def names(path: str | os.PathLike, engine: str | None = None) -> list[str]:
    """Names of the fields of a file, without reading them."""
    with raw(path, engine) as file:
        _chosen(file, path, None)
        return [str(name) for name in file.data_vars]


def _chosen(file, path, fields):
    if "status" not in file and "xi" in file and "t" in file["xi"].dims:
        raise Error(f"{path}: a trajectory, which has no records: plot.py trajectory or dickemap.figures.trajectory draws it, "
                    "xarray.open_dataset reads it")
    if "status" not in file:
        raise Error(f"{path}: not a file of dickemap (there is no `status`)")
    if fields is None:
        return file
    fields = [fields] if isinstance(fields, str) else list(fields) if isinstance(fields, (list, tuple, set, frozenset)) else None
    if fields is None or not all(isinstance(name, str) for name in fields):
        raise Error("fields are names of fields, such as ['xi', 'verdict']")
    for name in fields:
        if name not in file.variables:
            raise Error(f"{path}: no field '{name}'{arguments.among(name, sorted(file.data_vars))}")
    return file[[*dict.fromkeys([*fields, "status"])]]


def first_engine():
    for name, module in ENGINES.items():
        if importlib.util.find_spec(module):
            return name
    requirements.need("h5netcdf")  # which has a name in Debian


def masked(data: xr.Dataset) -> xr.Dataset:
    """The same data, in place, with NaN or `_FillValue` where a point is not done."""
    is_done = done(data)
    for name, field in data.data_vars.items():
        if name not in NOT_FIELDS and set(is_done.dims) <= set(field.dims):
            kept = field.where(is_done, _fill_value(field)).transpose(*field.dims).astype(field.dtype)
            kept.attrs, kept.encoding = field.attrs, field.encoding
            data[name] = kept
    return data


def _fill_value(field):
    if field.dtype.kind == "f":
        return np.nan
    return np.asarray(field.attrs.get("_FillValue", 0)).astype(field.dtype).item()


def numbers(field: xr.DataArray) -> xr.DataArray:
    """The field as floating point, NaN where one of integers has its `_FillValue`."""
    known = field.astype(float)
    if field.dtype.kind in "iu" and "_FillValue" in field.attrs:
        known = known.where(field != field.attrs["_FillValue"])
    known.attrs = {name: value for name, value in field.attrs.items() if name != "_FillValue"}
    return known


def done(data: Data) -> xr.DataArray:
    """True where a point has a record, of whatever verdict; over the axes of the job."""
    return arguments.dataset(data, "status").status != TODO


def of_job(data: xr.Dataset, key: str) -> str | None:
    """A key of the job that the data are of, as text: "model.Omega", "reduce"; None where it says nothing."""
    found = re.search(rf"^{re.escape(key)} = (.*)$", str(data.attrs.get("job_canonical", "")), re.MULTILINE)
    return found[1] if found else None


def alpha(data: Data) -> xr.DataArray:
    """Amplitudes of the modes [axes, mode], complex, in the paper's normalisation.  They are made of `alpha_re` and `alpha_im`
    whenever they are asked for: netCDF knows no complex numbers, and so `data.to_netcdf` would not write them."""
    data = arguments.dataset(data, "alpha_re", "alpha_im")
    values = (data.alpha_re + 1j * data.alpha_im).rename("alpha")
    return values.assign_attrs(units="1", long_name="amplitude of the mode (the paper's alpha)")
