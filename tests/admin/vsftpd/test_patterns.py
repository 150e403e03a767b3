# SPDX-License-Identifier: GPL-3.0-or-later
"""Patterns of vsftpd mean the same in ftpsd, or deny more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.admin.vsftpd.patterns import spans, translate
from ftpsd.options import Settings
from ftpsd.worker.rights import Rights


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", []),
        ("*.mp3", ["*.mp3"]),
        ("{*.mp3,*.mov}", ["*.mp3", "*.mov"]),
        ("a{b,c}d{e,f}?", ["abde?", "abdf?", "acde?", "acdf?"]),
        ("private", ["*private*"]),
        ("{private}", ["private"]),
        ("*.[ab]", ["*.[[]ab]"]),
        ("{/etc*,/root/*.key}", ["etc*", "*.key"]),
        ("a b*", ["a?b*"]),
        ("it's*", ["it?s*"]),
        ("{a*", ["?a*"]),
    ],
)
def test_a_pattern_becomes_patterns_for_names(pattern: str, expected: list[str]) -> None:
    assert translate(pattern) == expected


def test_a_pattern_with_a_slash_is_told() -> None:
    assert spans("/etc*")
    assert not spans("*.mp3")


@given(st.text(max_size=20))
def test_what_comes_out_is_words_without_anything_a_setting_would_take_otherwise(text: str) -> None:
    for one in translate(text):
        assert one.split() == [one]
        assert not set(one) & set("{}/\"'\\%!")


@given(st.text(st.characters(exclude_characters="*?{}/", exclude_categories=["Cs"]), min_size=1))
def test_a_name_without_wildcards_matches_wherever_it_stands(text: str) -> None:
    upload = Rights(Settings(upload_names=tuple(translate(text))))
    assert upload.named("upload", f"before {text} behind")
