# SPDX-License-Identifier: GPL-3.0-or-later
"""The numerical core in this process, through include/dickemap/session.h.

It is found by $DICKEMAP_LIBRARY (the file), beside the program ($DICKEMAP), in build/release next to this package, or where the
system looks for libraries."""

from __future__ import annotations

import ctypes
import ctypes.util
import dataclasses
import difflib
import functools
import os
import pathlib
import signal
import threading
import warnings
from ctypes import POINTER, byref, c_char, c_char_p, c_double, c_int, c_int32, c_int64, c_void_p
from typing import Any, Callable, Mapping

import numpy as np

from . import arguments, jobs
from .errors import Error

VERSION = 4  # DKM_SESSION_VERSION
MESSAGE_BYTES, DIMS = 1024, 27
KINDS = ("coordinate", "table", "field", "mark", "state")  # dkm_session_kind
NAMES = ("libdickemap_core.so", "libdickemap_core.dylib")
QUANTITIES = ("g0", "Omega", "Omega_mu", "kappa_mu", "pattern", "overlap", "perturbation", "seed", "flip", "flip_exactly", "mixture",
              "pattern_seed", "gamma_down", "gamma_up", "gamma_phi", "imbalance", "duration", "spins_per_class")  # axes.name, to be shown
Interrupt = ctypes.CFUNCTYPE(c_int, c_void_p, c_int64)


class CError(ctypes.Structure):
    _fields_ = [("status", c_int), ("message", c_char * MESSAGE_BYTES)]


class CVariable(ctypes.Structure):
    _fields_ = [("kind", c_int32), ("is_axis", c_int32), ("n_dims", c_int32), ("n_flags", c_int32), ("shape", c_int64 * DIMS),
                ("offset", c_int64), ("n_values", c_int64), ("fill", c_double),
                *[(name, c_char_p) for name in ("name", "dims", "type", "units", "long_name", "comment", "flag_meanings")]]


class CRecords(ctypes.Structure):
    _fields_ = [(name, c_void_p) for name in ("records", "states", "status", "checksums")]


class CSamples(ctypes.Structure):
    _fields_ = [("n", c_int64), ("t", c_void_p), ("start", c_void_p), ("t_from", c_double),
                *[(name, c_void_p) for name in ("xi", "alpha_re", "alpha_im", "L", "m")]]


SIGNATURES = {  # result, arguments
    "version": (c_int, []),
    "open": (c_int, [c_char_p, c_char_p, c_int, POINTER(c_char_p), c_char_p, POINTER(c_void_p), POINTER(CError)]),
    "close": (None, [c_void_p]),
    "n_points": (c_int64, [c_void_p]),
    "n_modes": (c_int, [c_void_p]),
    "n_classes": (c_int64, [c_void_p]),
    "alpha_factor": (c_double, [c_void_p]),
    "text": (c_char_p, [c_void_p, c_char_p]),
    "key": (c_char_p, [c_char_p]),
    "n_variables": (c_int, [c_void_p]),
    "describe": (c_int, [c_void_p, c_int, POINTER(CVariable)]),
    "values": (c_int, [c_void_p, c_int, c_void_p, POINTER(CError)]),
    "record_bytes": (c_int64, [c_void_p]),
    "state_values": (c_int64, [c_void_p]),
    "run": (c_int, [c_void_p, c_int64, c_int64, POINTER(CRecords), Interrupt, c_void_p, POINTER(CError)]),
    "quantity": (c_double, [c_void_p, c_int64, c_char_p, c_int]),
    "closed_forms": (c_int, [c_void_p, c_int64, c_void_p, POINTER(CError)]),
    "trajectory": (c_int, [c_void_p, c_int64, POINTER(CSamples), Interrupt, c_void_p, POINTER(CError)]),
}


def find() -> str:
    """Where the library is."""
    if os.environ.get("DICKEMAP_LIBRARY"):
        return os.environ["DICKEMAP_LIBRARY"]
    folders = [pathlib.Path(__file__).resolve().parents[2] / "build" / "release"]
    if os.environ.get("DICKEMAP"):
        program = pathlib.Path(os.environ["DICKEMAP"]).resolve()
        folders[:0] = [program.parent, *sorted(program.parent.parent.glob("lib*")), *sorted(program.parent.parent.glob("lib/*-*"))]
    for folder in folders:
        for name in NAMES:
            if (folder / name).exists():
                return str(folder / name)
    found = ctypes.util.find_library("dickemap_core")
    if not found:
        raise Error(f"{NAMES[0]} was not found, which `cmake --build build/release` makes: DICKEMAP_LIBRARY may name it")
    return found


@functools.lru_cache(maxsize=None)
def load(path: str) -> dict[str, Callable]:
    """{name: function} of the library."""
    try:
        library = ctypes.CDLL(path)
        functions = {name: getattr(library, f"dkm_session_{name}") for name in SIGNATURES}
    except (OSError, AttributeError) as error:
        raise Error(f"{path}: not a library of dickemap that this package can use ({error})") from error
    for name, (result, types) in SIGNATURES.items():
        functions[name].restype, functions[name].argtypes = result, types
    if functions["version"]() != VERSION:
        raise Error(f"{path}: speaks version {functions['version']()} of session.h, and this package version {VERSION}")
    return functions


@dataclasses.dataclass(frozen=True)
class Variable:
    """What the library says of a coordinate, a field, ...; `index` is its number there."""

    index: int
    kind: str
    is_axis: bool
    name: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: np.dtype
    offset: int
    n_values: int
    fill: float
    n_flags: int
    units: str
    long_name: str
    comment: str
    flag_meanings: str

    @classmethod
    def of(cls, index: int, c: CVariable) -> Variable:
        texts = {name: getattr(c, name).decode() for name in ("name", "units", "long_name", "comment", "flag_meanings")}
        return cls(index=index, kind=KINDS[c.kind], is_axis=bool(c.is_axis),
                   dims=tuple(c.dims.decode().split()), shape=tuple(c.shape[:c.n_dims]), dtype=np.dtype(c.type.decode()),
                   offset=c.offset, n_values=c.n_values, fill=c.fill, n_flags=c.n_flags, **texts)


class Session:
    """A job that has been read.  To be used in a `with`, or closed."""

    n_points: int
    n_modes: int
    n_classes: int
    alpha_factor: float
    record_bytes: int
    state_values: int

    def __init__(self, job: jobs.Job, set: Mapping[str, Any] | None = None, cpu: str | None = None, warn: bool = True):
        self._call = load(find())
        self._handle = c_void_p()
        text = jobs.text_of(job)
        if cpu is not None and not isinstance(cpu, str):
            raise Error(f"cpu is {cpu!r}, but must be the name of an instruction set")
        sets = [setting.encode() for setting in jobs.settings(set)]
        self._checked("open", os.fsencode(jobs.NAME if text is not None else job), None if text is None else text.encode(),
                      len(sets), (c_char_p * max(1, len(sets)))(*sets), None if cpu is None else cpu.encode(), byref(self._handle))
        for name in ("n_points", "n_modes", "n_classes", "alpha_factor", "record_bytes", "state_values"):
            setattr(self, name, self._call[name](self._handle))
        self.variables = [Variable.of(i, self._describe(i)) for i in range(self._call["n_variables"](self._handle))]
        if warn and self.text("warning"):
            warnings.warn(self.text("warning"), stacklevel=3)

    def close(self) -> None:
        self._call["close"](self._handle)
        self._handle = c_void_p()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _checked(self, name, *given):
        """Calls a function that may fail."""
        error = CError()
        status = self._call[name](*given, byref(error))
        if status:
            raise Error(error.message.decode(errors="replace"))

    def _describe(self, i):
        variable = CVariable()
        self._call["describe"](self._handle, i, byref(variable))
        return variable

    def text(self, name: str) -> str:
        return self._call["text"](self._handle, name.encode()).decode()

    def quantity(self, i_point: int, name: str, mode: int = 0) -> float:
        return self._call["quantity"](self._handle, i_point, name.encode(), mode)

    def of_kind(self, *kinds: str) -> list[Variable]:
        return [variable for variable in self.variables if variable.kind in kinds]

    def values(self, variable: Variable) -> np.ndarray:
        """Of a coordinate or a table, in its shape and type."""
        values = np.empty(variable.n_values)
        self._checked("values", self._handle, variable.index, values.ctypes.data)
        return values.astype(variable.dtype).reshape(variable.shape)

    def closed_forms(self, i_point: int) -> np.ndarray:
        """[M, 4]: g_crit, g_retrieve, |xi|, |alpha|^2."""
        forms = np.empty((self.n_modes, 4))
        self._checked("closed_forms", self._handle, i_point, forms.ctypes.data)
        return forms

    def run(self, first: int, count: int, report: Callable[[int], None] | None = None) -> tuple[np.ndarray, ...]:
        """Records of points first ... first+count-1 as bytes [count, record_bytes]; final states [count, state_values]; status and
        checksums [count].  report(n_done) is called now and then.  Ctrl-C raises KeyboardInterrupt."""
        records = np.empty((count, self.record_bytes // 8))  # doubles, for their alignment
        states = np.empty((count, self.state_values))
        status, checksums = np.zeros(count, np.uint8), np.zeros(count, np.uint32)
        to = CRecords(records.ctypes.data, states.ctypes.data if self.state_values else None, status.ctypes.data, checksums.ctypes.data)
        self._interruptible(report, lambda interrupt: self._checked("run", self._handle, first, count, byref(to), interrupt, None))
        return records.view(np.uint8), states, status, checksums

    def trajectory(self, i_point: int, t: np.ndarray, spins: bool = False, start: np.ndarray | None = None,
                   t_from: float = 0.0) -> dict[str, np.ndarray]:
        """xi, alpha_re, alpha_im [t, M], L [t] and, if asked for, m [t, K, 3] at ascending times t; from the state `start`
        [3K + 2M] at t_from on, None: from the start of the point at 0."""
        t = np.ascontiguousarray(t, float)
        arrays = {name: np.empty((t.size, self.n_modes)) for name in ("xi", "alpha_re", "alpha_im")} | {"L": np.empty(t.size)}
        if spins:
            arrays["m"] = np.empty((t.size, self.n_classes, 3))
        at = None if start is None else np.ascontiguousarray(start, float)
        to = CSamples(t.size, t.ctypes.data, None if at is None else at.ctypes.data, t_from,
                      **{name: array.ctypes.data for name, array in arrays.items()})
        self._interruptible(None, lambda interrupt: self._checked("trajectory", self._handle, i_point, byref(to), interrupt, None))
        return arrays

    @staticmethod
    def _interruptible(report, work):
        """Python's own handler of Ctrl-C would raise within a callback, where nobody catches it: a flag is set instead."""
        asked = threading.Event()
        previous = signal.getsignal(signal.SIGINT) if threading.current_thread() is threading.main_thread() else None

        @Interrupt
        def interrupt(_, n_done):
            if report:
                report(n_done)
            return asked.is_set()

        if callable(previous):
            signal.signal(signal.SIGINT, lambda number, frame: asked.set())
        try:
            work(interrupt)
        except Error:
            if not asked.is_set():
                raise
        finally:
            if callable(previous):
                signal.signal(signal.SIGINT, previous)
        if asked.is_set():
            raise KeyboardInterrupt


def key_of(quantity: str) -> str:
    """"model.g0" of "g0"."""
    key = load(find())["key"](quantity.encode())
    if key is None:
        near = difflib.get_close_matches(quantity, QUANTITIES, 1, 0.5)
        raise Error(f"{arguments.shown(quantity)} is no quantity of a job{f'; the nearest is {near[0]!r}' if near else ''} "
                    "(jobs/README.md, axes.name)")
    return key.decode()
