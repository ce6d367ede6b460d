"""Authorization headers of every kind of wrongness: none is accepted, and none breaks anything.

`FUZZED_HEADERS=100000` makes a long run of it.
"""

import base64
import os
import random
import string

import pytest

from apicalls.credentials import parse_amx
from apicalls.models import RefusedRequests, RequestLog

HEADERS = int(os.environ.get("FUZZED_HEADERS", "600"))
# Tests that are alike, so that two processes can share the work.
PARTS = 4

_BYTES = [chr(number) for number in range(256)]
_HOSTILE = [
    *("\0", "\r\n", "\r\nX-Evil: 1", "\t", "\u00a0", "\u200b", "\ufeff", "\ud800", "😀", "%00"),
    *(
        "' OR 1=1 --",
        "{{7*7}}",
        "${jndi:ldap://x}",
        "../" * 50,
        "A" * 5000,
        ":" * 500,
        "amx " * 500,
    ),
    *("\u0130", "ß", "ﬀ", "٣", "Ⅷ", "\x85", "\x1c", "‮"),
]


def random_text(chance):
    alphabet = chance.choice([_BYTES, string.printable, string.hexdigits + ":", _HOSTILE])
    return "".join(chance.choice(alphabet) for _ in range(chance.randrange(80)))


def other_scheme(chance, key, secret):
    scheme = chance.choice(["Basic", "Bearer", "Digest", "AMX2", "xamx", "amxamx", "", "Negotiate"])
    pair = f"{key}:{secret}"
    value = chance.choice([pair, base64.b64encode(pair.encode()).decode(), random_text(chance)])
    return f"{scheme}{chance.choice([' ', '', chr(9), '  '])}{value}"


def one_wrong(chance, key, secret):
    """The right pair with one character replaced, left out, doubled or swapped with the next."""
    place = chance.randrange(len(secret))
    mutations = [
        secret[:place] + chance.choice(_BYTES + _HOSTILE) + secret[place + 1 :],
        secret[:place] + secret[place + 1 :],
        secret[: place + 1] + secret[place:],
        secret[:place] + secret[place : place + 2][::-1] + secret[place + 2 :],
        secret.lower(),
        secret[::-1],
    ]
    return f"amx {key}:{chance.choice(mutations)}"


def dressed_up(chance, key, secret):
    """The right pair with something in front, between or behind."""
    extra = chance.choice([*_HOSTILE, "x", '"', "'", ",", ";", "=", " x", ":", "amx ", "\x0b"])
    shapes = [
        f"{extra}amx {key}:{secret}",
        f"amx {extra}{key}:{secret}",
        f"amx {key}{extra}:{secret}",
        f"amx {key}:{extra}{secret}",
        f"amx {key}:{secret}{extra}",
        f"amx {secret}:{key}",
        f"amx {key}{secret}",
        f"amx{key}:{secret}",
        f"amx {key}:{secret}:{secret}",
        f"amx {key}:{secret}, amx {key}:{secret}",
        f"ClientKey={key};ClientSecret={secret}",
    ]
    return chance.choice(shapes)


def other_pair(chance, key, secret):
    """Well-formed, and nobody's."""
    other_key = "".join(chance.choice("0123456789ABCDEF") for _ in range(14))
    other_secret = "".join(chance.choice("0123456789ABCDEFGHJKMNPQRSTVWXYZ") for _ in range(32))
    return chance.choice([f"amx {other_key}:{secret}", f"amx {key}:{other_secret}"])


KINDS = [
    lambda chance, key, secret: random_text(chance),
    lambda chance, key, secret: f"amx {random_text(chance)}",
    other_scheme,
    one_wrong,
    dressed_up,
    other_pair,
]


def is_right(header, call):
    """Tell whether what was made is the right pair after all, such as with one more space."""
    authorization = parse_amx(header.encode("latin-1", "replace").strip(b" \t"))
    return authorization is not None and (
        authorization.client_key == call.client_key
        and authorization.client_secret.reveal() == call.client_secret
    )


@pytest.mark.parametrize("part", range(PARTS))
def test_no_header_is_accepted_and_none_breaks_anything(program, call, worker, part):
    chance = random.Random(f"{HEADERS}:{part}")
    sent = 0
    while sent < HEADERS // PARTS:
        header = chance.choice(KINDS)(chance, call.client_key, call.client_secret)
        if is_right(header, call):
            continue
        sent += 1
        response = program.get(
            "/api/v1/worker-compliance?workerIDNumber=10482", HTTP_AUTHORIZATION=header
        )
        assert response.status_code in {401, 429}, repr(header)
        assert response.headers["Content-Type"].startswith("application/problem+")
    assert not RequestLog.objects.exists()
    # However many: a row for each minute, call meant, problem and mistake.
    assert RefusedRequests.objects.count() < 100 + HEADERS / 20
    assert sum(RefusedRequests.objects.values_list("times", flat=True)) == sent
