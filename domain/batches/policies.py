from domain.shared.actor import Actor, Role
from domain.shared.batches import BatchRun

ADMINS = frozenset((Role.OWNER, Role.ADMIN))


def may_see(actor: Actor, run: BatchRun) -> bool:
    """Whether the actor started the run or administers its workspace."""
    if actor.is_system:
        return True
    role = actor.roles.get(run.workspace_id)
    return role in ADMINS or (role is not None and run.started_by_id == actor.user_id)
