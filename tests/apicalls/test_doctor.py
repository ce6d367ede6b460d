"""The header doctor names the mistake, and tells nothing of other companies."""

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apicalls import services
from apicalls.credentials import is_amx, parse_amx
from apicalls.doctor import (
    MAX_LENGTH,
    Mistake,
    Standing,
    diagnose,
    key_in,
    key_meant,
    mistake_in,
)
from apicalls.kit.advice import ADVICE

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
        (f"Authorization: Authorization: {RIGHT}", Mistake.NAME_INSIDE),
        (f"Authorization: Authorization:{RIGHT}", Mistake.NAME_INSIDE),
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


@given(
    st.text(max_size=80)
    | st.text("amx :{}\"'\t\x7f\u00a0\ud800", max_size=20).map(lambda text: text + RIGHT)
    | st.text("amxAMXbearsicBERSIC :=", max_size=20).map(lambda text: f"{text} {KEY}{SECRET}")
)
def test_what_the_api_refuses_by_its_looks_has_a_mistake(value):
    sent = value.encode("utf-8", "surrogatepass").strip(b" \t")
    is_well_formed = is_amx(sent) and parse_amx(sent) is not None
    assert is_well_formed or mistake_in(value) in ADVICE
    assert key_in(value) is None or re.fullmatch("[0-9A-F]{14}", key_in(value))


@pytest.mark.parametrize(
    "value",
    [
        RIGHT,
        f"amx {KEY.lower()}",
        f"AMX{KEY}:{SECRET}",
        f"amx {SECRET}:{KEY}",
        f'Bearer "{KEY}"',
        f"{KEY}",
        f"\ufeff{KEY}\u00a0:{SECRET}",
        f"amx {KEY}:{SECRET}, amx 00000000000000:{SECRET}",
        "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode(),
        "BASIC  " + base64.b64encode(f"amx {KEY}:{SECRET}".encode()).decode(),
    ],
)
def test_the_key_is_found_wherever_it_is(value):
    assert key_in(value) == KEY


@pytest.mark.parametrize(
    "value",
    [
        "",
        f"amx {KEY}0:{SECRET}",
        f"amx {KEY[:-1]}:{SECRET}",
        f"amx x{KEY}",
        f"amx {SECRET}",
        f"camx{KEY}",
        "amx ClientKey:ClientSecret",
        "Bearer 0b0c3d4e-1f2a-4b5c-8d7e-9f0a1b2c3d4e",
        "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()[:-2],
        "Basic \u00e4\u00f6",
        "x" * MAX_LENGTH + f" {KEY}",
    ],
)
def test_what_only_looks_like_a_key_is_none(value):
    assert key_in(value) is None


@pytest.mark.parametrize(
    ("header", "key"),
    [
        pytest.param(f"amx {KEY}:{SECRET}", KEY, id="right"),
        pytest.param(f"amx {SECRET}:{KEY}", KEY, id="swapped"),
        pytest.param(f"amx {SECRET}:{KEY.lower()}", KEY, id="swapped-small"),
        pytest.param(f"amx 00000000000000:{KEY}", "0" * 14, id="two-keys"),
        pytest.param(f"amx 0:{SECRET}", "0", id="neither"),
    ],
)
def test_whose_pair_is_meant(header, key):
    assert key_meant(parse_amx(header.encode())) == key


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
