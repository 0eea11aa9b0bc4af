# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the files that dickemap writes.

    import dickemap
    data = dickemap.open("out/fig3.h5")          # an xarray.Dataset with named axes
    data.xi.sel(pattern=4, mode=4).plot()
    dickemap.verdict_counts(data)                # {'fixed_point': 800}

Points that have not been computed yet are NaN (floating point) or the variable's `_FillValue`
(integers, for `verdict` the code of "none"); `status` says which they are.  So a file may be opened while a run is still
writing it.

Files of older versions lack some fields, and their codes have other numbers: go by names (`flag_names`, `is_verdict`).
"""

import importlib.util
import os
import re

# A file on NFS, or one that a run is writing, is read without asking for a lock.
os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")

import numpy as np  # noqa: E402
import xarray as xr  # noqa: E402

OLDEST_XARRAY = (0, 16, 1)  # with which it has been tested
if tuple(int(word) for word in re.findall(r"\d+", xr.__version__)[:3]) < OLDEST_XARRAY:
    raise ImportError(f"xarray {xr.__version__} is too old: {'.'.join(map(str, OLDEST_XARRAY))} or later is needed")

TODO, DONE, POINT_FAILED = 0, 1, 2  # values of `status`
MIXTURE = 127  # value of `retrieved` in records of method 1 (version 0.1.0): several patterns at once
NOT_FIELDS = ("status", "checksum")  # hold their own meaning where a point is not done


def open(path, fields=None, engine=None, mask=True):
    """The file as an xarray.Dataset, read into memory.

    fields: names of the fields to read, for files that are larger than memory; `status` comes always.
    engine: "h5netcdf" or "netcdf4"; None takes the one that is installed.
    mask: points that are not done become NaN or `_FillValue`; False leaves what the file holds.
    `alpha`, complex, is added beside `alpha_re` and `alpha_im`, and `method`, 1, to files that are older than it.
    """
    engine = engine or _first_engine()
    # Flags stay integers, and times in "s" stay numbers.
    try:
        file = xr.open_dataset(path, engine=engine, mask_and_scale=False, decode_times=False)
    except ValueError as error:
        raise ValueError(f"{path}: not a file of dickemap ({str(error).splitlines()[0].strip()})") from error
    with file:
        if "status" not in file:
            raise ValueError(f"{path}: not a file of dickemap (there is no `status`)")
        if fields is not None:
            unknown = sorted(set(fields) - set(file.variables))
            if unknown:
                raise ValueError(f"{path}: no field '{unknown[0]}' (there are: {', '.join(sorted(file.data_vars))})")
            data = file[[*dict.fromkeys([*fields, "status"])]].load()
        else:
            data = file.load()
    if fields is None and "method" not in data:
        data["method"] = xr.ones_like(data.status)
        data.method.attrs = {"units": "1", "long_name": "version of the methods behind the record", "_FillValue": np.uint8(0)}
    if mask:
        done = data.status != TODO
        for name, field in data.data_vars.items():
            if name not in NOT_FIELDS and set(done.dims) <= set(field.dims):
                data[name] = field.where(done, _fill_value(field)).transpose(*field.dims).astype(field.dtype)
                data[name].attrs = field.attrs
    if "alpha_re" in data and "alpha_im" in data:
        data["alpha"] = data.alpha_re + 1j * data.alpha_im
        data.alpha.attrs = {"units": "1", "long_name": "amplitude of the mode (the paper's alpha)"}
    return data


def _first_engine():
    for name, module in (("h5netcdf", "h5netcdf"), ("netcdf4", "netCDF4")):
        if importlib.util.find_spec(module):
            return name
    raise ImportError("xarray needs h5netcdf or netCDF4 (Debian: python3-h5netcdf)")


def _fill_value(field):
    if field.dtype.kind == "f":
        return np.nan
    return np.asarray(field.attrs.get("_FillValue", 0)).astype(field.dtype).item()


def done(data):
    """True where a point has a record, of whatever verdict."""
    return data.status != TODO


def flag_names(field):
    """The names of a field of flags (`verdict`, `failure`, ...), as an array of strings; "" where there is none."""
    meanings = dict(zip(np.atleast_1d(field.attrs["flag_values"]).tolist(), field.attrs["flag_meanings"].split()))
    names = np.vectorize(lambda value: meanings.get(value, ""), otypes=[object])(field.values)
    return xr.DataArray(names, coords=field.coords, dims=field.dims, name=field.name)


def _is_flag(data, field, wanted):
    """True where a point is done and the field has one of the flags named."""
    known = data[field].attrs["flag_meanings"].split()
    for flag in wanted:
        if flag not in known:
            raise ValueError(f"unknown {field} '{flag}' (known: {', '.join(known)})")
    return done(data) & flag_names(data[field]).isin(wanted)


def is_verdict(data, *verdicts):
    """True where a point is done and its verdict is one of those named, which the file must know."""
    return _is_flag(data, "verdict", verdicts)


def is_how(data, *hows):
    """True where a point is done and its end is known in one of the ways named ("reached", "settled", "predicted",
    "symmetric"); nowhere in files of version 0.1.0, which do not say."""
    return _is_flag(data, "how", hows) if "how" in data else xr.zeros_like(data.status, dtype=bool)


def is_at_rest(data):
    """True where the order parameters come to rest and xi is their limit, not a mean over a window."""
    return is_verdict(data, "fixed_point", "dark_precession")


def xi_end(data):
    """Overlaps of the state in which each trajectory ends: xi where it came to rest, xi_limit where it is known to be on
    its way there (verdict `relaxing`), NaN where the end is not known or is an oscillation."""
    known = data.verdict.attrs["flag_meanings"].split()
    end = data.xi.where(is_at_rest(data))
    if "relaxing" in known and "xi_limit" in data:
        end = end.where(~is_verdict(data, "relaxing"), data.xi_limit)
    return end.transpose(*data.xi.dims).assign_attrs(units="1", long_name="overlap in the end")


def verdict_counts(data):
    """How many points of each verdict, those that occur; 'to_do' counts the points that are not done."""
    if "verdict" not in data:
        raise ValueError("the file has no verdicts: its records are not those of single trajectories (`reduce`, `task: states`)")
    names = flag_names(data.verdict).values[done(data).values]
    counts = {name: int((names == name).sum()) for name in data.verdict.attrs["flag_meanings"].split()}
    counts["to_do"] = int((~done(data)).sum())
    return {name: count for name, count in counts.items() if count}


# ---- closed forms for unit spins (Omega != 0, either sign), with K classes ----


def g_crit(Omega, Omega_mu, kappa_mu):
    """Coupling from which on the mode's pattern state exists."""
    return np.sqrt(abs(Omega / (2 * Omega_mu)) * (Omega_mu**2 + kappa_mu**2 / 4))


def xi_theory(g0, g_crit):
    """|xi| of a pattern state: Eq. (12)."""
    ratio = np.minimum(g_crit / np.maximum(g0, 1e-300), 1)  # 1 below the threshold, also at g0 = 0
    return np.sqrt(1 - ratio**4)


def occupation_theory(g0, xi, Omega_mu, kappa_mu, n_classes):
    """|alpha|^2 of a mode whose overlap is xi, in the paper's normalisation."""
    return n_classes * g0**2 * xi**2 / (Omega_mu**2 + kappa_mu**2 / 4)
