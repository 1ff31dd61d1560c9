"""The passwords that guessers try first, shipped with the package so that nobody is asked over the network.

`frequent_passwords.txt` holds one a line, most used first, in small letters. They are those of the list `passwords` of
zxcvbn 4.5.0 on PyPI, under the licence in `frequent_passwords.LICENSE` (MIT).
"""

from pathlib import Path

FILE = Path(__file__).with_name("frequent_passwords.txt")


def shipped_frequent_passwords() -> frozenset[str]:
    return frozenset(FILE.read_text(encoding="utf-8").splitlines())
