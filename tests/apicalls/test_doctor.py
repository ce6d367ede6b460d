"""The header doctor names the mistake, and tells nothing of other companies."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apicalls import services
from apicalls.kit.advice import ADVICE
from apicalls.kit.doctor import Mistake, Standing, diagnose

KEY = "3A33DB77C0FFD8"
SECRET = "7GQ4ZK81XNVT05CEMRH3YBWD69E4T395"
RIGHT = f"amx {KEY}:{SECRET}"


def right(_key, _secret):
    return Standing.RIGHT, ""


@pytest.mark.parametrize(
    "pasted",
    [
        RIGHT,
        f"AMX  {KEY.lower()}: {SECRET} ",
        f"Authorization: {RIGHT}",
        f"GET /api HTTP/1.1\r\nHost: x\r\nauthorization:{RIGHT}\r\n",
        f"curl -H 'Authorization: {RIGHT}' 'https://workhub.example/x'",
        f'curl --header "Authorization: {RIGHT}" https://workhub.example/x',
        f"amx\t{KEY}:{SECRET}",
    ],
)
def test_what_the_api_takes_is_right(pasted):
    assert diagnose(pasted, right).mistake is None


@pytest.mark.parametrize(
    ("pasted", "mistake"),
    [
        ("   ", Mistake.EMPTY),
        (f"{RIGHT}, {RIGHT}", Mistake.SENT_TWICE),
        (f"Authorization: {RIGHT}\nAuthorization: {RIGHT}", Mistake.SENT_TWICE),
        ("amx {{clientKey}}:{{clientSecret}}", Mistake.PLACEHOLDER),
        ("amx ClientKey:ClientSecret", Mistake.PLACEHOLDER),
        (f"amx {KEY}:\u2022\u2022\u2022", Mistake.PLACEHOLDER),
        (f"amx\u00a0{KEY}:{SECRET}", Mistake.INVISIBLE),
        (f"\ufeff{RIGHT}", Mistake.INVISIBLE),
        (f"amx {KEY}:\u041e{SECRET[1:]}", Mistake.NOT_ASCII),
        (f'"{RIGHT}"', Mistake.QUOTES),
        (f"\u201c{RIGHT}\u201d", Mistake.QUOTES),
        ("Basic " + base64.b64encode(b"me:pw").decode(), Mistake.BASIC),
        (
            "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode(),
            Mistake.BASIC_WITH_PAIR,
        ),
        (f"Bearer {KEY}:{SECRET}", Mistake.BEARER),
        (f"Token {SECRET}", Mistake.OTHER_SCHEME),
        (f"{KEY}:{SECRET}", Mistake.NO_SCHEME),
        (f"amx{KEY}:{SECRET}", Mistake.NO_SPACE),
        (f"amx {KEY} {SECRET}", Mistake.NO_COLON),
        (f"amx {SECRET}:{KEY}", Mistake.SWAPPED),
        (f"amx {KEY[:-1]}:{SECRET}", Mistake.KEY_LENGTH),
        (f"amx {KEY}:{SECRET[:-1]}", Mistake.SECRET_SHORT),
        (f"amx {KEY}:{SECRET}A", Mistake.SECRET_LONG),
        (f"amx {KEY}:{SECRET.lower()}", Mistake.SECRET_CASE),
        (f"amx {KEY}:{'1' if SECRET[0] != '1' else '2'}{SECRET[1:]}", Mistake.TYPING_ERROR),
    ],
)
def test_the_mistake_is_named(pasted, mistake):
    assert diagnose(pasted, right).mistake is mistake


@given(st.text(max_size=80) | st.text("amx :{}\"'", max_size=20).map(lambda text: text + RIGHT))
def test_whatever_is_pasted_gets_an_answer(pasted):
    verdict = diagnose(pasted, right)
    assert verdict.mistake is None or ADVICE[verdict.mistake]


def test_every_mistake_has_advice():
    assert set(ADVICE) == set(Mistake)


# --- On the page -----------------------------------------------------------------------


@pytest.fixture
def paste(client_of, admin, call):
    client = client_of(admin)

    def post(header):
        response = client.post(
            f"/account/api/{call.api_call.code}/header-doctor/", {"header": header}
        )
        assert response.status_code == 200
        assert response["Cache-Control"] == "private, no-store"
        assert call.client_secret not in response.content.decode()
        return response.context.get("verdict")

    return post


def test_pairs_are_told_apart(paste, call, add_call, company, other_company, pair_of, other_secret):
    other = add_call(company, name="HR")
    theirs = add_call(other_company, name="Their gate")
    assert paste(call.header).mistake is None
    verdict = paste(other.header)
    assert (verdict.mistake, verdict.about) == (Mistake.ANOTHER_CALL, "HR")
    assert paste(theirs.header) == paste(f"amx {'0' * 14}:{call.client_secret}")
    assert paste(theirs.header).mistake is Mistake.UNKNOWN_KEY
    mixed = f"amx {call.client_key}:{other.client_secret}"
    assert paste(mixed).mistake is Mistake.WRONG_SECRET
    services.regenerate_credentials(api_call=call.api_call, replaces=call.client_key, by=None)
    assert paste(call.header).mistake is Mistake.ENDED
    assert paste(pair_of(call.api_call).header).mistake is None


def test_what_is_pasted_is_in_no_log(paste, call, caplog):
    with caplog.at_level("DEBUG"):
        paste(call.header)
    assert call.client_secret not in caplog.text
