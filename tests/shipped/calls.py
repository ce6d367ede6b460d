"""The API calls of the demo in a running server, as a test asks and changes them."""

import ast
import json
import urllib.error
import urllib.request
from contextlib import contextmanager

# What to send to each: all that a tick asks for.
QUERIES = {
    "worker-compliance": "workerIDNumber=00417&validThrough=2099-12-31",
    "compliance-roster": "limit=5",
    "compliance-changes": "limit=50",
    "expiring-requirements": "withinDays=90",
    "verify": "",
}

_READ = """
import json
from apicalls import services
from apicalls.models import APICall
from apicalls.selectors import credential_current
pairs = {}
# The demo's own come first; what other tests added to the same server is passed over.
for one in APICall.objects.filter(company__name="Northern Build").order_by("-pk"):
    pair = credential_current(api_call=one)
    secret = services.client_secret_reveal(credential=pair, action="showed", by=None)
    pairs[one.template.document] = [pair.client_key, secret.reveal()]
print(json.dumps(pairs))
"""
_SET = """
import json
from apicalls.models import APICall
before = dict(APICall.objects.values_list("pk", {column!r}))
for pk, value in ({values!r} or dict.fromkeys(before, {value!r})).items():
    APICall.objects.filter(pk=pk).update(**{{{column!r}: value}})
print(before)
"""


def pairs_of(shipped):
    """Return Client Key and Client Secret of each document's call, by document."""
    pairs = json.loads(shipped.manage("shell", "-v0", "-c", _READ).splitlines()[-1])
    return pairs | {"verify": pairs["worker-compliance"]}


@contextmanager
def all_with(shipped, column, value):
    """Have every API call so for a while, past the services; then as each was before."""
    before = _set(shipped, column, value=value)
    try:
        yield
    finally:
        _set(shipped, column, values=before)


def _set(shipped, column, value=None, values=None):
    code = _SET.format(column=column, value=value, values=values)
    return ast.literal_eval(shipped.manage("shell", "-v0", "-c", code).splitlines()[-1])


def ask(shipped, document, pair, query=None):
    """Return the body of an answer, 200 or not."""
    query = QUERIES[document] if query is None else query
    request = urllib.request.Request(
        f"{shipped.url}/api/v1/{document}?{query}",
        headers={"Authorization": f"amx {pair[0]}:{pair[1]}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        return error.read()
