"""Signing keys, created here and stored in the database; private keys are encrypted with WORKGRAPH_SECRET_KEY."""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_public_key,
)

from domain.auth.model import KeyId, SigningKey
from domain.shared.errors import Unavailable
from domain.shared.ids import IdFactory

_NONCE = 12  # bytes of an AES-GCM nonce (NIST SP 800-38D section 8.2.2)
_COORDINATE = 32  # bytes of a P-256 coordinate (RFC 7518 section 6.2.1.2)


def derived_key(secret: str, purpose: str) -> bytes:
    """32 bytes for one purpose (HKDF, RFC 5869), so that no two uses of the secret share a key."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"workgraph {purpose}".encode()).derive(secret.encode())


class AesKeyMaker:
    """Creates P-256 key pairs. AES-256-GCM encrypts the private key, bound to the key's ID."""

    def __init__(self, secret: str, ids: IdFactory) -> None:
        self._cipher = AESGCM(derived_key(secret, "signing keys 1"))
        self._ids = ids

    def new(self, *, created_at: datetime, signs_from: datetime) -> SigningKey:
        key_id = self._ids.new(SigningKey.prefix)
        private = ec.generate_private_key(ec.SECP256R1())
        nonce = os.urandom(_NONCE)
        plain = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        sealed = nonce + self._cipher.encrypt(nonce, plain, key_id.encode())
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return SigningKey(
            id=KeyId(key_id),
            public_key=public.decode(),
            sealed_private_key=urlsafe_b64encode(sealed).decode(),
            created_at=created_at,
            signs_from=signs_from,
        )

    def private_key(self, key: SigningKey) -> ec.EllipticCurvePrivateKey:
        """The private key; raises Unavailable if it was encrypted with another secret."""
        sealed = urlsafe_b64decode(key.sealed_private_key)
        try:
            plain = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], key.id.encode())
        except InvalidTag as error:
            raise Unavailable(
                "The signing key cannot be decrypted with this WORKGRAPH_SECRET_KEY. Restore the secret, or create a "
                "new key with: workgraph keys rotate"
            ) from error
        private = load_der_private_key(plain, password=None)
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        return private

    def public_jwk(self, key: SigningKey) -> Mapping[str, str]:
        numbers = public_key_of(key).public_numbers()
        x, y = (urlsafe_b64encode(n.to_bytes(_COORDINATE)).rstrip(b"=").decode() for n in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": key.id, "x": x, "y": y}


def public_key_of(key: SigningKey) -> ec.EllipticCurvePublicKey:
    public = load_pem_public_key(key.public_key.encode())
    assert isinstance(public, ec.EllipticCurvePublicKey)
    return public
