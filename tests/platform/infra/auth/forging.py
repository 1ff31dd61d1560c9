"""Tokens built by hand, byte by byte; no library restricts what a forged token can contain."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from domain.auth.errors import InvalidToken
from domain.auth.model import AccessClaims, SigningKey
from infra.auth.keys import AesKeyMaker
from infra.auth.tokens import JoseTokenSigner
from tests.factories.accounts import IDS
from tests.fakes.clock import MemoryClock

ISSUER = "https://tracker.example.org"


class Gone(Enum):
    """Stands for a header or claim that is left out; a name of its own keeps test ids equal in all workers."""

    GONE = "gone"


GONE = Gone.GONE


@dataclass(frozen=True, kw_only=True)
class Signing:
    signer: JoseTokenSigner
    keys: AesKeyMaker
    key: SigningKey
    private: ec.EllipticCurvePrivateKey
    clock: MemoryClock

    @property
    def header(self) -> dict[str, Any]:
        return {"alg": "ES256", "typ": "at+jwt", "kid": self.key.id}

    @property
    def claims(self) -> dict[str, Any]:
        now = int(self.clock.now().timestamp())
        return {
            "iss": ISSUER,
            "aud": ISSUER,
            "sub": IDS.new("usr"),
            "sid": IDS.new("ses"),
            "jti": IDS.new("tok"),
            "client_id": "workgraph",
            "iat": now,
            "exp": now + 600,
        }

    def issued(self) -> str:
        now = self.clock.now()
        claims = AccessClaims(
            token_id=IDS.new("tok"),
            user_id=IDS.new("usr"),
            session_id=IDS.new("ses"),
            client_id="workgraph",
            issued_at=now,
            expires_at=now + timedelta(seconds=600),
        )
        return self.signer.issue(claims, self.key)

    def signed(self, header: object, claims: object) -> str:
        return self.signed_bytes(as_json(header), as_json(claims))

    def signed_bytes(self, header: bytes, claims: bytes) -> str:
        """Token of these bytes, correctly signed with our own key even if they are no valid header or claims."""
        text = f"{encoded(header)}.{encoded(claims)}"
        r, s = decode_dss_signature(self.private.sign(text.encode(), ec.ECDSA(SHA256())))
        return f"{text}.{encoded(r.to_bytes(32) + s.to_bytes(32))}"

    def verify(self, token: str) -> AccessClaims:
        """Claims of a token, verified as the auth service verifies it."""
        if self.signer.key_id(token) != self.key.id:
            raise InvalidToken
        return self.signer.verify(token, self.key)


def changed(whole: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Copy of `whole` with the given members; GONE removes a member."""
    return {name: value for name, value in (whole | changes).items() if value is not GONE}


def hmac_signed(header: object, claims: object, secret: bytes, *, digest: str = "sha256") -> str:
    text = f"{encoded(as_json(header))}.{encoded(as_json(claims))}"
    return f"{text}.{encoded(hmac.new(secret, text.encode(), getattr(hashlib, digest)).digest())}"


def as_json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("utf-8", "surrogatepass")


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
