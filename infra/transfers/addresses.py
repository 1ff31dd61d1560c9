"""Site and GitHub database number of a record, derived from the other tracker's addresses and ids."""

import re
from base64 import urlsafe_b64decode
from functools import lru_cache
from urllib.parse import urlsplit

LONGEST_SITE = 200
_DEFAULT_PORTS = {"http": 80, "https": 443}
# Atlassian's gateway serves every cloud site from one host, with the site's ID in the path.
_GATEWAY = re.compile(r"/ex/jira/([A-Za-z0-9-]+)/", re.ASCII)
_LEGACY = re.compile(rb"0?\d+:([A-Za-z]+?)(\d+)", re.ASCII)
_PREFIXED = re.compile(r"([A-Z]{1,8})_([A-Za-z0-9_-]{4,200})", re.ASCII)
_LEGACY_NAMES = {b"Issue": "I", b"PullRequest": "PR", b"PullRequestReview": "PRR", b"Label": "LA", b"User": "U"}
# msgpack: first byte of an unsigned integer -> number of bytes that follow
_INTEGERS = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}


def site_of(address: object) -> str | None:
    """The host of an http address in lower case, with its port unless it is the default port; None without a host."""
    if not isinstance(address, str):
        return None
    scheme, _, rest = address.partition("://")
    return _site(f"{scheme}://{rest.partition('/')[0]}", _gateway(rest)) if rest else None


def _gateway(rest: str) -> str:
    found = _GATEWAY.search(rest) if rest.startswith("api.atlassian.com/") else None
    return found[0].rstrip("/") if found else ""


@lru_cache(maxsize=256)
def _site(origin: str, path: str) -> str | None:
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return None
    host = (parts.hostname or "").removesuffix(".")
    if parts.scheme not in _DEFAULT_PORTS or not host or not host.isprintable() or len(host) > LONGEST_SITE:
        return None
    if host == "api.github.com":
        return "github.com"
    return host + (f":{port}" if port not in (None, _DEFAULT_PORTS[parts.scheme]) else "") + path


def github_ids(node_id: object) -> tuple[str | None, str | None]:
    """The number of an object in GitHub's database, with its kind (issue, pull request, …), and that of its repository.

    A node id has two forms: base64 of "05:Issue123", and "I_" with msgpack of numbers, which also names the repository.
    The form of an old node changes between exports; the numbers do not. None for a number that the id does not contain.
    """
    if not isinstance(node_id, str):
        return None, None
    if prefixed := _PREFIXED.fullmatch(node_id):
        numbers = _numbers(_decoded(prefixed[2]))
        if len(numbers) not in (2, 3) or numbers[0] != 0:
            return None, None
        return f"{prefixed[1]} {numbers[-1]}", str(numbers[1]) if len(numbers) == 3 else None
    legacy = _LEGACY.fullmatch(_decoded(node_id))
    name = _LEGACY_NAMES.get(legacy[1]) if legacy else None
    return (f"{name} {int(legacy[2])}", None) if legacy and name else (None, None)


def _decoded(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""


def _numbers(packed: bytes) -> list[int]:
    """The numbers of a msgpack array of unsigned integers; empty for any other value."""
    if not packed or not 0x90 <= packed[0] <= 0x9F:
        return []
    numbers, place = [], 1
    while place < len(packed):
        first = packed[place]
        width = _INTEGERS.get(first, 0)
        if width == 0 and first > 0x7F:
            return []
        end = place + 1 + width
        if end > len(packed):
            return []
        numbers.append(int.from_bytes(packed[place + 1 : end]) if width else first)
        place = end
    return numbers if len(numbers) == packed[0] & 0x0F else []
