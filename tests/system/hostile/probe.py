# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs in the place of a session, in its sandbox: does whatever the test asks it to do.

Started by ftpsd@.service instead of the session. On the FTP port it becomes the real session; on
PORT it seals itself as a session does, and has been taken over from then on: each line from the
client names a function of this package and its arguments, and is answered with what came of it.
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import socket
import sys
from typing import Any

PORT = 2121
CLIENT_FD = 3
HERE = __file__.rpartition("/")[0]
LIB = HERE.rpartition("/")[0]


def answer(line: str) -> dict[str, Any]:
    asked = json.loads(line)
    try:
        module = importlib.import_module(asked["module"])
        return {"value": getattr(module, asked["function"])(*asked["arguments"])}
    except OSError as error:
        return {"errno": errno.errorcode.get(error.errno or 0, str(error))}
    except Exception as error:  # noqa: BLE001  (the test shall see it)
        return {"raised": repr(error)}


def main() -> None:
    client = socket.socket(fileno=CLIENT_FD)
    if client.getsockname()[1] != PORT:
        session = [sys.executable, "-I", "-S", "-B", f"{LIB}/ftpsd/__main__.py", "session"]
        os.execv(sys.executable, session)
    sys.path[:0] = [LIB]
    sys.path.append("/usr/lib/python3/dist-packages")
    if not os.path.exists(f"{HERE}/unsealed"):  # put there by hand, to see what the unit alone does
        from ftpsd.session.seal import seal

        seal()
    with client.makefile("r", encoding="ascii") as lines:
        for line in lines:
            client.sendall(json.dumps(answer(line)).encode("ascii") + b"\n")


if __name__ == "__main__":
    main()
