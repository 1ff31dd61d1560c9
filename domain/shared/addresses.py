"""Email addresses: one rule for sign-up, invitations, address changes, the command line and imports.

`name@domain`, as `<input type="email">` has it (WHATWG HTML, 4.10.5.1.5), with four differences: letters, marks and
digits of all scripts (RFC 6531), unless Unicode calls them compatibility forms, such as full-width letters; a domain of
two labels or more; neither quoted names nor address literals, which are legal (RFC 5321, 4.1.2) and in practice
mistakes or attacks; and the lengths of RFC 5321, 4.5.3.1, in bytes.

Addresses are stored and compared in normal form, so that all spellings of an address are one account: without blanks
around it, lower case, Unicode normal form C, and the domain in letters instead of its `xn--` form.
"""

import re
import unicodedata

from domain.shared.characters import INVISIBLE

LONGEST_ADDRESS = 254  # bytes (RFC 5321, 4.5.3.1.3, erratum 1690)
LONGEST_NAME = 64  # bytes (RFC 5321, 4.5.3.1.1)
LONGEST_DOMAIN = 253  # bytes, with each label in ASCII (RFC 1035, 2.3.4)
LONGEST_LABEL = 63
_ACE = "xn--"  # begins a label that is Unicode in disguise (RFC 5890, 2.3.2.1)
_NAME = re.compile(r"(?:[a-z0-9.!#$%&'*+/=?^_`{|}~-]|[^\W_\x00-\x7f])+")
_LABEL = re.compile(r"(?!-)(?:[a-z0-9-]|[^\W_\x00-\x7f])+(?<!-)")
_CONTEXTUAL = str.maketrans("", "", "\u00b7\u0375\u05f3\u05f4\u30fb")  # signs that IDNA allows (RFC 5892, A.3 to A.7)


def normal_address(text: str) -> str:
    """The address in the form that is stored and compared. Text that is not an address remains invalid."""
    lower = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).strip().lower())
    name, at, domain = lower.rpartition("@")
    if _ACE not in domain:
        return lower
    return f"{name}{at}{'.'.join(_unicode_label(label) for label in domain.split('.'))}"


def is_address(text: str) -> bool:
    """Whether the text is an address in normal form."""
    name, _, domain = text.rpartition("@")
    labels = domain.split(".")
    return (
        len(labels) > 1
        and len(text.encode("utf-8", "replace")) <= LONGEST_ADDRESS
        and 0 < len(name.encode("utf-8", "replace")) <= LONGEST_NAME
        and text == normal_address(text)
        and unicodedata.normalize("NFKC", text) == text
        and INVISIBLE.search(text) is None
        and _NAME.fullmatch(_without_marks(name)) is not None
        and all(_is_label(label) for label in labels)
        and not labels[-1].isdigit()
        and len(ascii_domain(domain)) <= LONGEST_DOMAIN
    )


def ascii_domain(domain: str) -> str:
    """The domain as it is looked up: each label that is not ASCII in its `xn--` form (RFC 5891, 4.4)."""
    return ".".join(
        label if label.isascii() else _ACE + label.encode("punycode").decode() for label in domain.split(".")
    )


def _is_label(label: str) -> bool:
    plain = _without_marks(label.translate(_CONTEXTUAL))
    is_short = len(ascii_domain(label)) <= LONGEST_LABEL
    return is_short and _LABEL.fullmatch(plain) is not None and not label.startswith(_ACE)


def _without_marks(text: str) -> str:
    """The text without combining marks."""
    first, rest = text[:1], text[1:]
    return first + "".join(character for character in rest if not unicodedata.category(character).startswith("M"))


def _unicode_label(label: str) -> str:
    """The letters that an `xn--` label encodes, or the label itself if it does not encode letters in normal form."""
    if not label.startswith(_ACE):
        return label
    try:
        found = label[len(_ACE) :].encode("ascii").decode("punycode")
    except UnicodeError:
        return label
    return found if ascii_domain(found) == label and found == unicodedata.normalize("NFC", found.lower()) else label
