# SPDX-License-Identifier: GPL-3.0-or-later
"""Each option of vsftpd does in ftpsd what its row says, whatever its value is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftpsd.admin.vsftpd.command import make
from ftpsd.admin.vsftpd.keys import SECTIONS
from ftpsd.admin.vsftpd.person import NEWER, SITES
from ftpsd.admin.vsftpd.plan import Plan
from ftpsd.admin.vsftpd.report import report
from ftpsd.admin.vsftpd.row import VENDORS, Fate, Kind, Row, User
from ftpsd.admin.vsftpd.table import TABLE
from ftpsd.admin.vsftpd.tree import Tree
from ftpsd.options import OPTIONS
from ftpsd.session.verbs import SITE, VERBS

VALUES = {
    Kind.BOOLEAN: ("YES", "no", "TRUE", "false", "1", "0", "", "2", "perhaps"),
    Kind.NUMBER: (
        *("0", "1", "022", "22", "60000", "99999999"),
        *("", "-1", "-022", "08", "0x7", "10m", "4294967296", "many"),
    ),
    Kind.TEXT: (
        "",
        "x",
        "/srv/x",
        "/x y",
        "%h",
        "*.{mp3,mp4}",
        "RETR,STOR",
        "192.0.2.1",
        "::1",
        "ä",
    ),
}
"""Every kind of value."""
FILES = {
    "/etc/passwd": "anna:x:1000:1000::/home/anna/./ftp:/bin/sh\n",
    "/etc/hosts.deny": "ALL: ALL\n",
    "/lists/a": "anna\nbert\n",
    "/lists/b": "carl\n",
    "/users/anna": "write_enable=NO\n",
}
ALL_AT_ONCE = """
anonymous_enable=YES\nlocal_enable=YES\nwrite_enable=YES\nlisten=YES\nssl_enable=YES
userlist_enable=YES\nuserlist_file=/lists/a\nchroot_list_enable=YES\nchroot_list_file=/lists/a
deny_email_enable=YES\nbanned_email_file=/lists/a\nsecure_email_list_enable=YES
email_password_file=/lists/a\nanon_upload_enable=YES
connect_from_port_20=YES\ndirmessage_enable=YES\nlocal_root=/srv/TOKEN\nrsa_private_key_file=/k
"""
"""Where nearly every option matters."""
OF_UNITS = {
    "AmbientCapabilities",
    "CapabilityBoundingSet",
    "IPAddressAllow",
    "IPAddressDeny",
    "ListenStream",
    "MaxConnections",
    "MaxConnectionsPerSource",
    "PrivateUsers",
}
"""Keys of drop-ins."""
CREDENTIALS = {"ftpsd.pem", "ftpsd.crt", "ftpsd.key", "ftpsd.ca"}
ANOTHER = {
    "anon_max_rate": "1000",
    "banned_email_file": "/lists/b",
    "chroot_list_file": "/lists/b",
    "cmds_allowed": "RETR",
    "cmds_denied": "RETR",
    "email_password_file": "/lists/b",
    "listen_address": "192.0.2.1",
    "listen_address6": "2001:db8::1",
    "userlist_file": "/lists/b",
    "pasv_max_port": "6000",
    "chown_username": "bert",
    "chown_upload_mode": "0644",
    "ftp_username": "bert",
    "guest_username": "bert",
    "pam_service_name": "other",
    "user_config_dir": "/users",
    "user_sub_token": "TOKEN",
    "ssl_ciphers": "DEFAULT",
    "banner_file": "/lists/a",
    "pasv_address": "192.0.2.1",
}
"""A value other than the default, where not just any will do."""
NEEDS = {
    "chown_uploads": "chown_username=bert\n",
    "chown_username": "chown_uploads=YES\n",
    "chown_upload_mode": "chown_uploads=YES\nchown_username=bert\n",
    "no_anon_password": "secure_email_list_enable=NO\n",
    "guest_username": "guest_enable=YES\n",
    "virtual_use_local_privs": "guest_enable=YES\n",
    "listen_address6": "listen=NO\nlisten_ipv6=YES\n",
    "listen_ipv6": "listen=NO\n",
    "require_cert": "ssl_request_cert=YES\n",
    "ssl_request_cert": "require_cert=YES\n",
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """Give the files that the options name."""
    root = tmp_path_factory.mktemp("root")
    for path, text in FILES.items():
        (root / path.lstrip("/")).parent.mkdir(exist_ok=True)
        (root / path.lstrip("/")).write_text(text)
    return Tree(root)


def planned(text: str, tree: Tree, vendor: str = "upstream") -> Plan:
    return make(text.encode("utf-8", "surrogateescape"), VENDORS[vendor], "/vsftpd.conf", tree)[1]


def vendor(row: Row) -> str:
    return row.vendor or "upstream"


def another(row: Row) -> str:
    if row.kind is Kind.BOOLEAN:
        return "NO" if row.default else "YES"
    return ANOTHER.get(row.name, "1234" if row.kind is Kind.NUMBER else "/other")


def settings_of(plan: Plan) -> list[tuple[str, str]]:
    return [
        *plan.settings.items(),
        *(one for each in plan.policies for one in each.settings.items()),
    ]


def placed(plan: Plan) -> list[tuple[str, str, str]]:
    everywhere = [("", *one) for one in plan.settings.items()]
    return everywhere + [
        (one.name, *each) for one in plan.policies for each in one.settings.items()
    ]


def test_the_table_has_the_136_options_of_3_0_5_and_those_of_debian_and_red_hat() -> None:
    assert Counter(row.kind for row in TABLE.values() if not row.vendor) == {
        Kind.BOOLEAN: 83,
        Kind.NUMBER: 20,
        Kind.TEXT: 33,
    }
    assert Counter(row.vendor for row in TABLE.values() if row.vendor) == {
        "debian": 3,
        "redhat": 11,
    }


@pytest.mark.parametrize("name", TABLE)
def test_a_row_says_what_becomes_of_the_option(name: str) -> None:
    row = TABLE[name]

    assert row.becomes or row.about
    if row.fate in (Fate.OBSOLETE, Fate.LOST):
        assert row.about.endswith(".")
    if row.fate is Fate.SETTING:
        assert set(row.becomes) & set(SECTIONS)


@pytest.mark.parametrize("name", TABLE)
def test_an_option_alone_gives_a_report_that_names_it_or_its_line(name: str, tree: Tree) -> None:
    whose = VENDORS[vendor(TABLE[name])]
    for value in VALUES[TABLE[name].kind]:
        found, plan = make(f"{name}={value}\n".encode(), whose, "/vsftpd.conf", tree)

        if plan.problems:
            assert [one.line for one in plan.problems] == [1], value
        else:
            assert f"\n   1  {name}={value}\n      " in report("/vsftpd.conf", found, plan)
            assert plan.files(), value


@pytest.mark.parametrize("name", TABLE)
def test_blanks_and_notes_around_an_option_are_read_or_are_a_mistake_of_its_line(
    name: str, tree: Tree
) -> None:
    row = TABLE[name]
    value = another(row)
    for text in (f"{name}={value} ", f"{name}={value} # note", f"{name} = {value}", f" {name}=x"):
        for whose in VENDORS.values():
            if row.vendor in ("", whose.adds) and name not in whose.lacks:
                found, plan = make(f"# note\n{text}\n".encode(), whose, "/vsftpd.conf", tree)
                assert {one.line for one in plan.problems} <= {2}
                assert plan.problems or [one.line for one in found.assignments] == [2]


@pytest.mark.parametrize("name", TABLE)
def test_of_an_option_that_is_repeated_the_last_line_counts(name: str, tree: Tree) -> None:
    row = TABLE[name]
    default = row.default if isinstance(row.default, str) else "x"
    first = {Kind.BOOLEAN: "NO" if another(row) == "YES" else "YES", Kind.NUMBER: "7"}
    text = f"{name}={first.get(row.kind, default)}\n{name}={another(row)}\n"

    found, plan = make(text.encode(), VENDORS[vendor(row)], "/vsftpd.conf", tree)
    alone = planned(text.partition("\n")[2], tree, vendor(row))

    assert plan.files() == alone.files()
    said = report("/vsftpd.conf", found, plan)
    assert plan.problems or "\n      a later line sets it again\n   2  " in said


@pytest.mark.parametrize(
    "name", [name for name, row in TABLE.items() if row.fate not in (Fate.OBSOLETE, Fate.LOST)]
)
def test_an_option_that_becomes_something_changes_what_is_written(name: str, tree: Tree) -> None:
    row = TABLE[name]
    before = ALL_AT_ONCE + NEEDS.get(name, "")
    base = planned(before, tree, vendor(row))
    changed = planned(f"{before}{name}={another(row)}\n", tree, vendor(row))
    if (changed.files(), changed.links) == (base.files(), base.links):
        # It is so there already: what matters is that it is.
        changed = planned(f"{before}{name}={'NO' if row.kind is Kind.BOOLEAN else ''}\n", tree)

    assert base.problems == []
    assert changed.problems == []
    assert (changed.files(), changed.links) != (base.files(), base.links)
    if row.fate is Fate.SETTING:
        touched = {key for _, key, _ in set(placed(base)) ^ set(placed(changed))}
        assert touched & set(row.becomes)


@pytest.mark.parametrize(
    "name", [name for name, row in TABLE.items() if row.fate in (Fate.OBSOLETE, Fate.LOST)]
)
def test_an_option_that_becomes_nothing_changes_nothing(name: str, tree: Tree) -> None:
    row = TABLE[name]
    base = planned(ALL_AT_ONCE, tree, vendor(row))
    changed = planned(f"{ALL_AT_ONCE}{name}={another(row)}\n", tree, vendor(row))

    assert changed.problems == []
    assert changed.files() == base.files()


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if not row.vendor])
def test_in_a_file_for_one_user_an_option_works_or_is_told_to_be_ignored(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "anna").write_text(f"{name}={another(TABLE[name])}\n")
    config = "local_enable=YES\nanonymous_enable=NO\nuser_config_dir=/\n"

    plan = planned(config, Tree(tmp_path))

    ignored = any(f"/anna:1: {name} has no effect" in one for one in plan.checks)
    assert ignored == (TABLE[name].user is User.IGNORED)
    if ignored:
        assert plan.policies == []


def test_each_line_of_a_users_own_file_is_in_the_report(tmp_path: Path) -> None:
    (tmp_path / "anna").write_text("write_enable=YES\nasync_abor_enable=YES\nlisten=NO\n")

    found, plan = make(b"user_config_dir=/\n", VENDORS["upstream"], "/vsftpd.conf", Tree(tmp_path))

    _, _, said = report("/vsftpd.conf", found, plan).partition("What becomes of //anna:\n\n")
    assert said.startswith(
        "   1  write_enable=YES\n      Write=yes (what user_config_dir has for anna)\n"
        "   2  async_abor_enable=YES\n      is not needed\n"
    )
    assert "   3  listen=NO\n      has no effect in a file for one user\n" in said


@pytest.mark.parametrize("name", TABLE)
def test_what_a_row_says_it_becomes_there_is(name: str) -> None:
    assert set(TABLE[name].becomes) <= set(OPTIONS) | {"User"} | OF_UNITS | CREDENTIALS


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("others", ["alone", "all_at_once"])
def test_every_value_it_writes_is_one_that_ftpsd_takes(name: str, others: str, tree: Tree) -> None:
    row = TABLE[name]
    before = "" if others == "alone" else ALL_AT_ONCE + NEEDS.get(name, "")
    for value in VALUES[row.kind]:
        for key, written in settings_of(planned(f"{before}{name}={value}\n", tree, vendor(row))):
            assert "\n" not in written, value
            assert written == written.strip(), value
            if written:
                OPTIONS[key].metadata["parse"](written)


ROWS = st.sampled_from(sorted(TABLE)).flatmap(
    lambda name: st.one_of(st.sampled_from(VALUES[TABLE[name].kind]), st.text(max_size=12)).map(
        lambda value: f"{name}={value}"
    )
)
CONFIG = st.lists(ROWS, max_size=25).map("\n".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=CONFIG, own=CONFIG, listed=st.binary(max_size=40), whose=st.sampled_from(list(VENDORS)))
def test_any_configuration_gives_files_and_a_report_or_problems(
    text: str, own: str, listed: bytes, whose: str, tmp_path: Path
) -> None:
    (tmp_path / "users").mkdir(exist_ok=True)
    (tmp_path / "users/anna").write_text(own, "utf-8", "surrogatepass")
    for name in ("list", "hosts.allow", "passwd"):
        (tmp_path / "etc").mkdir(exist_ok=True)
        (tmp_path / "etc" / name).write_bytes(listed)
    names = "user_config_dir=/users\nuserlist_file=/etc/list\nchroot_list_file=/etc/list\n"
    data = f"{names}{text}".encode("utf-8", "surrogatepass")

    found, plan = make(data, VENDORS[whose], "/vsftpd.conf", Tree(tmp_path))

    assert report("/vsftpd.conf", found, plan)
    for problem in plan.problems:
        assert problem.reason
    for path, content in plan.files().items():
        lines = content.splitlines() if path.endswith(".conf") else []
        assert all(line[:1] in ("", "#", "[") or "=" in line for line in lines), path


def test_a_line_break_of_another_kind_in_a_value_begins_no_new_setting(tree: Tree) -> None:
    plan = planned("local_enable=YES\nlocal_root=/srv\r[Login]\rMinimumUID=1\n", tree)

    assert plan.problems or "\r" not in "".join(plan.files().values())


def test_what_is_denied_by_its_newer_names_too_is_there(tree: Tree) -> None:
    known = {*VERBS, *(f"SITE_{one}" for one in SITE)}

    assert {*SITES, *NEWER, *(one for newer in NEWER.values() for one in newer)} <= known | {"SITE"}
    assert "DenyCommands=MKD SITE_MKDIR" in "".join(
        planned("local_enable=YES\ncmds_denied=MKD\n", tree).files().values()
    )
