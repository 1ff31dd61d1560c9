"""Negotiation of the media type and encoding of an answer (RFC 9110 sections 12.5.1 and 12.5.3)."""

from collections.abc import Iterable
from functools import lru_cache

RESPONSE_TYPE = "application/graphql-response+json"
JSON_TYPE = "application/json"
PAGE_TYPE = "text/html"
LONGEST = 2_000  # bytes of the header that are parsed


@lru_cache(maxsize=256)
def answer_type(accept: bytes | None) -> str | None:
    """The media type of the response; None if the client accepts neither.

    `application/json` unless the client names `application/graphql-response+json`.
    """
    if accept is None or not accept.strip():
        return JSON_TYPE
    wanted = _weights(accept)
    new, old = _weight(wanted, RESPONSE_TYPE), _weight(wanted, JSON_TYPE)
    if new > 0 and (new > old or (new == old and RESPONSE_TYPE in wanted)):
        return RESPONSE_TYPE
    return JSON_TYPE if old > 0 else None


def is_page_wanted(accept: bytes | None) -> bool:
    """Whether a browser navigates to the URL: browsers name text/html, programs do not."""
    return accept is not None and _weights(accept).get(PAGE_TYPE, 0) > 0


@lru_cache(maxsize=256)
def is_gzip_accepted(accept_encoding: bytes) -> bool:
    """Whether the client accepts gzip and does not prefer the uncompressed answer."""
    wanted = _weights(accept_encoding)
    packed = max(wanted.get("gzip", 0), wanted.get("x-gzip", 0))
    if "gzip" not in wanted and "x-gzip" not in wanted:
        packed = wanted.get("*", 0)
    return packed > 0 and packed >= wanted.get("identity", 0)


def with_vary(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[tuple[bytes, bytes]]:
    """Headers of a response that varies with the named request header as well (RFC 9110 section 12.5.5)."""
    kept, varying = [], []
    for header in headers:
        if header[0].lower() == b"vary":
            varying.append(header[1])
        else:
            kept.append(header)
    kept.append((b"vary", b", ".join((*varying, name))))
    return kept


def _weights(accept: bytes) -> dict[str, float]:
    weights = {}
    for part in accept[:LONGEST].decode("latin-1").lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weights[name] = next((_number(each[2:]) for each in parameters if each.startswith("q=")), 1.0)
    return weights


def _weight(weights: dict[str, float], name: str) -> float:
    """The weight of the most specific range that matches the media type."""
    for candidate in (name, "application/*", "*/*"):
        if candidate in weights:
            return weights[candidate]
    return 0.0


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if 0 <= number <= 1 else 0.0
