"""The pages behind the links in mails: plain HTML forms, for whoever has nothing but a browser."""

from collections.abc import Iterable
from html import escape
from string import Template

POLICY = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_FRAME = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Workgraph</title>
</head>
<body>
<h1>$title</h1>
$content
</body>
</html>
""")
_FORM = Template("""$refusals
<form method="post" action="$action">
<input type="hidden" name="token" value="$token">
$fields
<p><button>$button</button></p>
</form>""")
PASSWORD_FIELD = """<p><label>A new password<br>
<input type="password" name="password" autocomplete="new-password" required></label></p>"""  # noqa: S105
EMAIL_FIELD = """<p><label>The address of your account<br>
<input type="email" name="email" autocomplete="username" required></label></p>"""


def form_page(
    title: str, *, action: str, button: str, token: str = "", fields: str = "", refusals: Iterable[str] = ()
) -> str:
    """A form that posts to `action`, and why it was refused before."""
    lines = "\n".join(f"<p><strong>{escape(each)}</strong></p>" for each in refusals)
    facts = {"action": action, "button": button, "token": token}
    shown = {name: escape(value) for name, value in facts.items()}
    return _FRAME.substitute(title=escape(title), content=_FORM.substitute(shown, fields=fields, refusals=lines))


def message_page(title: str, text: str) -> str:
    return _FRAME.substitute(title=escape(title), content=f"<p>{escape(text)}</p>")
