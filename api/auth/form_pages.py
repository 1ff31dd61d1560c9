"""Pages behind the links in mails: plain HTML forms that need nothing but a browser.

A GET changes nothing and looks nothing up, because mail scanners and link previews fetch links too. Only the button of
the page takes effect.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from api.auth.forms import MalformedForm, read_form
from api.auth.oauth import UNCACHED, caller
from api.auth.routes import app_of
from api.front.look import POLICY, Templates
from api.http.endpoint import EXPLORER_PATH
from api.mailbox.pages import PATH as MAIL_PATH
from api.shared.refusals import refusal_of, retry_headers
from domain.app import App
from domain.shared.actor import Actor
from domain.shared.errors import DomainError, Rejected
from domain.shared.secrets import SecretFormat

FORM_SUFFIX = "/form"
PASSWORD = "password"  # noqa: S105  the kind of a field
_POLICY = f"{POLICY}; form-action 'self'"
_TEMPLATES = Templates()


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """An input of a form. `kind` and `autocomplete` are the HTML attributes; `hint` is shown below the input."""

    name: str
    label: str
    kind: str = "text"
    autocomplete: str
    hint: Callable[[App], str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link on a page, shown only if this server serves its path."""

    path: str
    text: str


def _password_rule(app: App) -> str:
    shortest = app.registrations.rules.shortest
    return f"At least {shortest} characters. Common words, your name and your email address add no strength."


NAME = Field(name="name", label="Your name", autocomplete="name")
NEW_PASSWORD = Field(
    name="password", label="New password", kind=PASSWORD, autocomplete="new-password", hint=_password_rule
)
SIGN_IN = Link(path=EXPLORER_PATH, text="Sign in with the explorer")
READ_MAIL = Link(path=MAIL_PATH, text="Read the mail, which this development server shows instead of sending it")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPage:
    """A page at `path` whose form goes to `path`/form; `template` extends `form.html`.

    `beside` are links below the form, `onward` links below the text `done`.
    """

    path: str
    title: str
    button: str
    done: str
    secret: SecretFormat
    fields: Sequence[Field] = ()
    template: str = "form.html"
    beside: Sequence[Link] = ()
    onward: Sequence[Link] = ()
    act: Callable[[App, Actor, Mapping[str, str]], Awaitable[object]]
    operation_id: str | None = None  # operation of the page in the OpenAPI document; set if the path also takes a POST

    def add_to(self, router: APIRouter) -> None:
        router.add_api_route(
            self.path,
            self.show,
            methods=["GET"],
            include_in_schema=self.operation_id is not None,
            operation_id=self.operation_id,
            summary=f"{self.title}: page for browsers",
            response_class=HTMLResponse,
            response_description="The HTML page.",
        )
        router.add_api_route(self.path + FORM_SUFFIX, self.post, methods=["POST"], include_in_schema=False)

    async def show(
        self,
        request: Request,
        token: Annotated[str, Query(description="Token of the mailed link.")] = "",
    ) -> Response:
        """Page for browsers. Its form has the effect of a POST request to this path."""
        return self._form(request, {"token": token})

    async def post(self, request: Request) -> Response:
        """Performs the action of the form and answers with a page. Only the token authorizes the action."""
        if _is_foreign(request):
            return self._form(
                request,
                {},
                "The form was sent from another site. Use the button of this page.",
                status=HTTPStatus.FORBIDDEN,
            )
        try:
            form = await read_form(request)
        except MalformedForm as error:
            return self._form(request, {}, str(error), status=HTTPStatus.BAD_REQUEST)
        try:
            await self.act(app_of(request), caller(request), form)
        except Rejected as error:
            refusals = [self._message_of(each) for each in error.errors]
            return self._form(request, form, *refusals, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        except DomainError as error:
            headers = retry_headers(error)
            status = refusal_of(error).status if headers else HTTPStatus.UNPROCESSABLE_ENTITY
            return self._form(request, form, self._message_of(error), status=status, headers=headers)
        facts = {"done": self.done, "links": _served(request, self.onward)}
        return self._page("done.html", facts)

    def _message_of(self, error: DomainError) -> str:
        """The error message, with each field named by its label on the page."""
        labels = {each.name: each.label for each in self.fields}
        return error.message_with(lambda name: labels.get(name, name.replace("_", " ")))

    def _form(
        self,
        request: Request,
        entered: Mapping[str, str],
        *refusals: str,
        status: int = HTTPStatus.OK,
        headers: Mapping[str, str] = UNCACHED,
    ) -> Response:
        """The form with the entered values, except passwords, and the reasons for a refusal."""
        token = entered.get("token", "")
        facts = {
            "action": self.path + FORM_SUFFIX,
            "token": token if self.secret.matches(token) else "",
            "fields": self.fields,
            "hints": {each.name: each.hint(app_of(request)) for each in self.fields if each.hint is not None},
            "links": _served(request, self.beside),
            "values": {each.name: entered.get(each.name, "") for each in self.fields if each.kind != PASSWORD},
            "button": self.button,
            "refusals": refusals,
        }
        return self._page(self.template, facts, status=status, headers=headers)

    def _page(
        self,
        template: str,
        facts: Mapping[str, object],
        *,
        status: int = HTTPStatus.OK,
        headers: Mapping[str, str] = UNCACHED,
    ) -> Response:
        headers = {**UNCACHED, **headers}
        return _TEMPLATES.page(template, {"title": self.title, **facts}, status=status, policy=_POLICY, headers=headers)


def _served(request: Request, links: Sequence[Link]) -> Sequence[Link]:
    return [each for each in links if each.path in request.app.state.served_paths]


def _is_foreign(request: Request) -> bool:
    """Whether the browser reports that a page of another site sent the form.

    Pages of this server send no referrer, so that their `Origin` is `null`.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    return request.headers.get("origin", "null") not in ("null", app_of(request).auth.options.issuer)
