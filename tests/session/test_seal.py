# SPDX-License-Identifier: GPL-3.0-or-later
"""Outside its sandbox a session refuses to serve."""

from __future__ import annotations

import pytest

from ftpsd.session import seal


def test_what_is_open_is_named() -> None:
    gaps = set(seal._gaps())

    assert "/etc/passwd is visible" in gaps
    assert "NoNewPrivileges= or SystemCallFilter= is off" in gaps
    assert "it can connect" in gaps


def test_a_process_that_is_not_sealed_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process must stay as it is; that it was asked to close itself first is seen."""
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(seal, "prctl", lambda *asking: asked.append(asking))

    with pytest.raises(seal.Unsealed):
        seal.seal()
    assert asked == [(4, 0), (15, b"ftpsd-session")]
