# SPDX-License-Identifier: GPL-3.0-or-later
"""The configurations that vsftpd and ftpsd are compared with, and who logs in with each."""

from __future__ import annotations

import dataclasses
from typing import Final

ANNA: Final = ("anna", "anna's password 1")
BOB: Final = ("bob", "bob's password 1")
ANONYMOUS: Final = ("anonymous", "guest@example.org")
VISITOR: Final = ("visitor", "anything")
OTHER: Final = ("other", "anything")

COMMANDS: Final = (
    "SYST",
    "FEAT",
    "NOOP",
    "PWD",
    "TYPE I",
    "LIST",
    "LIST -a",
    "LIST -R",
    "NLST *.exe",
    "LIST gone",
    "CWD pub",
    "RETR inside",
    "CDUP",
    "PWD",
    "CWD gone",
    "CWD /etc",
    "PWD",
    "CWD /home/anna",
    "CWD /",
    "RETR readme",
    "RETR /readme",
    "RETR closed",
    "RETR tool.exe",
    "RETR .hidden",
    "RETR gone",
    "RETR ../../../etc/hostname",
    "SIZE readme",
    "SIZE gone",
    "SIZE pub",
    "STOR new.jpg",
    "STOR incoming/new",
    "STOR incoming/x.exe",
    "STOR readme",
    "APPE old",
    "MDTM 20200101000000 photo.jpg",
    "MDTM photo.jpg",
    "SITE CHMOD 600 photo.jpg",
    "SITE UMASK 077",
    "SITE XYZZY",
    "MKD made",
    "MKD incoming/made",
    "RMD empty",
    "RMD pub",
    "RNFR readme",
    "RNTO moved",
    "RNTO again",
    "RNFR incoming/new",
    "RNTO incoming/newer",
    "DELE incoming/there",
    "DELE old",
    "DELE tool.exe",
    "DELE gone",
    "REST 2",
    "RETR pub/inside",
    "PORT 192,0,2,77,4,1",
    "STRU F",
    "MODE S",
    "MODE B",
    "ALLO 5",
    "ACCT x",
    "XYZZY",
)
"""What every login does. It begins at home, where the session has put it."""
_LOCAL = "anonymous_enable=NO\nlocal_enable=YES\nwrite_enable=YES\n"
_JAILED = f"{_LOCAL}chroot_local_user=YES\nallow_writeable_chroot=YES\n"
_ANONYMOUS = "anonymous_enable=YES\nlocal_enable=NO\nno_anon_password=NO\n"
_KEY = "/etc/ssl/vsftpd.pem"
_TLS = (
    f"ssl_enable=YES\nrsa_cert_file={_KEY}\nrequire_ssl_reuse=NO\nssl_ciphers=HIGH\n"
    f"rsa_private_key_file={_KEY}\n"
)
_GUESTS = (
    f"{_LOCAL}guest_enable=YES\nguest_username=vftp\nuser_sub_token=$USER\n"
    "local_root=/srv/guests/$USER\npam_service_name=virtual\nallow_writeable_chroot=YES\n"
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Twin:
    """A configuration: without a `listen` of its own it listens on IPv4.

    The first of the logins is that of the scenes. Without a `dialogue` it only logs in and out.
    """

    config: str
    logins: tuple[tuple[str, ...], ...]
    files: dict[str, str] = dataclasses.field(default_factory=dict)
    tls: str = ""
    host: str = "127.0.0.1"
    port: int = 21
    listen: str = "listen=YES\n"
    dialogue: bool = True
    scenes: tuple[str, ...] = ()


TWINS: Final = {
    "shipped upstream": Twin(
        config="anonymous_enable=YES\ndirmessage_enable=YES\nxferlog_enable=YES\n"
        "connect_from_port_20=YES\n",
        logins=(ANONYMOUS, ANNA),
    ),
    "shipped Debian": Twin(
        listen="listen=NO\nlisten_ipv6=YES\n",
        config="anonymous_enable=NO\nlocal_enable=YES\ndirmessage_enable=YES\nuse_localtime=YES\n"
        "xferlog_enable=YES\nconnect_from_port_20=YES\nsecure_chroot_dir=/var/run/vsftpd/empty\n"
        "pam_service_name=vsftpd\nrsa_cert_file=/etc/ssl/certs/ssl-cert-snakeoil.pem\n"
        "rsa_private_key_file=/etc/ssl/private/ssl-cert-snakeoil.key\nssl_enable=NO\n",
        logins=(ANNA, ANONYMOUS),
    ),
    "shipped Red Hat": Twin(
        listen="listen=NO\nlisten_ipv6=YES\n",
        config="anonymous_enable=NO\nlocal_enable=YES\nwrite_enable=YES\nlocal_umask=022\n"
        "dirmessage_enable=YES\nxferlog_enable=YES\nconnect_from_port_20=YES\n"
        "xferlog_std_format=YES\npam_service_name=vsftpd\nuserlist_enable=YES\ntcp_wrappers=YES\n",
        files={"/etc/vsftpd.user_list": "root\nbin\nbob\n"},
        logins=(ANNA, BOB),
        scenes=("active",),
    ),
    "mirror": Twin(
        config=f"{_ANONYMOUS}anon_root=/srv/mirror\nanon_max_rate=2000000\nmax_clients=200\n"
        "max_per_ip=4\nhide_ids=YES\ndirmessage_enable=YES\nftpd_banner=Welcome to the mirror.\n"
        "pasv_min_port=50000\npasv_max_port=50999\n",
        logins=(ANONYMOUS, ("ftp", "x@y"), ANNA),
    ),
    "drop box": Twin(
        config=f"{_ANONYMOUS}write_enable=YES\nanon_upload_enable=YES\n"
        "anon_mkdir_write_enable=YES\nanon_root=/srv/mirror\ndownload_enable=NO\n"
        "dirlist_enable=NO\nanon_umask=027\n",
        logins=(ANONYMOUS,),
    ),
    "drop box that gives away": Twin(
        config=f"{_ANONYMOUS}write_enable=YES\nanon_upload_enable=YES\nchown_uploads=YES\n"
        "chown_username=bob\nchown_upload_mode=0640\n",
        logins=(ANONYMOUS,),
    ),
    "anonymous may do all": Twin(
        config=f"{_ANONYMOUS}write_enable=YES\nanon_upload_enable=YES\nanon_umask=022\n"
        "anon_mkdir_write_enable=YES\nanon_other_write_enable=YES\n"
        "anon_world_readable_only=NO\nanon_root=/srv/mirror\nftp_username=vftp\n",
        logins=(ANONYMOUS,),
    ),
    "jailed users on a list": Twin(
        config=f"{_JAILED}userlist_enable=YES\nuserlist_deny=NO\n"
        "userlist_file=/etc/vsftpd.allowed\n",
        files={"/etc/vsftpd.allowed": "anna\n"},
        logins=(ANNA, BOB),
    ),
    "all jailed but some": Twin(
        config=f"{_JAILED}chroot_list_enable=YES\nchroot_list_file=/etc/vsftpd.chroot_list\n",
        files={"/etc/vsftpd.chroot_list": "bob\n"},
        logins=(ANNA, BOB),
    ),
    "some jailed": Twin(
        config=f"{_LOCAL}chroot_list_enable=YES\nallow_writeable_chroot=YES\n",
        files={"/etc/vsftpd.chroot_list": "bob\n"},
        logins=(ANNA, BOB),
        scenes=("active",),
    ),
    "guests": Twin(
        config=f"{_GUESTS}anon_umask=022\nhide_ids=YES\nuser_config_dir=/etc/vsftpd.users\n",
        files={"/etc/vsftpd.users/visitor": "anon_upload_enable=YES\n"},
        logins=(VISITOR, ("nobody-knows", "x", "127.0.2.1")),
    ),
    "guests as local users": Twin(
        config=f"{_GUESTS}virtual_use_local_privs=YES\nchroot_local_user=YES\nlocal_umask=077\n"
        "file_open_mode=0666\n",
        logins=(VISITOR,),
    ),
    "settings of single users": Twin(
        config=f"{_JAILED}local_max_rate=1000000\nuser_config_dir=/etc/vsftpd.users\n",
        files={
            "/etc/vsftpd.users/anna": "local_umask=027\nlocal_max_rate=0\n",
            "/etc/vsftpd.users/bob": "write_enable=NO\ncmds_denied=SITE,MDTM\n",
        },
        logins=(ANNA, BOB),
    ),
    "writes less": Twin(config=_JAILED.replace("write_enable=YES\n", ""), logins=(ANNA,)),
    "hidden and denied names": Twin(
        config=f"{_JAILED}hide_file={{*.jpg,closed}}\ndeny_file={{*.exe,.h*}}\n"
        "force_dot_files=YES\nls_recurse_enable=YES\n",
        logins=(ANNA,),
    ),
    "Debian's names": Twin(
        config=f"{_JAILED}upload_file={{*.jpg}}\ndownload_file={{read*,*.jpg}}\n",
        logins=(ANNA,),
    ),
    "few commands": Twin(
        config=f"{_JAILED}cmds_allowed=USER,PASS,PWD,TYPE,EPSV,STOR,LIST,CWD,QUIT\n",
        logins=(ANNA,),
    ),
    "masks and modes": Twin(
        config=f"{_JAILED}local_umask=0027\nfile_open_mode=0777\nchmod_enable=NO\n"
        "mdtm_write=NO\ntext_userdb_names=YES\n",
        logins=(ANNA,),
    ),
    "TLS for all": Twin(config=f"{_JAILED}{_TLS}", tls="explicit", logins=(ANNA,)),
    "TLS with sessions resumed": Twin(
        config=f"{_JAILED}{_TLS.replace('ssl_reuse=NO', 'ssl_reuse=YES')}",
        tls="explicit",
        logins=(ANNA,),
        dialogue=False,
        scenes=("resumption",),
    ),
    "few at a time": Twin(
        config=f"{_JAILED}max_per_ip=2\nmax_clients=3\n",
        logins=(ANNA,),
        dialogue=False,
        scenes=("crowd",),
    ),
    "slow": Twin(
        config=f"{_JAILED}local_max_rate=1000000\n",
        logins=(ANNA,),
        dialogue=False,
        scenes=("rate",),
    ),
    "TLS from the first byte": Twin(
        config=f"{_JAILED}{_TLS}implicit_ssl=YES\n", tls="implicit", port=990, logins=(ANNA,)
    ),
    "another port and address": Twin(
        config=f"{_JAILED}listen_address=192.0.2.1\npasv_address=203.0.113.5\n"
        "pasv_min_port=40000\npasv_max_port=40009\nftpd_banner=Ours\n",
        listen="listen=YES\nlisten_port=2121\n",
        host="192.0.2.1",
        port=2121,
        logins=(ANNA,),
    ),
    "tcp_wrappers": Twin(
        config=f"{_JAILED}tcp_wrappers=YES\n",
        files={
            "/etc/hosts.allow": "vsftpd: 127.0.0.\n",
            "/etc/hosts.deny": "ALL: ALL\n",
        },
        # whom it keeps out cannot be tried: in a container systemd has no filter of addresses
        logins=(ANNA, (*BOB, "127.0.0.7")),
    ),
    "no data connections": Twin(
        config=f"{_JAILED}pasv_enable=NO\nport_enable=NO\n", logins=(ANNA,)
    ),
    "both and wrong passwords": Twin(
        config="anonymous_enable=YES\nlocal_enable=YES\nwrite_enable=YES\nmax_login_fails=2\n",
        logins=(ANONYMOUS, ANNA, ("anna", "wrong", "127.0.4.1"), ("nobody", "x", "127.0.5.1")),
    ),
    "one process": Twin(
        config=f"{_ANONYMOUS}one_process_model=YES\nanon_root=/srv/mirror\n", logins=(ANONYMOUS,)
    ),
}
