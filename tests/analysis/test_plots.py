# SPDX-License-Identifier: GPL-3.0-or-later
import h5py
import matplotlib.image
import numpy as np
import pytest


def picture(path):
    image = matplotlib.image.imread(path)
    assert image.shape[0] > 300 and image.shape[1] > 400
    assert np.ptp(image[..., :3]) > 0.5  # not blank
    return image


def has_colour(image, colour):
    return bool((abs(image[..., :3] - matplotlib.colors.to_rgb(colour)).max(axis=-1) < 0.02).any())


def test_fig3_shows_one_colour_for_each_pattern(script, closed_forms, tmp_path):
    import plot_fig3

    result = script("plot_fig3.py", closed_forms, "-o", "fig3.png")
    assert result.returncode == 0, result.stderr
    image = picture(tmp_path / "fig3.png")
    assert all(has_colour(image, colour) for colour in plot_fig3.COLOURS)


def test_fig3_draws_what_was_computed(script, closed_forms, tmp_path):
    script("plot_fig3.py", closed_forms, "-o", "right.png")
    with h5py.File(closed_forms, "a") as file:
        file["xi"][20, 0, 0] = 0.3
    script("plot_fig3.py", closed_forms, "-o", "wrong.png")
    assert not np.array_equal(picture(tmp_path / "right.png"), picture(tmp_path / "wrong.png"))


def test_fig3_refuses_a_missing_file(script):
    result = script("plot_fig3.py", "nowhere.h5")
    assert result.returncode == 1 and "nowhere.h5" in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize("arguments", [
    ["--x", "g0", "--y", "pattern", "--select", "mode=2"],
    ["--x", "pattern", "--y", "g0"],
    ["--x", "g0", "--y", "mode", "--select", "pattern=3"],
    ["--x", "g0", "--y", "pattern", "--field", "verdict"],
    ["--x", "g0", "--y", "pattern", "--field", "steps"],
])
def test_maps_of_any_two_axes(script, closed_forms, tmp_path, arguments):
    result = script("plot_map.py", closed_forms, *arguments)
    assert result.returncode == 0, result.stderr
    picture(tmp_path / "map.png")


def test_a_map_takes_the_nearest_value_and_says_so(script, closed_forms):
    result = script("plot_map.py", closed_forms, "--x", "pattern", "--y", "mode", "--select", "g0=1.51")
    assert "g0 = 1.48974" in result.stdout, result.stdout + result.stderr


def test_a_map_follows_the_mode_of_the_cue(script, closed_forms, tmp_path):
    with h5py.File(closed_forms, "a") as file:  # a third axis, so that two are left beside pattern and mode
        for name in list(file):
            if file[name].shape and file[name].shape[:2] == (40, 4):
                values, attributes = file[name][...], dict(file[name].attrs)
                axes = [file[name].dims[i].keys()[0] for i in range(values.ndim)]
                del file[name]
                file[name] = np.stack([values, values], axis=1)
                for i, axis in enumerate([axes[0], "Omega", *axes[1:]]):
                    if "Omega" not in file:
                        file["Omega"] = [0.5, 0.6]
                        file["Omega"].make_scale("Omega")
                    file[name].dims[i].attach_scale(file[axis])
                for key in attributes.keys() & {"_FillValue", "flag_values", "flag_meanings", "units"}:
                    file[name].attrs[key] = attributes[key]
    result = script("plot_map.py", closed_forms, "--x", "g0", "--y", "Omega", "--select", "pattern=3")
    assert "pattern = 3, mode = 3" in result.stdout, result.stdout + result.stderr
    picture(tmp_path / "map.png")


@pytest.mark.parametrize("arguments, message", [
    (["--x", "g0", "--y", "kappa"], "'kappa' is not an axis of xi (axes: g0, pattern, mode)"),
    (["--x", "g0", "--y", "g0"], "must name different axes"),
    (["--x", "g0", "--y", "pattern", "--select", "g0=1"], "must name different axes"),
    (["--x", "g0", "--y", "pattern", "--select", "mode"], "--select mode: expected AXIS=NUMBER"),
    (["--x", "g0", "--y", "pattern", "--select", "mode=two"], "--select mode=two: expected AXIS=NUMBER"),
    (["--x", "g0", "--y", "pattern", "--field", "zeta"], "no field 'zeta'"),
])
def test_a_map_that_cannot_be_drawn_says_why(script, closed_forms, tmp_path, arguments, message):
    result = script("plot_map.py", closed_forms, *arguments)
    assert result.returncode == 1
    assert message in result.stderr and "Traceback" not in result.stderr
    assert not (tmp_path / "map.png").exists()
