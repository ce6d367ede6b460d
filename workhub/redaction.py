"""What looks like a secret is taken out of text that leaves: log lines and error reports.

Nothing of ours writes a secret there (a `ClientSecret` prints as "***"). This is for what others
write: the message of an exception that shows the value it did not like.
"""

import re

HIDDEN = "***"

_SECRETS = (
    # "Authorization: …", 'HTTP_AUTHORIZATION': '…', up to where the text or the quote ends.
    re.compile(r"""(?i)(authorization(?:["']\s*[:=,]|\s*[:=])\s*b?["']?)[^"'\r\n]+"""),
    re.compile(r"(?i)(\bamx[ \t]+)[0-9a-z]+:[ \t]*[0-9a-z]*"),
    re.compile(r"(?i)(\bbearer[ \t]+)[0-9a-z+/_.~=-]{16,}"),
    # A Client Secret, wherever it stands: Crockford's base32. A request's id is in small letters.
    re.compile(r"()[0-9A-HJKMNP-TV-Z]{32}"),
)
_CLIENT_KEY = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{14}(?![0-9A-Za-z])")


def without_secrets(text: str) -> str:
    """Return the text with what looks like a secret, or like a header that holds one, masked."""
    for pattern in _SECRETS:
        text = pattern.sub(rf"\1{HIDDEN}", text)
    return text


def without_credentials(text: str) -> str:
    """Return the text without Client Keys as well, for what leaves the installation."""
    return _CLIENT_KEY.sub(HIDDEN, without_secrets(text))
