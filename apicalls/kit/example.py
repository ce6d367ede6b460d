"""An API call as a program would make it for the first time: which address, which values."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from apicalls.documents import document_path
from apicalls.options import PARAMETERS
from apicalls.parameters import (
    FIRST_NAME,
    LAST_NAME,
    MIDDLE_NAME,
    OPTIONS,
    WORKER_ID_NUMBER,
)

# Values that are answered at once, whoever the company's workers are. What is not here has
# the example that the API is described with.
_FIRST_VALUES = {
    WORKER_ID_NUMBER: "TEST-COMPLIANT",
    FIRST_NAME: "Test",
    MIDDLE_NAME: "",
    LAST_NAME: "TEST-COMPLIANT",
    "position": "",
    "location": "",
    "division": "",
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


def example_of(
    *,
    name: str,
    document: str,
    output_format: str,
    site_url: str,
    client_key: str,
    parameter_names: Sequence[str],
    places: dict[str, str],
) -> Example:
    """Return the example of a call; `places` are names of the company's own places."""
    values = _FIRST_VALUES | places
    return Example(
        name=name,
        document=document,
        output_format=output_format,
        site_url=site_url,
        client_key=client_key,
        parameters=[
            (parameter, values.get(parameter, PARAMETERS[parameter].example))
            for parameter in parameter_names
        ],
        options=[option for option in OPTIONS[document] if option not in parameter_names],
    )
