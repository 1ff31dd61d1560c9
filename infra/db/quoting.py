"""Values as literals of SQL, for messages that carry several statements and therefore no parameters."""

from typing import Any

import orjson

from domain.shared.errors import InvalidInput


def quoted_json(value: Any) -> str:
    """The value as a literal that PostgreSQL reads as JSON. Raises InvalidInput for text that no database can store.

    JSON escapes NUL and other control characters, so a literal has to escape only backslashes and single quotes. The
    form E'...' has one meaning, whether `standard_conforming_strings` is on or off.
    """
    try:
        document = orjson.dumps(value).decode()
    except orjson.JSONEncodeError as error:
        if str(error).startswith("Type is not JSON serializable"):
            raise
        raise InvalidInput("A value is out of range or cannot be stored.") from error
    escaped = document.replace("\\", "\\\\").replace("'", "''")
    return f"E'{escaped}'"
