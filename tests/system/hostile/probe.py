# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs in the place of a session, in its sandbox: does whatever the test asks it to do.

Started by ftpsd@.service instead of the session. On the FTP port it becomes the real session; on
PORT it seals itself as a session does, and has been taken over from then on: each line from the
client names a function of this package and its arguments, and is answered with what came of it. On
TURNED_PORT it is the real session until a client says XPROBE: from there on it does the same.
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import runpy
import socket
import sys
from typing import Any

PORT, TURNED_PORT = 2121, 2122
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


def turned() -> None:
    """Be the real session, with one command more."""
    sys.path[:0] = [LIB]
    sys.path.append("/usr/lib/python3/dist-packages")
    # what is not loaded now cannot be loaded later
    from hostile import inside, key  # noqa: F401

    from ftpsd.protocol.reply import Reply
    from ftpsd.session import serve

    real = vars(serve)["answer"]

    def answer_all(session: Any, line: Any) -> Any:
        if isinstance(line, str) and line.startswith("XPROBE "):
            return Reply(200, json.dumps(answer(line.partition(" ")[2])))
        return real(session, line)

    vars(serve)["answer"] = answer_all
    sys.argv = ["ftpsd", "session"]
    runpy.run_path(f"{LIB}/ftpsd/__main__.py", run_name="__main__")


def main() -> None:
    client = socket.socket(fileno=CLIENT_FD)
    port = client.getsockname()[1]
    if port == TURNED_PORT:
        client.detach()
        turned()
        return
    if port != PORT:
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
