"""Altered access tokens on every transport of the real application: none is accepted, none breaks it (A7, T6)."""

import json
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.accounts.commands import Registration
from domain.shared.actor import Actor
from infra.auth.keys import AesKeyMaker, public_key_of
from infra.auth.tokens import JoseTokenSigner
from infra.settings import Settings
from tests import api_defaults, defaults
from tests.engine.api.sockets.websocket_driver import connect
from tests.factories.accounts import IDS, PASSWORD
from tests.fakes.clock import MemoryClock
from tests.platform.api.auth.processes import Process, open_process
from tests.platform.infra.auth.forging import GONE, Signing, as_json, changed, encoded, hmac_signed
from tests.platform.infra.auth.test_tokens import BIG, CLAIMS, DEEP, ODD, mutated

ANN = "ann@example.org"
INVALID = 'Bearer realm="workgraph", error="invalid_token"'
MOST_BYTES = api_defaults.sockets().message_bytes
ALGORITHMS = ["none", "None", "nOnE", "", "HS256", "HS384", "HS512", "RS256", "ES384", "es256", None, ["ES256"], 1]
HEADERS: list[dict[str, Any]] = [
    {"typ": "JWT"},
    {"typ": GONE},
    {"kid": GONE},
    {"kid": "key_' OR 1=1 --"},
    {"kid": "../../etc/passwd"},
    {"kid": "\ud800"},
    {"kid": IDS.new("key")},
    {"crit": ["exp"]},
    {"jku": "https://evil.example/keys"},
    {"jwk": {"kty": "EC"}},
    {"cty": "JWT"},
]
NUMBERS = [b"1e308", b"Infinity", b"-Infinity", b"NaN", BIG, b"1e3", b"0x1", b"-1"]


@dataclass(frozen=True)
class Forger:
    """Knows the process's own signing key, so that what it alters is rightly signed where that makes it harder."""

    process: Process
    signing: Signing
    token: str
    claims: dict[str, Any]

    def forged(self, choice: random.Random) -> str:
        header, claims = self.signing.header, self.claims
        match choice.randrange(8):
            case 0:
                return self.signing.signed(header, changed(claims, **self._odd_claim(choice)))
            case 1:
                return self.signing.signed(changed(header, **choice.choice(HEADERS)), claims)
            case 2:
                return self._of_another_algorithm(choice)
            case 3:
                data = as_json(changed(claims, **{choice.choice(["exp", "iat"]): "NUMBER"}))
                return self.signing.signed_bytes(as_json(header), data.replace(b'"NUMBER"', choice.choice(NUMBERS)))
            case 4:
                parts = [as_json(header), as_json(claims)]
                parts[choice.randrange(2)] = choice.choice([DEEP[: choice.randrange(1, 3000)], b'{"a":' * 150, b"null"])
                return self.signing.signed_bytes(*parts)
            case _:
                return mutated(choice, self.token)

    def _odd_claim(self, choice: random.Random) -> dict[str, object]:
        claim, value = choice.choice(CLAIMS), choice.choice([*ODD, "\ud800"])
        return {"exp": 0} if claim == "client_id" and value == "9999999999" else {claim: value}

    def _of_another_algorithm(self, choice: random.Random) -> str:
        header = changed(self.signing.header, alg=choice.choice(ALGORITHMS))
        match choice.randrange(3):
            case 0:
                return f"{encoded(as_json(header))}.{encoded(as_json(self.claims))}."
            case 1:
                public = public_key_of(self.signing.key)
                secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
                return hmac_signed(header, self.claims, secret)
        return self.signing.signed(header, self.claims)


@pytest.fixture
async def forger(settings: Settings, database: str, redis_database: str) -> AsyncIterator[Forger]:
    async with open_process(settings, recheck_seconds=2) as process:
        await process.app.accounts.create(Actor.system(), Registration(email=ANN, name="Ann", password=PASSWORD))
        token = (await process.sign_in(ANN))["access_token"]
        (key,) = await process.app.auth.keys(Actor.system())
        keys = AesKeyMaker(settings.secret_key.get_secret_value(), IDS)
        clock = MemoryClock()
        signer = JoseTokenSigner(keys, clock, defaults.auth(issuer=settings.issuer))
        signing = Signing(signer=signer, keys=keys, key=key, private=keys.private_key(key), clock=clock)
        yield Forger(process, signing, token, jwt.decode(token, options={"verify_signature": False}))


def expected_close(message: str, token: str) -> int:
    """Close code for the message: 1009 if it is too long, 4400 if it is no JSON, otherwise 4401 for its token."""
    if len(message) > MOST_BYTES:
        return 1009
    return 4400 if any("\ud800" <= letter <= "\udfff" for letter in token) else 4401


async def is_refused_everywhere(process: Process, token: str) -> bool:
    header = b"Bearer " + token.encode("utf-8", "surrogatepass")
    content, kind = b'{"query":"{ viewer { id } }"}', {b"Content-Type": b"application/json"}
    answers = [
        await process.http.post("/graphql", content=content, headers={b"Authorization": header, **kind}),
        await process.http.get("/auth/me", headers={b"Authorization": header}),
    ]
    for answer in answers:
        assert (answer.status_code, answer.headers.get("www-authenticate")) == (401, INVALID), token[:500]
    async with connect(process.served, host="localhost") as socket:
        message = json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}})
        socket.send_text(message)
        assert (await socket.closed())[0] == expected_close(message, token), token[:500]
        assert socket.sent == []
    return True


async def fuzz(forger: Forger, *, rounds: int, seed: int) -> None:
    choice = random.Random(seed)
    for _ in range(rounds):
        token = forger.forged(choice)
        if token.strip() != forger.token:  # transports take spaces around a token for none of it
            assert await is_refused_everywhere(forger.process, token), seed


async def test_the_tokens_that_are_altered_are_good_ones(forger: Forger) -> None:
    """Proves that the tokens are valid before they are altered, so that the alteration alone gets them refused."""
    for token in (forger.token, forger.signing.signed(forger.signing.header, forger.claims)):
        assert (await forger.process.me(token)).status_code == 200
        assert (await forger.process.graphql(token, "{ viewer { id } }")).json()["data"]["viewer"]["id"]
        async with connect(forger.process.served, host="localhost", token=token) as socket:
            assert socket.sent == [{"type": "connection_ack"}]


@pytest.mark.parametrize("size", [4_096, 5_000, 1_000_000])
async def test_a_long_token_is_refused(forger: Forger, size: int) -> None:
    assert await is_refused_everywhere(forger.process, forger.token.ljust(size, "A"))


async def test_300_altered_tokens_are_refused(forger: Forger) -> None:
    await fuzz(forger, rounds=300, seed=20261123)


@pytest.mark.verify
async def test_10_000_altered_tokens_are_refused(forger: Forger) -> None:
    await fuzz(forger, rounds=10_000, seed=random.randrange(1 << 32))
