# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about the tree: how much there is to read, and what is in no file."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST_FILE = 400
ROOT_LINES = 2000
"""What who audits root must read: lines of code, beside the text that explains them."""
OTHERS = {"files", "gate", "owner", "ports", "seccomp", "landlock"}
"""Of the wire, what is said to workers, by them, and to the port broker, and in which order; and
what sessions and workers keep themselves from."""
HIDDEN = {".git", ".venv", "__pycache__", "build", "dist"}
HOSTS = {
    "datatracker.ietf.org",
    "docs.astral.sh",
    "fsf.org",
    "github.com",
    "rfc-editor.org",
    "varlink.org",
    "www.freedesktop.org",
    "www.gnu.org",
    "www.rfc-editor.org",
}
"""Whom the tree may point to; examples have names that nobody has (RFC 2606)."""


def python(*places: str) -> list[Path]:
    return sorted(file for place in places for file in (ROOT / place).rglob("*.py"))


def texts() -> Iterator[tuple[Path, str]]:
    """Give every file of the tree that is text, and not the tools' own."""
    for file in sorted(ROOT.rglob("*")):
        parts = file.relative_to(ROOT).parts
        cached = any(part in HIDDEN or part.endswith(("_cache", ".egg-info")) for part in parts)
        if cached or parts[0] == ".hypothesis" or not file.is_file() or file.suffix == ".pyc":
            continue
        try:
            yield file.relative_to(ROOT), file.read_text("utf-8")
        except UnicodeDecodeError:
            continue


def docstrings(source: str) -> set[int]:
    """Give the numbers of the lines that are docstrings."""
    found: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return found


def code_lines(file: Path, *, with_docstrings: bool = True) -> int:
    """Count the lines that are neither blank nor comment."""
    source = file.read_text()
    skip = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    found: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in (*skip, tokenize.ENDMARKER):
            lines = source.splitlines()[token.start[0] - 1 : token.end[0]]
            found.update(
                number for number, line in enumerate(lines, token.start[0]) if line.strip()
            )
    return len(found if with_docstrings else found - docstrings(source))


def audited() -> list[Path]:
    """List what is helper, wire or leaf, but not what only others than root ever run.

    The helper never loads it (test_cards.py); of the spawner's children it is run by those that
    have become the user.
    """
    leaves = [file for file in (ROOT / "ftpsd").glob("*.py") if file.stem[0] != "_"]
    own = [*python("ftpsd/helper", "ftpsd/wire"), *leaves]
    return [file for file in own if file.stem not in OTHERS]


def test_no_file_is_longer_than_one_can_read() -> None:
    lines = {str(one): len(one.read_text().splitlines()) for one in python("ftpsd", "tests")}

    assert {file: count for file, count in lines.items() if count > LONGEST_FILE} == {}


def test_what_an_auditor_of_root_must_read_is_bounded() -> None:
    counts = {
        str(file.relative_to(ROOT)): code_lines(file, with_docstrings=False) for file in audited()
    }

    assert sum(counts.values()) <= ROOT_LINES, counts


def test_lines_are_counted_as_one_would(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text(
        '"""One.\n\nTwo.\n"""\n\n# three\nx = 1  # four\n\ny = (\n    # no\n    2,\n)\n'
    )

    assert code_lines(file) == 7
    assert code_lines(file, with_docstrings=False) == 4


@pytest.mark.parametrize("file", python("ftpsd"), ids=str)
def test_a_file_begins_with_its_licence_and_says_what_it_is(file: Path) -> None:
    source = file.read_text()

    assert source.startswith("# SPDX-License-Identifier: GPL-3.0-or-later\n")
    assert ast.get_docstring(ast.parse(source))


def test_nothing_waits_to_be_done() -> None:
    waits = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")

    assert [str(one) for one in python("ftpsd") if waits.search(one.read_text())] == []


def test_no_file_points_to_a_host_that_nobody_has_reviewed() -> None:
    found = {
        (str(file), host)
        for file, text in texts()
        for host in re.findall(r"https?://([\w.-]+\.\w+)", text)
        if host not in HOSTS and not re.search(r"(^|\.)example(\.\w+)?$", host)
    }

    assert sorted(found) == []


def test_every_bound_is_used() -> None:
    declared = re.findall(r"^([A-Z_]+) =", (ROOT / "ftpsd/limits.py").read_text(), re.MULTILINE)
    source = "".join(file.read_text() for file in python("ftpsd"))

    assert [name for name in declared if f"limits.{name}" not in source] == []


@pytest.mark.parametrize("place", ["protocol", "wire", "worker", "ports", "owner"])
def test_every_module_of_a_tested_package_has_tests_beside_it(place: str) -> None:
    """The messages of an interface are tested together, in test_codec.py."""
    together = (
        {"files", "helper", "ports", "owner", "binding", "spawn", "introspection"}
        if place == "wire"
        else set()
    )
    modules = {file.stem for file in python(f"ftpsd/{place}")} - {"__init__"} - together
    tested = {file.stem.removeprefix("test_") for file in python(f"tests/{place}")}

    assert modules - tested == set()


def test_to_enable_the_port_is_to_enable_all_that_it_needs_and_to_disable_it_likewise() -> None:
    enabled = {one.name for one in (ROOT / "units").glob("*.socket")} - {"ftpsd.socket"}
    also = re.findall("(?m)^Also=(.*)$", (ROOT / "units/ftpsd.socket").read_text())

    assert set(" ".join(also).split()) == enabled


def test_a_test_has_its_own_name() -> None:
    for file in python("tests"):
        functions = [
            node.name
            for node in ast.parse(file.read_text()).body
            if isinstance(node, ast.FunctionDef)
        ]
        assert len(set(functions)) == len(functions), file


def test_a_test_waits_for_what_happens_and_not_for_time() -> None:
    """What does not announce itself is asked for again, by one helper, not in the tests."""
    sleeping = [
        str(file.relative_to(ROOT))
        for file in python("tests")
        if file.name.startswith("test_")
        and "system" not in file.parts
        and re.search(r"\btime[.]sleep\(", file.read_text())
    ]

    assert sleeping == []
