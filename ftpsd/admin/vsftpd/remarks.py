# SPDX-License-Identifier: GPL-3.0-or-later
"""What an admin should know beside the single options: what changes, and what to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ftpsd.admin.vsftpd import patterns
from ftpsd.admin.vsftpd.keys import LONGEST, LONGEST_DELAY, MOST_FAILURES
from ftpsd.admin.vsftpd.person import NEWER, commands, is_host, message, ports

if TYPE_CHECKING:
    from ftpsd.admin.vsftpd.plan import Plan
    from ftpsd.admin.vsftpd.tree import Tree
    from ftpsd.admin.vsftpd.values import Values

ALWAYS: Final = (
    "Codes of replies are the same where a client can depend on them; their texts are not.",
    "A session begins in binary mode. TYPE A converts line ends, unlike in vsftpd by default.",
    "LIST of what is not there is 550, not an empty list.",
    "Files are not locked while they are transferred.",
    "The log is the journal; `ftpsdctl xferlog` prints transfers as xferlog has them.",
)
_SYSTEM: Final = 1000


def remarks(v: Values, tree: Tree, plan: Plan) -> None:
    """Add them. The order is that of the report."""
    plan.changes += ALWAYS
    for add in (_sane, _accounts, _jails, _names, _commands, _times, _passive, _modes, _owners):
        add(v, tree, plan)


def _sane(v: Values, _tree: Tree, plan: Plan) -> None:
    for wrong, reason in (
        (not v.on("local_enable") and not v.on("anonymous_enable"), "nobody may log in"),
        (not v.on("ftp_enable"), "ftp_enable is NO"),
        (v.on("http_enable"), "http_enable is YES"),
        (v.on("one_process_model") and v.on("local_enable"), "one_process_model is anonymous only"),
    ):
        if wrong:
            plan.checks.append(f"vsftpd serves no FTP with this: {reason}.")


def _accounts(v: Values, tree: Tree, plan: Plan) -> None:
    if not v.on("local_enable") or v.on("userlist_enable"):
        plan.changes.append(
            "USER of somebody who may not log in is answered like any other; vsftpd refused it "
            "there and then. The refusal (530) comes after the password."
        )
    if v.on("local_enable"):
        system = "" if v.on("guest_enable") else f" accounts below uid {_SYSTEM} (MinimumUID=)"
        plan.changes.append(
            f"Root,{system} and those in /etc/ftpusers cannot log in, whatever PAM says."
        )
        service = v.text("pam_service_name") or "ftp"
        if tree.read(f"/etc/pam.d/{service}") is None:
            plan.checks.append(
                f"There is no /etc/pam.d/{service}: PAM would use /etc/pam.d/other. "
                "PAMService=ftpsd is the one that comes with ftpsd."
            )
    if v.on("guest_enable"):
        plan.checks.append(
            f"VirtualUser={v.text('guest_username') or 'ftp'} has to be an account, and "
            "not root; who may log in as a guest is what the PAM service says."
        )


def _jails(v: Values, _tree: Tree, plan: Plan) -> None:
    everywhere = plan.settings.get("Root") == "/"
    if v.on("local_enable") and everywhere:
        plan.checks.append(
            "vsftpd did not jail local users, so Root=/ is written, and they see the whole file "
            "system as they did. Leave Root= and Directory= out if their home will do. Even so, "
            "/etc and /usr cannot be written to, and /tmp is one of their own."
        )
    if v.on("guest_enable") and v.on("virtual_use_local_privs") and not v.on("chroot_local_user"):
        plan.changes.append("Guests are kept in their directory; vsftpd let them see all of /.")
    if v.on("local_enable") and everywhere:
        place = "home directory" if "local_root" not in v.set else "local_root"
        then = "ended the login" if "local_root" not in v.set else "began at home"
        plan.changes.append(
            f"Who cannot enter the {place} begins in /, where a session of vsftpd {then}."
        )


def _names(v: Values, _tree: Tree, plan: Plan) -> None:
    for name in ("deny_file", "hide_file", "upload_file", "download_file"):
        if patterns.spans(v.text(name)):
            plan.checks.append(
                f"{name} has a slash. Only the last name in it is brought over, and holds in every "
                "directory."
            )
    if v.on("dirmessage_enable") and v.text("message_file") and not message(v):
        plan.checks.append("message_file is a path; ftpsd looks for a name in each directory.")
    if v.text("deny_file") or v.text("hide_file"):
        plan.changes.append(
            "Denied and hidden names are compared with the real path, however a client spells it."
        )
    if v.text("deny_file"):
        plan.changes.append("Denied names are not listed either; vsftpd listed them.")
    for name in ("upload_file", "download_file"):
        if v.text(name):
            plan.changes.append(f"What {name} says holds for the new name of RNTO as well.")


def _commands(v: Values, _tree: Tree, plan: Plan) -> None:
    for name in ("cmds_allowed", "cmds_denied"):
        for one in commands(v.text(name))[1]:
            plan.checks.append(
                f"{name}: {one!r} matches no command in vsftpd, where blanks and small letters "
                "count; it is left out."
            )
    for one in commands(v.text("cmds_denied"))[0]:
        if one in NEWER:
            newer = " ".join(NEWER[one]).replace("_", " ")
            plan.changes.append(f"With {one} is denied what vsftpd did not know: {newer}.")


def _times(v: Values, _tree: Tree, plan: Plan) -> None:
    for name in ("idle_session_timeout", "data_connection_timeout"):
        if v.number(name) == 0 or v.number(name) > LONGEST:
            plan.changes.append(f"{name} is {v.number(name)}; ftpsd waits a day at most.")
    for name, least, most in (
        ("delay_failed_login", 1, LONGEST_DELAY),
        ("delay_successful_login", 0, LONGEST_DELAY),
        ("max_login_fails", 1, MOST_FAILURES),
    ):
        if not least <= v.number(name) <= most:
            plan.changes.append(f"{name} is {v.number(name)}; ftpsd takes {least} to {most}.")
    for name in ("accept_timeout", "connect_timeout"):
        if v.line(name):
            plan.changes.append(
                f"{name} is {v.number(name)} s; DataTimeoutSec= holds for that as well."
            )


def _passive(v: Values, _tree: Tree, plan: Plan) -> None:
    if not v.on("pasv_enable"):
        return
    first, last = ports(v)
    plan.checks.append(f"The firewall has to let {first}-{last} in for passive connections.")
    for name, used in (("pasv_min_port", first), ("pasv_max_port", last)):
        if v.number(name) not in (used, 0) and v.line(name):
            plan.checks.append(f"{name} is {v.number(name)}, which vsftpd ignores: {used} holds.")
    address = v.text("pasv_address")
    if address and not is_host(address):
        plan.checks.append(f"pasv_address {address!r} is nothing vsftpd could use; left out.")
    elif address and not address.replace(".", "").isdecimal():
        plan.checks.append(
            f"pasv_address {address} is a name, and the helper has no network to ask a DNS server: "
            "have it in /etc/hosts, or set PassiveAddress= to the address. Else PASV tells the "
            "address that the client has connected to."
        )


def _modes(v: Values, _tree: Tree, plan: Plan) -> None:
    if not v.on("chmod_enable"):
        plan.changes.append("Where SITE CHMOD is refused SITE UMASK is as well.")
    for name in ("local_umask", "anon_umask", "file_open_mode"):
        if v.number(name) > 0o777:
            plan.checks.append(f"{name} has more than permission bits; they are left out.")


def _owners(v: Values, _tree: Tree, plan: Plan) -> None:
    restricted = v.on("anonymous_enable") or v.on("guest_enable")
    if v.on("chown_uploads") and restricted and v.text("chown_username") == "root":
        plan.checks.append(
            "chown_uploads gave uploads to root; now they belong to the account that the session "
            "works as. UploadOwner= gives them to any other."
        )
