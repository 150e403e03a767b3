# SPDX-License-Identifier: GPL-3.0-or-later
"""No path leaves the root, and no name is changed on its way."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.protocol.path import name, parent, quoted, resolve

COMPONENTS = st.sampled_from(["..", ".", "", "~", "a", " b ", "..c", "\udcff"])
PATHS = st.lists(COMPONENTS, max_size=8).map("/".join) | st.text()


@pytest.mark.parametrize(
    ("directory", "argument", "path"),
    [
        ("/", "", "/"),
        ("/a", "", "/a"),
        ("/a", "b", "/a/b"),
        ("/a", "/b", "/b"),
        ("/a", "b/", "/a/b"),
        ("/a", "//b///c", "/b/c"),
        ("/a/b", "..", "/a"),
        ("/", "..", "/"),
        ("/a", "../../../etc/passwd", "/etc/passwd"),
        ("/a", "b/../../c", "/c"),
        ("/a", "./.", "/a"),
        ("/a", "...", "/a/..."),
        ("/a", " b ", "/a/ b "),
        ("/a", "~", "/"),
        ("/a", "~/b", "/b"),
        ("/a", "~/../..", "/"),
        ("/a", "~anna", "/a/~anna"),
        ("/a", "b/~", "/a/b/~"),
        ("/a", "/~", "/~"),
    ],
)
def test_a_path_is_resolved_in_its_directory(directory: str, argument: str, path: str) -> None:
    assert resolve(directory, argument) == path


@pytest.mark.parametrize(("argument", "path"), [("~", "/home/a"), ("~/b", "/home/a/b")])
def test_a_tilde_is_the_login_directory(argument: str, path: str) -> None:
    assert resolve("/x", argument, home="/home/a") == path


@given(PATHS, PATHS, PATHS)
def test_no_walk_leaves_the_root(directory: str, argument: str, home: str) -> None:
    path = resolve(directory, argument, home)

    assert path.startswith("/")
    assert path == "/" or not {"", ".", ".."} & set(path[1:].split("/"))


@given(PATHS.filter(lambda text: text != "~" and not text.startswith("~/")))
def test_paths_are_those_of_posix(argument: str) -> None:
    reference = posixpath.normpath("/d/" + argument if argument[:1] != "/" else argument)

    assert resolve("/d", argument) == "/" + reference.lstrip("/")


@pytest.mark.parametrize(
    ("path", "directory", "last"),
    [("/", "/", ""), ("/a", "/", "a"), ("/a/b", "/a", "b"), ("/a/ b ", "/a", " b ")],
)
def test_a_path_is_its_parent_and_its_name(path: str, directory: str, last: str) -> None:
    assert (parent(path), name(path)) == (directory, last)
    assert resolve(directory, last) == path


@pytest.mark.parametrize(
    ("path", "text"), [("/", '"/"'), ('/a"b', '"/a""b"'), ('/"', '"/"""'), ("/ ", '"/ "')]
)
def test_quotes_in_a_path_are_doubled(path: str, text: str) -> None:
    assert quoted(path) == text
