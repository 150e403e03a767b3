# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that Debian and Red Hat have added to vsftpd."""

from __future__ import annotations

from typing import Final

from ftpsd.admin.vsftpd.row import Fate, Kind, Row, User, Value

_JOURNAL = "All events are in the journal: journalctl -u 'ftpsd@*'."
_PATTERNS = "Patterns are matched against each part of the path as it really is."


def _debian(name: str, default: Value, becomes: str, about: str) -> Row:
    fate, user = (Fate.SETTING, User.WORKS) if becomes else (Fate.OBSOLETE, User.IGNORED)
    kind = Kind.TEXT if default is None else Kind.BOOLEAN
    return Row(name, default, user, fate, tuple(becomes.split()), about, kind, "debian")


def _red_hat(name: str, default: Value, about: str, fate: Fate = Fate.OBSOLETE) -> Row:
    kinds = {bool: Kind.BOOLEAN, int: Kind.NUMBER}
    kind = kinds.get(type(default), Kind.TEXT)
    return Row(name, default, User.IGNORED, fate, (), about, kind, "redhat")


def _spelling(name: str, default: bool, same: str, fate: Fate, *becomes: str) -> Row:
    """Make a row for a name that Red Hat has for an option of vsftpd 3.0.5."""
    about = f"It is {same}."
    return Row(name, default, User.IGNORED, fate, becomes, about, vendor="redhat", same_as=same)


VENDORS_OWN: Final = (
    _debian("utf8_filesystem", False, "", "Names are UTF-8, and FEAT says so."),
    _debian("upload_file", None, "UploadNames", _PATTERNS),
    _debian("download_file", None, "DownloadNames", _PATTERNS),
    _red_hat("better_stou", False, "STOU is always safe."),
    _red_hat("bind_retries", 9, "The whole range is tried."),
    _red_hat("dh_param_file", None, "Key exchange is by elliptic curves."),
    _red_hat("ecdh_param_file", None, "The system's policy chooses the groups (TLSGroups=)."),
    _red_hat("log_die", False, _JOURNAL),
    _red_hat(
        "reverse_lookup_enable",
        True,
        "PAM and the journal get the client's address, never a name from its DNS.",
        Fate.LOST,
    ),
    _spelling("ssl_tlsv1_1", False, "ssl_tlsv11", Fate.OBSOLETE),
    _spelling("ssl_tlsv1_2", True, "ssl_tlsv12", Fate.SETTING, "TLSMinimum"),
    _spelling("ssl_tlsv1_3", True, "ssl_tlsv13", Fate.LOST),
    _red_hat("userlist_log", False, _JOURNAL),
    _red_hat("wc_logs_enable", False, _JOURNAL),
)
