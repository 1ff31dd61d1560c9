"""The pages behind the link of an invitation: plain HTML, for whoever has nothing but a browser."""

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
$content
</body>
</html>
""")
_INVITED = Template("""<h1>You are invited to a workspace</h1>
<h2>You have no account yet</h2>
$refusals
<form method="post" action="$action">
<input type="hidden" name="token" value="$token">
<p><label>The address that the invitation was mailed to<br>
<input type="email" name="email" value="$email" autocomplete="username" required></label></p>
<p><label>Your name<br><input name="name" value="$name" autocomplete="name" required></label></p>
<p><label>A new password<br><input type="password" name="password" autocomplete="new-password" required></label></p>
<p><button>Sign up and join</button></p>
</form>
<h2>You have one, or were given this link by hand</h2>
<p>Sign in with your client, and accept:</p>
<pre>mutation {
  invitationAccept(input: { token: "$token" }) {
    member { role workspace { name } }
    errors { message }
  }
}</pre>
<p>The invitation is good once. Looking at this page does not use it up.</p>""")
_JOINED = Template("""<h1>Welcome, $name</h1>
<p>You have an account now, and are a member. Sign in with your address and password.</p>""")


def invited_page(*, action: str, token: str, email: str = "", name: str = "", refusals: Iterable[str] = ()) -> str:
    """With what was entered, and why it was refused."""
    lines = "\n".join(f"<p><strong>{escape(each)}</strong></p>" for each in refusals)
    facts = {"action": action, "token": token, "email": email, "name": name}
    shown = {key: escape(value) for key, value in facts.items()}
    return _FRAME.substitute(content=_INVITED.substitute(shown, refusals=lines))


def joined_page(*, name: str) -> str:
    return _FRAME.substitute(content=_JOINED.substitute(name=escape(name)))
