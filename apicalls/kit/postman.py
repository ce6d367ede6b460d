"""A call as a Postman collection (format 2.1) and environment, ready to be run unedited.

The header is an entry of its own under Headers, and the Authorization tab is at "No Auth": the
step that people get wrong by hand. https://schema.postman.com/collection/json/v2.1.0/docs/
"""

from collections.abc import Mapping, Sequence
from typing import Any

from apicalls.kit.example import Example
from apicalls.options import PARAMETERS
from apicalls.parameters import LAST_NAME, LIMIT, SINCE, WORKER_ID_NUMBER

_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"

# Rehearsal value -> what the answer is called, and its status.
_REHEARSALS: Mapping[str, tuple[str, int]] = {
    "TEST-COMPLIANT": ("A compliant worker", 200),
    "TEST-EXPIRED": ("A worker with an expired certificate", 200),
    "TEST-COMING-DUE": ("A worker with a certificate that is coming due", 200),
    "TEST-INACTIVE": ("An inactive worker", 200),
    "TEST-NOT-FOUND": ("No such worker", 404),
    "TEST-AMBIGUOUS": ("Several workers of one name", 409),
    "TEST-RATE-LIMITED": ("Too many requests", 429),
    "TEST-UNAVAILABLE": ("Temporarily unavailable", 503),
}

# Document -> its root in XML, and a member that every answer has.
_ROOTS: Mapping[str, tuple[str, str]] = {
    "worker-compliance": ("workerCompliance", "compliance"),
    "compliance-roster": ("complianceRoster", "workers"),
    "compliance-changes": ("complianceChanges", "changes"),
    "expiring-requirements": ("expiringRequirements", "requirements"),
    "verify": ("verification", "apiCall"),
}


def collection(example: Example) -> dict[str, Any]:
    """Return the collection: the call itself, what goes on from it, and verify."""
    items = [_request(example, example.name, example.parameters, tests=_tests(example))]
    if example.document == "worker-compliance":
        items.append({"name": "Rehearsals", "item": list(_rehearsals(example))})
    if example.document in {"compliance-roster", "expiring-requirements"}:
        items += _next_pages(example)
    if example.document == "compliance-changes":
        items.append(_since_last_time(example))
    items.append(_verify(example))
    return {
        "info": {"name": example.name, "schema": _SCHEMA},
        "auth": {"type": "noauth"},
        "item": items,
    }


def environment(example: Example, client_secret: str = "") -> dict[str, Any]:
    """Return the environment: address, Client Key, and the secret when it is given."""
    values = [
        {"key": "siteUrl", "value": example.site_url, "type": "default", "enabled": True},
        {"key": "clientKey", "value": example.client_key, "type": "default", "enabled": True},
        {"key": "clientSecret", "value": client_secret, "type": "secret", "enabled": True},
        *(
            {"key": name, "value": value, "type": "default", "enabled": True}
            for name, value in example.parameters
        ),
    ]
    return {
        "name": example.name,
        "values": values,
        "_postman_variable_scope": "environment",
    }


def _request(
    example: Example,
    name: str,
    parameters: Sequence[tuple[str, str]],
    *,
    tests: Sequence[str],
    document: str = "",
    is_populated: bool = True,
) -> dict[str, Any]:
    """Return one request; populated ones take their values from the environment."""
    query: list[dict[str, Any]] = [
        {"key": key, "value": f"{{{{{key}}}}}" if is_populated else value}
        for key, value in parameters
    ]
    shown = "&".join(f"{one['key']}={one['value']}" for one in query)
    path = f"api/v1/{document or example.document}"
    options = [] if document else example.options
    query += [
        {
            "key": option,
            "value": PARAMETERS[option].example,
            "description": PARAMETERS[option].about,
            "disabled": True,
        }
        for option in options
        if option not in {key for key, _value in parameters} and is_populated
    ]
    return {
        "name": name,
        "event": [{"listen": "test", "script": {"type": "text/javascript", "exec": list(tests)}}],
        "request": {
            "method": "GET",
            "auth": {"type": "noauth"},
            "header": [
                {"key": "Authorization", "value": "amx {{clientKey}}:{{clientSecret}}"},
            ],
            "url": {
                "raw": f"{{{{siteUrl}}}}/{path}" + (f"?{shown}" if shown else ""),
                "host": ["{{siteUrl}}"],
                "path": path.split("/"),
                "query": query,
            },
        },
    }


def _tests(example: Example, status: int = 200, document: str = "") -> list[str]:
    """Return what Postman checks of an answer, in its own JavaScript."""
    root, member = _ROOTS[document or example.document]
    is_problem = status >= 400
    kind = example.output_format
    content_type = f"application/{'problem+' if is_problem else ''}{kind}"
    tests = [
        f"pm.test('is answered with {status}', () => pm.response.to.have.status({status}));",
        f"pm.test('is {kind}', () =>",
        f"  pm.expect(pm.response.headers.get('Content-Type')).to.include('{content_type}'));",
        "pm.test('says which request it was', () =>",
        "  pm.expect(pm.response.headers.get('X-Request-Id')).to.match(/^[0-9a-f]{32}$/));",
    ]
    if kind == "json":
        read, inside = "pm.response.json()", ""
    else:
        read, inside = "xml2Json(pm.response.text())", f"['{'problem' if is_problem else root}']"
    expected = "code" if is_problem else member
    tests += [
        "pm.test('holds what the documentation says', () =>",
        f"  pm.expect({read}{inside}).to.have.property('{expected}'));",
    ]
    return tests


def _rehearsals(example: Example) -> list[dict[str, Any]]:
    names = [name for name, _value in example.parameters]
    told_by = WORKER_ID_NUMBER if WORKER_ID_NUMBER in names else LAST_NAME
    return [
        _request(
            example,
            f"{title} ({value})",
            [
                (name, value if name == told_by else first_value)
                for name, first_value in example.parameters
            ],
            tests=_tests(example, status),
            is_populated=False,
        )
        for value, (title, status) in _REHEARSALS.items()
    ]


def _next_pages(example: Example) -> list[dict[str, Any]]:
    """Return a first page of one, and the one behind it, as long as there are any."""
    first = _request(
        example,
        "First page of one",
        [*example.parameters, (LIMIT, "1")],
        tests=[*_tests(example), *_keep(example, "next", "nextPage")],
        is_populated=False,
    )
    following = _request(example, "Next page", [], tests=_tests(example), is_populated=False)
    following["request"]["url"] = "{{nextPage}}"
    following["event"].append(
        {
            "listen": "prerequest",
            "script": {
                "type": "text/javascript",
                # On the last page there is none: ask for the first again.
                "exec": [
                    "if (!pm.environment.get('nextPage')) {",
                    f"  pm.environment.set('nextPage', '{example.address}');",
                    "}",
                ],
            },
        }
    )
    return [first, following]


def _since_last_time(example: Example) -> dict[str, Any]:
    """Return a request for what has changed since the first one."""
    parameters = [(name, value) for name, value in example.parameters if name != SINCE]
    first_tests = [*_tests(example), *_keep(example, "latest", "latest")]
    again = _request(
        example,
        "Since last time",
        [*parameters, (SINCE, "{{latest}}")],
        tests=_tests(example),
        is_populated=False,
    )
    now = _request(
        example, "Up to now", [*parameters, (LIMIT, "1000")], tests=first_tests, is_populated=False
    )
    return {"name": "Day by day", "item": [now, again]}


def _keep(example: Example, member: str, variable: str) -> list[str]:
    """Return what keeps a member of the answer for the next request."""
    root, _member = _ROOTS[example.document]
    if example.output_format == "json":
        read = f"pm.response.json().{member}"
    else:
        read = f"xml2Json(pm.response.text()).{root}.{member}"
    return [
        f"const {member} = {read};",
        f"pm.environment.set('{variable}', typeof {member} === 'string' ? {member} : '');",
    ]


def _verify(example: Example) -> dict[str, Any]:
    return _request(
        example,
        "Verify: which call am I?",
        [],
        tests=_tests(example, document="verify"),
        document="verify",
    )
