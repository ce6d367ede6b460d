"""Client Keys and Client Secrets: made, read from a header, checked, sealed and opened.

Pure functions without ORM and without HTTP. A secret travels as a `ClientSecret`, whose
repr is "***", so that no log line, traceback or error report can show it by accident.
"""

import hmac
import re
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CLIENT_KEY_LENGTH = 14
RANDOM_LENGTH = 26  # 130 bits
CHECKSUM_LENGTH = 6  # 30 bits
CLIENT_SECRET_LENGTH = RANDOM_LENGTH + CHECKSUM_LENGTH

# Crockford's base32, https://www.crockford.com/base32.html: no I, L, O and U.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NONCE_LENGTH = 12  # what NIST SP 800-38D recommends for AES-GCM
_SCHEME = b"amx"
# One match over the whole header. Key and secret are told apart from other text here, and
# right from wrong only by the one look-up that every well-formed pair gets. The help
# article writes the space after the colon in one place and leaves it out in another.
_HEADER = re.compile(rb"(?i:amx)[ \t]+([0-9A-Za-z]{1,64}):[ \t]*([0-9A-Za-z]{1,64})[ \t]*")


class ClientSecret:
    """A Client Secret in plain text that does not print itself."""

    __slots__ = ("_text",)

    def __init__(self, text: str):
        self._text = text

    def reveal(self) -> str:
        """Return the plain text, for an HMAC, a cipher or the one page that shows it."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClientSecret) and hmac.compare_digest(
            self._text.encode(), other._text.encode()
        )

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Authorization:
    """What a well-formed amx header carries."""

    # Not printed either: who swaps the two sends the secret here.
    client_key: str = field(repr=False)
    client_secret: ClientSecret


def new_client_key() -> str:
    """Return 14 random upper-case hex characters, the shape the help article shows."""
    return secrets.token_hex(CLIENT_KEY_LENGTH // 2).upper()


def new_client_secret() -> ClientSecret:
    """Return 26 random base32 characters and their checksum of 6."""
    random_part = "".join(secrets.choice(_ALPHABET) for _ in range(RANDOM_LENGTH))
    return ClientSecret(random_part + _checksum(random_part))


def has_checksum(text: str) -> bool:
    """Tell whether `text` can be a Client Secret at all, without asking the database.

    A typing mistake fails this, and a leak scanner confirms a hit with it offline. The
    API's answer does not depend on it: to the outside a typo is a wrong secret.
    """
    random_part, checksum = text[:RANDOM_LENGTH], text[RANDOM_LENGTH:]
    return (
        len(text) == CLIENT_SECRET_LENGTH
        and all(character in _ALPHABET for character in random_part)
        and checksum == _checksum(random_part)
    )


def _checksum(random_part: str) -> str:
    """Return the low 30 bits of the CRC-32 of `random_part`, in base32."""
    value = zlib.crc32(random_part.encode("ascii"))
    return "".join(
        _ALPHABET[value >> shift & 0b11111] for shift in range(5 * (CHECKSUM_LENGTH - 1), -1, -5)
    )


def is_amx(header: bytes) -> bool:
    """Tell whether the header is of our scheme at all, well-formed or not."""
    return header[:3].lower() == _SCHEME and header[3:4] in {b"", b" ", b"\t"}


def parse_amx(header: bytes) -> Authorization | None:
    """Return key (folded to upper case) and secret, or None when the header is malformed."""
    match = _HEADER.fullmatch(header)
    if match is None:
        return None
    key, secret = (group.decode("ascii") for group in match.groups())
    return Authorization(key.upper(), ClientSecret(secret))


def header_value(client_key: str, client_secret: ClientSecret) -> str:
    """Return the value of the Authorization header, as it is copied into other programs."""
    return f"amx {client_key}:{client_secret.reveal()}"


# --- At rest ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """What is stored of a secret: enough to check it, and to show it to who may see it."""

    digest: bytes
    pepper_number: int
    ciphertext: bytes
    key_number: int


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom a ciphertext belongs to; moved to another row, it does not open."""

    company_id: int
    api_call_id: int
    client_key: str

    def associated_data(self) -> bytes:
        return f"{self.company_id}:{self.api_call_id}:{self.client_key}".encode("ascii")


class SecretUnreadable(Exception):
    """A ciphertext that does not open: its key is gone, or it is another row's."""


class SecretNotKept(SecretUnreadable):
    """There is no ciphertext: the secret was shown once, or its pair was replaced."""


class Vault:
    """The installation's numbered peppers and keys, and what is done with them.

    Peppers and keys map a number to 32 bytes. New secrets are sealed under the highest
    number; older ones are read while their number is there.
    """

    def __init__(self, peppers: Mapping[int, bytes], keys: Mapping[int, bytes]):
        self._peppers = peppers
        self._keys = keys

    def seal(self, client_secret: ClientSecret, owner: Owner) -> SealedSecret:
        pepper_number, key_number = max(self._peppers), max(self._keys)
        nonce = secrets.token_bytes(_NONCE_LENGTH)
        sealed = AESGCM(self._keys[key_number]).encrypt(
            nonce, client_secret.reveal().encode("ascii"), owner.associated_data()
        )
        return SealedSecret(
            digest=self._digest(pepper_number, owner.client_key, client_secret),
            pepper_number=pepper_number,
            ciphertext=nonce + sealed,
            key_number=key_number,
        )

    def open(self, *, ciphertext: bytes, key_number: int, owner: Owner) -> ClientSecret:
        """Return the plain secret.

        Raises SecretUnreadable when the key is not there or the row is not the owner's, and
        SecretNotKept for an empty `ciphertext`.
        """
        if not ciphertext:
            raise SecretNotKept
        key = self._keys.get(key_number)
        if key is None:
            raise SecretUnreadable(f"CREDENTIAL_KEYS has no number {key_number}")
        nonce, sealed = ciphertext[:_NONCE_LENGTH], ciphertext[_NONCE_LENGTH:]
        try:
            plain = AESGCM(key).decrypt(nonce, sealed, owner.associated_data())
        except (InvalidTag, ValueError) as error:  # ValueError: shorter than a nonce
            raise SecretUnreadable("the ciphertext is not of this key and credential") from error
        return ClientSecret(plain.decode("ascii"))

    def matches(self, authorization: Authorization, *, digest: bytes, pepper_number: int) -> bool:
        """Tell whether the secret is the one whose digest is stored under that pepper."""
        if pepper_number not in self._peppers:
            return False
        given = self._digest(pepper_number, authorization.client_key, authorization.client_secret)
        return hmac.compare_digest(given, digest)

    def digests(self, authorization: Authorization) -> list[bytes]:
        """Return what is stored of the pair if it is one of ours: a digest for each pepper.

        Whoever has none of the peppers can neither choose nor foresee them, so that the time it
        takes to look for one tells nothing.
        """
        return [
            self._digest(number, authorization.client_key, authorization.client_secret)
            for number in sorted(self._peppers)
        ]

    def _digest(self, pepper_number: int, client_key: str, client_secret: ClientSecret) -> bytes:
        message = f"{client_key}:{client_secret.reveal()}".encode("ascii")
        return hmac.digest(self._peppers[pepper_number], message, "sha256")
