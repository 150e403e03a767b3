# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of vsftpd that are text."""

from __future__ import annotations

from typing import Final

from ftpsd.admin.vsftpd.row import Fate, Kind, Row, User

_SPACES = "Patterns are matched against each part of the path as it really is."
_JOURNAL = "There is no log file: journalctl -u 'ftpsd@*'."
_XFERLOG = "There is no log file: `ftpsdctl xferlog` prints what it would have."


def _text(name: str, default: str | None, becomes: str, about: str = "") -> Row:
    """Make a row for what becomes a setting, and works for one user."""
    keys = tuple(becomes.split())
    return Row(name, default, User.WORKS, Fate.SETTING, keys, about, Kind.TEXT)


def _all(name: str, default: str | None, fate: Fate, becomes: str, about: str = "") -> Row:
    """Make a row for what one user cannot have otherwise."""
    return Row(name, default, User.IGNORED, fate, tuple(becomes.split()), about, Kind.TEXT)


TEXTS: Final = (
    _text("anon_root", None, "Root"),
    _all("banned_email_file", "/etc/vsftpd.banned_emails", Fate.FILE, "AnonymousDenyEmail"),
    _all("banner_file", None, Fate.FILE, "", "Greeting=vsftpd, in /etc/ftpsd/greetings."),
    _all("ca_certs_file", None, Fate.FILE, "ftpsd.ca"),
    _text("chown_username", "root", "UploadOwner", "Not root. See chown_uploads."),
    _all("chroot_list_file", "/etc/vsftpd.chroot_list", Fate.FILE, "Root Directory"),
    _text("cmds_allowed", None, "AllowCommands", "QUIT is always allowed."),
    _text("cmds_denied", None, "DenyCommands", "QUIT is always allowed."),
    _text("deny_file", None, "DenyNames", _SPACES),
    _all("dsa_cert_file", None, Fate.OBSOLETE, "", "No client takes DSA any more."),
    _all("dsa_private_key_file", None, Fate.OBSOLETE, "", "No client takes DSA any more."),
    _all(
        "email_password_file",
        "/etc/vsftpd.email_passwords",
        Fate.FILE,
        "AnonymousAllowEmail",
    ),
    _all("ftp_username", "ftp", Fate.SETTING, "AnonymousUser"),
    _all(
        "ftpd_banner",
        None,
        Fate.FILE,
        "",
        "Greeting=vsftpd, in /etc/ftpsd/greetings. Without one ftpsd tells no version.",
    ),
    _text("guest_username", "ftp", "VirtualUser"),
    _text("hide_file", None, "HideNames", _SPACES),
    _all("listen_address", None, Fate.UNIT, "ListenStream"),
    _all("listen_address6", None, Fate.UNIT, "ListenStream"),
    _text("local_root", None, "Root Directory"),
    _text("message_file", ".message", "DirectoryMessage"),
    _all("nopriv_user", "nobody", Fate.OBSOLETE, "", "Sessions run as a dynamic user."),
    _all(
        "pam_service_name",
        "ftp",
        Fate.SETTING,
        "PAMService",
        "/etc/pam.d/ is not changed. Removing vsftpd's package may remove its file there.",
    ),
    _text("pasv_address", None, "PassiveAddress"),
    _all("rsa_cert_file", "/usr/share/ssl/certs/vsftpd.pem", Fate.FILE, "ftpsd.pem ftpsd.crt"),
    _all("rsa_private_key_file", None, Fate.FILE, "ftpsd.key"),
    _all("secure_chroot_dir", "/usr/share/empty", Fate.OBSOLETE, "", "Sessions see no files."),
    _all(
        "ssl_ciphers",
        "ECDHE-RSA-AES256-GCM-SHA384",
        Fate.SETTING,
        "TLSCiphers",
        "Where it is not set, the system's policy holds instead of vsftpd's one cipher.",
    ),
    _all(
        "ssl_sni_hostname",
        None,
        Fate.LOST,
        "",
        "ftpsd refuses no client for the name it asks for.",
    ),
    _all(
        "user_config_dir",
        None,
        Fate.FILE,
        "User",
        "Each file there becomes a policy with what it changes.",
    ),
    _text("user_sub_token", None, "Root Directory", "It becomes %u."),
    _all("userlist_file", "/etc/vsftpd.user_list", Fate.FILE, "DenyUsers AllowUsers"),
    _all("vsftpd_log_file", "/var/log/vsftpd.log", Fate.OBSOLETE, "", _JOURNAL),
    _all("xferlog_file", "/var/log/xferlog", Fate.OBSOLETE, "", _XFERLOG),
)
