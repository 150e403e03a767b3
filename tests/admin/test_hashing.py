# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords are hashed as PAM checks them, and what it cannot check is told apart."""

from __future__ import annotations

import ctypes

import pytest
from hashes import KEPT, NOT_KEPT
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.admin import hashing


def verified(password: bytes, hash_: str) -> bool:
    """Ask libcrypt what crypt(3) asks, as pam_unix does."""
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    made: bytes = library.crypt(password, hash_.encode())
    return made == hash_.encode()


@pytest.mark.parametrize("password", [b"x", "C\u00e4rls \\ 'password\" ".encode(), b"\xff" * 511])
def test_a_password_is_right_for_its_hash_and_no_other_is(password: bytes) -> None:
    made = hashing.hashed(password)

    assert verified(password, made)
    assert not verified(password[:-1] + b"!", made)


def test_a_password_is_hashed_by_yescrypt() -> None:
    assert hashing.method(hashing.hashed(b"secret")) == "yescrypt"


def test_two_users_with_one_password_have_different_hashes() -> None:
    assert hashing.hashed(b"secret") != hashing.hashed(b"secret")


@pytest.mark.parametrize(
    ("password", "reason"),
    [(b"", "empty"), (b"x" * 512, "longer"), (b"a\0b", "null byte"), (b"a\rb", "line end")],
)
def test_a_password_that_nobody_could_log_in_with_is_refused(password: bytes, reason: str) -> None:
    with pytest.raises(hashing.NotHashed, match=reason):
        hashing.hashed(password)


@pytest.mark.parametrize("name", KEPT)
def test_a_hash_that_pam_checks_is_known_by_its_method(name: str) -> None:
    found = hashing.method(KEPT[name])

    assert found is not None
    assert name.startswith(found)
    assert verified(b"secret", KEPT[name])


@pytest.mark.parametrize("hash_", NOT_KEPT)
def test_a_hash_that_pam_cannot_check_is_not_taken_for_one(hash_: str) -> None:
    assert hashing.method(hash_) is None


def test_old_methods_are_called_weak_and_new_ones_are_not() -> None:
    weak = {name for name, hash_ in KEPT.items() if hashing.weak(hash_)}

    assert {"DES", "MD5"} <= weak
    assert not {"yescrypt", "scrypt", "bcrypt", "SHA-512"} & weak


@given(st.text(st.characters(codec=None)))
def test_any_text_has_a_method_or_none(text: str) -> None:
    assert hashing.method(text) in {None, *hashing.METHODS}
