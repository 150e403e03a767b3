# SPDX-License-Identifier: GPL-3.0-or-later
"""Outside its sandbox a session refuses to serve."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftpsd.session import seal


def test_what_is_open_is_named() -> None:
    gaps = set(seal._gaps())

    assert "/etc/passwd is visible" in gaps
    assert "NoNewPrivileges= or SystemCallFilter= is off" in gaps
    assert "it can connect" in gaps
    assert "/dev is open" in gaps


def test_what_leads_to_the_closed_place_only_is_not_visible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, link, other = (tmp_path / name for name in ("closed", "link", "other"))
    closed.mkdir()
    other.mkdir()
    link.symlink_to(closed)
    monkeypatch.setattr(seal, "_COVERED", str(closed))

    assert not seal._visible(str(link))
    assert not seal._visible(str(tmp_path / "gone"))
    assert seal._visible(str(other))


def test_another_file_system_is_not_taken_for_the_closed_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Roots of file systems often have the same number."""
    monkeypatch.setattr(seal, "_COVERED", "/proc")
    for place in ("/sys", "/dev", "/"):
        assert seal._visible(place), place


def test_a_process_that_is_not_sealed_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process must stay as it is; that it was asked to close itself first is seen."""
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(seal, "prctl", lambda *asking: asked.append(asking))

    with pytest.raises(seal.Unsealed):
        seal.seal()
    assert asked == [(4, 0), (15, b"ftpsd-session")]
