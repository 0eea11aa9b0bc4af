# SPDX-License-Identifier: GPL-3.0-or-later
"""Points of a job computed in this process: no file, no MPI, the same bits as `run` has."""

from __future__ import annotations

import contextlib
import re
from typing import Any, Mapping

import numpy as np
import xarray as xr

from . import arguments, jobs
from .errors import Error
from .library import Session, Variable, key_of
from .progress import Bar

BLOCK = 1 << 16  # points whose records are kept as bytes at a time
LONGEST = 1e4  # in 1/kappa, of a trajectory whose length nobody has given
ARGUMENTS = ("t_end", "points", "t_start", "spins", "after", "set", "cpu")  # of trajectory
GROUP = "point"  # dimension of arrays that advance together


def evaluate(job: jobs.Job, *, set: Mapping[str, Any] | None = None, product: bool = False, cpu: str | None = None,
             progress: bool | None = None, **quantities: Any) -> xr.Dataset:
    """All points of a job, as `run` would compute them: the same dimensions, fields and bits (but `wall_time`).

    job: a path, YAML, or a mapping of its keys.  set: keys to override, {"solver.t_max": 1e5}.
    quantities: values by the names of axes, g0=..., Omega_mu_2=... for Omega_mu[2].  A number takes the place of the job's value
        or axis, and is a coordinate without dimensions.  Arrays [n] of one length advance together along a dimension `point`; with
        product=True each is an axis.  An axis of the job that a quantity names is replaced, others stay.
    cpu: the instruction set, None for the best.  progress: True, False, or None for a bar where somebody looks.

    One thread computes. Ctrl-C raises KeyboardInterrupt within milliseconds, and the points are lost.
    Raises Error in the words of the program.
    """
    with _by_argument(quantities), Session(job, _with_quantities(job, set, quantities, product), cpu) as session:
        data = _dataset(session, progress)
    numbers = {name: value for name, value in quantities.items() if np.ndim(value) == 0}
    data = _at(data, {jobs.file_name(name): value for name, value in numbers.items()})
    return data.isel({name: 0 for name in map(jobs.file_name, numbers) if name in data.dims})


def point(job: jobs.Job, *, set: Mapping[str, Any] | None = None, cpu: str | None = None, **quantities: float) -> xr.Dataset:
    """One point: its record, without dimensions but those of the fields (`mode`, ...), and closed forms of every pattern's state
    beside it: `closed_g_crit`, `closed_g_retrieve`, `closed_xi` (|xi|), `closed_occupation` (|alpha|^2) [mode], NaN where there is
    none.

    quantities: a number for each axis of the job, or any other quantity; of axes that advance together the number along their
    group: point=8.
    """
    with _one_point(job, set, cpu, quantities) as session:
        data = _dataset(session, False)
        names = {"g_crit": _unit(session, 1), "g_retrieve": _unit(session, 1), "xi": "1", "occupation": "1"}
        for (name, units), values in zip(names.items(), session.closed_forms(0).T):
            data[f"closed_{name}"] = ("mode", values, {"units": units, "long_name": f"{name} of the pattern's state in closed form"})
        dims = _dims_of_points(session)
    return _at(data.isel({dim: 0 for dim in dims}), quantities)


def trajectory(job: jobs.Job, t_end: float | None = None, points: int = 1001, *, t_start: float | None = None, spins: bool = False,
               after: xr.Dataset | None = None, set: Mapping[str, Any] | None = None, cpu: str | None = None,
               **quantities: float) -> xr.Dataset:
    """The way of one point through time: `xi`, `alpha_re`, `alpha_im` [t, mode], the Lyapunov function `L` [t] (NaN where there is
    none: losses of single spins, unbalanced couplings, drives; it falls where all Omega_mu have one sign) and,
    with spins=True, `m` [t, class, xyz].  `alpha(data)` is complex.  Times and L have units, by the job's `unit`.
    Where all Omega_mu are negative -L falls, which is L_end, L_limit of records.

    points: samples from t_start (None: 0, or the end of `after`) to t_end.  t_end: None takes twice the time from which the outcome is
    certain (`t_settled`), or until overlaps have come to rest where that is later and before 200/kappa; 10000/kappa at most and
    20/kappa at least, of the smallest kappa.  Where no end is certain, as of oscillations, it is the length of the record, but
    200/kappa at most.  With `after` it is so much later than the end of that.
    after: the record of the same point that `point` gives with set={"output.state": "final"}: the course begins at its end.  That is
    the motion which the record is of, while a course that was chaotic for long before differs whenever its steps do; of a fixed
    point, which is known before it is reached, it is the fixed point itself.
    A step ends at each sample, so that it agrees with the record to the solver's tolerance.  quantities as of `point`.
    """
    if "until" in quantities:  # as pictures and plot.py call it
        raise Error(f"trajectory: the time of its end is t_end, not until: t_end={arguments.shown(quantities['until'])}")
    for name in quantities:
        if meant := "" if _is_quantity(name) else arguments.meant(name, ARGUMENTS):
            raise Error(f"trajectory: there is no argument {name}{meant}")
    points = arguments.number("points", points, 2, integer=True)
    if t_end is not None and not arguments.number("t_end", t_end, 0) > 0:
        raise Error(f"t_end is {t_end:g}, but must be a finite number > 0")
    after = None if after is None else arguments.dataset(after)
    state, t_from = _end_of(after)
    t_start = t_from if t_start is None else arguments.number("t_start", t_start, t_from)
    with _one_point(job, set, cpu, quantities) as session:
        if t_end is None:
            t_end = t_from + _usual_end(session)
        if not t_start < t_end:
            raise Error(f"t_start is {t_start:g}, but must be below t_end, {t_end:g}")
        if state is not None and state.size != 3 * session.n_classes + 2 * session.n_modes:
            raise Error("after is a record of another point: its state has other numbers of classes or modes")
        if after is not None and _of_model(str(after.attrs.get("job_canonical"))) != _of_model(session.text("job_canonical")):
            raise Error("after is a record of another point: its model, start or drive are others")
        t = np.linspace(t_start, t_end, points)
        arrays = session.trajectory(0, t, spins, state, t_from)
        n_classes, text, alpha_factor = session.n_classes, session.text("job_canonical"), session.alpha_factor
        unit, units = _unit(session, 1), {"t": _unit(session, -1), "L": _unit(session, 1)}
    about = {"xi": "overlap with the pattern of the mode", "alpha_re": "real part of the mode's amplitude alpha",
             "alpha_im": "imaginary part of the mode's amplitude alpha", "L": "Lyapunov function", "m": "spin vector of the class"}
    dims = {"L": ("t",), "m": ("t", "class", "xyz")}
    data = xr.Dataset({name: (dims.get(name, ("t", "mode")), values, {"units": units.get(name, "1"), "long_name": about[name]})
                       for name, values in arrays.items()},
                      {"t": ("t", t, {"units": units["t"], "long_name": "time"}),
                       "mode": ("mode", np.arange(1, arrays["xi"].shape[1] + 1, dtype=np.int32))},
                      {"title": "trajectory of one point", "unit": unit, "job_canonical": text, "alpha_factor": alpha_factor})
    if spins:
        data = data.assign_coords({"class": np.arange(n_classes, dtype=np.int32), "xyz": ["x", "y", "z"]})
    return _at(data, quantities)


def _end_of(record):
    """The state and the time at which a record ends; None and 0 without one."""
    if record is None:
        return None, 0.0
    for name in ("m", "beta_re", "beta_im", "t_end"):
        if name not in record:
            raise Error(f'after has no {name}: it must be a record of `point` with set={{"output.state": "final"}}')
    if record["m"].dims != ("class", "xyz") or record["t_end"].ndim:
        raise Error("after must be the record of one point, without axes")
    if not np.isfinite(record["t_end"]):
        raise Error("after has no end: the integration of that point failed")
    return np.concatenate([record["m"].values.T.ravel(), record["beta_re"].values, record["beta_im"].values]), float(record["t_end"])


def _of_model(canonical):
    """The lines of a job that the course of a point depends on, but for errors."""
    return [line for line in canonical.splitlines() if not line.startswith(("solver.", "output.", "title", "unit"))]


def _unit(session, power):
    """Of frequencies and rates (power 1) and of times (-1), by the job's key `unit`, as the file has it (dkm_unit_text)."""
    unit = session.text("unit") or "1"
    return unit if unit == "1" or power == 1 else f"1/({unit})"


def _numbered(data, quantities):
    """With the numbers along groups of axes that were asked for, which are 0 among those that were computed."""
    asked = {name: value for name, value in quantities.items() if np.ndim(value) == 0 and name in data.coords and data[name].size == 1
             and data[name].attrs.get("long_name") == "index of axes that advance together"}
    for name, value in asked.items():
        data = data.assign_coords({name: data[name].copy(data=np.full(data[name].shape, int(value), data[name].dtype))})
    return data


def _at(data, quantities):
    """With the quantities of a point as coordinates."""
    data = _numbered(data, quantities)
    return data.assign_coords({name: value for name, value in quantities.items() if name not in data.variables})


def _usual_end(session):
    """See trajectory."""
    kappa = min(session.quantity(0, "kappa_mu", mode) for mode in range(1, session.n_modes + 1))
    fields = {variable.name: variable for variable in session.of_kind("field")}
    if "t_end" not in fields:
        raise Error("trajectory: t_end (of plot.py: --until) is needed for a job whose records are not those of single trajectories")
    records, *_ = session.run(0, 1)
    settled, rest, t_end = (_values(records, fields[name]).item() for name in ("t_settled", "relaxation_time", "t_end"))
    if not np.isfinite(settled):
        return float(np.clip(t_end, 20 / kappa, 200 / kappa))
    rest = min(rest, 200 / kappa) if np.isfinite(rest) else 0.0
    return float(np.clip(max(2 * settled, rest), 20 / kappa, LONGEST / kappa))


def _one_point(job, set, cpu, quantities):
    for name, value in quantities.items():
        if np.ndim(value):
            raise Error(f"{name}: a point has one value of it, not {np.size(value)}")
    with _by_argument(quantities):
        session = Session(job, _with_quantities(job, set, quantities, False), cpu)
    if session.n_points == 1:
        return session
    missing = [variable.long_name for variable in session.of_kind("coordinate") if variable.is_axis and variable.n_values > 1
               and variable.dims[0] in _dims_of_points(session)]
    session.close()
    raise Error(f"the job has several points: a value is needed for {', '.join(missing)}")


# ---- quantities: what the axes of the job become ----


def _long_name(name):
    """Omega_mu[2] of Omega_mu_2, the name of that axis in files."""
    found = re.fullmatch(r"(Omega_mu|kappa_mu|mixture)_(\d+)", name)
    return f"{found[1]}[{found[2]}]" if found else name


@contextlib.contextmanager
def _by_argument(quantities):
    """What the core says of settings that quantities have become, as said of the arguments that they are."""
    try:
        yield
    except Error as error:
        own = {_long_name(name): name for name in quantities}
        found = re.fullmatch(r"--set .*: axes\.(.+?)\.(?:values\[(\d+)\]|name is wrong:) (.*)", str(error))
        if found and found[1] in own:
            place = f"{own[found[1]]}[{int(found[2]) - 1}] " if found[2] else f"{own[found[1]]}: "
            raise Error(place + _unquoted(found[3])) from None
        for name in own:
            key = key_of(name.partition("[")[0]) if _is_quantity(name) else ""
            found = key and re.fullmatch(rf"--set .*: {re.escape(key)}(?:\[\d+\])? (is .*)", str(error))
            if found:
                raise Error(f"{own[name]}{'[0]' if np.ndim(quantities[own[name]]) else ''} {_unquoted(found[1])}") from None
        raise


def _unquoted(text):
    """NaN and infinities are texts to YAML."""
    return re.sub(r'^is "(\S+)",', r"is \1,", text)


def _base(job, set, quantities):
    """The job as it is read, to see its axes: with a first value of each quantity that it lacks."""
    given = dict(arguments.mapping(set, "set", "{'solver.t_max': 1e5}"))
    while True:
        try:
            return Session(job, given, warn=False)
        except Error as error:
            for name, value in quantities.items():
                key = key_of(_long_name(name).partition("[")[0])
                if key not in given and f"{key} " in f"{error} ".replace(":", " "):
                    first = np.ravel(value)[0].item()
                    given[key] = [first] if key in ("model.Omega_mu", "model.kappa_mu", "initial.mixture") else first
                    break
            else:
                raise


def _with_quantities(job, set, quantities, product):
    """The settings that give the quantities their values."""
    if not quantities:
        return set
    values = {_long_name(name): np.asarray(arguments.numbers(name, value)) for name, value in quantities.items()}
    sizes = {array.size for array in values.values() if array.ndim}
    if any(array.ndim > 1 or array.size == 0 for array in values.values()):
        raise Error("quantities are numbers or arrays of one dimension that are not empty")
    if len(sizes) > 1 and not product:
        raise Error(f"arrays of one length advance together, but these have {', '.join(map(str, sorted(sizes)))} values; "
                    "product=True makes an axis of each")
    own = {_long_name(name): value for name, value in quantities.items()}
    groups, axes = {}, []
    unknown = [name for name in own if not _is_quantity(name)]  # or groups of axes of the job
    try:
        base = _base(job, set, {name: value for name, value in own.items() if name not in unknown})
    except Error:
        for name in unknown:
            key_of(name.partition("[")[0])
        raise
    with base:
        unknown = [name for name in unknown if name not in {dim for variable in base.of_kind("coordinate") for dim in variable.dims}]
        for name in unknown:
            key_of(name)
        for variable in base.of_kind("coordinate"):
            if not variable.is_axis:
                continue
            name, (dim,), at = variable.long_name, variable.dims, base.values(variable)
            if dim != variable.name:
                groups[dim] = variable.n_values
            axes.append((name, dim if dim != variable.name else None, at))
    return _settings(set, axes, groups, values, product)


def _is_quantity(name):
    try:
        key_of(name.partition("[")[0])
    except Error:
        return False
    return True


def _settings(set, axes, groups, values, product):
    scalars, rows = {}, []
    numbers = {name: values.pop(name).item() for name in list(values) if name in groups and not values[name].ndim}
    for dim, i in numbers.items():
        if i != int(i) or not 0 <= i < groups[dim]:
            raise Error(f"{dim} is {i:g}, but must be an integer in 0 ... {groups[dim] - 1}")
        numbers[dim] = int(i)
    kept = {name: (dim, at if dim not in numbers else at[numbers[dim]:numbers[dim] + 1]) for name, dim, at in axes}
    for name, array in values.items():
        if array.ndim:
            kept[name] = (None if product else GROUP, array)
            continue
        if "[" in name:  # of one mode: only an axis has it, of one value here
            kept[name] = (None, array.reshape(1))
            continue
        kept.pop(name, None)
        scalars[key_of(name)] = [array.item()] if name in ("Omega_mu", "kappa_mu", "mixture") else array.item()
    together = [dim for dim, _ in kept.values()]
    for name, (dim, at) in kept.items():
        dim = dim if together.count(dim) > 1 or dim == GROUP or dim in numbers else None  # nothing to advance with
        rows.append({"name": name, "values": at} | ({"zip": dim} if dim else {}))
    return {**(set or {}), "axes": rows, **scalars}


# ---- records: what the fields of the file are ----


def _dims_of_points(session):
    return next(variable.dims for variable in session.of_kind("field") if variable.name == "method")


def _values(records, variable: Variable):
    """One field of records [n, record_bytes], as [n, n_values]."""
    end = variable.offset + variable.n_values * variable.dtype.itemsize
    return np.ascontiguousarray(records[:, variable.offset:end]).view(variable.dtype)


def _attributes(variable: Variable, values=None):
    """As in the file."""
    attributes = {"units": variable.units, "long_name": variable.long_name}
    if variable.kind in ("field", "state"):
        attributes["_FillValue"] = variable.dtype.type(variable.fill)
    if variable.n_flags:
        attributes["flag_values"] = values if variable.kind == "coordinate" else np.arange(variable.n_flags, dtype=np.uint8)
        attributes["flag_meanings"] = variable.flag_meanings
    if variable.comment:
        attributes["comment"] = variable.comment
    return attributes


def _parts(session, states):
    """m [n, class, xyz], beta_re, beta_im [n, mode] of final states."""
    K, M = session.n_classes, session.n_modes
    return {"m": states[:, :3 * K].reshape(-1, 3, K).transpose(0, 2, 1), "beta_re": states[:, 3 * K:3 * K + M],
            "beta_im": states[:, 3 * K + M:]}


def _dataset(session, progress):
    n, dims = session.n_points, _dims_of_points(session)
    fields = session.of_kind("field")
    arrays = {variable.name: np.empty((n, variable.n_values), variable.dtype) for variable in fields}
    states, status, checksum = np.empty((n, session.state_values)), np.empty(n, np.uint8), np.empty(n, np.uint32)
    with Bar(n, progress) as bar:
        for first in range(0, n, BLOCK):
            block = slice(first, min(first + BLOCK, n))
            records, states[block], status[block], checksum[block] = session.run(
                first, block.stop - first, lambda n_done, first=first: bar.update(first + n_done))
            for variable in fields:
                arrays[variable.name][block] = _values(records, variable)
    variables, coordinates = {}, {}
    for variable in session.of_kind("coordinate", "table"):
        values = session.values(variable)
        labels = variable.kind == "coordinate" and (variable.dims == (variable.name,) or variable.dims[0] in dims)
        (coordinates if labels else variables)[variable.name] = (variable.dims, values, _attributes(variable, values))
    arrays |= {"status": status, "checksum": checksum} | (_parts(session, states) if session.state_values else {})
    for variable in session.of_kind("field", "mark", "state"):
        variables[variable.name] = (variable.dims, arrays[variable.name].reshape(variable.shape), _attributes(variable))
    attributes = {name: session.text(name) for name in ("title", "unit", "job", "job_sets", "job_canonical", "task") if session.text(name)}
    return xr.Dataset(variables, coordinates, attributes | {"alpha_factor": session.alpha_factor})
