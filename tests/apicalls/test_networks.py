"""Where a program may ask from."""

import pytest

from accounts.models import AuditEvent
from apicalls.models import APICall, Caller, Credential, LimitCounter, RequestLog
from apicalls.networks import NotANetwork, is_allowed, networks_in

# --- Networks as text -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("", []),
        (" \n , \r\n", []),
        ("203.0.113.7", ["203.0.113.7/32"]),
        ("198.51.100.0/24, 203.0.113.7\n2001:DB8::/32", None),
        ("2001:db8:0:0::1", ["2001:db8::1/128"]),
        ("198.51.100.0/255.255.255.0", ["198.51.100.0/24"]),
        ("203.0.113.7\n203.0.113.7/32", ["203.0.113.7/32"]),
        ("0.0.0.0/0", ["0.0.0.0/0"]),
    ],
)
def test_networks_are_read_as_people_write_them(text, networks):
    if networks is None:
        networks = ["198.51.100.0/24", "203.0.113.7/32", "2001:db8::/32"]
    assert networks_in(text) == networks


@pytest.mark.parametrize(
    ("entry", "meant"),
    [
        ("198.51.100.7/24", "198.51.100.0/24"),
        ("2001:db8::1/32", "2001:db8::/32"),
        ("300.1.1.1", ""),
        ("example.com", ""),
        ("10.0.0.0/33", ""),
        ("198.51.100", ""),
        ("10", ""),
        ("1.2.3.4 5.6.7.8", ""),
        ("٣.١.١.١", ""),
        ("fe80::1%eth0/10", "fe80::/10"),
        ("\0", ""),
    ],
)
def test_what_is_no_network_is_named_and_never_guessed_at(entry, meant):
    with pytest.raises(NotANetwork) as raised:
        networks_in(f"203.0.113.7\n{entry}")
    assert (raised.value.entry, raised.value.meant) == (entry, meant)


@pytest.mark.parametrize(
    ("address", "networks", "expected"),
    [
        ("203.0.113.7", [], True),
        (None, [], True),
        ("203.0.113.7", ["203.0.113.7/32"], True),
        ("203.0.113.8", ["203.0.113.7/32"], False),
        ("198.51.100.255", ["203.0.113.7/32", "198.51.100.0/24"], True),
        ("198.51.101.0", ["198.51.100.0/24"], False),
        ("2001:db8::1", ["198.51.100.0/24"], False),
        ("2001:db8::1", ["198.51.100.0/24", "2001:db8::/32"], True),
        ("203.0.113.7", ["2001:db8::/32"], False),
        ("203.0.113.7", ["::/0"], False),
        (None, ["0.0.0.0/0", "::/0"], False),
    ],
)
def test_an_address_is_allowed_when_a_network_has_it(address, networks, expected):
    assert is_allowed(address, networks) is expected


# --- The API --------------------------------------------------------------------------


@pytest.fixture
def ask_from(program):
    """Return a function that asks from an address."""

    def ask(pair, address, path="/api/v1/worker-compliance?workerIDNumber=10482", **environ):
        headers = {"authorization": pair.header, "user-agent": "Gate/1"}
        return program.get(path, headers=headers, REMOTE_ADDR=address, **environ)

    return ask


@pytest.fixture
def office(call, change):
    """The call, answered in one office only."""
    change(call.api_call, allowed_networks=["198.51.100.0/24", "2001:db8:7::/48"])
    return call


@pytest.mark.parametrize("address", ["198.51.100.9", "2001:db8:7::9", "::ffff:198.51.100.9"])
def test_who_asks_from_an_allowed_network_is_answered(ask_from, office, worker, address):
    assert ask_from(office, address).status_code == 200


@pytest.mark.parametrize("address", ["198.51.101.9", "2001:db8:8::9", ""])
def test_who_asks_from_elsewhere_is_refused_and_uses_nothing_up(ask_from, office, worker, address):
    response = ask_from(office, address)
    assert (response.status_code, response.json()["code"]) == (403, "address_not_allowed")
    assert "198.51.100" not in response.content.decode()
    assert "RateLimit" not in response
    assert not LimitCounter.objects.exists()
    assert Credential.objects.get().last_used_at is None
    assert not Caller.objects.exists()
    row = RequestLog.objects.get()
    assert (row.status, row.code, row.address) == (403, "address_not_allowed", address or None)


def test_only_the_right_secret_is_told_of_the_address(ask_from, office, other_secret):
    assert ask_from(other_secret(office), "203.0.113.9").status_code == 401


def test_verify_says_the_address_where_it_is_allowed(ask_from, office):
    assert ask_from(office, "198.51.100.9", "/api/v1/verify").json()["address"] == "198.51.100.9"
    assert ask_from(office, "203.0.113.9", "/api/v1/verify").status_code == 403


@pytest.mark.usefixtures("_https_required")
def test_what_a_caller_writes_about_itself_opens_nothing(ask_from, office, worker, settings):
    forwarded = {"HTTP_X_FORWARDED_FOR": "198.51.100.9"}
    refused = ask_from(office, "203.0.113.9", secure=True, **forwarded)
    assert refused.json()["code"] == "address_not_allowed"
    settings.TRUSTED_PROXIES = ["203.0.113.9"]
    from django.test import Client

    program = Client(raise_request_exception=False)  # its middleware reads the setting anew
    response = program.get(
        "/api/v1/worker-compliance?workerIDNumber=10482",
        headers={"authorization": office.header},
        REMOTE_ADDR="203.0.113.9",
        HTTP_X_FORWARDED_FOR="198.51.100.9",
        HTTP_X_FORWARDED_PROTO="https",
    )
    assert response.status_code == 200
    assert RequestLog.objects.latest("pk").address == "198.51.100.9"


# --- Encrypted ------------------------------------------------------------------------


@pytest.fixture
def _https_required(settings):
    settings.HTTPS_REQUIRED = True


@pytest.mark.usefixtures("_https_required")
def test_what_did_not_come_encrypted_is_refused_and_never_led_elsewhere(ask_from, call, worker):
    response = ask_from(call, "127.0.0.1")
    assert (response.status_code, response.json()["code"]) == (403, "https_required")
    assert "regenerate" in response.json()["detail"]
    assert "Location" not in response
    assert Credential.objects.get().last_used_at is None
    assert not Caller.objects.exists()
    assert not LimitCounter.objects.exists()
    assert ask_from(call, "127.0.0.1", secure=True).status_code == 200


@pytest.mark.usefixtures("_https_required")
def test_that_it_was_not_encrypted_is_told_to_the_right_secret_only(ask_from, call, other_secret):
    assert ask_from(other_secret(call), "127.0.0.1").status_code == 401


# --- The form -------------------------------------------------------------------------


@pytest.fixture
def save(client_of, admin, call):
    """Return a function that saves the details page with these networks."""
    from apicalls import services

    def send(text):
        stored = APICall.objects.get(pk=call.api_call.pk)
        return client_of(admin).post(
            f"/account/api/{call.api_call.code}/change/",
            {
                "name": stored.name,
                "output_format": stored.output_format,
                "field_groups": stored.field_groups,
                "rate_limit": stored.rate_limit,
                "parameter_sets": list(stored.parameter_sets.values_list("pk", flat=True)),
                "seen": services.settings_digest(stored),
                "allowed_networks": text,
            },
        )

    return send


def test_networks_are_set_and_told_in_the_activity(save, call, client_of, admin):
    assert save("198.51.100.0/24\n203.0.113.7").status_code == 302
    stored = APICall.objects.get(pk=call.api_call.pk)
    assert stored.allowed_networks == ["198.51.100.0/24", "203.0.113.7/32"]
    event = AuditEvent.objects.filter(action="changed").latest("id")
    assert event.changes == {"Allowed networks": ["", "198.51.100.0/24, 203.0.113.7/32"]}
    page = client_of(admin).get(f"/account/api/{call.api_call.code}/").content.decode()
    assert "198.51.100.0/24\n203.0.113.7/32</textarea>" in page


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("198.51.100.7/24", "Write 198.51.100.0/24"),
        ("example.com", "example.com is no address and no network"),
        ("\n".join(f"10.0.{n}.0/24" for n in range(201)), "At most 200 networks."),
    ],
)
def test_what_cannot_be_read_is_said_and_kept(save, call, text, complaint):
    response = save(text)
    assert response.status_code == 422
    assert complaint in response.content.decode()
    assert text.splitlines()[0] in response.content.decode()
    assert APICall.objects.get(pk=call.api_call.pk).allowed_networks == []
