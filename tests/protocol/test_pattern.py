# SPDX-License-Identifier: GPL-3.0-or-later
"""Wildcards, as a shell has them, in time that no pattern can make long."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.protocol.pattern import has_wildcard, matches


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("", ""),
        ("*", ""),
        ("*", "anything"),
        ("***", "x"),
        ("a*", "a"),
        ("*.txt", "a.txt"),
        ("*.txt", ".txt"),
        ("a*b*c", "aXbYc"),
        ("a*b*c", "abbc"),
        ("?", "ü"),
        ("??", "ab"),
        ("[abc]", "b"),
        ("[a-c]x", "bx"),
        ("[!a-c]", "d"),
        ("[^a-c]", "d"),
        ("[]]", "]"),
        ("[!]]", "a"),
        ("[a-]", "-"),
        ("[-a]", "-"),
        ("[", "["),
        ("a[", "a["),
        ("[a", "[a"),
        ("*[0-9]", "file7"),
        ("*[", "x["),
        ("a]", "a]"),
        ("[*]", "*"),
        ("[?]", "?"),
        ("[[]", "["),
        ("\udcfc*", "\udcfcx"),
    ],
)
def test_it_fits(pattern: str, name: str) -> None:
    assert matches(pattern, name)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("", "a"),
        ("a", ""),
        ("a", "A"),
        ("?", ""),
        ("?", "ab"),
        ("*.txt", "a.txt2"),
        ("a*b", "ac"),
        ("[abc]", "d"),
        ("[abc]", "ab"),
        ("[!abc]", "a"),
        ("[^a]", "a"),
        ("[a-c]", ""),
        ("[?]", "x"),
        ("[*]", "x"),
        ("*a*", "bbb"),
    ],
)
def test_it_does_not_fit(pattern: str, name: str) -> None:
    assert not matches(pattern, name)


@pytest.mark.parametrize("text", ["*", "a?", "[x", "a*b"])
def test_a_pattern_is_told_from_a_name(text: str) -> None:
    assert has_wildcard(text)


@pytest.mark.parametrize("text", ["", "a", "a]b", "ü"])
def test_a_name_is_told_from_a_pattern(text: str) -> None:
    assert not has_wildcard(text)


def test_a_pattern_made_to_take_long_does_not() -> None:
    """A recursive matcher would take 2 to the power of the stars, of which there are a thousand."""
    assert not matches("*a" * 1000 + "b", "a" * 2000)


@given(st.text(st.sampled_from("ab*?")), st.text(st.sampled_from("abc")))
def test_stars_and_question_marks_mean_what_a_regular_expression_says(
    pattern: str, name: str
) -> None:
    known = {"*": ".*", "?": "."}
    reference = "".join(known.get(one, one) for one in pattern)

    assert matches(pattern, name) == bool(re.fullmatch(reference, name, re.DOTALL))


@given(st.text(st.sampled_from("ab*?[]!^-"), max_size=20), st.text(max_size=20))
def test_any_pattern_and_any_name_give_an_answer(pattern: str, name: str) -> None:
    assert matches(pattern, name) in (True, False)


@given(st.text())
def test_a_name_without_wildcards_fits_itself_alone(name: str) -> None:
    if not has_wildcard(name):
        assert matches(name, name)
        assert not matches(name, name + "x")
