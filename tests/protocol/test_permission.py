"""Permissions: what chmod(1) takes, and what it makes of a file's bits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.protocol.permission import Permission, permission_and_path
from ftpsd.protocol.reply import BadArgument


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("644", 0o777, 0o644),
        ("0644", 0, 0o644),
        ("4755", 0, 0o755),
        ("0", 0o777, 0),
        ("u+x", 0o644, 0o744),
        ("go-w", 0o666, 0o644),
        ("a=r", 0o777, 0o444),
        ("=", 0o777, 0),
        ("+x", 0o600, 0o711),
        ("u=rwx,go=", 0o644, 0o700),
        ("ug+rw,o-r", 0o004, 0o660),
        ("a+X", 0o644, 0o644),
        ("a+X", 0o744, 0o755),
        ("o=", 0o777, 0o770),
    ],
)
def test_permissions_are_changed_as_chmod_does(text: str, before: int, after: int) -> None:
    assert Permission(text).apply(before, directory=False) == after


def test_a_directory_becomes_searchable_by_a_capital_x() -> None:
    assert Permission("go+X").apply(0o700, directory=True) == 0o711


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [("o+r", 0o3770, 0o3774), ("750", 0o2775, 0o2750), ("0", 0o1777, 0o1000), ("7750", 0, 0o750)],
)
def test_a_directory_that_is_shared_stays_so(text: str, before: int, after: int) -> None:
    assert Permission(text).apply(before, directory=True) == after


@pytest.mark.parametrize("text", ["", "8", "77777", "u", "u+q", "z+r", "u+r,", "+" * 300])
def test_what_chmod_would_not_take_is_refused(text: str) -> None:
    with pytest.raises(BadArgument):
        Permission(text)


def test_a_path_keeps_its_spaces() -> None:
    permission, path = permission_and_path("600  a b ")

    assert (permission.apply(0, directory=False), path) == (0o600, " a b ")


@given(st.text(max_size=20), st.integers(0, 0o7777))
def test_any_text_is_permissions_or_refused(text: str, mode: int) -> None:
    try:
        permission = Permission(text)
    except BadArgument:
        return

    assert 0 <= permission.apply(mode, directory=False) <= 0o777
