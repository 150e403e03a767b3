# SPDX-License-Identifier: GPL-3.0-or-later
"""Wildcards, as a shell has them, in time that no pattern can make long."""

from __future__ import annotations

import itertools
import re
import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ftpsd import limits
from ftpsd.protocol.pattern import Pattern, TooWide, alternatives, has_wildcard


def matches(pattern: str | list[str], path: str) -> bool:
    """Say whether `path` fits, going from name to name as one does in directories."""
    compiled = Pattern([pattern] if isinstance(pattern, str) else pattern)
    state, last = compiled.start, 0
    for name in path.split("/"):
        last = compiled.along(state, name)
        state = compiled.into(last)
    return compiled.fits(last)


def obviously(pattern: str, name: str) -> bool:
    """Say the same of one name, trying everything."""
    if not pattern:
        return not name
    first, rest = pattern[0], pattern[1:]
    if first == "*":
        return any(obviously(rest, name[at:]) for at in range(len(name) + 1))
    found = re.match(r"\[([!^]?)(\][^]]*|[^]]+)\]", pattern, re.DOTALL)
    if found and name:
        inside = re.findall(r"(.)-(.)|(.)", found[2], re.DOTALL)
        within = any(low <= name[0] <= high if low else name[0] == one for low, high, one in inside)
        return within != bool(found[1]) and obviously(pattern[found.end() :], name[1:])
    return bool(name) and first in ("?", name[0]) and obviously(rest, name[1:])


def obviously_path(pattern: str, path: str) -> bool:
    """Say the same of a path: each name by itself, hidden ones only where the dot is written."""
    parts, names = pattern.split("/"), path.split("/")
    return len(parts) == len(names) and all(
        one and obviously(one, name) and (name[:1] != "." or one[0] == ".")
        for one, name in zip(parts, names, strict=True)
    )


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("*", "anything"),
        ("***", "x"),
        ("a*", "a"),
        ("*.txt", "a.txt"),
        (".*", ".hidden"),
        (".[h]?dden", ".hidden"),
        ("a.*", "a.b"),
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
        ("[a-cb-e]", "e"),
        ("[b-da-z]", "y"),
        ("[!b-dc-f]", "g"),
        ("[^^]", "a"),
        ("[a-c-e]", "-"),
        ("[--z]", "a"),
        ("[\U0010ffff]", "\U0010ffff"),
    ],
)
def test_it_fits(pattern: str, name: str) -> None:
    assert matches(pattern, name)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("", ""),
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
        ("[c-a]", "b"),
        ("[!b-y]", "x"),
        ("*", ".hidden"),
        ("?hidden", ".hidden"),
        ("[.]hidden", ".hidden"),
        ("[!a]hidden", ".hidden"),
        ("*bb", ".b"),
        ("[?]", "x"),
        ("[*]", "x"),
        ("*a*", "bbb"),
    ],
)
def test_it_does_not_fit(pattern: str, name: str) -> None:
    assert not matches(pattern, name)


@pytest.mark.parametrize("text", ["*", "a?", "[x", "a*b", "{a,b}"])
def test_a_pattern_is_told_from_a_name(text: str) -> None:
    assert has_wildcard(text)


@pytest.mark.parametrize("text", ["", "a", "a]b", "a}", "ü"])
def test_a_name_is_told_from_a_pattern(text: str) -> None:
    assert not has_wildcard(text)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("a*/b?/*.txt", "ab/bc/x.txt"),
        ("*/*", "a/b"),
        ("a//./b*", "a/b"),
        ("/a*", "ab"),
        ("*/.h*", "a/.hidden"),
        (".*/*", ".a/b"),
    ],
)
def test_a_path_fits_name_for_name(pattern: str, path: str) -> None:
    assert matches(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*", "a/b"),
        ("a*b", "a/b"),
        ("a?b", "a/b"),
        ("a[/]b", "a/b"),
        ("a[!x]b", "a/b"),
        ("*/*", "a"),
        ("*/*", "a/.b"),
        ("*/*", ".a/b"),
        ("*/..", "a/.."),
        ("../*", "../a"),
    ],
)
def test_a_path_does_not_fit_across_names(pattern: str, path: str) -> None:
    assert not matches(pattern, path)


PATTERN = st.text(st.sampled_from("ab-*?[]!^."), max_size=10)
NAME = st.text(st.sampled_from("ab-]!^.\udc80"), min_size=1, max_size=6)


@settings(max_examples=400)
@given(PATTERN, NAME)
@example("[!]a]b", "bb")
@example("*[a-]*b", "aa-ab")
def test_a_name_fits_as_one_who_tries_everything_says(pattern: str, name: str) -> None:
    if pattern not in (".", "..", ""):
        assert matches(pattern, name) == obviously_path(pattern, name)


@given(st.lists(PATTERN, min_size=1, max_size=4), st.lists(NAME, min_size=1, max_size=4))
@example(["?", "*"], ["]"])
def test_a_path_fits_as_one_who_tries_everything_says(parts: list[str], names: list[str]) -> None:
    if not {"", ".", ".."} & {*parts, *names}:
        pattern, path = "/".join(parts), "/".join(names)
        assert matches(pattern, path) == obviously_path(pattern, path)


@given(
    st.lists(st.lists(PATTERN, min_size=1, max_size=2).map("/".join), max_size=5),
    st.lists(NAME, min_size=1, max_size=2).map("/".join),
)
@example(["*", "b/a"], "x/b/a")
@example(["x", "*"], "x/y")
def test_several_patterns_fit_what_one_of_them_fits(patterns: list[str], path: str) -> None:
    assert matches(patterns, path) == any(matches([one], path) for one in patterns)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_pattern_and_any_name_give_an_answer(pattern: str, name: str) -> None:
    for one in alternatives(pattern):
        matches(one, name)


@given(st.text(min_size=1))
def test_a_name_without_wildcards_fits_itself_alone(name: str) -> None:
    if not has_wildcard(name) and not {"", ".", ".."} & {*name.split("/")}:
        assert matches(name, name)
        assert not matches(name, name + "x")


def test_names_that_alone_can_fit_are_told() -> None:
    pattern = Pattern(["a*/x/y", "b/[c]", "b/d"])
    first = pattern.start
    assert pattern.names(first) is None
    assert pattern.names(pattern.into(pattern.along(first, "ab"))) == ["x"]
    assert pattern.names(pattern.into(pattern.along(first, "b"))) is None
    assert pattern.names(pattern.into(pattern.along(first, "c"))) == []
    assert Pattern(["b", "a/x*", "b"]).names(Pattern(["b", "a/x*", "b"]).start) == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", ["a"]),
        ("{a,b}", ["a", "b"]),
        ("x{a,b}y{c,d}", ["xayc", "xayd", "xbyc", "xbyd"]),
        ("{a,{b,c}d}", ["a", "bd", "cd"]),
        ("{a,}b", ["ab", "b"]),
        ("{a}", ["{a}"]),
        ("{}", ["{}"]),
        ("{a{b,c}}", ["{ab}", "{ac}"]),
        ("{{a},b}", ["b", "{a}"]),
        ("{a,{b,c}", ["{a,b", "{a,c"]),
        ("{a,b", ["{a,b"]),
        ("a,b}", ["a,b}"]),
        ("{a,b}}", ["a}", "b}"]),
        ("x{1/a,2/b}", ["x1/a", "x2/b"]),
        ("{a*,[b,c]}", ["[b", "a*", "c]"]),
    ],
)
def test_braces_stand_for_what_is_between_their_commas(text: str, expected: list[str]) -> None:
    assert sorted(alternatives(text)) == expected


BRACES = st.recursive(
    st.sampled_from(["a", "b", "*", ""]),
    lambda inner: st.lists(st.lists(inner, max_size=2), min_size=2, max_size=3).map(tuple),
    max_leaves=8,
)


def written(tree: Any) -> str:
    if isinstance(tree, str):
        return tree
    return "{" + ",".join("".join(map(written, row)) for row in tree) + "}"


def spread(tree: Any) -> list[str]:
    if isinstance(tree, str):
        return [tree]
    rows = [itertools.product(*map(spread, row)) for row in tree]
    return ["".join(words) for row in rows for words in row]


@given(BRACES)
def test_braces_spread_as_their_tree_says(tree: Any) -> None:
    expected = spread(tree)
    if len(expected) <= limits.PATTERN_ALTERNATIVES:
        assert sorted(alternatives(written(tree))) == sorted(expected)
    else:
        with pytest.raises(TooWide):
            alternatives(written(tree))


def test_as_many_alternatives_as_are_allowed_are_given_and_no_more() -> None:
    assert len(alternatives("{a,b}" * 6)) == limits.PATTERN_ALTERNATIVES
    commas = "," * (limits.PATTERN_ALTERNATIVES - 1)
    assert len(alternatives("{" + commas + "}")) == limits.PATTERN_ALTERNATIVES
    for text in ("{a,b}" * 7, "{," + commas + "}", "{a," * 70 + "}" * 70, "{" + "," * 4000 + "}"):
        with pytest.raises(TooWide):
            alternatives(text)


def test_a_pattern_of_too_many_tokens_is_refused() -> None:
    Pattern(["a" * (limits.PATTERN_TOKENS - 1)])
    with pytest.raises(TooWide):
        Pattern(["a" * 4096] * 2)


@pytest.mark.parametrize(
    ("pattern", "tokens"),
    [
        ("*a" * 1000 + "b", 1002),
        ("*" + "?" * 100 + "a" * 20 + "b", 122),
        ("*[" + "b" * 4090 + "]", 2),
        ("*[" + "b-c" * 1360 + "]x", 3),
        ("{*,a}" * 6 + "?" * 100 + "b", 64 * 102 + 6 * 32),
    ],
    ids=lambda one: str(one)[:12],
)
def test_a_set_of_any_length_is_one_token(pattern: str, tokens: int) -> None:
    compiled = Pattern(alternatives(pattern))

    assert not compiled.fits(compiled.along(compiled.start, "a" * 243))
    assert compiled.tokens == tokens


def test_a_pattern_of_a_thousand_letters_is_held_in_little_memory() -> None:
    letters = "".join(chr(0x100 + 2 * number) for number in range(950))
    tracemalloc.start()
    compiled = Pattern(alternatives("{a,b}{c,d}{e,f}" + letters))
    for number in range(6_000):
        compiled.along(compiled.start, "ace" + chr(0x100 + number))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 8 << 20
    assert len(compiled._seen) <= 4096
