# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes manual pages, in the macros of man(7) that groff and mandoc both know."""

from __future__ import annotations

import re
from typing import Final

from ftpsd import __version__

_MARKED: Final = re.compile(r"`([^`]+)`|\b([A-Z][A-Za-z]+=)(?=[\W]|$)|([a-z][\w.@-]*)\(([1-8])\)")
"""What is set apart in a sentence: `literals`, settings, and manual pages."""


def escape(text: str) -> str:
    """Give text that roff shows as it stands, on one line."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("\n", " ")
    return f"\\&{text}" if text[:1] in (".", "'") else text


def sentence(text: str) -> str:
    """Give text with what is marked in it in bold or italics."""
    parts, end = [], 0
    for found in _MARKED.finditer(text):
        literal, setting, page, number = found.groups()
        parts.append(escape(text[end : found.start()]))
        if literal or page:
            parts.append(f"\\fB{escape(literal or page)}\\fR" + (f"({number})" if number else ""))
        else:
            parts.append(f"\\fI{escape(setting)}\\fR")
        end = found.end()
    line = "".join([*parts, escape(text[end:])])
    return f"\\&{line}" if line[:1] in (".", "'") else line


class Page:
    """One manual page, written from its top to its end."""

    def __init__(self, name: str, number: int, purpose: str) -> None:
        """Begin the page `name`(`number`). It has no date: the same tree gives the same page."""
        title = escape(name)
        self._lines = [
            '.\\" Made by "ftpsd manual" from the tables in the code.',
            f'.TH "{title.upper()}" {number} "" "ftpsd {__version__}" "ftpsd"',
        ]
        self.section("Name")
        self._lines.append(f"{title} \\- {sentence(purpose)}")

    def section(self, title: str) -> None:
        """Begin a section."""
        self._lines.append(f'.SH "{escape(title.upper())}"')

    def subsection(self, title: str) -> None:
        """Begin a part of a section."""
        self._lines.append(f'.SS "{escape(title)}"')

    def text(self, *paragraphs: str) -> None:
        """Add paragraphs."""
        for one in paragraphs:
            # A heading begins one by itself: mandoc(1) complains about another.
            if not self._lines[-1].startswith((".SH ", ".SS ")):
                self._lines.append(".PP")
            self._lines.append(sentence(one))

    def item(self, term: str, *paragraphs: str) -> None:
        """Add a term, and below it what there is to say about it."""
        self._lines += [".TP", f"\\fB{escape(term)}\\fR"]
        first, *others = paragraphs
        self._lines.append(sentence(first))
        for one in others:
            self._lines += [".IP", sentence(one)]

    def example(self, text: str) -> None:
        """Add lines that are shown as they stand."""
        lines = [escape(line) or "\\&" for line in text.strip("\n").split("\n")]
        self._lines += [".PP", ".RS 4", ".nf", *lines, ".fi", ".RE"]

    def __str__(self) -> str:
        """Give the page."""
        return "\n".join(self._lines) + "\n"
