"""API calls as an admin makes them, and the programs that use them."""

from dataclasses import dataclass, replace
from datetime import date
from importlib import import_module

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from accounts.models import Company
from apicalls import services
from apicalls.credentials import Authorization, ClientSecret, header_value
from apicalls.models import APICall, APITemplate
from apicalls.selectors import CallerKey, Presented, credential_current, pair_find
from workers import services as workers_services
from workers.models import Division, Location, Position

WORKER_COMPLIANCE = "/api/v1/worker-compliance"


@dataclass(frozen=True)
class Pair:
    """An API call with its Client Key and Client Secret in plain text."""

    api_call: APICall
    client_key: str
    client_secret: str

    @property
    def header(self) -> str:
        return f"amx {self.client_key}:{self.client_secret}"


@pytest.fixture
def template(db) -> APITemplate:
    """The template that comes by migration."""
    if not APITemplate.objects.exists():
        # A test with real transactions leaves empty tables.
        import_module("apicalls.migrations.0002_api_templates").add(apps, None)
    return APITemplate.objects.get(code="worker-compliance")


@pytest.fixture
def pair_of():
    """Return a function that reads the pair of an API call that works now."""

    def read(api_call) -> Pair:
        credential = credential_current(api_call=api_call)
        secret = services.client_secret_reveal(
            credential=credential, action="showed the secret of", by=None
        )
        assert header_value(credential.client_key, secret) == (
            f"amx {credential.client_key}:{secret.reveal()}"
        )
        return Pair(api_call, credential.client_key, secret.reveal())

    return read


@pytest.fixture
def change():
    """Return a function that changes settings of an API call, as the details page does."""

    def save(api_call, *, by=None, lookups=None, **values) -> bool:
        stored = APICall.objects.get(pk=api_call.pk)
        sets = stored.parameter_sets.all()
        if lookups is not None:
            sets = stored.template.parameter_sets.filter(lookup__in=lookups)
        fields = (
            *("name", "description", "owner_contact", "output_format"),
            *("field_groups", "scope", "rate_limit", "allowed_networks", "expires_on"),
        )
        before = {name: getattr(stored, name) for name in fields}
        return services.api_call_change(
            api_call=stored,
            values=before | values | {"parameter_sets": sets},
            seen=services.settings_digest(stored),
            by=by,
        )

    return save


@pytest.fixture
def add_call(template, change, pair_of):
    """Return a function that adds an API call and sets it."""

    def add(company: Company, *, lookups=("id_number",), of="worker-compliance", **values) -> Pair:
        of_document = APITemplate.objects.get(document=of, code=of)
        api_call = services.api_call_add(company=company, template=of_document, by=None)
        change(api_call, lookups=lookups, **values)
        api_call.refresh_from_db()
        return pair_of(api_call)

    return add


@pytest.fixture
def call(add_call, company) -> Pair:
    """An API call that asks by ID# and answers in JSON."""
    return add_call(company, name="Gate")


@pytest.fixture
def grant_of():
    """Return a function that reads what a pair opens, as the API path does."""

    def read(pair):
        authorization = Authorization(pair.client_key, ClientSecret(pair.client_secret))
        digests = tuple(services.vault().digests(authorization))
        return pair_find(Presented(digests, CallerKey("", "")), now=timezone.now())

    return read


@pytest.fixture
def xml_call(add_call, company) -> Pair:
    return add_call(company, name="HR", output_format="xml")


@pytest.fixture
def program() -> Client:
    """The calling program; what it is answered is never a test's exception."""
    return Client(raise_request_exception=False)


@pytest.fixture
def ask(program):
    """Return a function that sends a GET with a pair's header and a raw query string."""

    def send(
        pair, query="workerIDNumber=10482", *, method="get", path=WORKER_COMPLIANCE, **headers
    ):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if pair is not None:
            sent.setdefault("authorization", pair.header)
        return getattr(program, method)(f"{path}?{query}" if query else path, headers=sent)

    return send


@pytest.fixture
def worker_of():
    """Return a function that adds a worker of a company."""

    def add(company, id_number="10482", first="Dana", middle="", last="Okafor", **fields):
        return workers_services.worker_add(
            company=company,
            by=None,
            id_number=id_number,
            first_name=first,
            middle_name=middle,
            last_name=last,
            **fields,
        )

    return add


@pytest.fixture
def worker(worker_of, company):
    """Dana Okafor, of whom nothing is asked."""
    return worker_of(company)


@pytest.fixture
def crane_operator(worker_of, company):
    """Dana Okafor, crane operator in Calgary Yard, with one proof that lapsed and one that holds.

    Of the certificates she needs two and holds one that expired on 10 February 2026.
    """
    division = Division.objects.create(company=company, name="Construction")
    yard = Location.objects.create(company=company, name="Calgary Yard", division=division)
    crane = Position.objects.create(company=company, name="Crane Operator")
    dana = worker_of(company, position=crane, location=yard)

    def require(name, component, *, level="required", **places):
        requirement = workers_services.requirement_add(
            company=company, by=None, name=name, component=component
        )
        workers_services.assignment_set(
            company=company, requirement=requirement, level=level, by=None, **places
        )
        return requirement

    first_aid = require("First Aid", "certificate", position=crane)
    workers_services.assignment_set(
        company=company, requirement=first_aid, level="required", by=None, location=yard
    )
    require("Rigging", "certificate", position=crane, location=yard)
    orientation = require("Yard orientation", "orientation", location=yard)
    require("Winter driving", "bulletin", level="optional", location=yard)
    workers_services.record_add(
        company=company,
        worker=dana,
        requirement=first_aid,
        by=None,
        state="approved",
        completed_on=date(2023, 2, 10),
        issued_on=date(2023, 2, 10),
        expires_on=date(2026, 2, 10),
        certificate_number="FA-88120",
        issuer="Red Cross",
    )
    workers_services.record_add(
        company=company,
        worker=dana,
        requirement=orientation,
        by=None,
        state="approved",
        completed_on=date(2025, 9, 1),
        expires_on=date(2026, 8, 31),
    )
    return dana


@pytest.fixture
def other_secret():
    """Return a function that gives a pair a well-formed secret that is not its own."""

    def swap(pair) -> Pair:
        return replace(pair, client_secret="0123456789ABCDEFGHJKMNPQRS" + "000000")

    return swap
