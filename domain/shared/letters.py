"""Letter case of keys and slugs, limited to ASCII: `ß` and `ı` must not be converted into ASCII letters."""


def upper(text: str) -> str:
    """The text in upper case, as keys and identifiers are stored; unchanged if it cannot be one."""
    return text.upper() if text.isascii() else text


def lower(text: str) -> str:
    """The text in lower case, as slugs are stored; unchanged if it cannot be one."""
    return text.lower() if text.isascii() else text
