"""Mapping of another tracker's people to users."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from domain.accounts.model import User, UserId
from domain.shared.actor import Role
from domain.shared.addresses import normal_address
from domain.shared.ids import IdFactory
from domain.transfers.identities import ExternalRef, Registry
from domain.transfers.identity_ports import ObjectKind
from domain.transfers.model import ImportRun
from domain.transfers.ports import ImportUow, NewPerson
from domain.transfers.records import IssueRecord, PersonRecord
from domain.transfers.sanitizing import plain_name
from domain.workspaces.events import MemberAdded
from domain.workspaces.model import Member, MemberId

NOBODY = ""  # the author key of content without an author
NOBODY_NAME = "Unknown (imported)"
LONGEST_NAME = 80


async def known_people(
    uow: ImportUow, run: ImportRun, registry: Registry, records: Sequence[IssueRecord], *, ids: IdFactory, now: datetime
) -> tuple[dict[str, str], int]:
    """User ids by key of all people named in the records, and the number of new placeholders.

    A member with the same address is that person; all others become placeholders, keys being people and names
    only names. An address in a file never makes a user a member.
    """
    described = {person.key: person for record in records for person in record.people}
    keys = sorted(set[str]().union(*(_keys_of(record) for record in records)))
    people = [described.get(key) or _undescribed(key) for key in keys]
    await registry.load(ObjectKind.PERSON, {_ref(person) for person in people})
    unknown = [person for person in people if registry.get(ObjectKind.PERSON, _ref(person)) is None]
    addresses = {normal_address(person.email) for person in unknown if person.email}
    members = await uow.imports.members_by_email(run.workspace_id, addresses) if addresses else {}
    found: dict[str, str] = {}
    strangers: list[NewPerson] = []
    for person in people:
        known = registry.get(ObjectKind.PERSON, _ref(person))
        user_id = known.target_id if known is not None else members.get(normal_address(person.email or ""))
        if user_id is None:
            stranger = _placeholder(run, person, ids, now)
            strangers.append(stranger)
            user_id = stranger.user.id
        found[person.key] = registry.put(ObjectKind.PERSON, _ref(person), user_id).target_id
    await uow.imports.add_people(strangers)
    for stranger in strangers:
        uow.record(MemberAdded.between(None, stranger.member))
    return found, len(strangers)


def _ref(person: PersonRecord) -> ExternalRef:
    return ExternalRef(person.key, person.external_id)


def _keys_of(record: IssueRecord) -> Iterable[str]:
    yield record.creator_key or NOBODY
    yield from record.assignee_keys
    for comment in record.comments:
        yield comment.author_key or NOBODY


def _undescribed(key: str) -> PersonRecord:
    return PersonRecord(key=key, name=key or NOBODY_NAME, email=None, is_active=False)


def _placeholder(run: ImportRun, person: PersonRecord, ids: IdFactory, now: datetime) -> NewPerson:
    name = plain_name(person.name, longest=LONGEST_NAME) or plain_name(person.key, longest=LONGEST_NAME)
    user = User(
        id=UserId(ids.new(User.prefix)),
        name=name or NOBODY_NAME,
        email=None,
        is_placeholder=True,
        created_at=now,
        updated_at=now,
    )
    member = Member(
        id=MemberId(ids.new_in(run.workspace_id, Member.prefix)),
        workspace_id=run.workspace_id,
        user_id=user.id,
        role=Role.GUEST,
        created_at=now,
        updated_at=now,
    )
    return NewPerson(user=user, member=member)
