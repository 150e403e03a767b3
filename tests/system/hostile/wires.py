# SPDX-License-Identifier: GPL-3.0-or-later
"""What a taken-over session says to helper, worker and broker: honest messages and broken ones.

Runs in the probe. A channel is named: "helper", and after a login "files" and "ports" (or what the
test calls them). Descriptors that arrive are kept, and named by their number.
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import select
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

CLIENT_FD = 3
CHANNELS: dict[str, socket.socket] = {}
LINGER = struct.Struct("ii")


def channel(name: str) -> socket.socket:
    if name == "helper" and name not in CHANNELS:
        CHANNELS[name] = socket.socket(fileno=os.dup(0))
    return CHANNELS[name]


def descriptor(kind: str) -> int:
    """Make a descriptor of one kind; "fd:7" is one that is held already."""
    if kind.startswith("fd:"):
        return os.dup(int(kind[3:]))
    makers: dict[str, Callable[[], int]] = {
        "client": lambda: os.dup(CLIENT_FD),
        "pipe": lambda: os.pipe()[0],
        "file": lambda: os.open(sys.executable, os.O_RDONLY),
        "root": lambda: os.open("/", os.O_PATH),
        "memory": lambda: os.memfd_create("hostile"),
        "epoll": lambda: os.dup(_EPOLL.fileno()),
        "proc": lambda: os.open("/proc/self/stat", os.O_RDONLY),
        "unix": lambda: _pair(socket.SOCK_STREAM),
        "unconnected": lambda: socket.socket(socket.AF_UNIX).detach(),
        "tcp": lambda: socket.socket().detach(),
        "udp": lambda: socket.socket(type=socket.SOCK_DGRAM).detach(),
        "listening": _listening,
        "datagram": lambda: _pair(socket.SOCK_DGRAM),
        "helper": lambda: os.dup(0),
    }
    return makers[kind]()


_EPOLL = select.epoll()


def _listening() -> int:
    """Not in a session's power; for root, who tries the same."""
    return socket.create_server(("127.0.0.1", 0)).detach()


def _pair(kind: int) -> int:
    return socket.socket(socket.AF_UNIX, kind).detach()


def send(name: str, data: str, kinds: list[str] | None = None) -> None:
    """Send bytes, given as Latin-1 text, with descriptors beside the first of them."""
    # One descriptor may be sent many times, and more often than a process may hold any.
    made = {one: descriptor(one) for one in set(kinds or [])}
    fds = [made[one] for one in kinds or []]
    left, ancillary = data.encode("latin-1"), []
    if fds:
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
    try:
        while left:
            sent = channel(name).sendmsg([left], ancillary, socket.MSG_NOSIGNAL)
            left, ancillary = left[sent:], []
    finally:
        for fd in made.values():
            os.close(fd)


def hold_in_flight(times: int) -> None:
    """Keep descriptors on their way to nobody: the kernel counts them for the uid (unix(7))."""
    ours, theirs = socket.socketpair()
    CHANNELS["theirs"], CHANNELS["ours"] = theirs, ours
    for _ in range(times):
        send("ours", "x", ["proc"])


def hold_in_flight_to_itself(times: int, option: int) -> None:
    """Do it without a pair: a socket with this option gets a name of its own as it sends."""
    sock = CHANNELS["own"] = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, option, 1)
    with contextlib.suppress(FileNotFoundError):
        sock.sendto(b"", "/nowhere")
    fds = array.array("i", [CLIENT_FD] * 253)
    for _ in range(times):
        sock.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)], 0, sock.getsockname())


def hold_in_flight_to_helper(times: int) -> None:
    """Do it where the helper waits, before it says that a password is wrong."""
    who = {"user": "anna", "password": "wrong", "tls": True, "controlFileDescriptor": 0}
    call = {"method": "org.ftpsd.Helper.Login", "parameters": who}
    send("helper", json.dumps(call) + "\0", ["client"])
    time.sleep(0.3)
    for _ in range(times):
        send("helper", "x", ["client"] * 253)


def flood(name: str, data: str, times: int) -> int:
    """Send something over and over without listening; give how often it was taken."""
    for sent in range(times):
        try:
            send(name, data)
        except (BrokenPipeError, ConnectionResetError):
            return sent
    return times


def flood_apart(name: str, data: str, times: int) -> int:
    """Send something over and over, each time once the last has been read; never listen."""
    for sent in range(times):
        try:
            send(name, data)
            time.sleep(0.0005)
        except (BrokenPipeError, ConnectionResetError):
            return sent
    return times


def leave_answers(name: str, data: str, times: int) -> int:
    """Ask something over and over, each time once the last is answered, and read no answer."""
    sock, most = channel(name), 1 << 20
    for asked in range(times):
        before = len(sock.recv(most, socket.MSG_PEEK)) if asked else 0
        send(name, data)
        deadline = time.monotonic() + 1
        while len(sock.recv(most, socket.MSG_PEEK)) == before:
            if time.monotonic() > deadline:
                return asked
            time.sleep(0.01)
    return times


def hear(name: str, seconds: float = 20) -> dict[str, Any]:
    """Wait for one message: "reply" and "fds", or "closed"; empty if nothing came in time."""
    sock, data, fds = channel(name), b"", array.array("i")
    deadline = time.monotonic() + seconds
    while not data.endswith(b"\0"):
        if not select.select([sock], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return {}
        try:
            # One byte at a time: what belongs to the next message stays where it is.
            piece, ancillary, _, _ = sock.recvmsg(1, 256, socket.MSG_CMSG_CLOEXEC)
        except ConnectionResetError:
            return {"closed": True}
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds.frombytes(content)
        if not piece:
            return {"closed": True}
        data += piece
    return {"reply": json.loads(data[:-1]), "fds": fds.tolist()}


def say(
    name: str, data: str, kinds: list[str] | None = None, seconds: float = 20
) -> dict[str, Any]:
    """Send bytes and wait for what comes back."""
    try:
        send(name, data, kinds)
    except (BrokenPipeError, ConnectionResetError):
        pass
    return hear(name, seconds)


def ask(
    name: str, method: str, parameters: dict[str, Any], kinds: list[str] | None = None
) -> dict[str, Any]:
    """Make a varlink call; give the first reply."""
    call: dict[str, Any] = {"method": method, "parameters": parameters}
    if method in ("org.ftpsd.Files.List", "org.ftpsd.Ports.Listen"):
        call["more"] = True
    return say(name, json.dumps(call) + "\0", kinds)


def login(user: str, password: str, kind: str = "client", name: str = "") -> str:
    """Log in over the helper connection; give "granted", or what came instead."""
    return login_claiming(user, password, {}, kind, name)


def login_and_leave(user: str, password: str) -> None:
    """Log in, and be gone before there is an answer."""
    who = {"user": user, "password": password, "tls": True, "controlFileDescriptor": 0}
    send(
        "helper",
        json.dumps({"method": "org.ftpsd.Helper.Login", "parameters": who}) + "\0",
        ["client"],
    )
    time.sleep(0.05)  # what is gone at once is not listened to
    os._exit(0)


def login_claiming(
    user: str,
    password: str,
    claimed: dict[str, bool | str],
    kind: str = "client",
    name: str = "",
) -> str:
    """Log in, and say things that may not be so."""
    who = {"user": user, "password": password, "tls": True}
    parameters = {**who, "controlFileDescriptor": 0, **claimed}
    came = ask("helper", "org.ftpsd.Helper.Login", parameters, [kind])
    if "reply" not in came:
        return "closed" if came else "nothing"
    if error := came["reply"].get("error"):
        return str(error).rpartition(".")[2]
    granted = came["reply"]["parameters"]
    for one in ("files", "ports"):
        fd = came["fds"][granted[f"{one}FileDescriptor"]]
        CHANNELS[one + name] = socket.socket(fileno=fd)
    return "granted"


def file(method: str, **parameters: Any) -> str | dict[str, Any]:
    """Ask the worker; give its reason to refuse, or what it replied with its descriptors' kinds."""
    came = ask("files", f"org.ftpsd.Files.{method}", parameters)
    if "reply" not in came:
        return "closed" if came else "nothing"
    if "error" in came["reply"]:
        return str(came["reply"]["parameters"]["reason"])
    return {**came["reply"]["parameters"], "fds": came["fds"]}


def request(method: str, parameters: dict[str, Any]) -> str | dict[str, Any]:
    return file(method, **parameters)


def content(path: str) -> str:
    """Read a file through the worker; give its text, or the reason why not."""
    opened = file("Open", path=path)
    if isinstance(opened, str):
        return opened
    with os.fdopen(opened["fds"][0], encoding="latin-1") as stream:
        return stream.read(4096)


def file_descriptor(path: str) -> int:
    """Have the worker open a file for reading; give the descriptor."""
    opened = file("Open", path=path)
    assert isinstance(opened, dict), opened
    return int(opened["fds"][0])


def listing(path: str, form: str = "long", **changed: Any) -> str:
    """List a directory through the worker; give the text, or the reason why not."""
    flags = dict.fromkeys(
        (
            "hidden",
            "own",
            "recursive",
            "byTime",
            "bySize",
            "reverse",
            "itself",
            "classify",
            "human",
        ),
        False,
    )
    parameters = {"path": path, "form": form, "prefix": "", "facts": "type;size;", **flags}
    opened = file("List", **{**parameters, **changed})
    if isinstance(opened, str):
        return opened
    with os.fdopen(opened["fds"][0], encoding="latin-1") as stream:
        text = stream.read()
    hear("files")
    return text


def leave_to_worker(path: str) -> None:
    """Begin a listing, and send the worker all that would tell it that this session is gone."""
    flags = "hidden own recursive byTime bySize reverse itself classify human"
    asked = dict.fromkeys(flags.split(), False)
    begun = file("List", path=path, form="long", prefix="", facts="", **asked)
    assert isinstance(begun, dict), begun
    send("files", "!\0", [f"fd:{one}" for one in (*begun["fds"], CHANNELS["files"].fileno())])


def contents(path: str, seconds: float) -> dict[str, int]:
    """Read a path through the worker again and again; count what came of it."""
    seen: dict[str, int] = {}
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        got = content(path)
        seen[got] = seen.get(got, 0) + 1
    return seen


def created(path: str, seconds: float) -> dict[str, int]:
    """Make, write and remove files under a path again and again; count the answers."""
    seen: dict[str, int] = {}
    deadline = time.monotonic() + seconds
    number = 0
    while time.monotonic() < deadline:
        number += 1
        name = f"{path}/hostile{number}"
        for method in ("MakeDirectory", "RemoveDirectory", "Create", "Remove"):
            extra = {"mode": "store", "offset": 0} if method == "Create" else {}
            came = file(method, path=name, **extra)
            if isinstance(came, dict):
                for fd in came["fds"]:
                    os.close(fd)
            key = f"{method}: {came if isinstance(came, str) else 'done'}"
            seen[key] = seen.get(key, 0) + 1
    return seen


def listen() -> int | str:
    """Ask for a passive port; give it, or the reason why there is none."""
    return _port(ask("ports", "org.ftpsd.Ports.Listen", {}))


def _port(came: dict[str, Any]) -> int | str:
    if "reply" not in came:
        return "closed" if came else "nothing"
    if "error" in came["reply"]:
        return str(came["reply"]["parameters"]["reason"])
    return int(came["reply"]["parameters"]["port"])


def data_port() -> int | str:
    """Wait for the port of a request that has been sent before."""
    return _port(hear("ports"))


def connect(host: str, port: int) -> int | str:
    """Ask for an active connection; give its descriptor, or the reason why there is none."""
    return data(ask("ports", "org.ftpsd.Ports.Connect", {"host": host, "port": port}))


def data(came: dict[str, Any] | None = None) -> int | str:
    """Wait for a data socket; give its descriptor, or the reason why there is none."""
    came = hear("ports") if came is None else came
    if "reply" not in came:
        return "closed" if came else "nothing"
    if "error" in came["reply"]:
        return str(came["reply"]["parameters"]["reason"])
    return int(came["fds"][0])


def peer(fd: int) -> str:
    """Say whom a data socket is connected to."""
    name = str(socket.socket(fileno=os.dup(fd)).getpeername()[0])
    return name.removeprefix("::ffff:")


def hand_over_lingering(name: str, fd: int, seconds: int) -> None:
    """Pass on a data socket whose close(2) waits for a client that does not read."""
    sock = socket.socket(fileno=fd)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER.pack(1, seconds))
    sock.setblocking(False)
    try:
        while True:
            sock.send(bytes(65536))
    except BlockingIOError:
        pass
    fds = array.array("i", [sock.fileno()])
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)]
    # Held by nobody else once it is under way, so that the receiver's close is the last.
    if name.startswith("/"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
            datagrams.sendmsg([b"X=1\n"], ancillary, 0, name)
    else:
        channel(name).sendmsg([b"{}\0"], ancillary)
    sock.close()
