# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of figures: what each is called, which way is better, what it is to reach."""

from __future__ import annotations

import statistics
from typing import Final, NamedTuple

BEST: Final = "best"
"""Stands for the peer whose figure is the best."""
OURS: Final = "ftpsd"

Values = dict[str, dict[str, list[float]]]
"""Figures of each server, by name: one value of each round."""


class Figure(NamedTuple):
    """One figure, and how far it may be from that of a peer."""

    name: str
    more: bool
    """Whether more is better."""
    peer: str = BEST
    aim: float | None = None
    """Our figure divided by the peer's: at least this where more is better, else at most."""
    tls_aim: float | None = None
    bound: tuple[float, float] | None = None
    """What our figure itself may be at most, in the clear and over TLS; instead of an aim."""


FIGURES: Final = (
    Figure("RETR MiB/s", True, aim=1.0, tls_aim=1.2),
    Figure("STOR MiB/s", True, aim=1.0, tls_aim=1.2),
    Figure("RETR CPU s/GiB", False, aim=1.0),
    Figure("STOR CPU s/GiB", False, aim=1.0),
    Figure("RETR 4 KiB files/s", True, "pure-ftpd", 1.0),
    Figure("STOR 4 KiB files/s", True, "pure-ftpd", 1.0),
    Figure("SIZE /s", True, "proftpd", 1.0),
    Figure("LIST ms", False, "vsftpd", 1.1),
    Figure("NLST ms", False, aim=1.0),
    Figure("MLSD ms", False, "pure-ftpd", 1.6),
    Figure("banner ms", False, "vsftpd-socket", 1.3),
    Figure("login ms", False, "vsftpd-socket", 1.2),
    Figure("CPU ms/session", False),
    Figure("idle KiB", False, bound=(5120, 8192)),
    Figure("burst ms", False, "vsftpd-socket", 1.5),
)


def _text(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}"


def _cell(values: list[float]) -> str:
    """Give the median, and half the distance between the extremes as percent of it."""
    if not values:
        return "-"
    middle = statistics.median(values)
    if len(values) < 2 or not middle:
        return _text(middle)
    return f"{_text(middle)} ±{50 * (max(values) - min(values)) / middle:.0f}%"


def _compared(figure: Figure, medians: dict[str, float], *, tls: bool) -> list[str]:
    """Give our ratio to the peer, the aim, and whether it is reached."""
    ours = medians.pop(OURS, None)
    if ours is None:
        return ["", "", ""]
    if figure.bound is not None:
        bound = figure.bound[tls]
        return ["", f"≤ {_text(bound)}", "yes" if ours <= bound else "no"]
    peer = figure.peer
    if peer == BEST and medians:
        peer = (max if figure.more else min)(medians, key=medians.__getitem__)
    if not medians.get(peer):
        return ["", "", ""]
    ratio = ours / medians[peer]
    shown = f"{ratio:.2f} of {peer}"
    aim = figure.tls_aim if tls and figure.tls_aim is not None else figure.aim
    if aim is None:
        return [shown, "", ""]
    reached = ratio >= aim if figure.more else ratio <= aim
    return [shown, f"{'≥' if figure.more else '≤'} {aim:g}", "yes" if reached else "no"]


def table(values: Values, *, tls: bool) -> str:
    """Give a table in Markdown: medians with their spread, and ours as ratio and against the aim.

    Figures that FIGURES does not have come after the others, without any aim.
    """
    measured = dict.fromkeys(name for figures in values.values() for name in figures)
    known = [figure for figure in FIGURES if figure.name in measured]
    names = {figure.name for figure in known}
    known += [Figure(name, name.endswith("/s"), peer="") for name in measured if name not in names]
    rows = [["figure", *values, "ratio", "aim", "reached"]]
    for figure in known:
        cells = {server: figures.get(figure.name, []) for server, figures in values.items()}
        medians = {server: statistics.median(all_) for server, all_ in cells.items() if all_}
        compared = _compared(figure, medians, tls=tls)
        rows.append([figure.name, *map(_cell, cells.values()), *compared])
    rule = ["---", *("---:" for _ in rows[0][1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in [rows[0], rule, *rows[1:]])
