# SPDX-License-Identifier: GPL-3.0-or-later
import h5py
import matplotlib.image
import numpy as np


def picture(path):
    image = matplotlib.image.imread(path)
    assert image.shape[0] > 300 and image.shape[1] > 400
    assert np.ptp(image[..., :3]) > 0.5  # not blank
    return image


def has_colour(image, colour):
    return bool((abs(image[..., :3] - matplotlib.colors.to_rgb(colour)).max(axis=-1) < 0.02).any())


def test_fig3_shows_one_colour_for_each_pattern(script, closed_forms, tmp_path):
    from dickemap.figures import COLOURS

    result = script("plot_fig3.py", closed_forms, "-o", "fig3.png")
    assert result.returncode == 0, result.stderr
    image = picture(tmp_path / "fig3.png")
    assert all(has_colour(image, colour) for colour in COLOURS)


def test_fig3_draws_what_was_computed(script, closed_forms, tmp_path):
    script("plot_fig3.py", closed_forms, "-o", "right.png")
    with h5py.File(closed_forms, "a") as file:
        file["xi"][20, 0, 0] = 0.3
    script("plot_fig3.py", closed_forms, "-o", "wrong.png")
    assert not np.array_equal(picture(tmp_path / "right.png"), picture(tmp_path / "wrong.png"))


def test_fig3_refuses_a_missing_file(script):
    result = script("plot_fig3.py", "nowhere.h5")
    assert result.returncode == 1 and "nowhere.h5" in result.stderr and "Traceback" not in result.stderr
