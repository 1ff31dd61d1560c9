"""The passwords that guessers try first, from a library's list: nobody is asked over the network."""

from functools import cache

from zxcvbn.frequency_lists import FREQUENCY_LISTS


@cache
def shipped_frequent_passwords() -> frozenset[str]:
    """Some 30,000 from leaks, in small letters."""
    return frozenset(FREQUENCY_LISTS["passwords"])
