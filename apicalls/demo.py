"""Two demo companies with people, workers and API calls, to look at and to test with."""

import uuid
from dataclasses import dataclass
from typing import Literal

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.models import Company, User
from accounts.roles import Role
from apicalls import services
from apicalls.credentials import header_value
from apicalls.models import APICall, APITemplate, State
from apicalls.selectors import credential_current
from workers.demo import demo_load as workers_load
from workers.models import Division
from workers.scope import Scope

ADMIN_EMAIL = "admin@northern-build.example"
# The worker whom the curl line asks about.
ASKED_ABOUT = "00417"

_COMPANIES: tuple[tuple[str, str, Literal["main", "second"]], ...] = (
    ("Northern Build", "America/Edmonton", "main"),
    ("Southern Rail", "Europe/Berlin", "second"),
)
_PEOPLE = (
    ("Northern Build", ADMIN_EMAIL, "Ada Lindqvist", Role.OWNER),
    ("Northern Build", "manager@northern-build.example", "Marc Tremblay", Role.MANAGER),
    ("Northern Build", "viewer@northern-build.example", "Vera Novak", Role.VIEWER),
    ("Southern Rail", "admin@southern-rail.example", "Stefan Krause", Role.OWNER),
)


class DemoAlreadyLoaded(Exception):
    """The demo's companies are there; a second load would be a second of each."""


@dataclass(frozen=True, slots=True)
class Demo:
    """What was loaded: the first company, and `people` as (e-mail, role), all with one password."""

    company: Company
    people: tuple[tuple[str, str], ...]
    workers: int


@transaction.atomic
def demo_load(*, password: str) -> Demo:
    """Load both companies, all people with `password`.

    The same data each time, but for keys and secrets; dates are relative to today.
    Raises DemoAlreadyLoaded.
    """
    names = [name for name, _zone, _size in _COMPANIES]
    if Company.objects.filter(name__in=names).exists():
        raise DemoAlreadyLoaded
    companies = {
        name: Company.objects.create(name=name, time_zone=zone) for name, zone, _size in _COMPANIES
    }
    hashed = make_password(password)
    for name, email, person, role in _PEOPLE:
        User.objects.create(
            company=companies[name], email=email, name=person, role=role, password=hashed
        )
    workers = 0
    for name, _zone, size in _COMPANIES:
        facts = workers_load(company=companies[name], size=size, by=None)
        workers += facts.workers
    for call in _CALLS:
        _call_add(companies["Northern Build"], call)
    return Demo(
        company=companies["Northern Build"],
        people=tuple((email, role) for _company, email, _name, role in _PEOPLE),
        workers=workers,
    )


@dataclass(frozen=True, slots=True)
class _DemoCall:
    """An API call of the demo; what is empty is as a new call has it."""

    key: str
    template: str
    name: str
    description: str
    owner_contact: str
    output_format: str = "json"
    lookups: tuple[str, ...] = ()
    more_fields: tuple[str, ...] = ()
    division: str = ""

    @property
    def code(self) -> uuid.UUID:
        return uuid.uuid5(uuid.NAMESPACE_DNS, f"{self.key}.northern-build.example")


_CALLS = (
    _DemoCall(
        key="gate",
        template="worker-compliance",
        name="Gate",
        description="The turnstile at Calgary Yard asks before it opens.",
        owner_contact="Yard office, yard@northern-build.example",
        lookups=("id_number",),
    ),
    _DemoCall(
        key="roster",
        template="compliance-roster",
        name="HR roster",
        description="The HR system reads everybody at night.",
        owner_contact="HR, hr@northern-build.example",
        more_fields=("contact", "items"),
    ),
    _DemoCall(
        key="changes",
        template="compliance-changes",
        name="Data warehouse",
        description="Asks every minute what has changed.",
        owner_contact="IT, it@northern-build.example",
    ),
    _DemoCall(
        key="expiring",
        template="expiring-requirements",
        name="Renewal reminders",
        description="Writes to who has to renew a certificate in Construction.",
        owner_contact="Training, training@northern-build.example",
        output_format="xml",
        lookups=("within_days",),
        division="Construction",
    ),
)
# The call whose curl line `make run` prints, whatever it is renamed to.
GATE_CODE = _CALLS[0].code


def _call_add(company: Company, call: _DemoCall) -> None:
    template = APITemplate.objects.get(code=call.template)
    added = services.api_call_add(company=company, template=template, by=None, code=call.code)
    divisions = Division.objects.for_company(company).filter(name=call.division)
    services.api_call_change(
        api_call=added,
        seen=services.settings_digest(added),
        values={
            "name": call.name,
            "description": call.description,
            "owner_contact": call.owner_contact,
            "output_format": call.output_format,
            "field_groups": [*added.field_groups, *call.more_fields],
            "scope": Scope(divisions=frozenset(one.pk for one in divisions)).as_stored(),
            "rate_limit": added.rate_limit,
            "allowed_networks": [],
            "expires_on": None,
            "parameter_sets": template.parameter_sets.filter(lookup__in=call.lookups),
        },
        by=None,
    )


def demo_lines(*, password: str) -> list[str]:
    """Return how to get into the demo, as far as it still is as it was loaded.

    `password` is the one it was loaded with. The curl line works as pasted.
    """
    lines = []
    admin = User.objects.filter(email=ADMIN_EMAIL, is_active=True).first()
    if admin is not None and password:
        shown = password if admin.check_password(password) else "(the one you chose)"
        lines += [f"  e-mail:   {ADMIN_EMAIL}", f"  password: {shown}"]
    gate = APICall.objects.filter(code=GATE_CODE, state=State.ACTIVE).first()
    if gate is not None:
        lines += ["", "Ask for a worker's compliance:", f"  {_curl_line(gate)}"]
    return lines


def _curl_line(gate: APICall) -> str:
    credential = credential_current(api_call=gate)
    client_secret = services.client_secret_reveal(
        credential=credential, action="showed the secret of", by=None
    )
    header = f"Authorization: {header_value(credential.client_key, client_secret)}"
    address = gate.website_address().replace("{workerIDNumber}", ASKED_ABOUT)
    return f"curl -H '{header}' '{address}'"
