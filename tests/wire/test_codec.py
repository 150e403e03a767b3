# SPDX-License-Identifier: GPL-3.0-or-later
"""Any bytes are a message of their declared form, or `Malformed`; every message survives the wire.

Lone surrogates are in all texts here, since JSON can carry them.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftpsd import limits
from ftpsd.wire import files, helper, ports
from ftpsd.wire.binding import BINDING
from ftpsd.wire.codec import (
    decode_call,
    decode_reply,
    encode_call,
    encode_refusal,
    encode_reply,
)
from ftpsd.wire.files import FILES
from ftpsd.wire.helper import HELPER
from ftpsd.wire.introspection import SERVICE, Info
from ftpsd.wire.message import KINDS, Call, Field, Interface, Malformed, Message, Refusal, Secret
from ftpsd.wire.ports import PORTS
from ftpsd.wire.spawn import SPAWNER

INTERFACES = (SERVICE, HELPER, FILES, PORTS, BINDING, SPAWNER)
CALLS = {name: call for interface in INTERFACES for name, call in interface.calls.items()}
TEXT = st.binary(max_size=40).map(
    lambda data: data.replace(b"\0", b"").decode("utf-8", "surrogateescape")
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "Bool": st.booleans(),
    "Int": st.integers(-(2**63), 2**63 - 1),
    "Name": TEXT.filter(str.isprintable),
    "Path": TEXT.map("/{}".format),
    "Secret": TEXT.map(Secret),
    "Text": TEXT,
    "Texts": st.lists(TEXT, max_size=4),
}
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(), max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(["method", "parameters", "more", "oneway", "continues", "error", "upgrade"])


def value(field: Field) -> st.SearchStrategy[Any]:
    kind = field.kind
    some = VALUES.get(field.kind_name)
    if field.kind_name == "Fd":
        some = st.integers(0, 2**31 - 1)
    if some is None:
        some = st.sampled_from(kind.idl.strip("()").split(", "))
    return st.none() | some if field.nullable else some


def instances(kind: type[Message]) -> st.SearchStrategy[Message]:
    return st.fixed_dictionaries({field.name: value(field) for field in kind.FIELDS}).map(
        lambda values: kind(**values)
    )


def plain(message: Message) -> dict[str, object]:
    found = {field.name: getattr(message, field.name) for field in message.FIELDS}
    return {name: one.reveal() if isinstance(one, Secret) else one for name, one in found.items()}


def call(text: str, fds: list[int] | None = None) -> Call[Any]:
    return decode_call(text.encode("utf-8"), fds or [], CALLS)[0]


def request(parameters: str, method: str = "org.ftpsd.Files.Enter") -> str:
    return f'{{"method":"{method}","parameters":{parameters}}}'


FEWER = settings(max_examples=15)
"""For tests that are made for each message there is."""


@pytest.mark.parametrize(
    ("interface", "kind"), [(one, kind) for one in INTERFACES for kind in one.method]
)
@FEWER
@given(data=st.data(), oneway=st.booleans())
def test_a_call_survives_the_wire(
    interface: Interface, kind: type[Call[Any]], data: st.DataObject, oneway: bool
) -> None:
    sent: Any = data.draw(instances(kind))
    wire, fds = encode_call(interface, sent, oneway=oneway and not kind.MORE)
    got, once = decode_call(wire[:-1], fds, CALLS)

    assert (type(got), plain(got), once) == (kind, plain(sent), oneway and not kind.MORE)
    assert wire.index(b"\0") == len(wire) - 1


@pytest.mark.parametrize(
    ("interface", "kind"), [(one, kind) for one in INTERFACES for kind in one.method]
)
@FEWER
@given(data=st.data(), continues=st.booleans())
def test_a_reply_survives_the_wire(
    interface: Interface, kind: type[Call[Any]], data: st.DataObject, continues: bool
) -> None:
    sent: Any = data.draw(instances(kind.REPLY))
    wire, fds = encode_reply(sent, continues=continues and kind.MORE)
    got, more = decode_reply(wire[:-1], fds, kind, interface)

    assert (type(got), plain(got), more) == (kind.REPLY, plain(sent), continues and kind.MORE)


@pytest.mark.parametrize(
    ("interface", "kind"), [(one, kind) for one in INTERFACES for kind in one.error]
)
@FEWER
@given(data=st.data())
def test_a_refusal_survives_the_wire(
    interface: Interface, kind: type[Refusal], data: st.DataObject
) -> None:
    sent: Any = data.draw(instances(kind))
    asked = next(iter(interface.method))
    got, more = decode_reply(encode_refusal(interface, sent)[:-1], [], asked, interface)

    assert (type(got), plain(got), more) == (kind, plain(sent), False)


@given(st.binary(max_size=80), st.lists(st.integers(3, 9), max_size=2))
def test_any_bytes_are_a_message_or_malformed(data: bytes, fds: list[int]) -> None:
    with pytest.raises(Malformed):
        decode_call(data, fds, CALLS)
    with pytest.raises(Malformed):
        decode_reply(b"{" + data, fds, files.Open, FILES)


@given(
    st.sampled_from(sorted(CALLS)),
    st.dictionaries(KEYS | st.text(st.characters(), max_size=8), JSON, max_size=3),
    st.lists(st.integers(3, 9), max_size=3),
)
def test_any_json_is_a_message_or_malformed(
    method: str, found: dict[str, object], fds: list[int]
) -> None:
    data = json.dumps({"method": method, **found}).encode()
    try:
        got, _ = decode_call(data, fds, CALLS)
    except Malformed:
        return

    assert type(got) is CALLS[method]
    assert sorted(got.descriptors()) == sorted(fds)


@given(st.data(), st.lists(st.integers(3, 9), max_size=3))
def test_one_wrong_parameter_is_malformed_or_of_the_same_kind(
    data: st.DataObject, fds: list[int]
) -> None:
    kind = data.draw(st.sampled_from(sorted(CALLS.values(), key=lambda one: one.__name__)))
    interface = next(one for one in INTERFACES if kind in one.method)
    wire, _ = encode_call(interface, data.draw(instances(kind)))  # type: ignore[arg-type]
    found = json.loads(wire[:-1])
    keys = [field.key for field in kind.FIELDS]
    found["parameters"][data.draw(st.sampled_from([*keys, "other"]))] = data.draw(JSON)
    try:
        got, _ = decode_call(json.dumps(found).encode(), fds, CALLS)
    except Malformed:
        return

    assert sorted(got.descriptors()) == sorted(fds)


@given(st.dictionaries(KEYS, JSON, max_size=4))
def test_any_json_is_a_reply_or_malformed(found: dict[str, object]) -> None:
    data = json.dumps(found).encode()
    for asked in (files.List, files.Enter):
        try:
            got, more = decode_reply(data, [], asked, FILES)
        except Malformed:
            continue
        assert type(got) in (asked.REPLY, files.Refused)
        assert not more or asked.MORE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b'"org.ftpsd.Files.Enter"',
        b"{}",
        b"\xff{}",
        b"\xef\xbb\xbf{}",
        b'{"method":"org.ftpsd.Files.Enter","parameters":{"path":"/"}} x',
        b'{"method":5}',
        b'{"method":["org.ftpsd.Helper.Ping"]}',
        b'{"method":"org.ftpsd.Helper.Nothing"}',
        b'{"method":"org.ftpsd.Helper.Ping","parameters":[]}',
        b'{"method":"org.ftpsd.Helper.Ping","parameters":{"x":null}}',
        b'{"method":"org.ftpsd.Helper.Ping","parameters":{},"x":1}',
        b'{"method":"org.ftpsd.Helper.Ping","method":"org.ftpsd.Helper.Ping"}',
        b'{"method":"org.ftpsd.Helper.Ping","oneway":1}',
        b'{"method":"org.ftpsd.Helper.Ping","oneway":null}',
        b'{"method":"org.ftpsd.Helper.Ping","oneway":true,"more":true}',
        b'{"method":"org.ftpsd.Ports.Listen"}',
        b'{"method":"org.ftpsd.Ports.Listen","more":false}',
        b'{"method":"org.ftpsd.Ports.Listen","more":1}',
        b'{"method":"org.ftpsd.Files.Enter","parameters":{"path":"/a","path":"/b"}}',
        b'{"method":"org.ftpsd.Files.Enter","parameters":{"path":"\\ud800"}}',
        b'{"method":"org.ftpsd.Files.Enter","parameters":{"path":"/\\ud800"}}',
        b'{"method":"org.ftpsd.Files.Enter","parameters":{"path":"/\\u0000"}}',
        b'{"method":"org.ftpsd.Files.SetMask","parameters":{"mask":NaN}}',
        b'{"method":"org.ftpsd.Files.SetMask","parameters":{"mask":-Infinity}}',
        b'{"method":"org.ftpsd.Files.SetMask","parameters":{"mask":1e999}}',
        b'{"method":"org.ftpsd.Files.SetMask","parameters":{"mask":1.0}}',
        b'{"method":"org.ftpsd.Files.SetMask","parameters":{"mask":true}}',
        b'{"method":"org.ftpsd.Files.SetMask","parameters":{"mask":9223372036854775808}}',
        b'{"method":"org.ftpsd.Files.SetMask","parameters":{"mask":' + b"9" * 60000 + b"}}",
        b"[" * 60000,
        b'{"a":' * 12000,
    ],
)
def test_nearly_a_call_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        decode_call(data, [], CALLS)


@pytest.mark.parametrize(
    "text",
    [
        '{"method":"org.ftpsd.Helper.Ping"}',
        '{"method":"org.ftpsd.Helper.Ping","parameters":null}',
        ' {"parameters":{},"more":true,"method":"org.ftpsd.Helper.Ping"} ',
    ],
)
def test_what_varlink_lets_a_caller_leave_out_may_be_left_out(text: str) -> None:
    assert type(call(text)) is helper.Ping


def test_a_null_is_the_same_as_a_field_left_out() -> None:
    given_null = call(request('{"path":"/a","facts":null}', "org.ftpsd.Files.Describe"))

    assert plain(given_null) == {"path": "/a", "facts": None}


LOGIN = "org.ftpsd.Helper.Login"


@pytest.mark.parametrize("index", ["1", "-1", "0.0", "false", '"0"', "null", "[0]", "4294967296"])
def test_a_descriptor_that_is_not_there_is_malformed(index: str) -> None:
    text = f'{{"user":"a","password":"b","controlFileDescriptor":{index}}}'
    with pytest.raises(Malformed):
        call(request(text, LOGIN), [7])


@pytest.mark.parametrize("fds", [[], [7, 8]])
def test_a_descriptor_too_few_or_too_many_is_malformed(fds: list[int]) -> None:
    with pytest.raises(Malformed):
        call(request('{"user":"a","password":"b","controlFileDescriptor":0}', LOGIN), fds)


PLAIN: dict[str, object] = {
    "Bool": False,
    "Fd": 0,
    "Int": 1,
    "Name": "a",
    "Path": "/",
    "Text": "",
    "Texts": [],
    "TlsResumption": "off",
}


def granted(files_index: int, ports_index: int) -> bytes:
    values = {field.key: PLAIN[field.kind_name] for field in helper.Granted.FIELDS}
    values |= {"filesFileDescriptor": files_index, "portsFileDescriptor": ports_index}
    return json.dumps({"parameters": values}).encode()


def test_a_descriptor_named_twice_is_malformed() -> None:
    for fds in ([7], [7, 8]):
        with pytest.raises(Malformed):
            decode_reply(granted(0, 0), fds, helper.Login, HELPER)


def test_descriptors_may_be_named_in_any_order() -> None:
    got, _ = decode_reply(granted(1, 0), [7, 8], helper.Login, HELPER)

    assert isinstance(got, helper.Granted)
    assert (got.files_fd, got.ports_fd) == (8, 7)


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b'{"parameters":{},"x":1}',
        b'{"parameters":{},"continues":1}',
        b'{"parameters":{},"continues":true}',
        b'{"error":"org.ftpsd.Files.Refused","parameters":{"reason":"denied"},"continues":true}',
        b'{"error":"org.ftpsd.Files.Other","parameters":{}}',
        b'{"error":"org.ftpsd.Ports.NotOpened","parameters":{"reason":"timeout"}}',
        b'{"error":5}',
        b'{"error":"org.ftpsd.Files.Refused"}',
        b'{"error":"org.ftpsd.Files.Refused","parameters":{"reason":"weather"}}',
        b'{"parameters":{"fileFileDescriptor":0}}',
    ],
)
def test_nearly_a_reply_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        decode_reply(data, [], files.Enter, FILES)


def test_a_refusal_with_a_descriptor_is_malformed() -> None:
    data = encode_refusal(FILES, files.Refused(reason="denied"))[:-1]
    with pytest.raises(Malformed):
        decode_reply(data, [7], files.Open, FILES)


def test_a_message_beyond_the_bound_is_not_sent() -> None:
    many = ["\udcff" * 100] * (limits.MESSAGE_BYTES // 600 + 1)
    with pytest.raises(Malformed):
        encode_reply(Info(vendor="", product="", version="", url="", interfaces=many))


def test_the_two_longest_paths_are_sent() -> None:
    path = "/" + "\udcff" * (limits.PATH_BYTES - 1)
    wire, _ = encode_call(FILES, files.Rename(path=path, new_path=path))

    assert len(wire) <= limits.MESSAGE_BYTES


def test_a_field_left_at_null_is_not_sent() -> None:
    wire, fds = encode_reply(ports.Opened(host="192.0.2.1", port=5000), continues=True)

    assert wire == b'{"parameters":{"host":"192.0.2.1","port":5000},"continues":true}\0'
    assert fds == []


def test_every_kind_of_field_is_tried_here() -> None:
    enumerations = {"FileRefusal", "FileKind", "ListForm", "WriteMode", "PortRefusal"}
    enumerations |= {"ClientCertificate", "TlsResumption"}

    assert set(KINDS) == set(VALUES) | enumerations | {"Fd"}
