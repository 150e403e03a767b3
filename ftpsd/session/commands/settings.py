# SPDX-License-Identifier: GPL-3.0-or-later
"""How to talk, and about what: TYPE MODE STRU OPTS FEAT HELP SITE SYST STAT NOOP."""

from __future__ import annotations

from ftpsd.protocol import facts, reply
from ftpsd.protocol.reply import Reply, clean
from ftpsd.session.later import Later

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ftpsd.protocol.argument import ListRequest
    from ftpsd.session.commands import checksum, directory
    from ftpsd.session.session import Session
else:
    checksum = Later("ftpsd.session.commands.checksum")
    directory = Later("ftpsd.session.commands.directory")


def nothing(_: Session, __: str) -> Reply:
    """Do nothing (NOOP)."""
    return Reply(reply.COMMAND_OK, "OK.")


def system(_: Session, __: None) -> Reply:
    """Name the system (SYST); every server says this, for clients that read LIST by it."""
    return Reply(reply.SYSTEM_TYPE, "UNIX Type: L8")


def representation(session: Session, kind: str) -> Reply:
    """Choose text or bytes (TYPE; RFC 959, section 3.1.1). Without it, bytes are sent."""
    session.logged_in.ascii = kind == "A"
    return Reply(reply.COMMAND_OK, "Text it is." if kind == "A" else "Bytes it is.")


def structure(_: Session, __: str) -> Reply:
    """Accept STRU F, which there is only (RFC 959, section 3.1.2)."""
    return Reply(reply.COMMAND_OK, "File structure.")


def mode(session: Session, kind: str) -> Reply:
    """Choose bytes as they are (MODE S; RFC 959, section 3.4) or as a zlib stream (MODE Z)."""
    session.logged_in.compressed = kind == "Z"
    return Reply(reply.COMMAND_OK, "Compressed." if kind == "Z" else "As a stream.")


def options(session: Session, text: str) -> Reply:
    """Set how another command works (OPTS; RFC 2389, section 4)."""
    name, _, rest = text.partition(" ")
    option = OPTIONS.get(name.upper())
    if option is None:
        return Reply(reply.ARGUMENT_ERROR, "There is no such option.")
    if session.login is None and option is not _utf8:
        return Reply(reply.NOT_LOGGED_IN, "Log in first.")
    return option(session, rest)


def _utf8(_: Session, text: str) -> Reply:
    if text.strip().upper() in ("", "ON"):
        return Reply(reply.COMMAND_OK, "Names are UTF-8, always.")
    return Reply(reply.ARGUMENT_NOT_IMPLEMENTED, "Names are UTF-8, always.")


def _mlst(session: Session, text: str) -> Reply:
    login = session.logged_in
    login.facts = ";".join(facts.select_facts(text))
    told = f" {login.facts};" if login.facts else ""
    return Reply(reply.COMMAND_OK, "MLST OPTS" + told)


_LEVELS = [[str(level)] for level in range(10)]


def _mode(session: Session, text: str) -> Reply:
    words = text.upper().split()
    if words[:2] != ["Z", "LEVEL"] or words[2:] not in _LEVELS:
        return Reply(reply.ARGUMENT_ERROR, "OPTS MODE takes Z LEVEL and 0 to 9.")
    session.logged_in.level = int(words[2])
    return Reply(reply.COMMAND_OK, f"MODE Z LEVEL {words[2]}.")


OPTIONS = {"UTF8": _utf8, "UTF-8": _utf8, "MLST": _mlst, "MODE": _mode, "HASH": checksum.choose}
"""What OPTS can set; each gives the reply."""


def idle(session: Session, wanted: int | None) -> Reply:
    """Tell or set after how many silent seconds to end (SITE IDLE), within what the admin set."""
    if wanted is not None and not 1 <= wanted <= session.logged_in.idle_most:
        most = session.logged_in.idle_most
        return Reply(reply.ARGUMENT_ERROR, f"From 1 to {most} seconds, please.")
    if wanted is not None:
        session.idle_seconds = float(wanted)
    return Reply(
        reply.COMMAND_OK, f"The session ends after {session.idle_seconds:g} silent seconds."
    )


def status(session: Session, asked: ListRequest) -> Reply | None:
    """Tell about this connection, or list a path (STAT)."""
    if asked.raw:
        if session.login is None:
            return Reply(reply.NOT_LOGGED_IN, "Log in first.")
        return directory.status(session, asked)
    login = session.login
    lines = [f"Connected from {session.control.remote}."]
    if login is None:
        lines.append("Not logged in.")
    else:
        lines.append(
            f"Logged in as {clean(login.user)}{', anonymously' if login.anonymous else ''}."
        )
        kind, mode = "A" if login.ascii else "I", "Z" if login.compressed else "S"
        lines.append(f"TYPE {kind}, STRU F, MODE {mode}.")
    lines.append(f"{session.received} bytes received, {session.sent} bytes sent.")
    return Reply(reply.SYSTEM_STATUS, "Status:", *lines, "End.")


def site(session: Session, text: str) -> Reply | None:
    """Run what no RFC has (SITE); its commands are a table of their own."""
    from ftpsd.session.verbs import SITE, run

    name, _, rest = text.partition(" ")
    verb = SITE.get(name.upper())
    if verb is None:
        return Reply(reply.ARGUMENT_NOT_IMPLEMENTED, "SITE HELP lists what there is.")
    return run(verb, session, rest)


def site_help(session: Session, _: str) -> Reply:
    """List the commands of SITE."""
    from ftpsd.session.verbs import SITE, listed

    lines = [
        f"SITE {verb.name} {verb.syntax}".rstrip()
        for verb in SITE.values()
        if listed(verb, session)
    ]
    return Reply(reply.HELP_MESSAGE, "These there are:", *lines, "End.")


def features(session: Session, _: None) -> Reply:
    """List what goes beyond RFC 959 and works now, for this user (FEAT; RFC 2389, section 3)."""
    from ftpsd.session.verbs import VERBS, listed

    known = {name: verb for name, verb in VERBS.items() if listed(verb, session)}
    found = {"UTF8", "TVFS", *(verb.feature for verb in known.values() if verb.feature)}
    if "HASH" in known:
        found.add(checksum.feature(session))
    # It stands for both (RFC 3659, section 7.8), and clients take it as the promise of MLSD.
    if "MLST" in known and "MLSD" in known:
        chosen = session.login.facts if session.login else ";".join(facts.USUAL_FACTS)
        found.add(facts.feature_text(facts.select_facts(chosen)))
    return Reply(reply.SYSTEM_STATUS, "Features:", *sorted(found), "End.")


def helping(session: Session, text: str) -> Reply:
    """List the commands that work for this user, or explain one (HELP)."""
    from ftpsd.session.verbs import VERBS, listed

    if text.strip():
        verb = VERBS.get(text.strip().upper())
        if verb is None:
            return Reply(reply.NOT_IMPLEMENTED, "There is no such command.")
        return Reply(reply.HELP_MESSAGE, f"{verb.name} {verb.syntax}".rstrip())
    words = [name for name, verb in VERBS.items() if listed(verb, session)]
    lines = [words[at : at + 10] for at in range(0, len(words), 10)]
    rows = [" ".join(f"{word:7}" for word in line).rstrip() for line in lines]
    return Reply(reply.HELP_MESSAGE, "Commands:", *rows, "End.")
