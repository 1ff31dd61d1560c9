"""Where the link of an invitation leads."""

from html import escape

from fastapi import APIRouter, Request
from starlette.responses import Response

from domain.workspaces.invitation_service import INVITATION_PATH
from domain.workspaces.secrets import presented_digest

POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Workgraph</title>
<h1>You are invited to a workspace</h1>
<p>Sign in to your account with your client, and accept with this mutation:</p>
<pre>mutation {{
  invitationAccept(input: {{ token: "{token}" }}) {{
    member {{ role workspace {{ name }} }}
    errors {{ message }}
  }}
}}</pre>
<p>The invitation is good once. Looking at this page does not use it up.</p>
</html>
"""

router = APIRouter(tags=["invitations"])


@router.get(INVITATION_PATH, include_in_schema=False)
async def invitation(request: Request) -> Response:
    """Says how to accept; nothing is looked up, so that whoever fetches links learns and uses up nothing."""
    token = request.query_params.get("token", "")
    shown = escape(token) if presented_digest(token) is not None else "the token of your invitation"
    return Response(PAGE.format(token=shown), headers={"Content-Security-Policy": POLICY}, media_type="text/html")
