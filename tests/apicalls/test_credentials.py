import itertools
import re
import traceback

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from apicalls.credentials import (
    Authorization,
    ClientSecret,
    Owner,
    SecretUnreadable,
    Vault,
    has_checksum,
    header_value,
    is_amx,
    new_client_key,
    new_client_secret,
    parse_amx,
)

# 26 characters and the low 30 bits of their CRC-32, in base32.
SECRET = "7Q2M9XK4T0VBHZC6W8NRJ3E5DF73PMWA"
KEY = "3A33DB77C0FFD8"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

# --- Made ------------------------------------------------------------------------------


def test_a_client_key_is_14_upper_case_hex_characters():
    assert all(re.fullmatch("[0-9A-F]{14}", new_client_key()) for _ in range(200))


def test_a_client_secret_is_32_characters_of_crockfords_base32():
    secrets = [new_client_secret().reveal() for _ in range(200)]
    assert all(re.fullmatch("[0-9A-HJKMNP-TV-Z]{32}", secret) for secret in secrets)
    assert len(set(secrets)) == 200


def test_every_character_of_the_alphabet_is_used():
    secrets = "".join(new_client_secret().reveal()[:26] for _ in range(200))
    assert set(secrets) == set(CROCKFORD)


# --- The checksum ----------------------------------------------------------------------


def test_the_checksum_is_the_low_30_bits_of_crc_32():
    assert has_checksum(SECRET)
    assert has_checksum("00000000000000000000000000B6R0E2")  # CRC-32: 0xD66C01C2
    assert not has_checksum("00000000000000000000000000B6R0E3")


def _checked_by_hand(random_part):
    """The same by other means: bit by bit, without zlib."""
    crc = 0xFFFFFFFF
    for byte in random_part.encode():
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
    bits = f"{(crc ^ 0xFFFFFFFF) & 0x3FFFFFFF:030b}"
    return random_part + "".join(CROCKFORD[int(bits[at : at + 5], 2)] for at in range(0, 30, 5))


@given(st.text(CROCKFORD, min_size=26, max_size=26))
def test_a_secret_carries_its_checksum(random_part):
    assert has_checksum(_checked_by_hand(random_part))


def test_any_single_wrong_character_is_a_typing_mistake():
    typos = [
        SECRET[:at] + other + SECRET[at + 1 :]
        for at, other in itertools.product(range(32), CROCKFORD + "ILOUil-:é ")
        if SECRET[at] != other
    ]
    assert len(typos) > 1200
    assert not any(has_checksum(typo) for typo in typos)


def test_any_two_characters_swapped_are_a_typing_mistake():
    swapped = set()
    for one, other in itertools.combinations(range(32), 2):
        letters = list(SECRET)
        letters[one], letters[other] = letters[other], letters[one]
        swapped.add("".join(letters))
    swapped.discard(SECRET)
    assert len(swapped) > 450
    assert not any(has_checksum(text) for text in swapped)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(SECRET[:-1], id="one-short"),
        pytest.param(SECRET + "0", id="one-long"),
        pytest.param(SECRET.lower(), id="lower-case"),
        pytest.param(SECRET + "\n", id="line-break"),
        pytest.param("é" * 32, id="not-ascii"),
    ],
)
def test_what_has_another_shape_has_no_checksum(text):
    assert not has_checksum(text)


@given(st.text(max_size=40))
def test_any_text_is_looked_at_without_raising(text):
    assert has_checksum(text) in {True, False}


# --- The header ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(f"amx {KEY}:{SECRET}", id="as-published"),
        pytest.param(f"amx {KEY}: {SECRET}", id="blank-after-the-colon"),
        pytest.param(f"amx {KEY}:\t{SECRET}", id="tab-after-the-colon"),
        pytest.param(f"amx {KEY}: \t  {SECRET}", id="many-blanks-after-the-colon"),
        pytest.param(f"amx    {KEY}:{SECRET}", id="many-blanks"),
        pytest.param(f"amx\t{KEY}:{SECRET}", id="tab"),
        pytest.param(f"amx \t {KEY}:{SECRET}", id="blanks-and-tabs"),
        pytest.param(f"AMX {KEY}:{SECRET}", id="upper-case-scheme"),
        pytest.param(f"Amx {KEY}:{SECRET}", id="mixed-case-scheme"),
        pytest.param(f"aMX {KEY.lower()}:{SECRET}", id="lower-case-key"),
        pytest.param(f"amx {KEY}:{SECRET}  \t ", id="trailing-blanks"),
    ],
)
def test_every_accepted_form_of_the_header(header):
    assert is_amx(header.encode())
    authorization = parse_amx(header.encode())
    assert authorization is not None
    assert authorization.client_key == "3A33DB77C0FFD8"
    assert authorization.client_secret.reveal() == "7Q2M9XK4T0VBHZC6W8NRJ3E5DF73PMWA"


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(b"amx", id="scheme-only"),
        pytest.param(b"amx ", id="scheme-and-a-blank"),
        pytest.param(f"amx {KEY}".encode(), id="one-part"),
        pytest.param(f"amx {KEY}:".encode(), id="no-secret"),
        pytest.param(f"amx {KEY}: ".encode(), id="blank-secret"),
        pytest.param(f"amx :{SECRET}".encode(), id="no-key"),
        pytest.param(f"amx {KEY}:{SECRET}:more".encode(), id="three-parts"),
        pytest.param(f"amx {KEY}::{SECRET}".encode(), id="two-colons"),
        pytest.param(f"amx {KEY} :{SECRET}".encode(), id="blank-before-the-colon"),
        pytest.param(f"amx {KEY} {SECRET}".encode(), id="no-colon"),
        pytest.param(f"amx {KEY}:{SECRET} more".encode(), id="something-behind"),
        pytest.param(f"amx {KEY}:{SECRET}, amx {KEY}:{SECRET}".encode(), id="twice"),
        pytest.param(f'amx "{KEY}:{SECRET}"'.encode(), id="quoted"),
        pytest.param(f"amx <{KEY}>:<{SECRET}>".encode(), id="angle-brackets"),
        pytest.param(f"amx ClientKey={KEY}:{SECRET}".encode(), id="named-parts"),
        pytest.param(f"amx {KEY}:{SECRET[:-1]}-".encode(), id="hyphen"),
        pytest.param(f"amx {KEY}:{SECRET}\n".encode(), id="line-break-behind"),
        pytest.param(f"amx {KEY}:\n{SECRET}".encode(), id="line-break-inside"),
        pytest.param(f"amx {KEY}:{SECRET}\0".encode(), id="nul"),
        pytest.param(f"amx {KEY}:{SECRET[:-1]}é".encode(), id="not-ascii"),
        pytest.param(f"amx {KEY}:{SECRET[:-1]}é".encode("latin-1"), id="latin-1"),
        pytest.param(f"amx {KEY}:{SECRET[:-1]}٣".encode(), id="arabic-digit"),
        pytest.param(f"amx\u00a0{KEY}:{SECRET}".encode("latin-1"), id="no-break-space"),
        pytest.param(f"amx {KEY}:{'A' * 9000}".encode(), id="9-kB"),
        pytest.param(f"amx {KEY}:{'A' * 65}".encode(), id="65-characters"),
        pytest.param(f"amx {'A' * 65}:{SECRET}".encode(), id="key-of-65-characters"),
    ],
)
def test_every_refused_form_of_the_header(header):
    assert parse_amx(header) is None


@pytest.mark.parametrize(
    ("header", "is_ours"),
    [
        pytest.param(b"", False, id="empty"),
        pytest.param(b"am", False, id="too-short"),
        pytest.param(b"amx", True, id="scheme-only"),
        pytest.param(b"AMX\t", True, id="scheme-and-tab"),
        pytest.param(b"amxx K:S", False, id="longer-scheme"),
        pytest.param(b"Bearer K:S", False, id="bearer"),
        pytest.param(b"Basic amx ", False, id="amx-further-back"),
    ],
)
def test_the_scheme_is_told_from_others(header, is_ours):
    assert is_amx(header) is is_ours


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: b"amx " + tail))
@example(b"amx \xff:\xfe")
def test_any_bytes_are_read_without_raising(header):
    authorization = parse_amx(header)
    if authorization is not None:
        assert is_amx(header)
        assert re.fullmatch("[0-9A-Z]{1,64}", authorization.client_key)
        assert re.fullmatch("[0-9A-Za-z]{1,64}", authorization.client_secret.reveal())


def test_a_long_run_of_blanks_is_read_in_one_go():
    assert parse_amx(b"amx" + b" " * 100_000) is None
    assert parse_amx(b"amx " + KEY.encode() + b":" + b"\t" * 100_000) is None


def test_the_header_that_is_copied_is_the_header_that_is_read():
    assert header_value(KEY, ClientSecret(SECRET)) == f"amx {KEY}:{SECRET}"


# --- A secret does not print itself ----------------------------------------------------


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(repr, id="repr"),
        pytest.param(str, id="str"),
        pytest.param("{}".format, id="format"),
        pytest.param("{!s:}".format, id="format-str"),
        pytest.param(lambda secret: "%s %r" % (secret, secret), id="percent"),  # noqa: UP031
        pytest.param(lambda secret: f"{secret} {secret!r}", id="f-string"),
        pytest.param(lambda secret: repr([secret, {"a": secret}]), id="inside-others"),
        pytest.param(lambda secret: repr(Authorization(KEY, secret)), id="authorization"),
    ],
)
def test_a_secret_shows_three_stars(shown):
    text = shown(ClientSecret(SECRET))
    assert "***" in text
    assert SECRET not in text


def test_a_traceback_with_local_variables_does_not_show_the_secret():
    vault = Vault({1: bytes(32)}, {1: bytes(32)})
    authorization = parse_amx(f"amx {KEY}:{SECRET}".encode())
    with pytest.raises(TypeError) as caught:
        vault.matches(authorization, digest="not bytes", pepper_number=1)
    shown = "".join(
        traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    )
    assert "authorization" in shown
    assert SECRET not in shown


def test_secrets_compare_by_value_and_only_with_secrets():
    assert ClientSecret(SECRET) == ClientSecret(SECRET)
    assert ClientSecret(SECRET) != ClientSecret(SECRET.lower())
    assert ClientSecret(SECRET) != SECRET
    with pytest.raises(TypeError):
        hash(ClientSecret(SECRET))


# --- At rest ---------------------------------------------------------------------------

PEPPER_1, PEPPER_2 = b"1" * 32, b"2" * 32
CIPHER_KEY_1, CIPHER_KEY_2 = b"a" * 32, b"b" * 32
OWNER = Owner(company_id=1, api_call_id=2, client_key=KEY)


@pytest.fixture
def vault():
    return Vault({1: PEPPER_1}, {1: CIPHER_KEY_1})


@pytest.fixture
def rotated():
    return Vault({1: PEPPER_1, 2: PEPPER_2}, {1: CIPHER_KEY_1, 10: CIPHER_KEY_2})


@pytest.fixture
def sealed(vault):
    return vault.seal(ClientSecret(SECRET), OWNER)


def _given(secret=SECRET, key=KEY):
    return Authorization(key, ClientSecret(secret))


def test_the_digest_is_hmac_sha256_over_key_and_secret(sealed):
    # printf KEY:SECRET | openssl dgst -sha256 -hmac 11111111111111111111111111111111
    assert sealed.digest.hex() == (
        "d99fbacd3de065c4804497a4253d932da475ee94fe982e13ebc1b1f15535ff83"
    )
    assert (sealed.pepper_number, sealed.key_number) == (1, 1)


def test_the_right_secret_matches(vault, sealed):
    assert vault.matches(_given(), digest=sealed.digest, pepper_number=1) is True


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param(_given(SECRET[:-1] + "0"), id="wrong-secret"),
        pytest.param(_given(SECRET.lower()), id="lower-case-secret"),
        pytest.param(_given("0"), id="short-secret"),
        pytest.param(_given(key="00000000000000"), id="another-key"),
    ],
)
def test_anything_else_does_not_match(vault, sealed, authorization):
    assert vault.matches(authorization, digest=sealed.digest, pepper_number=1) is False


def test_an_empty_digest_matches_nothing(vault):
    assert vault.matches(_given(), digest=b"", pepper_number=1) is False


def test_a_pair_has_a_digest_for_each_pepper(rotated, vault, sealed):
    assert vault.digests(_given()) == [sealed.digest]
    digests = rotated.digests(_given())
    assert digests[0] == sealed.digest
    assert [len(digest) for digest in digests] == [32, 32]


def test_the_digest_of_another_pepper_does_not_match(rotated, sealed):
    assert rotated.matches(_given(), digest=sealed.digest, pepper_number=1) is True
    assert rotated.matches(_given(), digest=sealed.digest, pepper_number=2) is False


def test_a_pepper_that_is_gone_matches_nothing(vault, sealed):
    assert vault.matches(_given(), digest=sealed.digest, pepper_number=9) is False


def test_new_secrets_are_sealed_under_the_highest_numbers(rotated):
    sealed = rotated.seal(ClientSecret(SECRET), OWNER)
    assert (sealed.pepper_number, sealed.key_number) == (2, 10)
    only_new = Vault({2: PEPPER_2}, {10: CIPHER_KEY_2})
    assert only_new.matches(_given(), digest=sealed.digest, pepper_number=2) is True
    opened = only_new.open(ciphertext=sealed.ciphertext, key_number=10, owner=OWNER)
    assert opened.reveal() == SECRET


def test_what_an_older_key_sealed_opens_while_it_is_there(rotated, sealed):
    opened = rotated.open(ciphertext=sealed.ciphertext, key_number=1, owner=OWNER)
    assert opened.reveal() == SECRET


def test_a_secret_sealed_twice_looks_different(vault, sealed):
    again = vault.seal(ClientSecret(SECRET), OWNER)
    assert again.ciphertext != sealed.ciphertext
    assert len(again.ciphertext) == 12 + 32 + 16
    assert SECRET.encode() not in again.ciphertext


@pytest.mark.parametrize(
    "owner",
    [
        pytest.param(Owner(company_id=9, api_call_id=2, client_key=KEY), id="other-company"),
        pytest.param(Owner(company_id=1, api_call_id=9, client_key=KEY), id="other-call"),
        pytest.param(
            Owner(company_id=1, api_call_id=2, client_key="00000000000000"), id="other-credential"
        ),
    ],
)
def test_a_ciphertext_moved_to_another_row_does_not_open(vault, sealed, owner):
    with pytest.raises(SecretUnreadable):
        vault.open(ciphertext=sealed.ciphertext, key_number=1, owner=owner)


def test_a_retired_key_makes_the_secret_unreadable_and_is_named(sealed):
    retired = Vault({1: PEPPER_1}, {2: CIPHER_KEY_2})
    with pytest.raises(SecretUnreadable, match="CREDENTIAL_KEYS has no number 1"):
        retired.open(ciphertext=sealed.ciphertext, key_number=1, owner=OWNER)
    # The programs that have it go on working: the API path needs the pepper only.
    assert retired.matches(_given(), digest=sealed.digest, pepper_number=1) is True


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda sealed: b"", id="empty"),
        pytest.param(lambda sealed: sealed[:5], id="cut-within-the-nonce"),
        pytest.param(lambda sealed: sealed[:20], id="cut-within-the-tag"),
        pytest.param(lambda sealed: sealed[:-1], id="one-byte-short"),
        pytest.param(lambda sealed: sealed + b"\0", id="one-byte-long"),
        pytest.param(lambda sealed: sealed[:20] + b"\0" + sealed[21:], id="one-byte-changed"),
    ],
)
def test_a_damaged_ciphertext_is_unreadable(vault, sealed, damage):
    with pytest.raises(SecretUnreadable):
        vault.open(ciphertext=damage(sealed.ciphertext), key_number=1, owner=OWNER)
