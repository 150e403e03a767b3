# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to say about each event of the journal: the message catalog, for journalctl -x."""

from __future__ import annotations

from typing import Final

ABOUT: Final = {
    "CONNECTED": "A client connected. ftpsd@.service now serves it.",
    "SEALED_BADLY": "The session found that its sandbox is not as its unit says, and refused "
    "to serve.\n"
    "Look for drop-ins that widen ftpsd@.service: systemctl cat 'ftpsd@.service'.",
    "LOGGED_IN": "A user logged in.",
    "LOGIN_REFUSED": "A login was refused. The client was told that there are too many "
    "attempts or sessions (421),\n"
    "or only that the login is incorrect (530), whatever the reason.\n"
    '"Authentication failure" is a wrong password, a user who is not known or is locked, or an\n'
    "account that has no valid shell (/etc/shells) and is not in the group ftpsd-users: see\n"
    "/etc/pam.d/ftpsd. Where too many attempts wait from an address, ftpsdctl unban forgets them.",
    "LOGIN_FAILED": "A login failed, but not by its password: it was right or not needed, "
    "or not looked at.\n"
    "A directory must be there for the user, and not be hidden by a drop-in of "
    "ftpsd-helper.service.\n"
    "A settings file that cannot be read keeps everyone out: ftpsdctl check names it.",
    "DOWNLOADED": "A file was sent whole.",
    "UPLOADED": "A file was received whole.",
    "TRANSFER_FAILED": "A transfer did not complete. What had arrived of an upload is still there, "
    "unless\n"
    "AtomicUploads= or DeleteFailedUploads= is set.",
    "COPIED": "A file was copied on the server, or files were joined to one.",
    "DELETED": "A file or directory was removed.",
    "LINKED": "A symbolic link was made. The server follows it no further than the user's root.",
    "RENAMED": "A file or directory was renamed.",
    "DIRECTORY_MADE": "A directory was made.",
    "ATTRIBUTES_SET": "The permission bits or the time of a file were set.",
    "REFUSED": "A command was refused: by the settings, or by the file system.",
    "DATA_REFUSED": "No data connection could be made.\n"
    "Passive ones: does the firewall let in PassivePorts=, and can the client reach the address it "
    "is\n"
    "told (PassiveAddress=)? Active ones: ActiveSourcePort= below 1024 takes a drop-in, see "
    "ftpsd(8).",
    "ENDED": 'A session ended. It was "stopped" by systemctl stop, or by RuntimeMaxSec=.',
    "CONTRACT_BROKEN": "A process sent what its contract does not allow. An honest one never does: "
    "the session\n"
    "may have been taken over. Its channel was closed without an answer.",
    "FOREIGN_DATA": "Someone other than the client of a session connected to its data port.",
    "SETTING_WRONG": "A line of the configuration was not understood, and was left out. Line 0 is "
    "all of it:\n"
    "while a settings file cannot be read at all, nobody logs in.",
    "NO_LANDLOCK": "Every path a session asks for stays beneath its user's root all the same. "
    "What is missing\n"
    "is the second wall, for a worker that was taken over itself. It takes Linux 5.19, and\n"
    "landlock among the security modules (lsm= on the kernel command line).",
    "READY": "A service of ftpsd started.",
    "CROWDED": "A session, or a login, was ended that asked for one thing too many: all others go "
    "on. No\n"
    "setting changes these bounds. MaxConnections= in ftpsd.socket, and Sessions= keep below the "
    "first\n"
    "of them; an honest session never asks too often.",
    "NO_PROCESS": "No process could be had for what was asked. Who asked is told to come later "
    "(421); all others go on.\n"
    "Each session has one, a login two for a moment: see TasksMax= of ftpsd-helper.service, and "
    "memory.",
    "BUG": "A mistake in ftpsd itself ended a process. The traceback is in the journal; "
    "please report it.",
    "GREETING_UNREADABLE": "Clients got the usual one. Greeting= names a file in "
    "/etc/ftpsd/greetings. It is no secret:\n"
    "a session reads it as nobody in particular (chmod 644), and sees nothing outside, where a "
    "link may lead.",
    "TLS_BEGUN": "The control connection is protected.",
    "ENCRYPTION_MISSED": "A login in the clear was refused before its password was sent. For "
    "devices that have no TLS:\n"
    "RequireTLS=no in section [TLS] of ftpsd.conf, for all.",
    "TLS_FAILED": "A TLS handshake failed, or the certificate could not be loaded. The "
    "session ended, or goes\n"
    "on in the clear if the client had not begun TLS. Key and certificates are in /etc/credstore,\n"
    "see ftpsd(8).",
    "CERTIFICATE_ENDS": "Clients that check certificates refuse it from then on. A new one in "
    "/etc/credstore is used\n"
    "from the next connection on.",
    "CERTIFICATE_ENDED": "Clients that check certificates refuse it. A new one in "
    "/etc/credstore is used\n"
    "from the next connection on.",
    "CLEAR_TEXT_DROPPED": "No client that means well sends anything before TLS has begun: "
    "someone between may have\n"
    "put it there. It was not run.",
    "NOT_RESUMED": "It was accepted, because TLSResumption=prefer. Nothing but its address "
    "and port says then\n"
    "that it is the client's. Logged once in a session.",
    "NOT_CLOSED": "The client closed the data connection without close_notify. The upload was "
    "taken for whole,\n"
    "because RequireTLSClose=no; someone who can cut connections could have shortened it.",
}
"""By the name of the event."""
