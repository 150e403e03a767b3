# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies: for anonymous clients, for the chroot list, for homes with a mark, for single users."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from ftpsd.admin.vsftpd.keys import yes
from ftpsd.admin.vsftpd.logins import ANONYMOUS, users
from ftpsd.admin.vsftpd.person import Person, settings
from ftpsd.admin.vsftpd.plan import Plan, Policy, difference
from ftpsd.admin.vsftpd.problems import Problem, problems
from ftpsd.admin.vsftpd.reader import Assignment, Read, read
from ftpsd.admin.vsftpd.row import User
from ftpsd.admin.vsftpd.table import TABLE
from ftpsd.admin.vsftpd.tree import can_be_matched, may_log_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ftpsd.admin.vsftpd.tree import Tree
    from ftpsd.admin.vsftpd.values import Values


@dataclasses.dataclass(frozen=True, slots=True)
class People:
    """All that is known of who logs in."""

    v: Values
    tree: Tree
    config: str
    plan: Plan
    homes: Mapping[str, str]
    chrooted: tuple[str, ...]

    def person(self, name: str = "") -> Person:
        """Give a user with a password."""
        return Person(name, listed=name in self.chrooted, homes=self.homes)

    def is_anonymous(self, name: str) -> bool:
        """Say whether who gives this name is an anonymous client, and not an account's user."""
        return self.v.on("anonymous_enable") and name.lower() in ANONYMOUS

    def add(
        self, name: str, about: str, match: Mapping[str, str], other: Mapping[str, str]
    ) -> None:
        """Add a policy, unless it would say nothing."""
        if other:
            self.plan.policies.append(Policy(name, about, match, other))


def policies(v: Values, tree: Tree, config: str, plan: Plan) -> None:
    """Add what holds for everybody, and a policy for everyone for whom something else does."""
    chrooted: list[str] = []
    if v.on("chroot_list_enable"):
        chrooted = users(v, tree, config, plan, "chroot_list_file") or []
    people = People(v, tree, config, plan, tree.homes(), tuple(chrooted))
    base = settings(v, people.person())
    plan.settings |= base
    if v.on("anonymous_enable"):
        other = difference(base, settings(v, Person(anonymous=True)))
        # ftpsd lets nobody change anything anonymously but by a policy that says so.
        other["Write"] = yes(v.on("write_enable"))
        people.add("20-vsftpd-anonymous", "anonymous clients", {"Anonymous": "yes"}, other)
    _chroot_list(people, base)
    _marked_homes(people, base)
    if v.text("user_config_dir"):
        _files(people)


def _chroot_list(people: People, base: Mapping[str, str]) -> None:
    other = difference(base, settings(people.v, Person(listed=True, homes=people.homes)))
    # The policy would take an anonymous client of such a name out of its jail.
    names = [one for one in dict.fromkeys(people.chrooted) if not people.is_anonymous(one)]
    if names:
        match = {"User": " ".join(names)}
        people.add("30-vsftpd-chroot-list", "users of the chroot list", match, other)


def _marked_homes(people: People, base: Mapping[str, str]) -> None:
    if not people.v.on("passwd_chroot_enable") or people.v.on("guest_enable"):
        return
    for name in sorted(one for one in people.homes if can_be_matched(one)):
        if "/./" in people.homes[name] and not people.is_anonymous(name):
            other = difference(base, settings(people.v, people.person(name)))
            about = f"{name}, whose home directory has a mark"
            people.add(f"40-vsftpd-home-{name}", about, {"User": name}, other)
    people.plan.checks.append(
        "Home directories with /./ were looked for in /etc/passwd alone, not in LDAP or elsewhere."
    )


def _files(people: People) -> None:
    place = people.v.text("user_config_dir")
    names = people.tree.names(place)
    if names is None:
        people.plan.checks.append(
            f"user_config_dir {place} cannot be read: no policies from there."
        )
        return
    for name in names:
        path = f"{place}/{name}"
        found = _own(people, path, name)
        if found is not None:
            before = len(people.plan.policies)
            _one(people, name, found.last())
            people.plan.own[path] = found, people.plan.policies[before:]


def _own(people: People, path: str, name: str) -> Read | None:
    if not may_log_in(name):
        people.plan.checks.append(f"{path}: no user can have this name; vsftpd never reads it.")
        return None
    data = people.tree.read(path)
    if data is None:
        people.plan.problems.append(Problem(path, 0, f"cannot be read; {name} has settings there"))
        return None
    found = read(data, people.v.vendor)
    people.plan.problems += problems(path, found)
    for one in found.assignments:
        if TABLE[one.name].user is User.IGNORED:
            people.plan.checks.append(
                f"{path}:{one.line}: {one.name} has no effect in a file for one user; left out."
            )
        if one.trap:
            people.plan.checks.append(f"{path}:{one.line}: {one.trap}.")
    return found


def _one(people: People, name: str, own: Mapping[str, Assignment]) -> None:
    v = people.v
    about = f"what user_config_dir has for {name}"
    theirs = v.for_user(own)
    if v.on("anonymous_enable") and name == (v.text("ftp_username") or "ftp"):
        who = Person(anonymous=True)
        other = difference(settings(v, who), settings(theirs, who))
        match = {"Anonymous": "yes"}
        people.add("50-vsftpd-anonymous", f"{about}, anonymously", match, other)
    if people.is_anonymous(name):
        return
    if not can_be_matched(name):
        reason = f"no policy can name the user {name!r}"
        people.plan.problems.append(Problem(f"{v.text('user_config_dir')}/{name}", 0, reason))
        return
    who = people.person(name)
    other = difference(settings(v, who), settings(theirs, who))
    people.add(f"50-vsftpd-user-{name}", about, {"User": name}, other)
