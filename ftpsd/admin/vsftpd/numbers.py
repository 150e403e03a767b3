# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of vsftpd that are numbers."""

from __future__ import annotations

from typing import Final

from ftpsd.admin.vsftpd.row import Fate, Kind, Row, User

_DAY = "ftpsd waits at most a day, and never for ever."


def _number(name: str, default: int, user: bool, becomes: str, about: str = "") -> Row:
    works = User.WORKS if user else User.IGNORED
    return Row(name, default, works, Fate.SETTING, tuple(becomes.split()), about, Kind.NUMBER)


def _other(name: str, default: int, fate: Fate, becomes: str, about: str) -> Row:
    works = User.WORKS if fate is Fate.LOST else User.IGNORED
    return Row(name, default, works, fate, tuple(becomes.split()), about, Kind.NUMBER)


_SESSIONS = (
    "ftpsd counts who has logged in, and answers the next 421; vsftpd counted connections. Twice "
    "as many connections are let in for that, and systemd closes the rest without a word."
)
_PATIENCE = "DataTimeoutSec= bounds this as well, and is data_connection_timeout."

NUMBERS: Final = (
    _other("accept_timeout", 60, Fate.LOST, "", _PATIENCE),
    _number(
        "anon_max_rate",
        0,
        True,
        "UploadRate DownloadRate",
        "Of anonymous clients and guests, each session.",
    ),
    _number("anon_umask", 0o077, True, "UMask", "Of anonymous clients and guests."),
    _number("chown_upload_mode", 0o600, True, "UMask FileMode", "See chown_uploads."),
    _other("connect_timeout", 60, Fate.LOST, "", _PATIENCE),
    _number("data_connection_timeout", 300, True, "DataTimeoutSec", _DAY),
    _number("delay_failed_login", 1, False, "FailedLoginDelaySec"),
    _number("delay_successful_login", 0, False, "LoginDelaySec"),
    _number("file_open_mode", 0o666, True, "FileMode"),
    _number("ftp_data_port", 20, True, "ActiveSourcePort"),
    _number("idle_session_timeout", 300, True, "IdleTimeoutSec", _DAY),
    _other("listen_port", 21, Fate.UNIT, "ListenStream", ""),
    _number("local_max_rate", 0, True, "UploadRate DownloadRate", "Of local users, each session."),
    _number("local_umask", 0o077, True, "UMask"),
    _number("max_clients", 2000, False, "Sessions MaxConnections", _SESSIONS),
    _number("max_login_fails", 3, False, "MaxLoginFailures"),
    _number("max_per_ip", 50, False, "SessionsPerAddress MaxConnectionsPerSource", _SESSIONS),
    _number("pasv_max_port", 0, True, "PassivePorts", "0 is 65535."),
    _number("pasv_min_port", 5001, True, "PassivePorts"),
    _other("trans_chunk_size", 0, Fate.OBSOLETE, "", "ftpsd chooses the size of its pieces."),
)
