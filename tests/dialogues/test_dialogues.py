# SPDX-License-Identifier: GPL-3.0-or-later
r"""Conversations, replayed word for word.

Each *.txt beside this file is one. A line is:

    # …               a comment
    S: text           what the server says next, to the letter; … stands for any text
    C: text           what the client sends; {port} and {p1},{p2} are a port where it then listens
    LOGIN             the client logs in
    DATA< text        what comes over the data connection, to its end; … stands for any text
    DATA> text        what the client sends over the data connection before it closes it
    END               the server hangs up
    TLS               the client does the handshake
    SECURE-LOGIN      the client begins TLS, logs in, and protects its data

    READ-ONLY         (first line) the server was started with --read-only,
    CERTIFICATE       or with a certificate,
    REQUIRE-TLS       or with that and --require-tls,
    REQUIRE-DATA-TLS  or with that and RequireDataTLS=yes

    FILE name = text  a file with this content
    DIR name          a directory
    LINK name = text  a symbolic link
    MODE name = 644   permissions
    TIME name = 20200102030405
                      when it was last written
    NONE name         there is nothing of this name

Before the first S, C or LOGIN these say what there is; from then on, what must be there. In text
and names \r \n \t \\ \xff are the bytes of Python. The client makes a passive data connection as
soon as it is told where; after PROT P or AUTH SSL it is under TLS. Every dialogue goes on in a
check that the server has said no more than is written: NOOP is answered with 200, and nothing else.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from secured import SecureClient
from served import SECONDS, Client, Served, empty, everything

from ftpsd.session.verbs import SITE, VERBS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROTECTION = {
    "200 Data is protected.": True,
    "200 Data is in clear.": False,
    "220 Logged out; send USER.": False,
}
"""Replies after which data connections are under TLS, or no more."""
DIALOGUES = sorted(Path(__file__).parent.glob("*.txt"))


def raw(text: str) -> bytes:
    """Give the bytes that a text of a dialogue stands for."""
    pieces = re.split(r"(\\x[0-9a-f]{2}|\\.)", text)
    known = {"\\r": b"\r", "\\n": b"\n", "\\t": b"\t", "\\\\": b"\\"}
    return b"".join(
        known.get(one) or (bytes.fromhex(one[2:]) if one[:2] == "\\x" else one.encode())
        for one in pieces
    )


def fits(pattern: str, found: bytes) -> bool:
    """Say whether `found` is what `pattern` says."""
    return bool(re.fullmatch(b".*".join(re.escape(raw(one)) for one in pattern.split("…")), found))


class Tree:
    """The directory that is served: made so, then compared."""

    def __init__(self, root: Path) -> None:
        empty(root)
        self._root = root
        self.talking = False

    def _path(self, name: str) -> Path:
        return self._root / os.fsdecode(raw(name))

    def file(self, name: str, text: str) -> None:
        path = self._path(name)
        if not self.talking:
            path.write_bytes(raw(text))
        assert path.read_bytes() == raw(text)

    def dir(self, name: str, _: str) -> None:
        if not self.talking:
            self._path(name).mkdir()
        assert self._path(name).is_dir()

    def link(self, name: str, text: str) -> None:
        if not self.talking:
            self._path(name).symlink_to(text)
        assert str(self._path(name).readlink()) == text

    def mode(self, name: str, text: str) -> None:
        if not self.talking:
            self._path(name).chmod(int(text, 8))
        assert f"{self._path(name).stat().st_mode & 0o7777:o}" == text

    def time(self, name: str, text: str) -> None:
        when = datetime.datetime.strptime(text + "+0000", "%Y%m%d%H%M%S%z").timestamp()
        if not self.talking:
            os.utime(self._path(name), (when, when))
        assert self._path(name).stat().st_mtime == when

    def none(self, name: str, _: str) -> None:
        assert not os.path.lexists(self._path(name))


class Talk:
    """The client's side of one dialogue."""

    def __init__(self, served: Served, tree: Tree, keep: contextlib.ExitStack) -> None:
        self._keep, self._tree = keep, tree
        self.client = keep.enter_context(SecureClient(served, at_once=False))
        self._protects = False
        self.listener: socket.socket | None = None
        self.data: socket.socket | None = None
        self.over = False

    def hear(self, expected: str) -> None:
        self._tree.talking = True
        line = self.client.line()
        assert fits(expected, line.encode("utf-8", "surrogateescape")), f"{expected} | {line}"
        if line in PROTECTION:
            self._protects = PROTECTION[line]
        port = re.search(r"\(\|\|\|(\d+)\|\)", line)
        pair = re.search(r"\((?:4,4,)?127,0,0,1,(?:2,)?(\d+),(\d+)\)", line)
        if line.startswith("229") and port:
            self._connect(int(port[1]))
        elif line[:3] in ("227", "228") and pair:
            self._connect(int(pair[1]) * 256 + int(pair[2]))

    def _connect(self, port: int) -> None:
        self.listener = None
        self.data = self._keep.enter_context(
            socket.create_connection((self.client.served.host, port), SECONDS)
        )

    def say(self, text: str) -> None:
        self._tree.talking = True
        if text.upper() in ("AUTH SSL", "AUTH TLS-P"):
            self._protects = True
        if "{p" in text:
            self.listener = self._keep.enter_context(
                socket.create_server((self.client.served.host, 0))
            )
            self.listener.settimeout(SECONDS)
            port = self.listener.getsockname()[1]
            text = text.format(port=port, p1=port >> 8, p2=port & 255)
        self.client.raw(raw(text) + b"\r\n")

    def login(self, _: str) -> None:
        self._tree.talking = True
        self.hear("220 FTP server ready.")
        Client.login(self.client)

    def shake(self, _: str) -> None:
        self.client.begin()

    def secure_login(self, _: str) -> None:
        self._tree.talking = True
        self.hear("220 FTP server ready.")
        assert self.client.says("AUTH TLS")[:3] == "234"
        self.client.begin()
        self.client.login()
        self._protects = True

    def _take_data(self) -> socket.socket:
        if self.listener is not None:
            self.data = self._keep.enter_context(self.listener.accept()[0])
            self.data.settimeout(SECONDS)
            self.listener = None
        assert self.data is not None
        data, self.data = self.data, None
        return data

    def receive(self, expected: str) -> None:
        with self._take_data() as data:
            found = everything(self.client.protect(data).shake() if self._protects else data)
        assert fits(expected, found), f"{expected} | {found!r}"

    def give(self, text: str) -> None:
        with self._take_data() as data:
            if not self._protects:
                data.sendall(raw(text))
                return
            protected = self.client.protect(data).shake()
            protected.sendall(raw(text))
            protected.notify()

    def end(self, _: str) -> None:
        self.over = True
        assert self.client.ended()


def steps(path: Path) -> Iterator[tuple[str, str]]:
    """Give the lines of a dialogue as word and rest, comments left out."""
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line and not line.startswith("#"):
            word, _, rest = line.partition(" ")
            yield word, rest


def replay(path: Path, served: Served, others: dict[str, Served]) -> None:
    lines = list(steps(path))
    chosen = served
    if lines[0][0] in others:
        chosen = others[lines.pop(0)[0]]
    tree = Tree(chosen.root)
    with contextlib.ExitStack() as keep:
        talk = Talk(chosen, tree, keep)
        talking: dict[str, Callable[[str], None]] = {
            "S:": talk.hear,
            "C:": talk.say,
            "LOGIN": talk.login,
            "DATA<": talk.receive,
            "DATA>": talk.give,
            "END": talk.end,
            "TLS": talk.shake,
            "SECURE-LOGIN": talk.secure_login,
        }
        looking: dict[str, Callable[[str, str], None]] = {
            "FILE": tree.file,
            "DIR": tree.dir,
            "LINK": tree.link,
            "MODE": tree.mode,
            "TIME": tree.time,
            "NONE": tree.none,
        }
        for word, rest in lines:
            if word in talking:
                talking[word](rest)
            else:
                name, _, text = rest.partition(" = ")
                looking[word](name, text)

        assert talk.over or talk.client.in_step()
    assert not chosen.trouble()


@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: path.stem)
def test_the_dialogue_goes_word_for_word(
    path: Path, served: Served, others: dict[str, Served]
) -> None:
    replay(path, served, others)


@pytest.mark.parametrize(
    "name", [*map(str.lower, VERBS), *(f"site_{name.lower()}" for name in SITE)]
)
def test_every_command_has_a_dialogue(name: str) -> None:
    said = [rest for path in DIALOGUES if path.stem == name for word, rest in steps(path)]

    assert any(rest.startswith(name.upper().replace("_", " ")) for rest in said)
