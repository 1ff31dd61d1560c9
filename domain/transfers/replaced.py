"""Replacements of entities that were deleted, or are being deleted, for imports that recognize the entities."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import TypeVar

from domain.shared.replacements import R
from domain.transfers.identity_ports import IdentityStore

K = TypeVar("K")
Load = Callable[[Collection[str]], Awaitable[Iterable[R]]]


async def existing_targets(
    identities: IdentityStore, workspace_id: str, targets: Mapping[K, str], load: Load[R]
) -> dict[K, str]:
    """The targets; the ID of a deleted entity is replaced by that of the entity that its issues got."""
    wanted = set(targets.values())
    while wanted:
        kept = {entity.id for entity in await load(wanted)}
        replaced = await identities.replacements(workspace_id, wanted - kept)
        if not replaced:
            break
        targets = {key: replaced.get(target, target) for key, target in targets.items()}
        # Each step needs at least one more deleted entity, so that the chain ends.
        wanted = set(replaced.values())
    return dict(targets)


async def with_replacements(found: Collection[R], load: Load[R]) -> dict[str, R]:
    """The entities by ID, and those that are replacing them."""
    by_id = {entity.id: entity for entity in found}
    missing = {entity.replaced_by_id for entity in found if entity.replaced_by_id is not None} - by_id.keys()
    return by_id | {entity.id: entity for entity in (await load(missing) if missing else ())}
