# SPDX-License-Identifier: GPL-3.0-or-later
"""Every setting has a test with a server that sets it in each of the three places."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from ftpsd.options import OPTIONS

TESTS = Path(__file__).parents[1]
FILES = sorted([*TESTS.glob("settings/test_*.py"), *TESTS.glob("system/test_*.py")])
SET = re.compile(r"(?:^|\n)([A-Z][A-Za-z]+)=")


def _texts(node: ast.AST, constants: Mapping[str, ast.AST]) -> list[str]:
    """Give the texts in a part of a program, and in the constants of the file that it names."""
    found = []
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            found.append(one.value)
        elif isinstance(one, ast.Name) and one.id in constants:
            found += _texts(constants[one.id], {})
    return found


def set_everywhere(source: str) -> set[str]:
    """Give the settings in a file's tests that are run for each place (`place`)."""
    tree = ast.parse(source)
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return {
        key
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and "place" in {one.arg for one in node.args.args}
        for text in _texts(node, constants)
        for key in SET.findall(text)
    }


@pytest.fixture(scope="module")
def tested() -> set[str]:
    """Give all settings with such a test."""
    return set().union(*(set_everywhere(file.read_text()) for file in FILES))


@pytest.mark.parametrize("name", OPTIONS)
def test_a_setting_is_tested_in_the_main_file_in_a_drop_in_and_in_a_policy(
    name: str, tested: set[str]
) -> None:
    assert name in tested, "a test in tests/settings or tests/system has to take `place` and set it"


def test_only_tests_for_each_place_count() -> None:
    source = (
        'CASES = ["Delete=no"]\n'
        '@mark(CASES)\ndef test_a(place): set(place, "Files", "Write=no")\n'
        'def test_b(other): set("main", "List=no")\n'
        'def helper(place): set("Root=/")\n'
    )

    assert set_everywhere(source) == {"Delete", "Write"}
