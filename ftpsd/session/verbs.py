# SPDX-License-Identifier: GPL-3.0-or-later
"""THE table of commands: what each takes, who handles it, when, what FEAT and HELP say."""

from __future__ import annotations

from ftpsd.protocol import path, reply
from ftpsd.protocol.line import BadLine
from ftpsd.protocol.reply import BadArgument, Reply
from ftpsd.session import events
from ftpsd.session.later import Later

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from ftpsd.protocol import address, argument, extension, long_address, permission
    from ftpsd.session.commands import (
        access,
        attributes,
        checksum,
        copy,
        data_port,
        directory,
        identity,
        place,
        security,
        settings,
        transfer,
    )
    from ftpsd.session.session import Login, Session

    T = TypeVar("T")
else:
    address, argument, extension, long_address, permission = (
        Later(f"ftpsd.protocol.{name}")
        for name in ("address", "argument", "extension", "long_address", "permission")
    )
    access, attributes, checksum, copy, data_port, directory = (
        Later(f"ftpsd.session.commands.{name}")
        for name in ("access", "attributes", "checksum", "copy", "data_port", "directory")
    )
    identity, place, security, settings, transfer = (
        Later(f"ftpsd.session.commands.{name}")
        for name in ("identity", "place", "security", "settings", "transfer")
    )

END_RESTART = ("LIST", "NLST", "MLSD", "USER", "REIN")
"""REST and RANG hold for the next transfer of a file, whatever a client asks in between: some send
HELP and ALLO after REST, and to forget it then would make the rest of a file the whole of it."""
KEEP_RENAME = ("RNFR", "RNTO", "NOOP", "STAT")


class Verb:
    """One command."""

    __slots__ = ("before_login", "feature", "handle", "name", "parse", "syntax", "writes")

    def __init__(  # noqa: PLR0913 - one row of the table
        self,
        name: str,
        handle: Callable[[Session, Any], Reply | None],
        parse: Callable[[str], Any],
        *,
        syntax: str,
        before_login: bool,
        writes: bool,
        feature: str,
    ) -> None:
        """Join what a row says; `verb` makes them, so that parser and handler fit together."""
        self.name = name
        self.handle = handle
        self.parse = parse
        self.syntax = syntax
        self.before_login = before_login
        self.writes = writes
        self.feature = feature


def verb(  # noqa: PLR0913 - one row of the table
    name: str,
    handle: Callable[[Session, T], Reply | None],
    parse: Callable[[str], T],
    syntax: str = "",
    *,
    before_login: bool = False,
    writes: bool = False,
    feature: str = "",
) -> Verb:
    """Make a row; the type checker sees to it that the handler takes what the parser gives."""
    return Verb(
        name,
        handle,
        parse,
        syntax=syntax,
        before_login=before_login,
        writes=writes,
        feature=feature,
    )


_NO, _PATH, _MAYBE_PATH = argument.nothing, argument.path, argument.optional_path
_ANY, _TEXT, _LISTING = argument.anything, argument.required_text, argument.listing
_SUM = extension.path_and_range
_STAMP = "YYYYMMDDhhmmss path"

ROWS = (
    verb("HOST", identity.host, extension.host, "name", before_login=True, feature="HOST"),
    verb("USER", access.name, access.user_name, "name", before_login=True),
    verb("PASS", access.password, access.any_password, "password", before_login=True),
    verb(
        "AUTH",
        security.authenticate,
        security.mechanism,
        "TLS",
        before_login=True,
        feature="AUTH TLS",
    ),
    verb(
        "PBSZ",
        security.protection_buffer,
        security.buffer_size,
        "0",
        before_login=True,
        feature="PBSZ",
    ),
    verb("PROT", security.protect, security.level, "C | P", before_login=True, feature="PROT"),
    verb("CCC", security.clear, _NO, before_login=True),
    verb("ACCT", identity.account, _TEXT, "account", before_login=True),
    verb("QUIT", access.leave, _NO, before_login=True),
    verb("REIN", access.start_over, _NO, before_login=True),
    verb("NOOP", settings.nothing, _ANY, before_login=True),
    verb("SYST", settings.system, _NO, before_login=True),
    verb("CLNT", identity.client, _TEXT, "program", before_login=True, feature="CLNT"),
    verb("CSID", identity.exchange, _TEXT, "facts", before_login=True, feature="CSID"),
    verb("LANG", identity.language, _ANY, "[language]", before_login=True, feature="LANG EN*"),
    verb("HELP", settings.helping, _ANY, "[command]", before_login=True),
    verb("FEAT", settings.features, _NO, before_login=True),
    verb("OPTS", settings.options, _TEXT, "command [options]", before_login=True),
    verb("STAT", settings.status, _LISTING, "[path]", before_login=True),
    verb("TYPE", settings.representation, argument.representation, "A | I"),
    verb("MODE", settings.mode, argument.mode, "S | Z", feature="MODE Z"),
    verb("STRU", settings.structure, argument.structure, "F"),
    verb("ALLO", transfer.allocate, argument.allocation, "bytes", writes=True),
    verb("AVBL", place.space, _MAYBE_PATH, "[path]", writes=True, feature="AVBL"),
    verb("PWD", place.tell, _NO),
    verb("CWD", place.enter, _PATH, "path"),
    verb("CDUP", place.enter_parent, _NO),
    verb("MKD", place.make, _PATH, "path", writes=True),
    verb("RMD", place.remove_directory, _PATH, "path", writes=True),
    verb("DELE", place.delete, _PATH, "path", writes=True),
    verb("RNFR", place.rename_from, _PATH, "path", writes=True),
    verb("RNTO", place.rename_to, _PATH, "path", writes=True),
    verb("SIZE", attributes.size, _PATH, "path", feature="SIZE"),
    verb("MDTM", attributes.modified, _PATH, "[YYYYMMDDhhmmss] path", feature="MDTM"),
    verb(
        "MFMT",
        attributes.set_modified,
        argument.modify_time_and_path,
        _STAMP,
        writes=True,
        feature="MFMT",
    ),
    verb("MFCT", attributes.set_created, argument.modify_time_and_path, _STAMP, writes=True),
    verb(
        "MFF",
        attributes.set_facts,
        extension.facts_and_path,
        "fact=value;... path",
        writes=True,
        feature="MFF modify;unix.mode;unix.gid;",
    ),
    verb("HASH", checksum.chosen, _PATH, "path"),
    verb("XCRC", checksum.xcrc, _SUM, "path", feature="XCRC"),
    verb("XMD5", checksum.xmd5, _SUM, "path", feature="XMD5"),
    verb("XSHA", checksum.xsha1, _SUM, "path", feature="XSHA"),
    verb("XSHA1", checksum.xsha1, _SUM, "path", feature="XSHA1"),
    verb("XSHA256", checksum.xsha256, _SUM, "path", feature="XSHA256"),
    verb("XSHA512", checksum.xsha512, _SUM, "path", feature="XSHA512"),
    verb("MD5", checksum.md5, _PATH, "path", feature="MD5"),
    verb("REST", transfer.restart, argument.offset, "offset", feature="REST STREAM"),
    verb("RANG", transfer.part, extension.byte_range, "first last", feature="RANG STREAM"),
    verb("PASV", data_port.passive, _NO, feature="PASV"),
    verb("EPSV", data_port.extended_passive, address.extended_passive, "[1|2|ALL]", feature="EPSV"),
    verb("LPSV", data_port.long_passive, _NO, feature="LPSV"),
    verb("PORT", data_port.active, address.parse_port, "h1,h2,h3,h4,p1,p2"),
    verb("EPRT", data_port.extended_active, address.parse_eprt, "|1|address|port|", feature="EPRT"),
    verb(
        "LPRT",
        data_port.long_active,
        long_address.parse_lprt,
        "af,hal,h1,...,pal,p1,p2",
        feature="LPRT",
    ),
    verb("ESTA", data_port.established_active, _NO, feature="ESTA"),
    verb("ESTP", data_port.established_passive, _NO, feature="ESTP"),
    verb("RETR", transfer.retrieve, _PATH, "path"),
    verb("STOR", transfer.store, _PATH, "path", writes=True),
    verb("APPE", transfer.append, _PATH, "path", writes=True),
    verb("STOU", transfer.store_unique, _MAYBE_PATH, "[path]", writes=True),
    verb(
        "COMB",
        copy.combine,
        extension.paths,
        "target source...",
        writes=True,
        feature="COMB target;source_list",
    ),
    verb("LIST", directory.long, _LISTING, "[-aAdFhlrRSt] [path]"),
    verb("NLST", directory.names, _LISTING, "[-a] [path]"),
    verb("MLSD", directory.facts, _MAYBE_PATH, "[path]"),
    verb("MLST", attributes.facts, _MAYBE_PATH, "[path]"),
    verb("ABOR", transfer.abort, _NO),
    verb("SMNT", identity.mount, _TEXT, "path"),
    verb("SITE", settings.site, _TEXT, "command"),
)

OLDER = {"XPWD": "PWD", "XCWD": "CWD", "XCUP": "CDUP", "XMKD": "MKD", "XRMD": "RMD"}
"""Names from before RFC 959 (RFC 775), which some clients still send."""

VERBS = {row.name: row for row in ROWS}
VERBS.update({older: VERBS[name] for older, name in OLDER.items()})

SITE = {
    row.name: row
    for row in (
        verb(
            "CHMOD", attributes.set_mode, permission.permission_and_path, "mode path", writes=True
        ),
        verb("UMASK", attributes.mask, argument.optional_octal, "[mask]", writes=True),
        verb("UTIME", attributes.set_time, extension.utime, _STAMP, writes=True),
        verb("IDLE", settings.idle, argument.optional_number, "[seconds]"),
        verb("CPFR", copy.copy_from, _PATH, "path", writes=True),
        verb("CPTO", copy.copy_to, _PATH, "path", writes=True),
        verb("MKDIR", place.make, _PATH, "path", writes=True),
        verb("RMDIR", place.remove_tree, _PATH, "path", writes=True),
        verb("SYMLINK", place.link, extension.words, "target path", writes=True),
        verb("QUOTA", place.quota, _NO, writes=True),
        verb("HELP", settings.site_help, _ANY),
    )
}

HTTP = ("GET", "POST", "HEAD", "PUT", "OPTIONS", "CONNECT")
"""A browser was talked into connecting here; nothing more of its request is read."""


REFUSED_ALWAYS = ("SMNT", "MFCT", "CCC")
"""Known, and answered with the reason why there is no such thing here; HELP does not list them."""


NEED_CERTIFICATE = ("AUTH", "PBSZ", "PROT")
RIGHTS = {
    "download": ("RETR", "HASH", "XCRC", "XMD5", "XSHA", "XSHA1", "XSHA256", "XSHA512", "MD5"),
    "upload": ("STOR", "STOU", "APPE", "COMB", "CPFR", "CPTO", "SYMLINK"),
    "list": ("LIST", "NLST", "MLSD"),
    "make_directory": ("MKD", "MKDIR"),
    "delete": ("RMD", "DELE", "RMDIR", "COMB"),
    "rename": ("RNFR", "RNTO"),
    "chmod": ("CHMOD", "UMASK"),
    "set_modification_time": ("MFMT", "UTIME"),
}
"""Which command is of no use without which option of [Files]; the worker decides in each case."""
_PORTS = {
    **dict.fromkeys(("PASV", "EPSV", "LPSV", "ESTP"), "passive"),
    **dict.fromkeys(("PORT", "EPRT", "LPRT", "ESTA"), "active"),
}
_NEEDED = {
    name: [right for right, those in RIGHTS.items() if name in those]
    for names in RIGHTS.values()
    for name in names
}


def works(row: Verb, session: Session) -> bool:
    """Say whether this user may use a command at all; before a login that is not known."""
    login = session.login
    if login is None:
        return True
    if row.name in _PORTS and not getattr(login, _PORTS[row.name]):
        return False
    if row.writes and login.read_only:
        return False
    return all(right in login.rights for right in _NEEDED.get(row.name, ()))


def permitted(name: str, login: Login | None) -> bool:
    """Say whether AllowCommands= and DenyCommands= let a command be, which QUIT always is."""
    if login is None or name == "QUIT":
        return True
    allowed = login.allow_commands
    sites = any(one.startswith("SITE_") for one in allowed)
    if name == "SITE":
        # Without it none of its commands could be sent.
        fits = sites or name in allowed
    else:
        # Alone it stands for all of them, as in vsftpd's cmds_allowed.
        every = name.startswith("SITE_") and "SITE" in allowed and not sites
        fits = every or name in allowed
    return name not in login.deny_commands and (not allowed or fits)


def listed(row: Verb, session: Session) -> bool:
    """Say whether HELP and FEAT list a command."""
    if row.name in NEED_CERTIFICATE and not security.offered(session):
        return False
    name = f"SITE_{row.name}" if SITE.get(row.name) is row else row.name
    known = permitted(name, session.login) and row.name not in REFUSED_ALWAYS
    return known and works(row, session)


def run(row: Verb, session: Session, text: str) -> Reply | None:
    """Run one command if it may be run now, and give its reply; `None` if it has sent it."""
    if session.login is None and not row.before_login:
        return Reply(reply.NOT_LOGGED_IN, "Log in with USER and PASS first.")
    name = f"SITE_{row.name}" if SITE.get(row.name) is row else row.name
    if not permitted(name, session.login):
        _log(row, session, text, "by AllowCommands= or DenyCommands=")
        return Reply(reply.FILE_UNAVAILABLE, "This command is not allowed here.")
    if not works(row, session):
        return _refuse(row, session, text)
    try:
        return row.handle(session, row.parse(text))
    except BadArgument as bad:
        return Reply(bad.code, bad.text)


def _refuse(row: Verb, session: Session, text: str) -> Reply:
    if row.name in _PORTS:
        _log(row, session, text, f"by {_PORTS[row.name].capitalize()}=")
        # None of these commands has 550 (RFC 959, section 5.4).
        return Reply(reply.NOT_IMPLEMENTED, "This is not allowed here.")
    only_read = row.writes and session.logged_in.read_only
    _log(row, session, text, "read_only" if only_read else "forbidden")
    told = "You may only read here." if only_read else "This is not allowed here."
    return Reply(reply.FILE_UNAVAILABLE, told)


def _log(row: Verb, session: Session, text: str, reason: str) -> None:
    # Of what takes something else than a path nothing is logged: it may be a password.
    takes_path = row.parse in (_PATH, _MAYBE_PATH)
    target = path.resolve(session.logged_in.directory, text) if takes_path else "-"
    session.say_once(events.REFUSED, verb=row.name, path=target, reason=reason)


def answer(session: Session, line: BadLine | str) -> Reply | None:
    """Run one line and give its reply; `None` if there is nothing to say."""
    if isinstance(line, BadLine):
        return Reply(reply.COMMAND_UNKNOWN, f"Not a command: {line.reason}.")
    if not line.strip():
        # Some devices send empty lines to keep the connection open.
        return None
    word, _, text = line.partition(" ")
    # Beyond ASCII some letters would become others.
    name = word.upper() if word.isascii() else word
    row = VERBS.get(name)
    if row is None:
        if name in HTTP and not session.login:
            session.end("an HTTP client", Reply(reply.COMMAND_UNKNOWN, "This is FTP, not HTTP."))
            return None
        return Reply(reply.COMMAND_UNKNOWN, "This command is not known here.")
    login = session.login
    if login is not None:
        if row.name in END_RESTART:
            login.restart, login.range = 0, None
        if row.name not in KEEP_RENAME:
            login.rename_from = None
    return run(row, session, text)
