# SPDX-License-Identifier: GPL-3.0-or-later
"""Wildcards in the paths of LIST and NLST, as a shell has them: `*`, `?`, `[a-z]` and `{a,b}`.

A pattern is a row of tokens. Which of them may be next is one number, a bit for each; a letter of a
name moves all bits at once (Baeza-Yates and Gonnet, "A new approach to text searching", 1992). So a
name of n letters takes n steps, whatever the pattern, and each step four operations on a number of
at most `limits.PATTERN_TOKENS` bits. A set of any length is looked up like one letter.
"""

from __future__ import annotations

from ftpsd import limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Ranges = list[tuple[int, int]]

_WILD = "*?["
_BEYOND = 0x110000
"""One more than the last letter there is."""
_MOST_REMEMBERED = 4096


class TooWide(Exception):
    """The pattern stands for more than there is room for."""


def has_wildcard(text: str) -> bool:
    """Say whether `text` may be a pattern and not just a name."""
    return "{" in text or _is_wild(text)


def _is_wild(text: str) -> bool:
    return any(one in text for one in _WILD)


def alternatives(text: str) -> list[str]:
    """Give the patterns that one with `{a,b}` stands for; a brace without a comma is itself.

    Raise `TooWide` if they are more than `limits.PATTERN_ALTERNATIVES`.
    """
    waiting, done = [text], list[str]()
    while waiting:
        one = waiting.pop()
        head, parts, tail = _braces(one)
        if len(waiting) + len(done) + max(1, len(parts)) > limits.PATTERN_ALTERNATIVES:
            raise TooWide
        waiting += [head + part + tail for part in parts]
        if not parts:
            done.append(one)
    return done


def _braces(text: str) -> tuple[str, list[str], str]:
    """Give the parts of the last `{a,b}` that is in no other, and what is before and after it."""
    inside: list[list[int]] = []
    found: list[int] = []
    for place, letter in enumerate(text):
        if letter == "{":
            inside.append([place])
        elif letter == "," and inside:
            inside[-1].append(place)
        elif letter == "}" and inside:
            cuts = inside.pop()
            if len(cuts) > 1:
                found = [*cuts, place]
    if not found:
        return text, [], ""
    parts = [text[found[at - 1] + 1 : found[at]] for at in range(1, len(found))]
    return text[: found[0]], parts, text[found[-1] + 1 :]


class Pattern:
    """Paths with wildcards, all at once, to be followed from directory to directory.

    A state says how far each path has come, 0 that none is left; begin with `start`. A name that
    begins with a dot fits only where the dot is written. `tokens` says how many there are.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        """Take relative paths, such as `alternatives` gives; one with ".." fits nothing.

        Raise `TooWide` if they have more than `limits.PATTERN_TOKENS` letters and sets together.
        """
        self.start = self._ends = self._loops = self._slashes = self._dots = 0
        self._literals: dict[int, str] = {}
        self._seen: dict[str, int] = {}
        tokens: list[Ranges] = []
        for path in paths:
            parts = [part for part in path.split("/") if part not in ("", ".")]
            if parts and ".." not in parts:
                self.start |= 1 << len(tokens)
                for part in parts:
                    self._compile(part, tokens)
                    self._slashes |= 1 << len(tokens) - 1
                self._slashes ^= 1 << len(tokens) - 1
                self._ends |= 1 << len(tokens) - 1
        self.tokens = len(tokens)
        self._edges, self._masks = _alphabet(tokens)

    def _compile(self, part: str, tokens: list[Ranges]) -> None:
        """Add the tokens of one name, and one that no letter fits: what comes after it."""
        first = len(tokens)
        if not _is_wild(part):
            self._literals[first] = part
        if part[0] == ".":
            self._dots |= 1 << first
        at = 0
        while at < len(part):
            letter = part[at]
            end, ranges = _set(part, at) if letter == "[" else (at, _one(letter))
            if letter == "*":
                self._loops |= 1 << len(tokens)
            else:
                tokens.append([(0, _BEYOND)] if letter == "?" else ranges)
            at = end + 1
        tokens.append([])
        if len(tokens) > limits.PATTERN_TOKENS:
            raise TooWide

    def along(self, state: int, name: str) -> int:
        """Give the state after a whole name, from one that `start` or `into` gave."""
        if name[:1] == ".":
            state = (state & self._dots) << 1
            name = name[1:]
        loops, seen = self._loops, self._seen
        for letter in name:
            fits = seen.get(letter)
            if fits is None:
                fits = self._look_up(letter)
            state = (state & fits) << 1 | state & loops
            if not state:
                break
        return state

    def _look_up(self, letter: str) -> int:
        """Give the tokens that `letter` fits."""
        if len(self._seen) >= _MOST_REMEMBERED:
            self._seen.clear()
        first, beyond, code = 0, len(self._edges), ord(letter)
        while beyond - first > 1:
            middle = (first + beyond) // 2
            if self._edges[middle] <= code:
                first = middle
            else:
                beyond = middle
        fits = self._seen[letter] = self._masks[first]
        return fits

    def fits(self, state: int) -> bool:
        """Say whether a path ends with the name that led to `state`."""
        return bool(state & self._ends)

    def into(self, state: int) -> int:
        """Give the state in the directory whose name led to `state`."""
        return (state & self._slashes) << 1

    def names(self, state: int) -> list[str] | None:
        """Give the only names that can fit next, `None` if a wildcard is among them."""
        found = set[str]()
        while state:
            lowest = state & -state
            name = self._literals.get(lowest.bit_length() - 1)
            if name is None:
                return None
            found.add(name)
            state ^= lowest
        return sorted(found)


def _one(letter: str) -> Ranges:
    return [(ord(letter), ord(letter) + 1)]


def _set(part: str, at: int) -> tuple[int, Ranges]:
    """Read the `[...]` that begins at `at`: give its last place, and the ranges it is of.

    "]" is a letter where it comes first. A "[" that is never closed is one itself.
    """
    inverted = part[at + 1 : at + 2] in ("!", "^")
    begin = at + 1 + inverted
    end = part.find("]", begin + 1)
    if end < 0:
        return at, _one("[")
    ranges: Ranges = []
    while begin < end:
        last = begin + 2 if part[begin + 1] == "-" and begin + 2 < end else begin
        ranges.append((ord(part[begin]), ord(part[last]) + 1))
        begin = last + 1
    return end, _between(ranges) if inverted else _joined(ranges)


def _joined(ranges: Ranges) -> Ranges:
    """Give the same letters as ranges in order, none of which touch."""
    found: Ranges = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1]:
            found[-1] = found[-1][0], max(high, found[-1][1])
        elif low < high:
            found.append((low, high))
    return found


def _between(ranges: Ranges) -> Ranges:
    """Give all other letters, as `_joined` does."""
    edges = [0, *(edge for both in _joined(ranges) for edge in both), _BEYOND]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [(low, high) for low, high in pairs if low < high]


def _alphabet(tokens: list[Ranges]) -> tuple[list[int], list[int]]:
    """Give the letters at which other tokens begin to fit, and which fit from each of them on."""
    changes = {0: 0}
    for place, ranges in enumerate(tokens):
        for both in ranges:
            for edge in both:
                changes[edge] = changes.get(edge, 0) ^ 1 << place
    edges = sorted(changes)
    fits, masks = 0, list[int]()
    for edge in edges:
        fits ^= changes[edge]
        masks.append(fits)
    return edges, masks
