# SPDX-License-Identifier: GPL-3.0-or-later
"""THE table of commands: what each takes, who handles it, when, what FEAT and HELP say."""

from __future__ import annotations

from ftpsd.protocol import address, argument, reply
from ftpsd.protocol.line import BadLine
from ftpsd.protocol.reply import BadArgument, Reply
from ftpsd.session.commands import (
    access,
    attributes,
    data_port,
    directory,
    place,
    settings,
    transfer,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from ftpsd.session.session import Session

    T = TypeVar("T")

KEEP_RESTART = ("REST", "PASV", "EPSV", "PORT", "EPRT", "TYPE", "NOOP", "STAT", "OPTS", "ALLO")
"""REST holds for the transfer that follows; only what prepares it may stand in between."""


class Verb:
    """One command."""

    __slots__ = ("before_login", "feature", "handle", "name", "parse", "syntax")

    def __init__(  # noqa: PLR0913 - one row of the table
        self,
        name: str,
        handle: Callable[[Session, Any], Reply | None],
        parse: Callable[[str], Any],
        *,
        syntax: str,
        before_login: bool,
        feature: str,
    ) -> None:
        """Join what a row says; `verb` makes them, so that parser and handler fit together."""
        self.name = name
        self.handle = handle
        self.parse = parse
        self.syntax = syntax
        self.before_login = before_login
        self.feature = feature


def verb(  # noqa: PLR0913 - one row of the table
    name: str,
    handle: Callable[[Session, T], Reply | None],
    parse: Callable[[str], T],
    syntax: str = "",
    *,
    before_login: bool = False,
    feature: str = "",
) -> Verb:
    """Make a row; the type checker sees to it that the handler takes what the parser gives."""
    return Verb(name, handle, parse, syntax=syntax, before_login=before_login, feature=feature)


def command_word(text: str) -> str:
    """Read one optional word."""
    return text


_NO, _PATH, _MAYBE_PATH = argument.nothing, argument.path, argument.optional_path
_ANY, _TEXT = argument.anything, argument.required_text
_WHERE, _FILE = "h1,h2,h3,h4,p1,p2", "path"

ROWS = (
    verb("USER", access.name, access.user_name, "name", before_login=True),
    verb("PASS", access.password, access.any_password, "password", before_login=True),
    verb("QUIT", access.leave, _NO, before_login=True),
    verb("REIN", access.start_over, _NO, before_login=True),
    verb("NOOP", settings.nothing, _ANY, before_login=True),
    verb("SYST", settings.system, _NO, before_login=True),
    verb("HELP", settings.helping, _ANY, "[command]", before_login=True),
    verb("FEAT", settings.features, _NO, before_login=True),
    verb("OPTS", settings.options, _TEXT, "command [options]", before_login=True),
    verb("STAT", settings.status, argument.listing, "[path]", before_login=True),
    verb("TYPE", settings.representation, argument.representation, "A | I"),
    verb("MODE", settings.mode, argument.mode, "S"),
    verb("STRU", settings.structure, argument.structure, "F"),
    verb("ALLO", transfer.allocate, argument.allocation, "bytes"),
    verb("PWD", place.tell, _NO),
    verb("CWD", place.enter, _PATH, _FILE),
    verb("CDUP", place.enter_parent, _NO),
    verb("MKD", place.make, _PATH, _FILE),
    verb("RMD", place.remove_directory, _PATH, _FILE),
    verb("DELE", place.delete, _PATH, _FILE),
    verb("RNFR", place.rename_from, _PATH, _FILE),
    verb("RNTO", place.rename_to, _PATH, _FILE),
    verb("SIZE", attributes.size, _PATH, _FILE, feature="SIZE"),
    verb("MDTM", attributes.modified, _PATH, _FILE, feature="MDTM"),
    verb(
        "MFMT",
        attributes.set_modified,
        argument.modify_time_and_path,
        "YYYYMMDDhhmmss path",
        feature="MFMT",
    ),
    verb("REST", transfer.restart, argument.offset, "offset", feature="REST STREAM"),
    verb("PASV", data_port.passive, _NO, feature="PASV"),
    verb("EPSV", data_port.extended_passive, address.extended_passive, "[1|2|ALL]", feature="EPSV"),
    verb("PORT", data_port.active, address.parse_port, _WHERE),
    verb("EPRT", data_port.extended_active, address.parse_eprt, "|1|address|port|", feature="EPRT"),
    verb("RETR", transfer.retrieve, _PATH, _FILE),
    verb("STOR", transfer.store, _PATH, _FILE),
    verb("APPE", transfer.append, _PATH, _FILE),
    verb("STOU", transfer.store_unique, _MAYBE_PATH, "[path]"),
    verb("LIST", directory.long, argument.listing, "[-alrtRSFd] [path]"),
    verb("NLST", directory.names, argument.listing, "[-a] [path]"),
    verb("MLSD", directory.facts, _MAYBE_PATH, "[path]"),
    verb("MLST", attributes.facts, _MAYBE_PATH, "[path]"),
    verb("ABOR", transfer.abort, _NO),
    verb("SITE", settings.site, _TEXT, "command"),
)

OLDER = {"XPWD": "PWD", "XCWD": "CWD", "XCUP": "CDUP", "XMKD": "MKD", "XRMD": "RMD"}
"""Names from before RFC 959 (RFC 775), which some clients still send."""

VERBS = {row.name: row for row in ROWS}
VERBS.update({older: VERBS[name] for older, name in OLDER.items()})

SITE = {
    row.name: row
    for row in (
        verb("CHMOD", attributes.set_mode, argument.mode_and_path, "mode path"),
        verb("UMASK", attributes.mask, argument.optional_octal, "[mask]"),
        verb("HELP", settings.site_help, _ANY, before_login=True),
    )
}

KNOWN_ONLY = ("ACCT", "SMNT")
"""Commands of RFC 959 that this server does not have: 502, where an unknown word is 500."""
HTTP = ("GET", "POST", "HEAD", "PUT", "OPTIONS", "CONNECT")
"""A browser was talked into connecting here; nothing more of its request is read."""


def run(row: Verb, session: Session, text: str) -> Reply | None:
    """Run one command if it may be run now, and give its reply; `None` if it has sent it."""
    if session.login is None and not row.before_login:
        return Reply(reply.NOT_LOGGED_IN, "Log in with USER and PASS first.")
    try:
        value = row.parse(text)
    except BadArgument as bad:
        return Reply(bad.code, bad.text)
    return row.handle(session, value)


def answer(session: Session, line: BadLine | str) -> Reply | None:
    """Run one line and give its reply; `None` if there is nothing to say."""
    if isinstance(line, BadLine):
        return Reply(reply.COMMAND_UNKNOWN, f"Not a command: {line.reason}.")
    word, _, text = line.partition(" ")
    name = word.upper()
    if not name:
        # Some devices send empty lines to keep the connection open.
        return None
    row = VERBS.get(name)
    if row is None:
        if name in HTTP and not session.login:
            session.end("an HTTP client", Reply(reply.COMMAND_UNKNOWN, "This is FTP, not HTTP."))
            return None
        code = reply.NOT_IMPLEMENTED if name in KNOWN_ONLY else reply.COMMAND_UNKNOWN
        return Reply(code, "This command is not known here.")
    login = session.login
    if login is not None:
        if row.name not in KEEP_RESTART and row.name not in ("RETR", "STOR", "APPE", "STOU"):
            login.restart = 0
        if row.name not in ("RNFR", "RNTO", "NOOP", "STAT"):
            login.rename_from = None
    return run(row, session, text)
