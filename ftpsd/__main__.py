# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts one of ftpsd's processes; the only place that knows them all.

Run as a file by `python3 -I -S -X utf8`: without site, without the user's environment, names in
UTF-8 whatever the locale, and with no more on the import path than is named here.
"""

from __future__ import annotations

import sys
from posix import readlink

PACKAGES = "/usr/lib/python3/dist-packages"
"""Where Debian has python3-systemd, python3-prctl and python3-pampy."""


def _session() -> int:
    from ftpsd.session.first import main

    return main()


def _helper() -> int:
    from ftpsd.helper.serve import main

    return main([sys.executable, "-I", "-S", "-B", "-X", "utf8", __file__, "spawner"])


def _spawner() -> int:
    import socket

    from ftpsd import events
    from ftpsd.helper.become import give_up
    from ftpsd.helper.spawner import spawn
    from ftpsd.options import read_section
    from ftpsd.worker.confine import version
    from ftpsd.worker.serve import prepare

    log = events.Log(events.to_journal())
    if not version():
        log(events.NO_LANDLOCK)
    give_up()
    spawn(
        socket.socket(fileno=0),
        lambda who: prepare(
            who.root, who.user, who.group, read_section(who.settings), who.owner_fd
        ),
        log,
    )
    return 0


def _ports() -> int:
    from ftpsd.ports.serve import main

    return main()


def _owner() -> int:
    from ftpsd.owner.serve import main

    return main()


def _catalog() -> int:
    from ftpsd.admin.documents import catalog

    print(catalog(), end="")
    return 0


def _config_sample() -> int:
    from ftpsd.admin.documents import sample

    print(sample(), end="")
    return 0


def _manual() -> int:
    from ftpsd.admin.manual import PAGES

    if len(sys.argv) != 3 or sys.argv[2] not in PAGES:
        print(f"usage: ftpsd manual {'|'.join(PAGES)}", file=sys.stderr)
        return 2
    print(PAGES[sys.argv[2]](), end="")
    return 0


def _serve() -> int:
    from ftpsd.admin.serve import main

    return main(sys.argv[2:])


def _keygen() -> int:
    from ftpsd.admin.keygen import main

    return main(sys.argv[2:])


def _control() -> int:
    from ftpsd.admin.control import main

    return main(sys.argv[2:])


PROCESSES = {
    "session": _session,
    "helper": _helper,
    "spawner": _spawner,
    "ports": _ports,
    "owner": _owner,
    "serve": _serve,
    "keygen": _keygen,
    "ctl": _control,
    "catalog": _catalog,
    "config-sample": _config_sample,
    "manual": _manual,
}

USAGE = """\
usage: ftpsd serve [--help] DIR    serve a directory from here, without root or systemd
       ftpsd keygen [FILE]         make a self-signed certificate, where there is none
       ftpsd catalog               print the message catalog, for journalctl -x
       ftpsd config-sample         print ftpsd.conf with every setting and its default
       ftpsd manual PAGE           print a manual page: ftpsd.conf.5, ftpsd.8 or ftpsdctl.8

ftpsdctl checks settings, keeps users and imports what vsftpd was set to.
The service itself is ftpsd.socket: systemctl enable --now ftpsd.socket
"""


def main() -> int:
    """Run the process that the first argument names; give the exit status."""
    # Not by dirname(): os.path is loaded for this alone otherwise, in every session.
    package = __file__.rpartition("/")[0]
    try:
        # An upgrade changes the link: whatever is loaded later is to be of the same version.
        target = readlink(package)
        package = target if target[0] == "/" else f"{package.rpartition('/')[0] or '.'}/{target}"
    except OSError:
        pass
    here = package.rpartition("/")[0] or "."
    sys.path[:0] = [here]
    sys.path.append(PACKAGES)
    process = PROCESSES.get(sys.argv[1]) if len(sys.argv) > 1 else None
    if process is None:
        print(USAGE, end="", file=sys.stderr)
        return 2
    return process()


if __name__ == "__main__":
    sys.exit(main())
