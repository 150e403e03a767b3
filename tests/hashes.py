# SPDX-License-Identifier: GPL-3.0-or-later
"""The password "secret", hashed in every way that other servers' files have it."""

from __future__ import annotations

KEPT = {
    "yescrypt": "$y$j9T$Rv7NP3zHTEktkbk6Ihxf.1$p82iQbO8sK//OqiMN7q5swbbR2QYETHg7ktLhmOAah0",
    "gost-yescrypt": "$gy$j9T$QtKwH4aJNC/vcOSIykK8./$OHbIV0dQvqyaNftI8ppykrdcXs/OJU/aD2vI65j1hP1",
    "scrypt": "$7$CU..../....b8YO.OOLxd3KJFsIUTlfh0$lYUtlnUB.I.CUM3aoLzIkNeTfssu6DK6XcCb2Aspoh1",
    "bcrypt": "$2y$05$1Ud8AfFdKK6RRBhwVkBMC.dVgZXT3K7gd8XvPPWh.ONpb34kaT6DO",
    "bcrypt-a": "$2a$05$vSuesGy3xOVs.j6D1Abb1uIXvUM7LXXYatdlyqwiI5ZGznqgjTCQe",
    "bcrypt-b": "$2b$05$WWdTICk/iv.BLLojO4TgMedvWwL2gLiiwFB.u.8BLVAo6NfroQb7i",
    "SHA-512": "$6$jiQ9aubBLAxKVyPC$MMOdMAj7.pMwqm1fF5iFvTFE/m.RCxl/.7fQhSFJwg/"
    "4p8yPbbOt/5f1NeaBmxMabOXQjYtsUsep37A63nxqW.",
    "SHA-512-rounds": "$6$rounds=1000$abcdefgh$nhYjN017qxiYztzyUpZtPnUQcnLy62KsunSLHNeLahp2EHPlAK"
    "mFFlrjEwSXGo2kgY5hR2.peKEg2VGUqIJJu1",
    "SHA-256": "$5$RxHl0xo.bnUWDAnO$z9hMag1LlURY0avG7qk.2ObDyXTFtNWDiy36YCM5g74",
    "MD5": "$1$mIxg1Xvo$I8tkrkFkh6sfxnv5ihUgZ0",
    "DES": "SacnZY4e/QjqQ",
}
"""By method; after a hyphen is a variant of it."""
ARGON2 = (
    "$argon2id$v=19$m=8192,t=1023,p=1$QEeNt6MegNWKrbUeXe6NAQ"
    "$uLlWn59hfWaAcUHWt8fxGAzVQ0m9HWzcfOZJ7OtpwLk"
)
"""What pure-pw of Debian 12 makes."""
NOT_KEPT = (
    ARGON2,
    "secret",
    "",
    "_J9..4pnoWUJmCoSBKHo",
    "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
    "$3$$878d8014606cda29677a44efa1353fc7",
    KEPT["SHA-512"][:-1],
    KEPT["bcrypt"][:-1],
    KEPT["MD5"] + ":",
    KEPT["yescrypt"] + "\n",
    "$6$jiQ9\udce4ubBLAxKVyPC$" + "x" * 86,
)
