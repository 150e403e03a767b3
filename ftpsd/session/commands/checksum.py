# SPDX-License-Identifier: GPL-3.0-or-later
"""Sums of files, so that nothing has to be sent to be compared: HASH, XCRC and its like, MD5."""

from __future__ import annotations

import posix
from _hashlib import new
from zlib import crc32

from ftpsd.protocol import reply
from ftpsd.protocol.reply import Reply, clean
from ftpsd.session.meanwhile import Meanwhile
from ftpsd.session.refusals import failure, refused, unseen
from ftpsd.wire import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ftpsd.session.session import Session

    Range = tuple[int, int] | None
    Handler = Callable[[Session, tuple[str, Range]], Reply]

ALGORITHMS = {
    "SHA-256": "sha256",
    "SHA-512": "sha512",
    "SHA-1": "sha1",
    "MD5": "md5",
    "CRC32": "crc32",
}
"""Names of HASH (draft-bryan-ftpext-hash, section 5), the usual one first, and of OpenSSL."""

_PIECE = 1 << 20
_ABORTED = Reply(reply.LOCAL_ERROR, "Aborted.")


class Crc32:
    """zlib's sum, in the manner of hashlib."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._value = 0

    def update(self, data: bytes) -> None:
        """Add bytes."""
        self._value = crc32(data, self._value)

    def hexdigest(self) -> str:
        """Give the sum in hex."""
        return f"{self._value:08x}"


def _sum(session: Session, file_fd: int, algorithm: str, part: tuple[int, int]) -> str | Reply:
    """Read the bytes from the first up to the second, unless the client aborts. Raise `Gone`."""
    name = ALGORITHMS[algorithm]
    sum_ = Crc32() if name == "crc32" else new(name, usedforsecurity=False)
    offset, end = part
    meanwhile = Meanwhile(session, lambda: f"{algorithm}: {offset} bytes", talks=False)
    while offset < end:
        piece = posix.pread(file_fd, min(_PIECE, end - offset), offset)
        if not piece:
            break
        sum_.update(piece)
        offset += len(piece)
        # A file is always ready: this is to hear the client, between two pieces.
        if not meanwhile.look():
            return meanwhile.aborts(_ABORTED)
    return sum_.hexdigest()


def digest(
    session: Session, argument: str, algorithm: str, part: Range
) -> tuple[str, tuple[int, int], str] | Reply:
    """Give the path, the bytes that were summed, and their sum; or the reply that says why not."""
    target = session.resolve(argument)
    try:
        opened = session.logged_in.files.ask(files.Open(path=target))
    except files.Refused as refusal:
        return unseen(session, "HASH", target, refusal.reason)
    try:
        first, last = part or (0, opened.size - 1)
        if first > opened.size or (part and last >= opened.size):
            return refused(target, "range")
        found = _sum(session, opened.file_fd, algorithm, (first, last + 1))
    except OSError as error:
        return failure(error) or Reply(reply.LOCAL_ERROR, "The file cannot be read.")
    finally:
        posix.close(opened.file_fd)
    return found if isinstance(found, Reply) else (clean(target), (first, last + 1), found)


def chosen(session: Session, argument: str) -> Reply:
    """Tell the sum that OPTS HASH chose, of what RANG chose (HASH; draft-bryan-ftpext-hash)."""
    login = session.logged_in
    part, login.range = login.range, None
    found = digest(session, argument, login.hash, part)
    if isinstance(found, Reply):
        return found
    _, (first, end), value = found
    return Reply(reply.FILE_STATUS, f"{login.hash} {first}-{end} {value} {clean(argument)}")


def _older(algorithm: str) -> Handler:
    """Make the handler of XCRC, XMD5, XSHA and so on, which no document describes but all know."""

    def handle(session: Session, asked: tuple[str, Range]) -> Reply:
        """Tell the sum of a file, or of a part of it."""
        found = digest(session, asked[0], algorithm, asked[1])
        if isinstance(found, Reply):
            return found
        return Reply(reply.FILE_ACTION_OK, found[2].upper())

    return handle


xcrc, xmd5, xsha1 = _older("CRC32"), _older("MD5"), _older("SHA-1")
xsha256, xsha512 = _older("SHA-256"), _older("SHA-512")


def md5(session: Session, argument: str) -> Reply:
    """Tell the MD5 of one file (MD5; draft-twine-ftpmd5)."""
    found = digest(session, argument, "MD5", None)
    if isinstance(found, Reply):
        return found
    return Reply(reply.MD5_OF_FILE, f"{clean(argument)} {found[2].upper()}")


def choose(session: Session, name: str) -> Reply:
    """Choose the sum of HASH, or tell it (OPTS HASH)."""
    wanted = name.strip().upper()
    if wanted and wanted not in ALGORITHMS:
        return Reply(reply.ARGUMENT_ERROR, "These there are: " + ", ".join(ALGORITHMS))
    session.logged_in.hash = wanted or session.logged_in.hash
    return Reply(reply.COMMAND_OK, session.logged_in.hash)


def feature(session: Session) -> str:
    """Give the line of FEAT, the chosen sum marked."""
    marked = session.login.hash if session.login else next(iter(ALGORITHMS))
    names = (f"{name}*" if name == marked else name for name in ALGORITHMS)
    return "HASH " + ";".join(names)
