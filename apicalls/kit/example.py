"""An API call as a program would make it for the first time: which address, which values."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from django.conf import settings

from apicalls.documents import document_path
from apicalls.models import APICall, Credential
from apicalls.options import PARAMETERS
from apicalls.parameters import (
    DIVISION,
    FIRST_NAME,
    LAST_NAME,
    LOCATION,
    MIDDLE_NAME,
    OPTIONS,
    POSITION,
    WORKER_ID_NUMBER,
    parameter_names,
)
from workers.models import Division, Location, Position

# Values that are answered at once, whoever the company's workers are. What is not here has
# the example that the API is described with.
_FIRST_VALUES = {
    WORKER_ID_NUMBER: "TEST-COMPLIANT",
    FIRST_NAME: "Test",
    MIDDLE_NAME: "",
    LAST_NAME: "TEST-COMPLIANT",
}


@dataclass(frozen=True, slots=True)
class Example:
    """What a program sends first. `parameters` are (name, value); `options` are names."""

    name: str
    document: str
    output_format: str
    site_url: str
    client_key: str
    parameters: Sequence[tuple[str, str]]
    options: Sequence[str]

    @property
    def endpoint(self) -> str:
        return f"{self.site_url}{document_path(self.document)}"

    @property
    def address(self) -> str:
        """Return the address with its values, percent-encoded."""
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in self.parameters)
        return f"{self.endpoint}?{query}" if query else self.endpoint


def example_of(api_call: APICall, credential: Credential) -> Example:
    """Return the first request of a call with this pair; places are the company's own."""
    document = api_call.template.document
    names = parameter_names(one.lookup for one in api_call.parameter_sets.all())
    values = _FIRST_VALUES | _first_places(api_call, names)
    return Example(
        name=api_call.name,
        document=document,
        output_format=api_call.output_format,
        site_url=settings.SITE_URL,
        client_key=credential.client_key,
        parameters=[(name, values.get(name, PARAMETERS[name].example)) for name in names],
        options=[option for option in OPTIONS[document] if option not in names],
    )


def _first_places(api_call: APICall, names: Sequence[str]) -> dict[str, str]:
    kinds = {POSITION: Position, LOCATION: Location, DIVISION: Division}
    places = {}
    for name in kinds.keys() & set(names):
        of_company = kinds[name]._default_manager.filter(company=api_call.company)
        places[name] = str(of_company.order_by("name").values_list("name", flat=True).first() or "")
    return places
