"""The steps that every mutation takes around its call of a service."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields, replace
from functools import cache, wraps
from hashlib import sha256
from inspect import Signature, get_annotations, signature
from typing import Annotated, Any, Self

import strawberry

from api.shared.context import Info
from api.shared.errors import UserError, field_names_of
from api.shared.inputs import MutationInput
from api.shared.list_sizes import WITH_PARENT
from api.shared.node import nodes_by_ids
from api.shared.nulls import refuse_nulls
from api.shared.refusals import user_errors
from api.shared.scalars import Revision
from domain.shared.actor import IdempotencyKey
from domain.shared.checks import Checks
from domain.shared.errors import DomainError, Rejected
from domain.shared.uow import Replayed, Written

_COMMON = ("errors", "revision", "client_mutation_id")


@strawberry.type(description="Common payload of all mutations.")
class Payload:
    errors: list[UserError] = strawberry.field(
        metadata=WITH_PARENT,
        default_factory=list,
        description="Errors that prevented the change. If there are any, nothing was changed.",
    )
    revision: Revision | None = strawberry.field(
        default=None,
        description="Last revision that the mutation added to the change log of the workspace. Null if nothing was "
        "added.",
    )
    client_mutation_id: str | None = strawberry.field(
        default=None, description="The `clientMutationId` of the input, unchanged."
    )

    @classmethod
    def of(cls, written: Written[Any]) -> Self:
        """The payload of a use case whose result is the payload's only own field."""
        return cls(**{cls.subject(): written.value}, revision=revision_of(written))

    @classmethod
    def subject(cls) -> str:
        """The name of the payload's first own field."""
        kind: Any = cls
        return _subject_of(kind)

    @classmethod
    async def reread(cls, info: Info, subject_id: str) -> Any:
        """Current value of the payload's first own field, for the answer to a retry."""
        if cls.subject().startswith("deleted_"):
            return subject_id
        # The first attempt may have granted a role after this request loaded the roles of its actor.
        await info.context.reload_actor()
        return (await nodes_by_ids(info, [subject_id]))[0]

    @classmethod
    async def replayed(cls, info: Info, replayed: Replayed) -> Self:
        """Payload for a retry: revision and outcome of the first attempt, and the current entity."""
        blank = cls.blank()
        values = blank | {name: value for name, value in replayed.outcome.items() if name in blank}
        if replayed.subject_id is not None:
            values[cls.subject()] = await cls.reread(info, replayed.subject_id)
        payload = cls(**values, revision=revision_of(replayed))
        await payload.complete(info)
        return payload

    async def complete(self, info: Info) -> None:
        """Sets the fields that are neither stored with the first attempt nor read again."""

    @classmethod
    def blank(cls) -> dict[str, Any]:
        """All own fields without a value, apart from those that have a resolver."""
        return {field.name: None for field in fields(cls) if field.name not in _COMMON and field.init}


@cache
def _subject_of(payload_type: Any) -> str:
    return next(field.name for field in fields(payload_type) if field.name not in _COMMON)


Resolver = Callable[..., Awaitable[Payload]]


def mutation(*, description: str, metadata: Mapping[str, Any] | None = None) -> Callable[[Resolver], Any]:
    """A mutation that takes one `input` and answers refusals in its payload."""

    def field(resolver: Resolver) -> Any:
        payload_type: type[Payload] = get_annotations(resolver)["return"]

        @wraps(resolver)
        async def resolve(self: Any, info: Info, input: MutationInput) -> Payload:
            context, caller = info.context, info.context.actor
            # An earlier mutation of the operation may have loaded entities that this one changes.
            context.loaders.clear()
            try:
                refuse_nulls(input)
                key = _idempotency_key(resolver.__name__, input)
                if key is not None:
                    # The Unit of Work takes the key from the actor.
                    context.actor = replace(caller, idempotency=key)
                payload = await resolver(self, info, input)
            except Replayed as replayed:
                payload = await payload_type.replayed(info, replayed)
            except (DomainError, Rejected) as error:
                refusals = user_errors(error, field_names_of(info))
                if refusals is None:
                    raise
                payload = payload_type(**payload_type.blank(), errors=refusals)
            finally:
                if context.actor.idempotency is not None:
                    # Later mutations of the operation must not use this key.
                    context.actor = replace(context.actor, idempotency=None)
            payload.client_mutation_id = input.client_mutation_id
            return payload

        resolve.__signature__ = _with_described_input(resolver)  # type: ignore[attr-defined]  # Strawberry reads it
        return strawberry.mutation(resolver=resolve, description=description, metadata=metadata)

    return field


def _with_described_input(resolver: Resolver) -> Signature:
    """The resolver's signature, with the description of the input's type on its `input`."""
    given = signature(resolver)
    input_type = given.parameters["input"].annotation
    argument = strawberry.argument(description=input_type.__strawberry_definition__.description)
    described = given.parameters["input"].replace(annotation=Annotated[input_type, argument])
    return given.replace(parameters=[*(given.parameters | {"input": described}).values()])


def revision_of(written: Written[Any] | Replayed) -> Revision | None:
    return None if written.revision is None else Revision(written.revision)


def _idempotency_key(name: str, given: MutationInput) -> IdempotencyKey | None:
    """The key with a digest of the request, without `clientMutationId`, which may differ between attempts."""
    # A dry run changes nothing, so that it spends no key.
    if given.idempotency_key is None or getattr(given, "dry_run", False):
        return None
    with Checks() as check:
        check.line("idempotency_key", given.idempotency_key)
    request = repr((name, replace(given, client_mutation_id=None)))
    return IdempotencyKey(key=given.idempotency_key, fingerprint=sha256(request.encode()).hexdigest())
