"""Small secrets at rest, such as that of an authenticator app.

AES-256-GCM under a key derived from the highest-numbered of CREDENTIAL_KEYS, for this purpose
only (RFC 5869): what is sealed here opens nothing else, and nothing else opens it. The number is
kept beside the ciphertext, so that a key can be replaced while the rows of the old one are read.
"""

import base64
import binascii
import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_NONCE_LENGTH = 12  # what NIST SP 800-38D recommends for AES-GCM


class Unreadable(Exception):
    """A sealed secret that does not open: its key is gone, or it was not sealed here."""


def seal(text: str) -> str:
    """Return "NUMBER:BASE64" of nonce and ciphertext."""
    number = max(settings.CREDENTIAL_KEYS)
    nonce = secrets.token_bytes(_NONCE_LENGTH)
    sealed = nonce + _cipher(settings.CREDENTIAL_KEYS[number]).encrypt(nonce, text.encode(), None)
    return f"{number}:{base64.b64encode(sealed).decode('ascii')}"


def unseal(sealed: str) -> str:
    """Return the plain text. Raises Unreadable."""
    number, _, encoded = sealed.partition(":")
    key = settings.CREDENTIAL_KEYS.get(int(number)) if number.isdecimal() else None
    if key is None:
        raise Unreadable(f"CREDENTIAL_KEYS has no number {number[:5]!r}")
    try:
        raw = base64.b64decode(encoded, validate=True)
        plain = _cipher(key).decrypt(raw[:_NONCE_LENGTH], raw[_NONCE_LENGTH:], None)
    except (binascii.Error, InvalidTag, ValueError) as error:
        raise Unreadable("the ciphertext is not of this key") from error
    return plain.decode()


def number_of(sealed: str) -> int:
    """Return the number of the key that it was sealed under, 0 for what was not sealed here."""
    number = sealed.partition(":")[0]
    return int(number) if number.isdecimal() else 0


@lru_cache(maxsize=8)
def _cipher(key: bytes) -> AESGCM:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"workhub accounts.sign_in.sealing")
    return AESGCM(derived.derive(key))
