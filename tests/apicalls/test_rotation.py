"""Newer peppers and keys under what is stored, and which older ones are needed."""

import subprocess
import sys
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apicalls import rotation, services
from apicalls.checks import keys_are_there
from apicalls.models import Credential
from apicalls.rotation import in_use, rotate
from apicalls.selectors import credential_current

OLD, NEW = b"o" * 32, b"n" * 32


@pytest.fixture
def keys(settings):
    """Return a function that sets which numbers there are, of peppers and of keys."""
    bytes_of = {
        1: (settings.CREDENTIAL_PEPPERS[1], settings.CREDENTIAL_KEYS[1]),
        2: (OLD, OLD),
        3: (NEW, NEW),
    }

    def there_are(*, peppers, keys):
        settings.CREDENTIAL_PEPPERS = {number: bytes_of[number][0] for number in peppers}
        settings.CREDENTIAL_KEYS = {number: bytes_of[number][1] for number in keys}

    return there_are


@pytest.fixture
def say():
    """Return a function that runs the command and gives its lines."""

    def run(*arguments):
        call_command("rotate_credential_keys", *arguments, stdout=(said := StringIO()))
        return said.getvalue().splitlines()

    return run


def numbers():
    return set(Credential.objects.values_list("pepper_number", "key_number"))


def shown(pair):
    credential = credential_current(api_call=pair.api_call)
    return services.client_secret_reveal(credential=credential, action="showed", by=None).reveal()


@pytest.mark.parametrize("batch", ["1", "2", "500"])
def test_all_pairs_are_sealed_anew_and_go_on_working(
    add_call, company, other_company, worker, ask, keys, say, batch
):
    pairs = [add_call(one, name=str(n)) for n, one in enumerate([company, company, other_company])]
    keys(peppers=[1, 2], keys=[1, 2])
    assert ask(pairs[0]).status_code == 200
    lines = say(f"--batch={batch}")
    assert lines[-3] == "3 of 3 pairs sealed anew"
    assert lines[-2:] == [
        "CREDENTIAL_PEPPERS number 1 can be taken out: nothing needs it.",
        "CREDENTIAL_KEYS number 1 can be taken out: nothing needs it.",
    ]
    assert numbers() == {(2, 2)}
    keys(peppers=[2], keys=[2])
    assert ask(pairs[0]).status_code == 200
    assert [shown(pair) for pair in pairs] == [pair.client_secret for pair in pairs]
    assert say() == []


def test_only_the_peppers_or_only_the_keys_can_be_new(call, keys, say, worker, ask):
    keys(peppers=[1, 2], keys=[1])
    say()
    assert numbers() == {(2, 1)}
    keys(peppers=[2], keys=[1, 3])
    say()
    assert numbers() == {(2, 3)}
    assert ask(call).status_code == 200
    assert shown(call) == call.client_secret


def test_an_interruption_is_gone_on_from(add_call, company, keys, monkeypatch, say):
    for n in range(5):
        add_call(company, name=str(n))
    keys(peppers=[1, 2], keys=[1, 2])
    whole, left = rotation._sealed_anew, iter(range(3))

    def fails(pair):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return whole(pair)

    monkeypatch.setattr(rotation, "_sealed_anew", fails)
    with pytest.raises(KeyboardInterrupt):
        say("--batch=2")
    monkeypatch.undo()
    # The batch that was interrupted is as it was.
    assert sorted(Credential.objects.values_list("key_number", flat=True)) == [1, 1, 1, 2, 2]
    assert say("--check")[:1] == []
    assert say()[0] == "3 of 3 pairs sealed anew"


def test_what_cannot_be_read_stays_and_is_told(call, xml_call, keys, say, worker, ask):
    keys(peppers=[1, 2], keys=[2])
    Credential.objects.filter(client_key=xml_call.client_key).update(secret_ciphertext=b"x" * 60)
    lines = say()
    assert lines[0] == "0 of 2 pairs sealed anew"
    assert lines[1].startswith("2 pairs cannot be read: their key is not in CREDENTIAL_KEYS.")
    assert "CREDENTIAL_KEYS has no number 1, which 2 rows need." in lines
    assert ask(call).status_code == 200


def test_a_pair_regenerated_meanwhile_keeps_no_secret(
    call, keys, monkeypatch, pair_of, ask, worker
):
    keys(peppers=[1, 2], keys=[1, 2])
    vault = rotation.vault

    def meanwhile():
        monkeypatch.undo()
        services.regenerate_credentials(
            api_call=call.api_call, replaces=call.client_key, by=None, overlap=timedelta(hours=1)
        )
        return vault()

    monkeypatch.setattr(rotation, "vault", meanwhile)
    list(rotate())
    old = Credential.objects.get(client_key=call.client_key)
    assert (bytes(old.secret_ciphertext), old.pepper_number) == (b"", 1)
    assert ask(call).status_code == ask(pair_of(call.api_call)).status_code == 200


def test_an_overlapping_pair_needs_its_pepper_until_it_ends(call, keys, time_machine):
    time_machine.move_to("2026-03-02T18:00:00Z", tick=False)
    keys(peppers=[1, 2], keys=[1, 2])
    services.regenerate_credentials(
        api_call=call.api_call, replaces=call.client_key, by=None, overlap=timedelta(hours=1)
    )
    assert in_use().peppers == {1: 1, 2: 1}
    assert in_use().keys == {2: 1}
    assert in_use().unused_keys == [1]
    time_machine.move_to("2026-03-02T19:00:00Z", tick=False)
    assert in_use().unused_peppers == [1]


@pytest.mark.parametrize("batch", ["0", "-1"])
def test_a_batch_is_one_or_more(db, batch):
    with pytest.raises(CommandError, match="--batch must be 1 or more"):
        call_command("rotate_credential_keys", f"--batch={batch}")


def test_authenticator_apps_are_sealed_anew_too(admin, keys, say):
    from allauth.mfa.models import Authenticator

    from accounts.sign_in.sealing import seal, unseal

    app = Authenticator.objects.create(
        user=admin, type=Authenticator.Type.TOTP, data={"secret": seal("JBSWY3DPEHPK3PXP")}
    )
    codes = Authenticator.objects.create(
        user=admin,
        type=Authenticator.Type.RECOVERY_CODES,
        data={"seed": seal("a seed"), "used_mask": 5},
    )
    keys(peppers=[1], keys=[1, 2])
    assert in_use().keys == {1: 2}
    assert say() == [
        "2 authenticator apps sealed anew",
        "CREDENTIAL_KEYS number 1 can be taken out: nothing needs it.",
    ]
    keys(peppers=[1], keys=[2])
    app.refresh_from_db()
    codes.refresh_from_db()
    assert unseal(app.data["secret"]) == "JBSWY3DPEHPK3PXP"
    assert (unseal(codes.data["seed"]), codes.data["used_mask"]) == ("a seed", 5)
    assert say() == []
    # One that cannot be read stays, and its number is told as missing.
    keys(peppers=[1], keys=[3])
    assert say() == ["CREDENTIAL_KEYS has no number 2, which 2 rows need."]


# --- Checks ----------------------------------------------------------------------------


def ids():
    return [one.id for one in keys_are_there(databases=["default"])]


def test_a_pepper_that_is_needed_and_gone_is_an_error(call, keys):
    assert ids() == []
    keys(peppers=[2], keys=[1])
    [error] = keys_are_there(databases=["default"])
    assert (error.id, error.is_serious()) == ("apicalls.E001", True)
    assert "CREDENTIAL_PEPPERS has no number 1, and 1 API call pairs are refused" in error.msg
    keys(peppers=[1], keys=[2])
    assert ids() == ["apicalls.W001"]
    assert keys_are_there(databases=None) == []


START = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "workhub.settings"
import workhub.wsgi
"""


@pytest.mark.any_database
def test_a_server_without_a_pepper_that_is_needed_does_not_start(tmp_path):
    def run(code, pepper):
        environ = {
            "ENV_FILE": "/dev/null",
            "PATH": "",
            "SECRET_KEY": "x" * 60,
            "CREDENTIAL_PEPPERS": f"{pepper}:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",
            "CREDENTIAL_KEYS": "1:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=",
            "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
            "DJANGO_SETTINGS_MODULE": "workhub.settings",
        }
        return subprocess.run(
            [sys.executable, "-W", "ignore", *code], env=environ, capture_output=True, text=True
        )

    start = ("-c", START)
    # Where there is no database yet, nothing is known of its pairs.
    assert run(start, pepper=1).returncode == 0
    for command in (["migrate", "-v0"], ["load_demo", "--password=a long enough password"]):
        assert run(["manage.py", *command], pepper=1).returncode == 0
    assert run(start, pepper=1).returncode == 0
    refused = run(start, pepper=2)
    assert refused.returncode != 0
    assert "Workhub does not start: (apicalls.E001) CREDENTIAL_PEPPERS has no" in refused.stderr
