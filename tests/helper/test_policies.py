# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies are for whom their [Match] names; a wrong one is for nobody, and is told by line."""

from __future__ import annotations

import socket

import pytest
from config_places import Places
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftpsd.helper import account
from ftpsd.helper.settings import MATCHES, Who
from ftpsd.options import OPTIONS, Settings
from ftpsd.wire.control import Control

ANNA = Who(known=lambda: ("anna", ("users",)), anonymous=False, address="192.0.2.7", port=21)
LINES = st.lists(
    st.one_of(
        st.sampled_from(["[Match]", "[Login]", "[Data]", "Anonymous=no", "PassivePorts=any"]),
        st.sampled_from([*MATCHES, *OPTIONS]).flatmap(
            lambda key: st.text(st.characters(exclude_categories=["Cs"])).map(
                lambda value: f"{key}={value}"
            )
        ),
        st.text(st.characters(exclude_categories=["Cs"])),
    )
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES)
def test_any_policy_is_settings_or_a_mistake_with_its_line(
    places: Places, lines: list[str]
) -> None:
    (places.etc / "policies.d").mkdir(exist_ok=True)
    text = "\n".join(lines)
    (places.etc / "policies.d/x.conf").write_text(text, "utf-8", newline="")
    found, wrong = places.load(ANNA)

    assert isinstance(found, Settings)
    assert found == Settings() or "[Match]" in text
    lines_of_it = text.count("\n") + text.count("\r") + 1
    assert all(1 <= one.line <= lines_of_it and one.reason for one in wrong)


@pytest.mark.parametrize(
    ("text", "number", "reason"),
    [
        ("[Match]\nUsr=anna\n", 2, "there is no Usr=, but there is User="),
        ("[Match]\nAddress=192.0.2\n", 2, "expected addresses or networks"),
        ("[Match]\nTLS=perhaps\n", 2, "expected yes or no"),
        ("[Match]\nPort=ftp\n", 2, "expected ports"),
        ("[Match]\nUser=\n", 2, 'expected values, or "!" and values'),
        ("[Match]\nIdleTimeoutSec=7\n", 2, "there is no IdleTimeoutSec="),
        ("[Session]\nIdleTimeoutSec=7\n", 2, "expected [Match] and a condition before this"),
    ],
)
def test_a_wrong_match_names_its_line_and_makes_the_policy_void(
    places: Places, text: str, number: int, reason: str
) -> None:
    (places.etc / "policies.d").mkdir()
    (places.etc / "policies.d/x.conf").write_text(text + "[Session]\nIdleTimeoutSec=9\n")
    found, (wrong,) = places.load(ANNA)

    assert found == Settings()
    assert (wrong.line, wrong.file.name) == (number, "x.conf")
    assert reason in wrong.reason
    assert wrong.reason.endswith("; this policy never applies")


def test_a_wrong_setting_of_a_policy_leaves_out_its_own_line_only(places: Places) -> None:
    (places.etc / "policies.d").mkdir()
    text = "[Match]\nUser=anna\n[Session]\nIdleTimeout=9\nIdleTimeoutSec=9\n"
    (places.etc / "policies.d/x.conf").write_text(text)
    found, (wrong,) = places.load(ANNA)

    assert (found, wrong.line) == (Settings(idle_timeout_sec=9), 4)


def test_policies_are_hidden_and_masked_as_drop_ins_are(places: Places) -> None:
    for place, seconds in (("etc", 1), ("run", 2), ("lib", 3)):
        for name in ("10.conf", "20.conf"):
            file = places.etc.parent / place / "policies.d" / name
            file.parent.mkdir(exist_ok=True)
            text = f"[Match]\nUser=anna\n[Session]\nIdleTimeoutSec={seconds}\n"
            if (place, name) != ("etc", "20.conf"):
                file.write_text(text)
    (places.run / "policies.d/20.conf").unlink()
    assert places.load(ANNA)[0].idle_timeout_sec == 3
    (places.etc / "policies.d/20.conf").symlink_to("/dev/null")
    assert places.load(ANNA)[0].idle_timeout_sec == 1
    (places.etc / "policies.d/10.conf").unlink()
    (places.etc / "policies.d/10.conf").symlink_to("/dev/null")
    assert places.load(ANNA) == (Settings(), [])


def test_without_someone_who_logs_in_no_policy_is_read(places: Places) -> None:
    (places.etc / "policies.d").mkdir()
    (places.etc / "policies.d/x.conf").write_text("nonsense\n")

    assert places.load() == (Settings(), [])


@pytest.mark.parametrize(
    ("conditions", "asked"),
    [("Address=127.0.0.1", 0), ("Address=198.51.100.1\nGroup=users", 0), ("User=anna\nGroup=*", 1)],
)
def test_who_somebody_is_is_asked_once_and_only_by_conditions_about_it(
    places: Places, monkeypatch: pytest.MonkeyPatch, conditions: str, asked: int
) -> None:
    """Before a password is asked for, a name that exists must not take longer than another."""
    (places.etc / "policies.d").mkdir()
    for name in ("a", "b"):
        (places.etc / f"policies.d/{name}.conf").write_text(f"[Match]\n{conditions}\n")
    looks: list[str] = []

    def look(user: str) -> tuple[str, tuple[str, ...]]:
        looks.append(user)
        return ANNA.known()

    monkeypatch.setattr(account, "_known", look)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        control = Control(accepted.fileno())
        places.load(account.who("anna", control, tls=True, host=None))

    assert looks == ["anna"] * asked


def test_anonymous_clients_write_only_by_a_policy_that_names_them(places: Places) -> None:
    guest = Who(known=lambda: ("ftp", ()), anonymous=True, address="192.0.2.7", port=21)
    (places.etc / "policies.d").mkdir()
    policy = places.etc / "policies.d/x.conf"
    for match, writes in (
        ("User=*", False),
        ("Address=192.0.2.0/24", False),
        ("Anonymous=no", False),
        ("Anonymous=yes", True),
        ("Anonymous=yes no\nAddress=192.0.2.7", True),
    ):
        policy.write_text(f"[Match]\n{match}\n[Files]\nWrite=yes\n")
        (places.etc / "ftpsd.conf").write_text("[Files]\nWrite=yes\n")
        assert (match, places.load(guest)[0].write) == (match, writes)
        assert places.load(ANNA)[0].write
