"""Phrases that no text for readers contains: SDL descriptions, messages, log lines, settings, pages and mails."""

import re

FORBIDDEN_PHRASES = (
    # Inversions and relative chains.
    "no more",
    "any more",
    "good once",
    "good for",
    "stands",
    "tells of",
    "there to tell",
    "of others",
    "whoever",
    "whomever",
    "somebody",
    "nobody's",
    "for ever",
    "nothing more",
    # References to neighbors, which a reader of one text does not see.
    "as above",
    "as below",
    "see above",
    "see below",
    "alike",
    "in turn",
    "the one before",
    "the former",
    "the latter",
    "likewise",
    "ditto",
    # Words that the project has replaced by one standard term each.
    "log in",
    "logs in",
    "logged in",
    "log out",
    "login",
    "e-mail",
    "opens",
    "the door",
    "says no news",
)
ALLOWED_PHRASES = ("no more than",)
_PHRASES = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, FORBIDDEN_PHRASES))})(?!\w)", re.IGNORECASE)
_ALLOWED = re.compile("|".join(map(re.escape, ALLOWED_PHRASES)), re.IGNORECASE)


def forbidden_phrases(text: str) -> list[str]:
    """The forbidden phrases of a text, as whole words and as they are written there."""
    return _PHRASES.findall(_ALLOWED.sub("", text))
