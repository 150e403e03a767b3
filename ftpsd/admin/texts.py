# SPDX-License-Identifier: GPL-3.0-or-later
"""What each setting is for, and how its value is written: for the sample file and the README."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ftpsd import options

if TYPE_CHECKING:
    from collections.abc import Callable

_WRITTEN: Final[dict[Callable[[str], Any], str]] = {
    options.boolean: "yes or no",
    options.commands: "names of commands, SITE_CHMOD for SITE CHMOD, SITE for all of them",
    options.count: 'a number or "infinity"',
    options.delay: "a time span up to 30s",
    options.failure_delay: "a time span from 1s to 30s",
    options.failures: "a number from 1 to 15",
    options.openssl_list: '"system", or names of OpenSSL joined by ":"',
    options.names: "names, `*` and `?` are wildcards, or `file:/path`",
    options.line: "a text, or `file:/path`",
    options.octal: "permission bits",
    options.patterns: "names, with wildcards",
    options.place: "a path; `%u` `%h` `%g` `%U` `%G` are the user, home, group and their ids",
    options.port_range: '"any" or FIRST-LAST',
    options.seconds: "a time span",
    options.rate: "bytes per second; K, M and G are units",
    options.size: "a size in bytes; K, M, G and T are units",
    options.source_port: '"any" or a port',
    options.user_id: "a user id",
    options.word: "a name",
}


def _form(read: Callable[[str], Any]) -> str:
    """Give how a value is written: one of a few is told by what reads it, as what is right."""
    if read in _WRITTEN:
        return _WRITTEN[read]
    try:
        read("")
    except ValueError as error:
        return str(error).removeprefix("expected ")
    raise LookupError(read)


FORMS: Final = {
    read: _form(read) for read in (one.metadata["parse"] for one in options.OPTIONS.values())
}
"""How a value is written, by what reads it."""

PURPOSES: Final = {
    "Anonymous": 'Let "anonymous" and "ftp" log in without an account of their own.',
    "AnonymousUser": "The account that anonymous clients are, to read below its home directory. It "
    "may be a system account, but not root.",
    "AnonymousPassword": "With `listed` an anonymous client has to give an address as its password "
    "that AnonymousAllowEmail= names. With `none` it is not asked for one: USER logs it in (230).",
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
    "of the PAM file's session stack are run. From systemd 258 on pam_systemd reads what only "
    "ProcSubset=all in a drop-in of ftpsd-helper.service shows it.",
    "Sessions": "So many may be logged in at the same time; the next is told to come later (421).",
    "SessionsPerUser": "So many sessions one user may have at the same time. They are counted anew "
    "when the helper is restarted.",
    "SessionsPerAddress": "So many sessions of users may come from one address, or one IPv6 "
    "network of 64 bits.",
    "MaxLoginFailures": "So often one connection may try to log in, and for a minute.",
    "AddressFailures": "After so many failed logins from one address, or one IPv6 network of 64 "
    "bits, each further one waits a second longer, up to 10; of more than four at once the others "
    "are refused (421).",
    "UserFailures": "The same for one user name, wherever the logins come from: who guesses makes "
    "the user wait as well.",
    "ForgiveFailureSec": "So long without a failed login makes one failure less. `ftpsdctl "
    "unban` forgets them all.",
    "FailedLoginDelaySec": "A failed login is answered after this time, or a multiple of it.",
    "LoginDelaySec": "A login that succeeds is answered after this time.",
    "Write": "Allow changes at all. For anonymous clients this is `no`, unless a policy with "
    "`Anonymous=` in its [Match] says otherwise.",
    "Upload": "Allow files to be uploaded, copied and linked.",
    "Download": "Allow files to be downloaded, and their sums to be asked for.",
    "List": "Allow directories to be listed.",
    "Overwrite": "Allow a file that is there to be replaced, be it by an upload or a new name.",
    "Append": "Allow a file that is there to be added to (APPE, or STOR after REST to its end).",
    "Delete": "Allow files and directories to be removed.",
    "Rename": "Allow files and directories to be renamed and moved.",
    "MakeDirectory": "Allow directories to be made.",
    "Chmod": "Allow permission bits, group and the mask of new files to be set.",
    "SetModificationTime": "Allow the time of modification to be set.",
    "Root": "What the user sees as /. The user has to be able to enter it.",
    "Directory": "Where a session begins, within Root=; in / if that cannot be entered.",
    "WorldReadableOnly": "Allow only files to be downloaded that everyone may read.",
    "HideNames": "Files and directories of these names are left out of listings, but can be used.",
    "DenyNames": "Files and directories of these names cannot be used, nor what is in them, by "
    "whatever link; they are left out of listings.",
    "UploadNames": "Only files and links of these names may be made, or renamed to; empty is all.",
    "DownloadNames": "Only files of these names may be downloaded; empty is all.",
    "UMask": "These permission bits new files and directories do not get.",
    "FileMode": "New files get these permission bits, without those of UMask=.",
    "DirectoryMode": "New directories get these permission bits, without those of UMask=.",
    "UploadOwner": "Uploads are given to this account, as far as they are the user's own; not "
    "root's, nor back. UMask= and FileMode= say who may read them then. Its disk quota is charged. "
    "In a sticky directory of somebody else a file that is there is written in place, and one that "
    "fails can only be emptied.",
    "HideOwners": "Show `ftp` as owner and group of everything.",
    "ListNumericOwners": "Show owners and groups as numbers. Otherwise the user and its group have "
    "their names, and all others numbers: a worker knows no other accounts.",
    "ListDotFiles": "Show names that begin with a dot: when the client asks for it (LIST -a, "
    "MLSD), always, or never.",
    "ListRecursive": "Allow LIST -R to list what is in directories as well.",
    "ListTimezone": "Times in LIST are in UTC, or in the server's time zone. MLSD and MDTM always "
    "have UTC.",
    "AtomicUploads": "STOR writes beside the file, under a name that no listing shows, and "
    "replaces it when all has arrived: nobody sees half a file, and one that was there stays if "
    "the upload fails. A client cannot resume such an upload. A file of another owner, with "
    "several names or with attributes (ACLs) is written in place all the same. A crash may leave "
    "the other one behind: `.ftpsd-upload-` and 16 digits.",
    "DeleteFailedUploads": "Remove what has arrived of an upload that fails, unless it was "
    "appended.",
    "SyncUploads": "Say that an upload is complete only when it is on the disk.",
    "MaxFileSize": "No file may become larger than this (552).",
    "KeepFree": "Uploads leave so much room in the file system (452).",
    "IdleTimeoutSec": "Close a session that has sent no command for this long.",
    "Greeting": "The file in /etc/ftpsd/greetings, mode 0644, that clients are greeted with (220); "
    "without it they are told no more than that the server is ready. It is chosen before a client "
    "has said anything: in policies, User=, Group= and Host= are held against an empty name, "
    "nobody is anonymous yet, and TLS=yes is where TLS begins with the first byte.",
    "LoginMessage": "What is told to who has logged in (230).",
    "DirectoryMessage": "The file in a directory that is told to who enters it for the first time; "
    "`none` tells nothing. What the user may not download is told only where he cannot have put "
    "it.",
    "AllowCommands": "Only these commands are allowed once a user has logged in (550), and QUIT.",
    "DenyCommands": "These commands are not allowed once a user has logged in (550). Others may do "
    "the same: what is not to be done is for the rights in [Files] to say, such as Delete=no.",
    "UploadRate": "So fast may uploads be, all of a session together.",
    "DownloadRate": "So fast may downloads and listings be, all of a session together.",
    "RateBurst": "So many bytes may go faster after a pause; 0 is as many as one second has.",
    "DataTimeoutSec": "Give up a data connection that is not made, or moves no byte, for this "
    "long.",
    "Passive": "Let clients connect to the server for data (PASV, EPSV).",
    "Active": "Connect to clients for data (PORT, EPRT).",
    "PassiveAnyPeer": "Accept data connections from any address, for transfers between two "
    "servers. Whoever finds the port first gets the data.",
    "ActiveAnyPeer": "Connect to any address, for transfers between two servers. Users can make "
    "the server connect to whom they like.",
    "PassiveAddress": "The address that PASV tells, where it is another than the client has "
    "connected to: an IPv4 address, or a name that the server can resolve without a network, at "
    "each login. Clients that come from within get `auto` by a policy with Address=.",
    "PassivePorts": "Passive data connections are offered on a random port of this range. A "
    "firewall has to let it in.",
    "ActiveSourcePort": "Active data connections come from this port. Below 1024 "
    "ftpsd-ports.service needs CAP_NET_BIND_SERVICE, see ftpsd(8).",
    "RequireTLS": "Refuse logins without TLS: those with a password, or anonymous ones as well.",
    "RequireDataTLS": "Refuse data connections without TLS (PROT C).",
    "TLSResumption": "A data connection that resumes the TLS session of its control connection is "
    "from the same client for sure. prefer logs when it does not, require refuses it (522).",
    "RequireTLSClose": "Refuse an upload (426) whose end TLS has not announced (close_notify): it "
    "may have been cut off. Without this it is logged.",
    "TLSMinimum": "The oldest version of TLS, unless the system's policy is stricter.",
    "TLSCiphers": "Ciphers of TLS 1.2 (ciphers(1)). system: what the system's policy allows, as "
    "far as it has forward secrecy and authenticated encryption. Old devices may need DEFAULT.",
    "TLSCipherSuites": "Cipher suites of TLS 1.3.",
    "TLSGroups": "Groups for the key exchange, such as X25519:P-256.",
    "ClientCertificate": "Ask clients for a certificate that an authority in the credential "
    "ftpsd.ca has signed.",
    "CertificateLogin": "The common name (CN) in the client's certificate must be the user's name; "
    "without_password asks for nothing else. It is the session that has seen the certificate, so "
    "one that was taken over could then log in as any user this holds for.",
}
"""A sentence or more for each key."""

SECTIONS: Final = {
    "Login": "Who gets in, as whom, and how often.",
    "Files": "What a user sees, and may do to it. Most of these are rights: what is not allowed is "
    "refused with 550.",
    "Session": "What may be asked, how fast, and for how long.",
    "Data": "Data connections.",
    "TLS": "Encryption. The certificate is a credential, see ftpsd(8).",
}
"""What each section is about."""

CONDITIONS: Final = {
    "User": "The account that wants to log in; `*`, `?` and `[...]` are wildcards.",
    "Group": "One of its groups, with wildcards.",
    "Address": "The client: addresses, or networks such as 192.0.2.0/24.",
    "TLS": "Whether the control connection is encrypted.",
    "Anonymous": 'Whether the name is "anonymous" or "ftp".',
    "Host": "The name that HOST gave (RFC 7151), with wildcards.",
    "Port": "The port that the client has connected to.",
}
"""What each condition of [Match] is about."""

SPECIFIERS: Final = {
    "%u": "The name it has logged in with.",
    "%h": "Its home directory.",
    "%g": "The name of its group.",
    "%U": "Its user id.",
    "%G": "Its group id.",
    "%%": "A percent sign.",
}

_HOLDERS: Final = {"Login": "helper", "Files": "worker", "Data": "ports"}
_OTHERS: Final = {
    "Directory": "session",
    "Greeting": "helper",
    "DirectoryMessage": "worker",
    "UploadOwner": "owner",
    "DataTimeoutSec": "session",
    "PassiveAddress": "session",
    "RequireTLS": "told",
    "CertificateLogin": "told",
    # Who has a descriptor to write to can write to all of the file, and as much as it likes.
    "Overwrite": "writing",
    "MaxFileSize": "writing",
    "KeepFree": "writing",
}


def holder(name: str) -> str:
    """Give who enforces a setting: helper, worker, ports, owner or session, "told" or "writing"."""
    section: str = options.OPTIONS[name].metadata["section"]
    return _OTHERS.get(name) or _HOLDERS.get(section, "session")
