"""What looks like a secret is taken out of text, and nothing else."""

import pytest

from workhub.redaction import without_credentials, without_secrets

pytestmark = pytest.mark.any_database

KEY, SECRET = "3A33DB77C0FFD8", "7FX9W8WRD3JDPR7PQAT5F9H3S5CWCHRJ"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"Authorization: amx {KEY}:{SECRET}", "Authorization: ***"),
        (f"Authorization: amx {KEY}: {SECRET}\nHost: x", "Authorization: ***\nHost: x"),
        (
            f"{{'HTTP_AUTHORIZATION': 'amx {KEY}:x', 'A': 1}}",
            "{'HTTP_AUTHORIZATION': '***', 'A': 1}",
        ),
        ("(b'authorization', b'Basic dXNlcjpwYXNz')", "(b'authorization', b'***')"),
        (f"bad header 'amx {KEY}:short'", "bad header 'amx ***'"),
        (f"AMX {KEY}:\t{SECRET} is wrong", "AMX *** is wrong"),
        ("Bearer abcdefgh.ijkl-mnop", "Bearer ***"),
        (f"amx {SECRET}", "amx ***"),
        (f"x={SECRET}&y", "x=***&y"),
    ],
)
def test_a_secret_is_masked_wherever_it_stands(text, masked):
    assert without_secrets(text) == masked
    assert SECRET not in without_secrets(text)


@pytest.mark.parametrize(
    "text",
    [
        "ValueError: invalid literal for int() with base 10: 'x'",
        "request 0f8fad5bd9cb469fa165708677289501 failed",
        "The authorization of this call ended",
        "A failed authorization, counted by address",
        "an amx header without a secret",
        "Basic Rigging and Bearer Training",
        # What an operator keeps elsewhere to find a trail that was written anew.
        f"Audit trail: company 1, entry 114, digest {'0fb1c4d2' * 8}, holds, Northern Build",
        "https://workhub.example/docs/authorization/",
        f"call of {KEY}",
    ],
)
def test_other_text_stays(text):
    assert without_secrets(text) == text


@pytest.mark.parametrize("text", [KEY, KEY.lower(), f"key={KEY},", f"'{KEY}'"])
def test_what_leaves_the_installation_has_no_client_key_either(text):
    assert KEY.lower() not in without_credentials(text).lower()
