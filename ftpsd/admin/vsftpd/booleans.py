# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of vsftpd that are YES or NO."""

from __future__ import annotations

from typing import Final

from ftpsd.admin.vsftpd.row import Fate, Row, User

_LOST, _OBSOLETE, _SETTING, _UNIT = Fate.LOST, Fate.OBSOLETE, Fate.SETTING, Fate.UNIT
_WORKS, _IGNORED = User.WORKS, User.IGNORED
_RESUMES = "ftpsd's sessions have ticket keys of their own, so this proves who the client is."
_JOURNAL = "All events are in the journal: journalctl -u 'ftpsd@*'."
_MARKED = (
    "ftpsd knows a jail of its own for each account instead; what this would mean for the "
    "accounts in passwd(5) is written as policies."
)


def _modify(name: str, about: str, *becomes: str) -> Row:
    """Make a row for what anonymous clients and guests may change."""
    return Row(name, False, _WORKS, _SETTING, becomes, about)


def _old_tls(name: str, version: str) -> Row:
    return Row(name, False, _IGNORED, _OBSOLETE, (), f"{version} is broken and never spoken.")


BOOLEANS: Final = (
    Row(
        "allow_anon_ssl",
        False,
        _IGNORED,
        _LOST,
        (),
        "Anonymous clients may use TLS wherever it is offered; vsftpd refused that unless told.",
    ),
    Row(
        "allow_writeable_chroot",
        False,
        _WORKS,
        _OBSOLETE,
        (),
        "A jail whose root the user may write to is safe: nothing is loaded from it.",
    ),
    _modify("anon_mkdir_write_enable", "MKD of anonymous clients and guests.", "MakeDirectory"),
    _modify(
        "anon_other_write_enable",
        "What anonymous clients and guests may do to files that are there.",
        "Overwrite",
        "Append",
        "Delete",
        "Rename",
        "SetModificationTime",
    ),
    _modify("anon_upload_enable", "STOR and STOU of anonymous clients and guests.", "Upload"),
    Row(
        "anon_world_readable_only",
        True,
        _WORKS,
        _SETTING,
        ("WorldReadableOnly",),
        "Anonymous clients and guests download only what everybody may read.",
    ),
    Row("anonymous_enable", True, _IGNORED, _SETTING, ("Anonymous",)),
    Row(
        "ascii_download_enable",
        False,
        _WORKS,
        _LOST,
        (),
        "ftpsd sends text with CR LF whenever the client has said TYPE A; vsftpd without this "
        "answered 200 and sent the bytes as they are.",
    ),
    Row(
        "ascii_upload_enable",
        False,
        _WORKS,
        _LOST,
        (),
        "ftpsd stores text with LF whenever the client has said TYPE A; vsftpd without this "
        "answered 200 and stored the bytes as they came.",
    ),
    Row(
        "async_abor_enable",
        False,
        _WORKS,
        _OBSOLETE,
        (),
        "ABOR always works during a transfer, with TLS as well.",
    ),
    Row("background", False, _IGNORED, _OBSOLETE, (), "systemd listens."),
    Row(
        "check_shell",
        True,
        _IGNORED,
        _OBSOLETE,
        (),
        "vsftpd has it only where it is built without PAM; pam_shells does this.",
    ),
    Row(
        "chmod_enable",
        True,
        _WORKS,
        _SETTING,
        ("Chmod",),
        "Guests and anonymous clients could not use SITE CHMOD, nor can they now.",
    ),
    Row(
        "chown_uploads",
        False,
        _WORKS,
        _LOST,
        (),
        "No process of ftpsd can give files away: uploads belong to the account that the session "
        "works as. Instead, let a group have them: give the directory that group and the setgid "
        "bit, and set FileMode= and UMask= in the policy of those who upload. Or set VirtualUser= "
        "(AnonymousUser= for anonymous clients), which all of their session works as.",
    ),
    Row(
        "chroot_list_enable",
        False,
        _IGNORED,
        _SETTING,
        ("Root", "Directory"),
        "Who is listed gets a policy.",
    ),
    Row(
        "chroot_local_user",
        False,
        _IGNORED,
        _SETTING,
        ("Root", "Directory"),
        "ftpsd always jails. To behave as vsftpd did without this, the jail is all of /.",
    ),
    Row(
        "connect_from_port_20",
        False,
        _WORKS,
        _SETTING,
        ("ActiveSourcePort", "CapabilityBoundingSet", "AmbientCapabilities", "PrivateUsers"),
        "Ports below 1024 take a drop-in for ftpsd-ports.service.",
    ),
    Row("debug_ssl", False, _IGNORED, _OBSOLETE, (), _JOURNAL),
    Row("delete_failed_uploads", False, _WORKS, _SETTING, ("DeleteFailedUploads",)),
    Row(
        "deny_email_enable",
        False,
        _IGNORED,
        _SETTING,
        ("AnonymousDenyEmail",),
        "The list is copied.",
    ),
    Row("dirlist_enable", True, _WORKS, _SETTING, ("List",)),
    Row("dirmessage_enable", False, _WORKS, _SETTING, ("DirectoryMessage",)),
    Row("download_enable", True, _WORKS, _SETTING, ("Download",)),
    Row("dual_log_enable", False, _IGNORED, _OBSOLETE, (), _JOURNAL),
    Row(
        "force_anon_data_ssl",
        False,
        _WORKS,
        _SETTING,
        ("RequireDataTLS",),
        "It holds for guests as well, unless they have the privileges of local users.",
    ),
    Row("force_anon_logins_ssl", False, _IGNORED, _SETTING, ("RequireTLS",)),
    Row("force_dot_files", False, _WORKS, _SETTING, ("ListDotFiles",)),
    Row("force_local_data_ssl", True, _WORKS, _SETTING, ("RequireDataTLS",)),
    Row("force_local_logins_ssl", True, _IGNORED, _SETTING, ("RequireTLS",)),
    Row("ftp_enable", True, _IGNORED, _OBSOLETE, (), "ftpsd serves nothing else."),
    Row(
        "guest_enable",
        False,
        _WORKS,
        _SETTING,
        ("VirtualUser",),
        "All who log in with a password become one account, in its jail.",
    ),
    Row("hide_ids", False, _WORKS, _SETTING, ("HideOwners",)),
    Row("http_enable", False, _IGNORED, _LOST, (), "ftpsd speaks no HTTP."),
    Row(
        "implicit_ssl",
        False,
        _IGNORED,
        _UNIT,
        ("ListenStream",),
        "ftpsd expects TLS from the first byte on port 990, and nowhere else.",
    ),
    Row("isolate", True, _IGNORED, _OBSOLETE, (), "The units always isolate."),
    Row("isolate_network", True, _WORKS, _OBSOLETE, (), "The units always isolate."),
    Row(
        "listen",
        True,
        _IGNORED,
        _UNIT,
        ("ListenStream",),
        "YES listens on IPv4 alone.",
    ),
    Row("listen_ipv6", False, _IGNORED, _UNIT, ("ListenStream",), "It takes IPv4 as well."),
    Row("local_enable", False, _IGNORED, _SETTING, ("LocalUsers",)),
    Row(
        "lock_upload_files",
        True,
        _WORKS,
        _LOST,
        ("AtomicUploads",),
        "ftpsd locks no files. AtomicUploads=no keeps what is there of an upload visible, and "
        "lets it be resumed, as with vsftpd; yes protects files against two clients at once.",
    ),
    Row("log_ftp_protocol", False, _WORKS, _OBSOLETE, (), _JOURNAL),
    Row("ls_recurse_enable", False, _WORKS, _SETTING, ("ListRecursive",)),
    Row("mdtm_write", True, _WORKS, _SETTING, ("SetModificationTime",)),
    Row(
        "no_anon_password",
        False,
        _IGNORED,
        _SETTING,
        ("AnonymousPassword",),
        "With secure_email_list_enable they are asked for a listed one all the same.",
    ),
    Row("no_log_lock", False, _WORKS, _OBSOLETE, (), _JOURNAL),
    Row(
        "one_process_model",
        False,
        _IGNORED,
        _OBSOLETE,
        (),
        "There is no mode without privilege separation.",
    ),
    Row("passwd_chroot_enable", False, _WORKS, _SETTING, ("Root", "Directory"), _MARKED),
    Row(
        "pasv_addr_resolve",
        False,
        _IGNORED,
        _OBSOLETE,
        (),
        "A name is always resolved, at each login, but without a network: by /etc/hosts, say.",
    ),
    Row("pasv_enable", True, _WORKS, _SETTING, ("Passive",)),
    Row("pasv_promiscuous", False, _WORKS, _SETTING, ("PassiveAnyPeer",)),
    Row("port_enable", True, _WORKS, _SETTING, ("Active",)),
    Row("port_promiscuous", False, _WORKS, _SETTING, ("ActiveAnyPeer",)),
    Row("ptrace_sandbox", False, _IGNORED, _OBSOLETE, (), "The units always isolate."),
    Row(
        "require_cert",
        False,
        _IGNORED,
        _SETTING,
        ("ClientCertificate",),
        "Without ssl_request_cert it had no effect.",
    ),
    Row("require_ssl_reuse", True, _IGNORED, _SETTING, ("TLSResumption",), _RESUMES),
    Row(
        "run_as_launching_user",
        False,
        _IGNORED,
        _LOST,
        (),
        "ftpsd serve DIR serves one directory as whoever starts it.",
    ),
    Row("seccomp_sandbox", True, _IGNORED, _OBSOLETE, (), "The units always filter."),
    Row(
        "secure_email_list_enable",
        False,
        _IGNORED,
        _SETTING,
        ("AnonymousPassword", "AnonymousAllowEmail"),
        "The list is copied.",
    ),
    Row("session_support", False, _IGNORED, _SETTING, ("PAMSession",)),
    Row(
        "setproctitle_enable",
        False,
        _IGNORED,
        _OBSOLETE,
        (),
        "systemctl status 'ftpsd@*' says who does what.",
    ),
    Row(
        "ssl_enable",
        False,
        _IGNORED,
        _UNIT,
        ("LoadCredential", "RequireTLS"),
        "ftpsd always offers TLS, with a certificate of its own making if it has no other.",
    ),
    Row("ssl_request_cert", True, _IGNORED, _SETTING, ("ClientCertificate",)),
    _old_tls("ssl_sslv2", "SSL 2"),
    _old_tls("ssl_sslv3", "SSL 3"),
    _old_tls("ssl_tlsv1", "TLS 1.0"),
    _old_tls("ssl_tlsv11", "TLS 1.1"),
    Row("ssl_tlsv12", True, _IGNORED, _SETTING, ("TLSMinimum",)),
    Row(
        "ssl_tlsv13",
        True,
        _IGNORED,
        _LOST,
        (),
        "TLS 1.3 is always spoken with those who can.",
    ),
    Row("strict_ssl_read_eof", True, _IGNORED, _SETTING, ("RequireTLSClose",)),
    Row(
        "strict_ssl_write_shutdown",
        False,
        _IGNORED,
        _LOST,
        (),
        "A download ends well when all its bytes were sent.",
    ),
    Row(
        "syslog_enable",
        False,
        _IGNORED,
        _OBSOLETE,
        (),
        "A syslog daemon gets all events from the journal, of the facility user and not ftp.",
    ),
    Row(
        "tcp_wrappers",
        False,
        _IGNORED,
        _UNIT,
        ("IPAddressAllow", "IPAddressDeny"),
        "Rules with addresses become rules of the socket.",
    ),
    Row(
        "text_userdb_names",
        False,
        _WORKS,
        _SETTING,
        ("ListNumericOwners",),
        "Only the user and its group have names then: a worker knows no other accounts. vsftpd "
        "found no names in a jail without an /etc/passwd, and listed numbers there.",
    ),
    Row("tilde_user_enable", False, _WORKS, _LOST, (), "~user is a name like any other."),
    Row(
        "use_localtime",
        False,
        _WORKS,
        _SETTING,
        ("ListTimezone",),
        "It holds for LIST; MDTM is always in UTC, as RFC 3659 has it. vsftpd changed both.",
    ),
    Row("use_sendfile", True, _WORKS, _OBSOLETE, (), "Always used where it can be."),
    Row("userlist_deny", True, _IGNORED, _SETTING, ("DenyUsers", "AllowUsers")),
    Row(
        "userlist_enable",
        False,
        _IGNORED,
        _SETTING,
        ("DenyUsers", "AllowUsers"),
        "The list is copied. ftpsd refuses after the password, so nobody learns who is listed.",
    ),
    Row(
        "validate_cert",
        False,
        _IGNORED,
        _SETTING,
        ("ClientCertificate",),
        "ftpsd takes no certificate that the authority has not signed.",
    ),
    Row(
        "virtual_use_local_privs",
        False,
        _WORKS,
        _SETTING,
        ("Upload", "Delete", "UMask"),
        "Guests get the rights of local users. vsftpd then also took away their jail, unless "
        "chroot_local_user was YES; ftpsd keeps it.",
    ),
    Row("write_enable", False, _WORKS, _SETTING, ("Write",)),
    Row("xferlog_enable", False, _IGNORED, _OBSOLETE, (), _JOURNAL),
    Row("xferlog_std_format", False, _IGNORED, _OBSOLETE, (), _JOURNAL),
)
