import base64

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from accounts.sign_in.sealing import Unreadable, seal, unseal

KEYS = {1: b"1" * 32, 3: b"3" * 32}


@pytest.fixture(autouse=True)
def keys(settings):
    settings.CREDENTIAL_KEYS = dict(KEYS)


def test_what_is_sealed_opens_and_cannot_be_read():
    sealed = seal("JBSWY3DPEHPK3PXP")
    assert unseal(sealed) == "JBSWY3DPEHPK3PXP"
    assert b"JBSWY3DP" not in base64.b64decode(sealed.partition(":")[2])


def test_the_same_text_is_never_sealed_alike():
    assert seal("x") != seal("x")


def test_new_secrets_go_under_the_highest_number_and_old_ones_stay_readable(settings):
    old = seal("x")
    assert old.startswith("3:")
    settings.CREDENTIAL_KEYS = KEYS | {4: b"4" * 32}
    assert seal("x").startswith("4:")
    assert unseal(old) == "x"


def test_a_key_of_credentials_itself_opens_nothing_here():
    raw = base64.b64decode(seal("x").partition(":")[2])
    with pytest.raises(InvalidTag):
        AESGCM(KEYS[3]).decrypt(raw[:12], raw[12:], None)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda sealed: "", id="empty"),
        pytest.param(lambda sealed: sealed[2:], id="no-number"),
        pytest.param(lambda sealed: "1" + sealed[1:], id="another-key"),
        pytest.param(lambda sealed: "2" + sealed[1:], id="no-such-key"),
        pytest.param(lambda sealed: sealed[:-4], id="cut"),
        pytest.param(lambda sealed: "3:AAAA", id="short"),
        pytest.param(lambda sealed: "3:*", id="no-base64"),
    ],
)
def test_what_was_not_sealed_here_does_not_open(spoil):
    with pytest.raises(Unreadable):
        unseal(spoil(seal("x")))
