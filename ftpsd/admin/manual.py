# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual pages: ftpsd.conf(5), ftpsd(8) and ftpsdctl(8), made from the tables."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING, Final

from ftpsd.admin import control, serve
from ftpsd.admin.roff import Page
from ftpsd.admin.texts import CONDITIONS, FORMS, PURPOSES, SECTIONS, SPECIFIERS, holder
from ftpsd.options import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

_WIDE: Final = 10_000
"""Columns for argparse, which would break lines as the terminal of whoever installs is wide."""
_HOLDERS: Final = {
    "helper": "Enforced by ftpsd-helper.service.",
    "worker": "Enforced by the worker, which is the user.",
    "ports": "Enforced by ftpsd-ports.service.",
    "owner": "Enforced by ftpsd-owner.service.",
    "session": "Enforced by the session, ftpsd@.service.",
    "told": "Enforced by ftpsd-helper.service, which the session tells of TLS.",
    "writing": "Enforced by the worker, and by the session while it writes.",
}
_KEYGEN: Final = "ftpsd keygen [FILE]"
_FILES: Final = {
    "/etc/ftpsd/ftpsd.conf, ftpsd.conf.d/*.conf, policies.d/*.conf": "Settings, see ftpsd.conf(5).",
    "/etc/ftpsd/greetings/NAME": "Texts that clients are greeted with, see Greeting=.",
    "/etc/pam.d/ftpsd": "How passwords are checked, and who needs no valid shell.",
    "/etc/ftpusers": "Accounts that do not get in, one a line.",
    "/etc/userdb/NAME.user": "Users made by ftpsdctl(8).",
}
_CREDENTIALS: Final = {
    "ftpsd.pem": "Key and certificate chain; or apart, `ftpsd.key` and `ftpsd.crt`.",
    "ftpsd.NAME.pem": "Those for clients that ask for the server NAME.",
    "ftpsd.self-signed": "What ftpsd-keygen.service has made, for as long as there is no other.",
    "ftpsd.ca": "Authorities that sign the certificates of clients, see ClientCertificate=.",
}
_UNITS: Final = {
    "ftpsd.socket": "The port. systemd accepts, and starts one instance for each connection.",
    "ftpsd@.service": "A session. It speaks FTP and TLS, and has no files, no network and no "
    "identity.",
    "ftpsd-helper.service": "Checks passwords as root, applies the settings, and starts a worker "
    "for each login: the user, who opens the files. It has no network.",
    "ftpsd-ports.service": "Opens data connections, only ever with the session's own client. It "
    "has no files.",
    "ftpsd-owner.service": "Gives uploads to whom UploadOwner= names; it has no files, and is "
    "started by the first login that needs it.",
    "ftpsd-keygen.service": "Makes a self-signed certificate where there is none.",
}

_DROP_INS: Final = {
    "One more port; on 990, and there alone, TLS begins with the first byte: "
    "`systemctl edit ftpsd.socket`": """
[Socket]
ListenStream=990
""",
    "An encrypted certificate, see systemd-creds(1): `systemctl edit ftpsd@.service`": """
[Service]
LoadCredentialEncrypted=ftpsd.pem:/etc/credstore.encrypted/ftpsd.pem
""",
    "Active connections from port 20 (ActiveSourcePort=): `systemctl edit ftpsd-ports.service`": """
[Service]
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
AmbientCapabilities=CAP_NET_BIND_SERVICE
PrivateUsers=no
""",
    "PAM modules that need a network, such as LDAP without SSSD: "
    "`systemctl edit ftpsd-helper.service`": """
[Service]
PrivateNetwork=no
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
IPAddressDeny=
""",
    "A directory shown in a home; it is bound for logins from the next start of the helper on: "
    "`systemctl edit ftpsd-helper.service`": """
[Service]
BindPaths=/srv/data:/home/anna/data
""",
}


def settings() -> str:
    """Give ftpsd.conf(5)."""
    page = Page("ftpsd.conf", 5, "settings of the FTP server ftpsd, and policies")
    page.section("Synopsis")
    for place in ("/etc", "/run", "/usr/local/lib", "/usr/lib"):
        page.text(f"`{place}/ftpsd/ftpsd.conf`, `ftpsd.conf.d/*.conf`, `policies.d/*.conf`")
    page.section("Description")
    page.text(
        "The syntax is that of systemd.syntax(7) without continued lines: sections, `Key=value`, "
        "and comments after `#` or `;`. The first ftpsd.conf of the directories above is read, "
        "then all drop-ins of ftpsd.conf.d in the order of their names; the last to set something "
        "wins. A file hides those of the same name in later directories, as a link to /dev/null "
        "too. An empty value is the default again. `systemd-analyze cat-config ftpsd/ftpsd.conf` "
        "shows what is read.",
        "A change holds from the next login on; nothing has to be restarted. A line that is not "
        "understood is left out, and the journal says where it is and what would be right; "
        "`ftpsdctl check` says so beforehand. While a file cannot be read at all nobody logs in: "
        "it could say who may not.",
    )
    page.section("Policies")
    page.text(
        "What holds for some logins alone stands in policies.d/*.conf. Each begins with whom it is "
        "for; later ones win over earlier ones, and all of them over the other files."
    )
    page.example("[Match]\nGroup=scanners\nAddress=192.0.2.0/24\n\n[Session]\nIdleTimeoutSec=1h")
    page.text(
        "All conditions in [Match] must hold. Each takes several values, of which one must fit; "
        "after a `!` none may. Of several lines with one condition one must hold. A policy with a "
        "mistake in [Match], or without a condition, never applies, and the journal says so."
    )
    for name, about in CONDITIONS.items():
        page.item(f"{name}=", about)
    for section, about in SECTIONS.items():
        page.section(f"[{section}]")
        page.text(about)
        for name, field in OPTIONS.items():
            if field.metadata["section"] == section:
                _setting(page, name)
    page.section("Specifiers")
    page.text("In paths these stand for something of the account that has logged in:")
    for name, about in SPECIFIERS.items():
        page.item(name, about)
    _see_also(page, "ftpsd(8), ftpsdctl(8), systemd.syntax(7), systemd.time(7), systemd.link(5)")
    return str(page)


def _setting(page: Page, name: str) -> None:
    told = OPTIONS[name].metadata
    default = f"`{told['text']}`" if told["text"] else "empty"
    form = FORMS[told["parse"]]
    form = form[0].upper() + form[1:]
    page.item(f"{name}=", PURPOSES[name], f"{form}. Default: {default}. {_HOLDERS[holder(name)]}")


def service() -> str:
    """Give ftpsd(8)."""
    page = Page("ftpsd", 8, "FTP and FTPS server that systemd runs")
    page.section("Synopsis")
    page.text("`systemctl enable --now ftpsd.socket`")
    page.text(f"`{_usage(serve.parser())}`", f"`{_KEYGEN}`")
    page.section("Description")
    page.text(
        "The service is units of systemd. They are changed with `systemctl edit`, sessions are "
        "shown by `systemctl status 'ftpsd@*'`, ended by `systemctl stop`, and their log is in the "
        "journal: `journalctl -u 'ftpsd@*'`, with explanations `journalctl -x`. Any of the units "
        "can be restarted under sessions, which go on; at most a data port that a client has been "
        "told, and has not used yet, is lost. systemd calls their workers `left-over processes` "
        "then, and each gets a warning in the journal: nothing is wrong with them."
    )
    for name, about in _UNITS.items():
        page.item(name, about)
    page.section("Drop-ins")
    for about, text in _DROP_INS.items():
        page.text(f"{about}.")
        page.example(text)
    page.section("Commands")
    _command(page, serve.parser())
    page.subsection("ftpsd keygen")
    page.text(
        "Make a self-signed certificate and its key in FILE, or as the credential "
        "`ftpsd.self-signed`, unless it is there."
    )
    page.section("Files")
    for name, about in _FILES.items():
        page.item(name, about)
    page.section("Credentials")
    page.text(
        "In /etc/credstore, owned by root, or links from there; each connection that begins TLS "
        "reads them anew. Encrypted ones, see systemd-creds(1), take LoadCredentialEncrypted= in "
        "a drop-in of ftpsd@.service."
    )
    for name, about in _CREDENTIALS.items():
        page.item(name, about)
    _see_also(page, "ftpsd.conf(5), ftpsdctl(8), systemd.socket(5), systemd.exec(5), journalctl(1)")
    return str(page)


def control_program() -> str:
    """Give ftpsdctl(8)."""
    page = Page("ftpsdctl", 8, "check settings, keep users, and come from other FTP servers")
    page.section("Synopsis")
    page.text("`ftpsdctl` COMMAND [ARGUMENT ...]")
    page.section("Commands")
    for command in control.COMMANDS:
        parser = argparse.ArgumentParser(f"ftpsdctl {command.words}", description=command.purpose)
        command.arguments(parser)
        _command(page, parser)
    page.section("Exit status")
    page.text(
        "0 if all is well, 1 if something is not as it should be, 2 for a wrong command line."
    )
    _see_also(page, "ftpsd.conf(5), ftpsd(8), pam(7), nss-systemd(8)")
    return str(page)


def _usage(parser: argparse.ArgumentParser) -> str:
    parser.formatter_class = partial(argparse.HelpFormatter, width=_WIDE)
    text = parser.format_usage().removeprefix("usage: ").strip()
    return text.replace(" [-h]", "")


def _command(page: Page, parser: argparse.ArgumentParser) -> None:
    """Add a command as its parser knows it."""
    page.subsection(parser.prog)
    page.text(f"`{_usage(parser)}`")
    about = parser.description or ""
    about = about[0].upper() + about[1:]
    page.text(about if about.endswith(".") else f"{about}.")
    for action in parser._actions:  # noqa: SLF001  # there is no other way to list them
        if action.dest == "help" or not action.help:
            continue
        names = ", ".join(action.option_strings) or str(action.metavar or action.dest)
        if action.option_strings and action.nargs != 0:
            names += f" {action.metavar or action.dest.upper()}"
        told = action.help % {"default": action.default, "prog": parser.prog}
        page.item(names, f"{told[0].upper()}{told[1:]}.")


def _see_also(page: Page, names: str) -> None:
    page.section("See also")
    page.text(names)


PAGES: Final[dict[str, Callable[[], str]]] = {
    "ftpsd.conf.5": settings,
    "ftpsd.8": service,
    "ftpsdctl.8": control_program,
}
"""What makes each page, by the name of its file."""
