# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may log in: accounts, lists of users and of e-mail addresses, the greeting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ftpsd.admin.vsftpd.keys import LONGEST_DELAY, MOST_FAILURES, span, yes
from ftpsd.admin.vsftpd.plan import ETC, GREETING, Plan, Policy
from ftpsd.admin.vsftpd.problems import Problem, writable
from ftpsd.admin.vsftpd.reader import lines_of
from ftpsd.admin.vsftpd.tree import can_be_matched

if TYPE_CHECKING:
    from ftpsd.admin.vsftpd.tree import Tree
    from ftpsd.admin.vsftpd.values import Values

ANONYMOUS: Final = ("anonymous", "ftp")
"""The names of anonymous clients, in vsftpd and in ftpsd."""
_COPIES = {
    "userlist_file": "user_list",
    "banned_email_file": "banned_emails",
    "email_password_file": "email_passwords",
}

_ASKED_BY = {
    "userlist_file": "userlist_enable",
    "banned_email_file": "deny_email_enable",
    "email_password_file": "secure_email_list_enable",
    "chroot_list_file": "chroot_list_enable",
}
"""What makes vsftpd read a list."""


def login(v: Values, tree: Tree, config: str, plan: Plan) -> None:
    """Add what decides who may log in."""
    plan.settings |= {
        "Anonymous": yes(v.on("anonymous_enable")),
        "LocalUsers": yes(v.on("local_enable")),
        "PAMService": v.text("pam_service_name") or "ftp",
        "PAMSession": yes(v.on("session_support")),
        "AnonymousUser": v.text("ftp_username") or "ftp",
        "AnonymousPassword": "none" if v.on("no_anon_password") else "any",
        "MaxLoginFailures": str(max(1, min(v.number("max_login_fails"), MOST_FAILURES))),
        "FailedLoginDelaySec": span(max(1, min(v.number("delay_failed_login"), LONGEST_DELAY))),
        "LoginDelaySec": span(min(v.number("delay_successful_login"), LONGEST_DELAY)),
    }
    _users(v, tree, config, plan)
    _addresses(v, tree, config, plan)
    _banner(v, tree, config, plan)


def listed(v: Values, tree: Tree, config: str, plan: Plan, name: str) -> list[str] | None:
    """Read the list that an option names. vsftpd serves nobody if it cannot, so nor is it left out.

    `None` if there is none, and then the plan has a problem.
    """
    path = v.text(name)
    data = tree.read(path) if path else None
    if data is None:
        why = f"cannot be read: {path}" if path else "is unset"
        reason = f"{name} {why}; vsftpd would serve nobody. Bring the file, or turn the option off"
        line = v.line(name) or v.line(_ASKED_BY.get(name, name))
        plan.problems.append(Problem(config, line, reason))
        return None
    return lines_of(data)


def users(v: Values, tree: Tree, config: str, plan: Plan, name: str) -> list[str] | None:
    """Read a list of users; what is in it that never matches is told and left out."""
    lines = listed(v, tree, config, plan, name)
    if lines is None:
        return None
    odd = [one for one in lines if not can_be_matched(one) and one.strip() and one[0] != "#"]
    for one in odd:
        plan.checks.append(
            f"{v.text(name)}: the line {one!r} is left out: as blanks count in vsftpd, it names "
            "no user, or none that ftpsd could name."
        )
    return [one for one in lines if can_be_matched(one)]


def _copy(plan: Plan, v: Values, name: str, lines: list[str]) -> str:
    """Keep a list where the removal of vsftpd does not take it away; give how settings name it."""
    path = f"{ETC}/vsftpd.{_COPIES[name]}"
    text = "".join(f"{line}\n" for line in lines)
    plan.copies[path] = f"# From {v.text(name)} of vsftpd.\n{text}"
    return f"file:{path}"


def _users(v: Values, tree: Tree, config: str, plan: Plan) -> None:
    if not v.on("userlist_enable"):
        return
    found = users(v, tree, config, plan, "userlist_file")
    if found is None:
        return
    denies = v.on("userlist_deny")
    plan.settings["DenyUsers" if denies else "AllowUsers"] = _copy(plan, v, "userlist_file", found)
    if not v.on("anonymous_enable"):
        return
    named = [one for one in ANONYMOUS if one in found]
    if len(named) == (len(ANONYMOUS) if denies else 0):
        plan.settings["Anonymous"] = "no"
        plan.changes.append("The list of users keeps anonymous clients out, so Anonymous=no.")
    elif len(named) == 1:
        # A name that is not let in anonymously is an account's, and the list is asked about that.
        plan.policies.append(
            Policy(
                "60-vsftpd-user-list",
                "a name of anonymous clients that the list of users keeps out",
                {"Anonymous": "yes", "User": named[0] if denies else f"!{named[0]}"},
                {"Anonymous": "no"},
            )
        )
        plan.checks.append(
            f"The list of users has {named[0]} and not the other name of anonymous clients, which "
            "are the same account. A policy keeps it so; set Anonymous= if you mean both."
        )


def _addresses(v: Values, tree: Tree, config: str, plan: Plan) -> None:
    for option, name, key in (
        ("deny_email_enable", "banned_email_file", "AnonymousDenyEmail"),
        ("secure_email_list_enable", "email_password_file", "AnonymousAllowEmail"),
    ):
        found = listed(v, tree, config, plan, name) if v.on(option) else None
        wild = [one for one in found or [] if set(one) & set("*?[#") or not writable(one)]
        for one in wild:
            plan.checks.append(
                f"{v.text(name)}: {one!r} is nothing that ftpsd could compare; left out."
            )
        if found:
            found = [one for one in found if one not in wild]
            plan.settings[key] = _copy(plan, v, name, found)
        elif found is not None:
            plan.checks.append(f"{v.text(name)} is empty, and vsftpd then ignores {option}.")
    if "AnonymousAllowEmail" in plan.settings:
        plan.settings["AnonymousPassword"] = "listed"
        if v.on("no_anon_password"):
            plan.checks.append(
                "no_anon_password and secure_email_list_enable together let nobody in anonymously "
                "but with the password <no password>; ftpsd asks for a listed one."
            )


def _banner(v: Values, tree: Tree, config: str, plan: Plan) -> None:
    if v.text("banner_file"):
        found = listed(v, tree, config, plan, "banner_file")
        data = tree.read(v.text("banner_file")) or b""
        if found is not None:
            _greet(plan, data.decode("utf-8", "surrogateescape"))
    elif v.text("ftpd_banner"):
        _greet(plan, v.text("ftpd_banner") + "\n")


def _greet(plan: Plan, text: str) -> None:
    plan.settings["Greeting"] = GREETING
    plan.copies[f"{ETC}/greetings/{GREETING}"] = text
