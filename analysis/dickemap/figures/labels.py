# SPDX-License-Identifier: GPL-3.0-or-later
"""How quantities are called in pictures: a symbol from one table, else the long name that the file has, and the file's unit."""

from __future__ import annotations

import re
import textwrap
from typing import Sequence

import xarray as xr

# {} is the mode, or mu where there are several; others stand for themselves.
SYMBOLS = {
    "g0": "g_0", "Omega": r"\Omega", "Omega_mu": r"\Omega_{}", "kappa_mu": r"\kappa_{}", "gamma_down": r"\gamma_\downarrow",
    "gamma_up": r"\gamma_\uparrow", "gamma_phi": r"\gamma_\phi", "imbalance": r"\eta", "xi": r"\xi_{}", "xi_end": r"\xi_{}",
    "xi_limit": r"\xi_{}", "xi_rms": r"\mathrm{{rms}}\,\xi_{}", "occupation": r"|\alpha_{}|^2",
    "alpha_re": r"\mathrm{{Re}}\,\alpha_{}",
    "alpha_im": r"\mathrm{{Im}}\,\alpha_{}", "x_mean": r"\langle x\rangle", "x_theory": "x", "xi_theory": r"|\xi|",
    "g_crit": r"g_{\mathrm{c}}", "g_retrieve": r"g_{\mathrm{ret}}", "lyapunov": r"\lambda", "L": "L", "L_end": "L", "L_limit": "L",
    "t": "t", "time": "t", "spins_per_class": "N", "E_N": "E_N",
    "state_U": "U", "state_xi": r"\xi_{}", "pattern_xi": r"\xi_{}", "frequency_1": r"\omega_1", "frequency_2": r"\omega_2",
    "period": "T", "relaxation_rate": r"\gamma_{\mathrm{relax}}", "t_end": r"t_{\mathrm{end}}", "t_settled": r"t_{\mathrm{settled}}",
    "beta_re": r"\mathrm{{Re}}\,\beta_{}", "beta_im": r"\mathrm{{Im}}\,\beta_{}",
}
WORDS = {  # short enough for an axis; symbols stand beside those that have one
    "g0": "coupling", "pattern": "pattern of the cue", "mode": "mode", "seed": "seed", "overlap": "overlap of the start",
    "perturbation": "tilt (tangent)", "flip": "share of flipped spins", "flip_exactly": "flipped spins",
    "duration": "duration of the drive",
    "pattern_seed": "seed of the patterns", "imbalance": "imbalance",
    "Omega_mu": "frequency of the mode", "kappa_mu": "loss rate of the mode",
    "gamma_down": "decay rate of spins", "gamma_up": "pump rate of spins", "gamma_phi": "dephasing rate of spins",
    "verdict": "verdict", "retrieved": "retrieved pattern",
    "outcome": "outcome",
    "how": "how the end is known", "steps": "steps", "wall_time": "time of computing", "decay_rate": "slowest decay rate",
    "growth_rate": "largest growth rate", "n_unstable": "unstable directions", "n_neutral": "neutral directions",
    "residual": "residual", "amplitude": "amplitude", "n_states": "stationary states", "n_stable": "stable states",
    "probability": "share of decided starts", "log_bound": "logarithm of the bound of $E_N$",
    "log_bound_paper": "logarithm of the paper's bound of $E_N$", "memory_needed": "memory needed",
    "n_inverted": "inverted states", "entropy": "entropy of the outcomes", "relaxation_time": "relaxation time",
    "retrieval": "retrieved, with its sign", "retrieval_either_sign": "retrieved, either sign", "lyapunov": "Lyapunov exponent",
    "fatal_median": "fatal shock, median", "t": "time", "time": "time",
    "spins_per_class": "spins of each class", "L": "Lyapunov function", "period": "period", "xi_error": r"error of $\xi$",
    "sensitive": "sensitive to errors", "limited": "shaped by limits", "period_multiple": "periods of the drive",
    "occupation": "occupation",
    "xi_second": r"second largest $|\xi|$",
}
ITEMS = {"pattern": "cue {}", "mode": r"$\mu$ = {}", "seed": "seed {}", "pattern_seed": "patterns {}", "state": "state {}"}
RATES = ("g0", "Omega", "Omega_mu", "kappa_mu", "gamma_down", "gamma_up", "gamma_phi")  # in the job's unit
TIMES = ("duration",)  # in its inverse
OWN_MODE = r"\nu"  # of the cue, where each panel or curve has its own


def unit_text(units: str | None) -> str:
    """A unit of the file as it stands in a label, "" of numbers: 1/(2 pi kHz) becomes 1/(2π kHz), 1/(MHz) MHz$^{-1}$."""
    if units is None or units in ("1", ""):
        return ""
    inverse, square = re.fullmatch(r"1/\((.*)\)", units), re.fullmatch(r"\((.*)\)\^2", units)
    base = (inverse or square or [units, units])[1]
    text = re.sub(r"\bpi\b", "π", re.sub(r"(\d)[ *]*(?:pi\b|π)", r"\1π", base))
    text = re.sub(r"π *\* *", "π ", text)
    text = re.sub(r"\bus\b", "µs", text)
    text = re.sub(r"\b(kappa|Omega|omega)\b", lambda found: f"$\\{found[1]}$", text)
    per = re.fullmatch(r"1/(\S+)", text)
    is_one = re.fullmatch(r"[^\W\d_π]+|\$.*\$", text) is not None  # a name, whose exponent is of nothing else
    if inverse:
        return per[1] if per else f"1/({text})" if not is_one else f"1/{text}" if "$" in text else f"{text}$^{{-1}}$"
    if square:
        return f"{per[1]}$^{{-2}}$" if per else f"{text}$^2$" if is_one else f"({text})$^2$"
    return f"{per[1]}$^{{-1}}$" if per else text


def in_unit(units: str | None) -> str:
    """The same behind words: " (MHz)", or nothing."""
    text = unit_text(units)
    return f" ({text})" if text else ""


def units_of(data: xr.Dataset, name: str) -> str | None:
    """Of a variable what the file says; where that says nothing, of a parameter of the job, what the job's unit makes of it."""
    if name in data.variables and "units" in data[name].attrs:
        return data[name].attrs["units"]
    unit = data.attrs.get("unit")
    if unit is None:  # a trajectory file that is older than this attribute: as its times have it
        found = re.fullmatch(r"1/\((.*)\)", str(data["t"].attrs.get("units")) if "t" in data.variables else "")
        unit = found[1] if found else "1"
    base = re.sub(r"_\d+$", "", name)
    return unit if base in RATES else f"1/({unit})" if base in TIMES and unit != "1" else None


def symbol(name: str, mode: object = r"\mu") -> str:
    """In math mode, without the dollars; "" where there is none."""
    found = re.fullmatch(r"(Omega_mu|kappa_mu|mixture)_(\d+)", name)
    base, mode = (found[1], found[2]) if found else (name, mode)
    if base not in SYMBOLS:
        return ""
    pattern = SYMBOLS[base]
    return re.sub(r"_\{\}", lambda _: f"_{{{mode}}}", pattern).replace("{{", "{").replace("}}", "}") if "_{}" in pattern else pattern


def label(data: xr.Dataset, name: str, mode: object = r"\mu", magnitude: bool = False, words: bool = True) -> str:
    """Of an axis or a colour scale: words, symbol and unit."""
    attributes = data[name].attrs if name in data.variables else {}
    sign, unit = symbol(name, mode), unit_text(units_of(data, name))
    sign = rf"$|{sign}|$" if sign and magnitude else f"${sign}$" if sign else ""
    text = WORDS.get(re.sub(r"^(Omega_mu|kappa_mu)_\d+$", r"\1", name), "") if words or not sign else ""
    if not text and not sign:
        long_name = str(attributes.get("long_name", name))
        text = textwrap.fill(name if long_name == name else f"{name}: {long_name}", 40)
    return " ".join(part for part in (text, sign, f"({unit})" if unit else "") if part)


def number(value: float) -> str:
    """Short, with a power of ten where it is needed."""
    text = f"{value:.6g}" if value != 0 and (abs(value) < 1e-3 or abs(value) >= 1e5) else f"{value:.4g}"
    mantissa, e, exponent = text.partition("e")
    if not e:
        return text.replace("-", "−")
    power = f"$10^{{{int(exponent)}}}$"
    return power if mantissa == "1" else f"{mantissa.replace('-', '−')}·{power}"


def item(data: xr.Dataset, name: str, value: object) -> str:
    """A value of an axis, in a title or a legend: cue 3, $g_0$ = 1.2 MHz."""
    if isinstance(value, str):
        return f"{name} {value}"
    if name == "outcome":
        return outcome_text(int(value), outcome_names(data))
    if name in ITEMS:
        return ITEMS[name].format(number(value))
    sign = symbol(name)
    unit = unit_text(units_of(data, name))
    called = f"${sign}$" if sign else WORDS.get(name, name).replace(" (tangent)", "")
    return f"{called} = {number(value)}{' ' + unit if unit else ''}"


def of_modes(name: str, values: Sequence) -> dict[str, object]:
    """Values by the names that files give them: {"g0": ...} of one, {"Omega_mu_1": ..., "Omega_mu_2": ...} of several."""
    return {name: values[0]} if len(values) == 1 else {f"{name}_{i + 1}": value for i, value in enumerate(values)}


def items(data: xr.Dataset, fixed: dict[str, object], width: int = 60) -> str:
    """What was fixed, for a title: on as many lines as it takes."""
    lines, line = [], ""
    for text in (item(data, name, value) for name, value in fixed.items()):
        if line and len(line) + len(text) > width:
            lines, line = [*lines, line], ""
        line = f"{line}, {text}" if line else text
    return "\n".join([*lines, line] if line else lines)


def flag_text(name: str) -> str:
    return name.replace("_", " ")


def outcome_names(data: xr.Dataset) -> dict[int, str]:
    """Of the codes of `outcome` above 100, the verdict's names by the verdict's codes."""
    from .. import verdicts
    from ..counting import OF_VERDICT, SADDLE
    if "outcome" not in data.variables or "flag_meanings" not in data["outcome"].attrs:
        return {}
    return {code - OF_VERDICT: name for code, name in verdicts.meanings_of(data["outcome"]).items()
            if code >= OF_VERDICT and code != SADDLE}


def outcome_text(code: int, of_verdicts: dict[int, str]) -> str:
    """Of a code of `retrieved` or `outcome`."""
    from ..counting import OF_VERDICT, SADDLE
    if code == 0:
        return "no pattern"
    if code == SADDLE:
        return "saddle"
    if code > OF_VERDICT and code - OF_VERDICT in of_verdicts:
        return flag_text(of_verdicts[code - OF_VERDICT])
    if code == 127:
        return "mixture"
    return f"pattern {abs(code)}" + (", upside down" if code < 0 else "")
