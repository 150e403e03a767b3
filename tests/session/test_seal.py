# SPDX-License-Identifier: GPL-3.0-or-later
"""Outside its sandbox a session refuses to serve."""

from __future__ import annotations

import sys
import types

import pytest

from ftpsd.session import seal


def test_what_is_open_is_named() -> None:
    gaps = set(seal._gaps())

    assert "/etc/passwd is visible" in gaps
    assert "NoNewPrivileges= or SystemCallFilter= is off" in gaps
    assert "it can connect" in gaps


def test_a_process_that_is_not_sealed_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """python3-prctl is not needed for tests; that it was asked first is."""
    asked: list[object] = []
    names = {"set_dumpable": asked.append, "set_name": asked.append}
    monkeypatch.setitem(sys.modules, "prctl", types.SimpleNamespace(**names))

    with pytest.raises(seal.Unsealed):
        seal.seal()
    assert asked == [0, "ftpsd-session"]
