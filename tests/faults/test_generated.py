"""Thousands of requests that nobody thought of: none makes the server fail.

schemathesis sends what the description allows and what not; hypothesis makes query strings of
whatever bytes, which go into the application where the server's come in.
"""

import re
from collections import Counter
from io import BytesIO

import pytest
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from apicalls import services
from apicalls.demo import demo_load
from apicalls.documents import DOCUMENTS
from apicalls.models import APICall
from apicalls.parameters import OPTIONS, PARAMETER_NAMES
from apicalls.selectors import credential_current
from tests.faults.fronts import MANY, database_kind
from tests.faults.sizes import so_many
from tests.shipped.calls import all_with
from tests.shipped.test_schemathesis import (
    AS_PUBLISHED,
    FORMATS,
    pairs,
    published,
    schemathesis,
    server,
)

__all__ = ["pairs", "published", "schemathesis", "server"]

pytestmark = pytest.mark.faults

# Of schemathesis for each document and format, which are ten; it sends some more by itself.
EXAMPLES = so_many(1000, 20)
QUERIES = so_many(50_000, 2_000)


@pytest.fixture(scope="module")
def generated():
    return Counter()


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("output_format", FORMATS)
def test_schemathesis_finds_no_failure(
    server, published, schemathesis, figures, generated, output_format, name
):
    with all_with(server, "output_format", output_format):
        run = schemathesis(published, name, AS_PUBLISHED, EXAMPLES)
    assert run.returncode == 0, run.stdout + run.stderr
    [cases] = re.findall(r"([\d,]+) generated", run.stdout)
    generated["cases"] += int(cases.replace(",", ""))
    figures[f"schemathesis, {database_kind()}: cases"] = generated["cases"]
    log = server.log_text()
    assert "Traceback" not in log
    assert " failed: " not in log


# --- Query strings ---------------------------------------------------------------------------

# What could be taken for something: numbers that are none, days, cursors, escapes cut short.
_VALUES = [
    *(b"", b"00417", b"0", b"-1", b"1e9", b"1_0", b"9" * 40, b"%D9%A1", b"true", b"TRUE", b"null"),
    *(b"2026-02-30", b"9999-12-31", b"0001-01-01", b"2026-03-02T25:00:00Z", b"2026-03-02"),
    *(b"%00", b"%", b"%f", b"%zz", b"%ff", b"%ed%a0%80", b"%c0%ae", b"%ef%bf%bd", b"%0d%0a"),
    *(b"{workerIDNumber}", b"%7b%7bx%7d%7d", b"TEST-EXPIRED", b"TEST-UNAVAILABLE", b"expired"),
    *(b"' OR 1=1 --", b"<script>", b"a" * 5000, b"%F0%9F%92%A9", b"Jose%CC%81", b"req_1", b"=="),
]
_names = st.one_of(
    st.sampled_from([name.encode() for name in PARAMETER_NAMES]),
    st.sampled_from([name.upper().encode() for name in PARAMETER_NAMES]),
    st.binary(max_size=12),
)
_values = st.one_of(
    st.sampled_from(_VALUES),
    st.binary(max_size=40),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.integers().map(lambda number: str(number).encode()),
    st.dates().map(lambda day: day.isoformat().encode()),
    st.binary(max_size=12).map(lambda raw: b"".join(b"%%%02x" % byte for byte in raw)),
)
_parts = st.tuples(_names, st.sampled_from([b"=", b"", b"=="]), _values).map(b"".join)
_wild = st.lists(_parts, max_size=6).map(b"&".join)

# What is nearly right: the call's own names, each once, and mostly with what is meant by them.
_TICKED = {"worker-compliance": ["workerIDNumber"], "expiring-requirements": ["withinDays"]}
_MEANT = {
    "validThrough": [b"2099-12-31", b"9999-12-31"],
    "status": [b"expired", b"coming_due", b"compliant"],
    "component": [b"certificate", b"course"],
    "requiredOnly": [b"true", b"false"],
    "dueBefore": [b"2099-12-31"],
    "limit": [b"1", b"3", b"500"],
    "withinDays": [b"0", b"90", b"366"],
    "stream": [b"true", b"false"],
    "since": [b"2026-03-02T00:00:00Z"],
    "workerIDNumber": [b"00417", b"nobody", b"TEST-EXPIRED"],
}


@st.composite
def _nearly_right(draw, document):
    ticked = _TICKED.get(document, [])
    others = st.lists(st.sampled_from(OPTIONS[document] or ["x"]), unique=True, max_size=3)
    names = dict.fromkeys([*ticked, *draw(others)])
    parts = []
    for name in names:
        meant = st.sampled_from(_MEANT.get(name, [b"Calgary%20Yard"]))
        value = draw(meant if draw(st.integers(0, 3)) else _values)
        parts.append(name.encode() + b"=" + value)
    return b"&".join(parts)


@st.composite
def _asked(draw, documents):
    document = draw(st.sampled_from(documents))
    return document, draw(_nearly_right(document) if draw(st.booleans()) else _wild)


@pytest.fixture
def authorizations(transactional_db):
    """Return the header of each document's call.

    With transactions as the server has them: a stream that is closed takes back its own, and
    would take a test's around it along.
    """
    demo_load(password="not used")
    APICall.objects.update(rate_limit=MANY)
    found = {}
    for call in APICall.objects.all():
        pair = credential_current(api_call=call)
        secret = services.client_secret_reveal(credential=pair, action="showed", by=None)
        found[call.template.document] = f"amx {pair.client_key}:{secret.reveal()}"
    return found | {"verify": found["worker-compliance"]}


def asked(application, document, authorization, query):
    """Return the status that the application answers, with its whole body read."""
    told = []
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": f"/api/v1/{document}",
        "QUERY_STRING": query.decode("latin-1"),
        "SERVER_NAME": "workhub.example",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "workhub.example",
        "HTTP_AUTHORIZATION": authorization,
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "https",
        "wsgi.input": BytesIO(),
    }
    body = application(environ, lambda status, headers, *more: told.append(status))
    try:
        for _piece in body:
            pass
    finally:
        getattr(body, "close", lambda: None)()
    return int(told[0].split()[0])


def test_no_query_string_makes_the_application_fail(authorizations, figures):
    application, statuses = get_wsgi_application(), Counter()

    @seed(1)
    @settings(
        max_examples=QUERIES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(_asked(sorted(authorizations)))
    def one(sent):
        document, query = sent
        status = asked(application, document, authorizations[document], query)
        statuses[status] += 1
        # The ID# that rehearses an outage is answered as it says.
        if b"TEST-UNAVAILABLE" not in query:
            assert status < 500, (document, query)

    one()
    figures |= {
        f"query strings, {database_kind()}": statuses.total(),
        **{f"  answered {status}": number for status, number in sorted(statuses.items())},
    }
    assert statuses[200] > statuses.total() / 100
