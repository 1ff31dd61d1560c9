"""Conversion of Jira's texts to Markdown: wiki markup (Server, Data Center, REST v2) and documents (Cloud, v3)."""

import json
from collections.abc import Callable, Iterator, Mapping

from domain.transfers.records import LossCode
from domain.transfers.sanitizing import replace_unstorable
from infra.transfers.jira.adf import adf_to_markdown
from infra.transfers.jira.adf_nodes import is_document
from infra.transfers.jira.markup import jira_to_markdown
from infra.transfers.jira.restrictions import is_restricted_comment
from infra.transfers.markdown import escape_text
from infra.transfers.reading import Reading

_NO_EQUIVALENT = "Markdown has no equivalent. Only the text is kept."


class JiraTexts:
    """Texts of one issue; mentions by account id are resolved with the people of the issue.

    People named only by other issues are ignored, so that the text does not depend on where an import resumes.
    """

    def __init__(self, reading: Reading, fields: Mapping[str, object], mention: Callable[[str], str]) -> None:
        self._reading = reading
        self._fields = fields
        self._plain_mention = mention
        self._names: dict[str, str] | None = None

    def converted(self, field: str, value: object) -> tuple[str, str]:
        """The text as Markdown, and the original text of the file."""
        if not is_document(value):
            text = self._reading.text(field, value)
            return jira_to_markdown(text, mention=self._mention), text
        assert isinstance(value, dict)
        found = adf_to_markdown(value, mention=self._name)
        for name, count in found.losses.items():
            self._reading.lose(f"{field}.{name}", LossCode.NOT_KEPT, _NO_EQUIVALENT, count=count)
        self._reading.note_replaced(field, found.replaced)
        return found.text, self._source(field, value) if found.text else ""

    def _source(self, field: str, document: dict[str, object]) -> str:
        try:
            written = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        except RecursionError:
            self._reading.lose(
                f"{field}.source", LossCode.NOT_KEPT, "The document is nested too deeply to keep its original."
            )
            return ""
        return replace_unstorable(written)[0]

    def _mention(self, user: str) -> str:
        name = self._known_names().get(user)
        return self._plain_mention(user) if name is None else "@" + escape_text(name)

    def _name(self, account_id: str, shown: str) -> str:
        return self._known_names().get(account_id) or shown or account_id

    def _known_names(self) -> dict[str, str]:
        if self._names is None:
            self._names = dict(self._named())
        return self._names

    def _named(self) -> Iterator[tuple[str, str]]:
        """Account ids and names of the people of the issue and of its unrestricted comments."""
        people = [self._fields.get(role) for role in ("assignee", "creator", "reporter")]
        listing = self._fields.get("comment")
        comments = listing.get("comments") if isinstance(listing, dict) else None
        for comment in comments if isinstance(comments, list) else ():
            if isinstance(comment, dict) and not is_restricted_comment(comment):
                people += [comment.get("author"), comment.get("updateAuthor")]
        for person in people:
            if isinstance(person, dict):
                account_id, name = person.get("accountId"), person.get("displayName")
                if isinstance(account_id, str) and isinstance(name, str) and name.strip():
                    yield account_id, " ".join(name.split())
