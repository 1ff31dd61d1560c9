"""The pages behind the links in mails: plain HTML forms, for whoever has nothing but a browser.

Opening a page looks nothing up and uses nothing up, so that whoever fetches links learns and spoils nothing: its
button does.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from string import Template

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.auth.forms import MalformedForm, read_form
from api.auth.oauth import UNCACHED, caller
from api.auth.routes import app_of
from api.http.problems import RETRY_SECONDS
from domain.app import App
from domain.shared.actor import Actor
from domain.shared.errors import DomainError, Rejected, Unavailable
from domain.shared.secrets import SecretFormat
from domain.shared.throttle import TooOften

POLICY = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
FORM_SUFFIX = "/form"
PASSWORD = "password"  # noqa: S105  the kind of a field
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
_FIELD = Template("""<p><label>$label<br>
<input type="$kind" name="$name" value="$value" autocomplete="$autocomplete" required></label></p>""")
_FORM_ALONE = Template("$form")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Something to fill in; `kind` and `autocomplete` are those of HTML."""

    name: str
    label: str
    kind: str = "text"
    autocomplete: str


NAME = Field(name="name", label="Your name", autocomplete="name")
NEW_PASSWORD = Field(name="password", label="A new password", kind=PASSWORD, autocomplete="new-password")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPage:
    """A page at `path` whose form goes to `path`/form; `around` is HTML with $form and $token in it."""

    path: str
    title: str
    button: str
    done: str
    secret: SecretFormat
    fields: Sequence[Field] = ()
    around: Template = _FORM_ALONE
    act: Callable[[App, Actor, Mapping[str, str]], Awaitable[object]]

    def add_to(self, router: APIRouter) -> None:
        router.add_api_route(self.path, self.show, methods=["GET"], include_in_schema=False)
        router.add_api_route(self.path + FORM_SUFFIX, self.post, methods=["POST"], include_in_schema=False)

    async def show(self, request: Request) -> Response:
        """The form, empty."""
        return self._form({"token": request.query_params.get("token", "")})

    async def post(self, request: Request) -> Response:
        """Does what the button says, on a page of ours; the token is all that the form is trusted for."""
        if _is_foreign(request):
            return self._form({}, "Use the button of this page.", status=HTTPStatus.FORBIDDEN)
        try:
            form = await read_form(request)
        except MalformedForm as error:
            return self._form({}, str(error), status=HTTPStatus.BAD_REQUEST)
        try:
            await self.act(app_of(request), caller(request), form)
        except Rejected as error:
            return self._form(form, *(each.message for each in error.errors), status=HTTPStatus.UNPROCESSABLE_ENTITY)
        except TooOften as error:
            status, wait = HTTPStatus.TOO_MANY_REQUESTS, str(error.retry_after)
            return self._form(form, error.message, status=status, headers={"Retry-After": wait})
        except Unavailable as error:
            status = HTTPStatus.SERVICE_UNAVAILABLE
            return self._form(form, error.message, status=status, headers={"Retry-After": RETRY_SECONDS})
        except DomainError as error:
            return self._form(form, error.message, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        return _html(_FRAME.substitute(title=escape(self.title), content=f"<p>{escape(self.done)}</p>"))

    def _form(
        self,
        entered: Mapping[str, str],
        *refusals: str,
        status: int = HTTPStatus.OK,
        headers: Mapping[str, str] = UNCACHED,
    ) -> Response:
        """The form with what was entered, but for passwords, and why it was refused."""
        token = entered.get("token", "")
        shown = escape(token if self.secret.matches(token) else "")
        form = _FORM.substitute(
            action=escape(self.path + FORM_SUFFIX),
            token=shown,
            fields="\n".join(_field(each, entered) for each in self.fields),
            button=escape(self.button),
            refusals=_refused(refusals),
        )
        content = self.around.substitute(form=form, token=shown)
        return _html(_FRAME.substitute(title=escape(self.title), content=content), status, headers)


def _field(field: Field, entered: Mapping[str, str]) -> str:
    value = "" if field.kind == PASSWORD else entered.get(field.name, "")
    facts = {"name": field.name, "label": field.label, "kind": field.kind, "autocomplete": field.autocomplete}
    return _FIELD.substitute({name: escape(fact) for name, fact in {**facts, "value": value}.items()})


def _refused(refusals: Iterable[str]) -> str:
    return "\n".join(f"<p><strong>{escape(each)}</strong></p>" for each in refusals)


def _is_foreign(request: Request) -> bool:
    """Whether a browser says that another site's page sends this; our own pages have no referrer, so no origin."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    return request.headers.get("origin", "null") not in ("null", app_of(request).auth.options.issuer)


def _html(text: str, status: int = HTTPStatus.OK, headers: Mapping[str, str] = UNCACHED) -> Response:
    return Response(text, status, {**UNCACHED, **headers, "Content-Security-Policy": POLICY}, "text/html")
