"""API keys: recognizable, 256 bits, stored as digests only."""

import re
import secrets
import string
import zlib
from dataclasses import replace
from datetime import timedelta

from domain.accounts.model import SignedIn
from domain.auth.errors import InvalidToken
from domain.auth.memberships import memberships_of
from domain.auth.ports import ApiKeyReader, KeyHolder, KeyUses
from domain.shared.actor import Actor, ClientInfo
from domain.shared.clock import Clock
from domain.shared.secrets import digest_of

PREFIX = "wgk_"
USE_PERIOD = timedelta(minutes=1)  # minimum time between two records of the last use
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM = 43  # characters of 62: 256 bits
_CHECK = 6  # characters of 62: the 32 bits of a CRC
_SHAPE = re.compile(r"wgk_([0-9A-Za-z]{43})([0-9A-Za-z]{6})", re.ASCII)


def new_api_key() -> str:
    """A new key: a prefix for secret scanners, the secret, and a checksum that detects typing errors offline."""
    secret = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return PREFIX + secret + _checksum(secret)


def looks_like_api_key(text: str) -> bool:
    shape = _SHAPE.fullmatch(text)
    return shape is not None and _checksum(shape[1]) == shape[2]


def hint_of(key: str) -> str:
    """The last four characters, which belong to the checksum and reveal almost nothing of the secret."""
    return key[-4:]


class ApiKeyHolders:
    """Authenticates API keys with one statement."""

    def __init__(self, read: ApiKeyReader, uses: KeyUses, clock: Clock) -> None:
        self._read = read
        self._uses = uses
        self._clock = clock

    async def authenticate(self, key: str, *, client: ClientInfo | None) -> SignedIn:
        """The key's user with current roles in the key's workspaces; raises InvalidToken."""
        now = self._clock.now()
        holder = _known(await self._read.holder(digest_of(key), now=now))
        last = holder.api_key.last_used_at
        if last is None or now - last >= USE_PERIOD:
            self._uses.note(holder.api_key.id, at=now)
        return self._speaking(holder, client)

    async def reload_actor(self, actor: Actor, key_id: str) -> SignedIn:
        """The key's user with the current roles; raises InvalidToken if the key is revoked or expired."""
        return self._speaking(_known(await self._read.holder_by_id(key_id, now=self._clock.now())), actor.client)

    def _speaking(self, holder: KeyHolder, client: ClientInfo | None) -> SignedIn:
        key, person = holder.api_key, holder.person
        if key.workspace_ids is not None:
            opened = person.roles.keys() & set(key.workspace_ids)
            roles = {workspace_id: person.roles[workspace_id] for workspace_id in opened}
            areas = {workspace_id: ids for workspace_id, ids in person.areas.items() if workspace_id in opened}
            # A key has fewer workspaces than are loaded at once.
            person = replace(person, roles=roles, areas=areas, has_more=False)
        return SignedIn(
            account=person.account,
            user_id=key.user_id,
            expires_at=key.expires_at,
            client=client,
            grant=key.grant,
            **memberships_of(person, self._read),
        )


def _known(holder: KeyHolder | None) -> KeyHolder:
    if holder is None:
        raise InvalidToken
    return holder


def _checksum(secret: str) -> str:
    number, digits = zlib.crc32(secret.encode()), ""
    for _ in range(_CHECK):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
