"""Frequent passwords, from a list that a library ships, without network requests."""

from functools import cache

from zxcvbn.frequency_lists import FREQUENCY_LISTS


@cache
def shipped_frequent_passwords() -> frozenset[str]:
    """About 30,000 passwords from leaks, in lower case."""
    return frozenset(FREQUENCY_LISTS["passwords"])
