# SPDX-License-Identifier: GPL-3.0-or-later
"""What each setting is for, and how its value is written: for the sample file and the README."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ftpsd import options

if TYPE_CHECKING:
    from collections.abc import Callable

FORMS: Final[dict[Callable[[str], Any], str]] = {
    options.any_or_listed: "any or listed",
    options.boolean: "yes or no",
    options.count: 'a number or "infinity"',
    options.delay: "a time span up to 30s",
    options.failure_delay: "a time span from 1s to 30s",
    options.failures: "a number from 1 to 15",
    options.names: "names, `*` and `?` are wildcards, or `file:/path`",
    options.port_range: '"any" or FIRST-LAST',
    options.seconds: "a time span",
    options.source_port: '"any" or a port',
    options.user_id: "a user id",
    options.word: "a name",
}
"""How a value is written, by what reads it."""

PURPOSES: Final = {
    "Anonymous": 'Let "anonymous" and "ftp" log in without an account of their own.',
    "AnonymousUser": "The account that anonymous clients are, to read below its home directory. It "
    "may be a system account, but not root.",
    "AnonymousPassword": "With `listed` an anonymous client has to give an address as its password "
    "that AnonymousAllowEmail= names.",
    "AnonymousAllowEmail": "Addresses for AnonymousPassword=listed.",
    "AnonymousDenyEmail": "No anonymous client may give one of these as its password.",
    "LocalUsers": "Let users log in who are not anonymous.",
    "MinimumUID": "Accounts below this user id cannot log in; root never can.",
    "AllowUsers": "Only these users may log in, if there are any here. Each list that is set must "
    "name the account. While a file cannot be read nobody gets in.",
    "DenyUsers": "These users may not log in.",
    "AllowGroups": "Only members of these groups may log in, if there are any here.",
    "DenyGroups": "Members of these groups may not log in.",
    "VirtualUser": "Every user who is not anonymous becomes this account, and may be one that only "
    "PAM knows. It may be a system account, but not root.",
    "PAMService": "The file in /etc/pam.d that says how passwords are checked.",
    "PAMSession": "Open a PAM session for each login, so that it shows in loginctl and the modules "
    "of the PAM file's session stack are run.",
    "Sessions": "So many may be logged in at the same time; the next is told to come later (421).",
    "SessionsPerUser": "So many sessions one user may have at the same time. They are counted anew "
    "when the helper is restarted.",
    "SessionsPerAddress": "So many sessions of users may come from one address, or one IPv6 "
    "network of 64 bits.",
    "MaxLoginFailures": "So often one connection may try to log in.",
    "FailedLoginDelaySec": "A failed login is answered after this time, or a multiple of it.",
    "LoginDelaySec": "A login that succeeds is answered after this time.",
    "IdleTimeoutSec": "Close a session that has sent no command for this long.",
    "DataTimeoutSec": "Give up a data connection that is not made, or moves no byte, for this "
    "long.",
    "PassivePorts": "Passive data connections are offered on a random port of this range. A "
    "firewall has to let it in.",
    "ActiveSourcePort": "Active data connections come from this port. Below 1024 "
    "ftpsd-ports.service needs CAP_NET_BIND_SERVICE, see the README.",
}
"""A sentence or more for each key."""
