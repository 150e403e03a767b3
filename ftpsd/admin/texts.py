# SPDX-License-Identifier: GPL-3.0-or-later
"""What each setting is for, and how its value is written: for the sample file and the README."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ftpsd import options

if TYPE_CHECKING:
    from collections.abc import Callable

FORMS: Final[dict[Callable[[str], Any], str]] = {
    options.boolean: "yes or no",
    options.port_range: '"any" or FIRST-LAST',
    options.seconds: "a time span",
    options.source_port: '"any" or a port',
    options.user_id: "a user id",
}
"""How a value is written, by what reads it."""

PURPOSES: Final = {
    "Anonymous": 'Let "anonymous" and "ftp" log in with any password, to read below the home '
    "directory of the account ftp.",
    "MinimumUID": "Accounts below this user id cannot log in; root never can.",
    "PAMSession": "Open a PAM session for each login, so that it shows in loginctl and the modules "
    "of the PAM file's session stack are run.",
    "IdleTimeoutSec": "Close a session that has sent no command for this long.",
    "DataTimeoutSec": "Give up a data connection that is not made, or moves no byte, for this "
    "long.",
    "PassivePorts": "Passive data connections are offered on a random port of this range. A "
    "firewall has to let it in.",
    "ActiveSourcePort": "Active data connections come from this port. Below 1024 "
    "ftpsd-ports.service needs CAP_NET_BIND_SERVICE, see the README.",
}
"""A sentence or more for each key."""
