"""Conditional requests (RFC 9110 section 13)."""

import hashlib


def entity_tag(content: bytes) -> str:
    """A strong entity tag: equal for equal content only."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def is_known(if_none_match: str | None, tag: str) -> bool:
    """Whether the client's `If-None-Match` names the tag; weak and strong tags compare equal here."""
    if if_none_match is None:
        return False
    known = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return "*" in known or tag in known
