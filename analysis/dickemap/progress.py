# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a computation is: a bar in a notebook or on a terminal; elsewhere nothing, unless it is asked for."""

from __future__ import annotations

import sys
import time

INTERVAL = 0.2  # seconds between two pictures of it
WIDTH = 40


def _notebook():
    """IPython's `display` where this is a kernel with a front end, else None."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return sys.modules["IPython.display"].display if shell is not None and hasattr(shell, "kernel") else None


class Bar:
    """To be used in a `with`.  show: True, False, or None for where somebody looks."""

    def __init__(self, total: int, show: bool | None = None):
        self.total, self.n_done, self.note = total, 0, ""
        self._display = _notebook() if show is not False else None
        self._shown = bool(show) if show is not None else bool(self._display) or sys.stderr.isatty()
        self._start = self._printed = time.monotonic()
        self._handle, self._drawn = None, False

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *error: object) -> None:
        if self._drawn:
            self._draw()
            if not self._handle:
                print(file=sys.stderr)

    def line(self) -> str:
        """[####----] 412/800 points, 51.5 %"""
        part = self.n_done / self.total if self.total else 1.0
        full = int(WIDTH * part)
        note = self.note or f"{self.n_done / max(time.monotonic() - self._start, 1e-9):.3g}/s"
        return f"[{'#' * full}{'-' * (WIDTH - full)}] {self.n_done}/{self.total} points, {int(1000 * part) / 10} %, {note}"

    def update(self, n_done: int, total: int | None = None, note: str = "") -> None:
        self.n_done, self.total, self.note = n_done, self.total if total is None else total, note
        now = time.monotonic()
        if self._shown and now - self._printed >= INTERVAL:
            self._printed, self._drawn = now, True
            self._draw()

    def _draw(self):
        if self._display is None:
            print(f"\r{self.line()}\033[K", end="", file=sys.stderr, flush=True)
        elif self._handle is None:
            self._handle = self._display({"text/plain": self.line()}, raw=True, display_id=True)
        else:
            self._handle.update({"text/plain": self.line()}, raw=True)
