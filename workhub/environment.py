"""What the installation's environment says: secrets and numbered keys.

Plain functions over a mapping, without Django, so that they can make the keys before
there are settings. `python -m workhub.environment` prints a fresh set for `.env`.
"""

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

KEY_LENGTH = 32  # bytes: SHA-256's block of choice for HMAC, and AES-256

HOW_TO_MAKE_THEM = "Make a set with: python -m workhub.environment"

# As Django's system checks have them: what keeps the server from starting can be looked up.
_IDS = {
    "SECRET_KEY": "workhub.E001",
    "CREDENTIAL_PEPPERS": "workhub.E002",
    "CREDENTIAL_KEYS": "workhub.E003",
    "METRICS_TOKEN": "workhub.E006",
    "SENTRY_DSN": "workhub.E009",
}

# What a small integer column holds: the number is stored beside each row.
_HIGHEST_NUMBER = 32_767
_HIGHEST_PORT = 65_535
# What is sent at each scrape from wherever: short enough to guess is as good as none.
_TOKEN_LENGTH = 20
# RFC 6750, section 2.1.
_TOKEN = re.compile(rf"[A-Za-z0-9._~+/-]{{{_TOKEN_LENGTH},}}=*")
_SITE_URL = re.compile(
    r"(?i:https?)://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(/[A-Za-z0-9._~-]+)*"
)


class EnvironmentReader:
    """Read secrets from `environ`, collecting what is wrong instead of stopping at the first.

    Each secret comes from the variable NAME, or from the file that NAME_FILE names, which
    is how systemd credentials and container secrets arrive. django-environ is not asked:
    it takes a value that starts with "$" for a reference to another variable.
    """

    def __init__(self, environ: Mapping[str, str]):
        self._environ = environ
        self.faults: list[str] = []

    def secret(self, name: str) -> str:
        """Return the secret, or "" after noting the fault."""
        file_name = self._environ.get(f"{name}_FILE", "")
        if file_name:
            return self._from_file(name, file_name)
        value = self._environ.get(name, "").strip()
        if not value:
            self.faults.append(f"{name} is not set")
        return value

    def optional_secret(self, name: str) -> str:
        """Return the secret, or "" where none is set."""
        is_set = any(self._environ.get(one, "").strip() for one in (name, f"{name}_FILE"))
        return self.secret(name) if is_set else ""

    def _from_file(self, name: str, file_name: str) -> str:
        try:
            value = Path(file_name).read_text(encoding="utf-8").strip()
        except OSError as error:
            self.faults.append(f"{name}_FILE: cannot read {file_name}: {error.strerror}")
        except UnicodeDecodeError:
            self.faults.append(f"{name}_FILE: cannot read {file_name}: it is not UTF-8")
        else:
            if not value:
                self.faults.append(f"{name}_FILE: {file_name} is empty")
            return value
        return ""

    def token(self, name: str) -> str:
        """Return a secret that is sent as a Bearer token, or "" where none is set."""
        value = self.optional_secret(name)
        if value and not _TOKEN.fullmatch(value):
            self.faults.append(
                f"{name} must have {_TOKEN_LENGTH} or more of the characters of a Bearer token"
            )
        return value

    def numbered_keys(self, name: str) -> dict[int, bytes]:
        """Return keys by number from "1:BASE64,2:BASE64"; the highest number is used for new rows.

        Numbers are stored beside what a key made, so that a key can be replaced while
        the rows of the old one are still read.
        """
        value = self.secret(name)
        keys: dict[int, bytes] = {}
        for entry in filter(None, (part.strip() for part in value.split(","))):
            number, key = _numbered(entry)
            if number is None or key is None:
                return self._malformed(name)
            if number in keys:
                self.faults.append(f"{name}: number {number} is there twice")
                return {}
            keys[number] = key
        return self._malformed(name) if value and not keys else keys

    def _malformed(self, name: str) -> dict[int, bytes]:
        self.faults.append(
            f"{name}: each entry reads NUMBER:KEY, where KEY is {KEY_LENGTH} bytes "
            "in URL-safe base64; entries are separated by commas"
        )
        return {}


def with_id(fault: str) -> str:
    """Return the fault of a secret with the id of what it is about, to look it up by."""
    found = (number for name, number in _IDS.items() if fault.startswith(name))
    return f"({next(found)}) {fault}"


def redis_url(cache_url: str) -> str:
    """Return the address of the Redis that `cache_url` names, "" when it names something else.

    django-environ knows several names for it; each becomes redis:// or rediss://.
    """
    scheme, separator, rest = cache_url.partition("://")
    known = {"redis": "redis", "rediscache": "redis", "rediss": "rediss"}
    return f"{known[scheme]}{separator}{rest}" if scheme in known else ""


def is_site_url(text: str) -> bool:
    """Tell whether Website Addresses can be built from `text`: scheme, host, port and path."""
    match = _SITE_URL.fullmatch(text)
    return match is not None and int(match["port"] or 0) <= _HIGHEST_PORT


def _numbered(entry: str) -> tuple[int | None, bytes | None]:
    """Return number and key of "NUMBER:KEY", None for what cannot be read."""
    number, _, encoded = entry.partition(":")
    is_number = re.fullmatch("[0-9]{1,5}", number) and int(number) <= _HIGHEST_NUMBER
    return int(number) if is_number else None, _decoded(encoded)


def _decoded(encoded: str) -> bytes | None:
    """Return the key's bytes, or None when it is not base64 of KEY_LENGTH bytes."""
    try:
        key = base64.b64decode(encoded.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == KEY_LENGTH else None


def new_key() -> str:
    """Return KEY_LENGTH random bytes in URL-safe base64."""
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_LENGTH)).decode("ascii")


def new_environment() -> str:
    """Return the lines of a `.env` with fresh secrets."""
    return (
        f"SECRET_KEY={secrets.token_urlsafe(50)}\n"
        f"CREDENTIAL_PEPPERS=1:{new_key()}\n"
        f"CREDENTIAL_KEYS=1:{new_key()}\n"
    )


if __name__ == "__main__":
    print(new_environment(), end="")
