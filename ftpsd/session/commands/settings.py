# SPDX-License-Identifier: GPL-3.0-or-later
"""How to talk, and about what: TYPE MODE STRU OPTS FEAT HELP SITE SYST STAT NOOP."""

from __future__ import annotations

from ftpsd.protocol import listing, reply
from ftpsd.protocol.reply import Reply, clean
from ftpsd.session.commands import directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ftpsd.protocol.argument import ListRequest
    from ftpsd.session.session import Session


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


def mode(_: Session, __: str) -> Reply:
    """Accept MODE S, which there is only (RFC 959, section 3.4)."""
    return Reply(reply.COMMAND_OK, "Stream mode.")


def options(session: Session, text: str) -> Reply:
    """Set how another command works (OPTS; RFC 2389, section 4)."""
    name, _, rest = text.partition(" ")
    if name.upper() in ("UTF8", "UTF-8"):
        if rest.strip().upper() in ("", "ON"):
            return Reply(reply.COMMAND_OK, "Names are UTF-8, always.")
        return Reply(reply.ARGUMENT_NOT_IMPLEMENTED, "Names are UTF-8, always.")
    if name.upper() == "MLST":
        if session.login is None:
            return Reply(reply.NOT_LOGGED_IN, "Log in first.")
        session.login.facts = ";".join(listing.select_facts(rest))
        chosen = session.login.facts
        return Reply(reply.COMMAND_OK, f"MLST OPTS {chosen}{';' if chosen else ''}")
    return Reply(reply.ARGUMENT_ERROR, "There is no such option.")


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
        lines.append(f"TYPE {'A' if login.ascii else 'I'}, STRU F, MODE S.")
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


def site_help(_: Session, __: str) -> Reply:
    """List the commands of SITE."""
    from ftpsd.session.verbs import SITE

    lines = [f"SITE {verb.name} {verb.syntax}".rstrip() for verb in SITE.values()]
    return Reply(reply.HELP_MESSAGE, "These there are:", *lines, "End.")


def features(session: Session, _: None) -> Reply:
    """List what goes beyond RFC 959 (FEAT; RFC 2389, section 3)."""
    from ftpsd.session.verbs import VERBS

    chosen = session.login.facts if session.login else ";".join(listing.FACTS)
    found = {verb.feature for verb in VERBS.values() if verb.feature}
    lines = sorted(found | {"UTF8", "TVFS", listing.feature_text(listing.select_facts(chosen))})
    return Reply(reply.SYSTEM_STATUS, "Features:", *lines, "End.")


def helping(_: Session, text: str) -> Reply:
    """List the commands, or explain one (HELP)."""
    from ftpsd.session.verbs import VERBS

    if text.strip():
        verb = VERBS.get(text.strip().upper())
        if verb is None:
            return Reply(reply.NOT_IMPLEMENTED, "There is no such command.")
        return Reply(reply.HELP_MESSAGE, f"{verb.name} {verb.syntax}".rstrip())
    words = list(VERBS)
    rows = [
        " ".join(f"{word:5}" for word in words[at : at + 10]) for at in range(0, len(words), 10)
    ]
    return Reply(reply.HELP_MESSAGE, "Commands:", *rows, "End.")
