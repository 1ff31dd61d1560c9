"""The page at `/`: the server's entry points, a first query, and the server's health."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from shlex import quote

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from api.front.look import FOLDER, FRESH, POLICY, Templates
from api.http.negotiation import is_page_wanted
from api.http.options import DemoAccount, HttpOptions

PATH = "/"
SCRIPT_PATH = "/health.js"
_POLICY = f"{POLICY}; script-src 'self'; connect-src 'self'; form-action 'none'"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPoint:
    """An entry point of the server, listed if it is served."""

    path: str
    name: str
    what: str


ENTRY_POINTS = (
    EntryPoint(
        path="/graphql",
        name="GraphQL",
        what="The API. Browsers get the explorer: GraphiQL with a sign-in form and samples.",
    ),
    EntryPoint(path="/docs", name="REST", what="Reference of the REST API: sign-in, accounts, files."),
    EntryPoint(path="/auth/register", name="Sign up", what="Create an account with your email address."),
    EntryPoint(path="/dev/mail", name="Mail", what="Mail that this development server shows instead of sending it."),
    EntryPoint(path="/readyz", name="Health", what="State of database, migrations and Redis, for monitoring."),
)
_QUERY = (FOLDER / "first_query.graphql").read_text()
_ANSWER = (FOLDER / "first_answer.json").read_text()


def landing_routes(served: Collection[str], options: HttpOptions) -> list[Route]:
    """Routes of the page and its script. `served` are the paths of the server. Programs get the content as JSON.

    The first query and the demo account need the demo data, so that only a development server shows them.
    """
    entries = [entry for entry in ENTRY_POINTS if entry.path in served]
    paths = {entry.path: entry.what for entry in entries}
    content = {"name": "Workgraph", "version": options.version, "entryPoints": paths}
    demo = options.explorer.demo if options.explorer is not None else None
    facts = {
        "entry_points": entries,
        "version": options.version,
        "script_path": SCRIPT_PATH,
        "demo": demo,
        "query": _QUERY,
        "answer": _ANSWER,
        "command": "" if demo is None else _command(demo, options.public_url),
    }
    templates = Templates()

    async def show(request: Request) -> Response:
        headers = {"Cache-Control": FRESH, "Vary": "Accept"}
        if not is_page_wanted(request.headers.get("accept", "").encode("latin-1")):
            return JSONResponse(content, headers=headers)
        return templates.page("landing.html", facts, policy=_POLICY, headers=headers)

    async def script(_: Request) -> Response:
        return FileResponse(FOLDER / "health.js", headers={"Cache-Control": FRESH}, media_type="text/javascript")

    return [Route(PATH, show, include_in_schema=False), Route(SCRIPT_PATH, script, include_in_schema=False)]


def _command(demo: DemoAccount, base: str) -> str:
    """Shell command that runs the first query; needs curl and Python."""
    form = {"grant_type": "password", "username": demo.email, "password": demo.password}
    fields = " ".join(f"-d {quote(f'{name}={value}')}" for name, value in form.items())
    body = json.dumps({"query": " ".join(_QUERY.split())})
    return "\n".join(
        (
            f"TOKEN=$(curl -sS {quote(f'{base}/auth/token')} \\",
            f"  {fields} |",
            """  python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')""",
            f"""curl -sS {quote(f"{base}/graphql")} -H "Authorization: Bearer $TOKEN" \\""",
            f"  -H 'Content-Type: application/json' --data-raw {quote(body)}",
        )
    )
