"""The program in docs/integrators.md, run as it stands there."""

import re

import pytest

from tests.shipped.calls import pairs_of
from tests.shipped.server import ROOT

# What people do meanwhile: one leaves, one is moved, one comes, one gets a certificate.
WRITE = """
from accounts.models import Company
from workers import services
from workers.models import Location, Requirement, Worker
company = Company.objects.get(name="Northern Build")
who = {"company": company, "by": None}
gone, moved, proven = Worker.objects.filter(company=company, is_active=True)[:3]
services.worker_deactivate(**who, worker=gone)
away = Location.objects.filter(company=company).exclude(pk=moved.location_id).first()
services.worker_change(**who, worker=moved, location=away)
services.worker_add(**who, first_name="New", last_name="Comer", location=away)
services.record_add(
    **who,
    worker=proven,
    requirement=Requirement.objects.filter(company=company).first(),
    state="approved",
    completed_on=company.today(),
    submitted_on=company.today(),
)
"""


@pytest.fixture
def program(shipped):
    """Return the names that the document's program defines, for the demo's calls."""
    text = (ROOT / "docs" / "integrators.md").read_text(encoding="utf-8")
    pairs = pairs_of(shipped)
    names = {
        "BASE": shipped.url,
        "ROSTER_PAIR": ":".join(pairs["compliance-roster"]),
        "CHANGES_PAIR": ":".join(pairs["compliance-changes"]),
    }
    exec(re.search(r"```python\n(.*?)```", text, re.DOTALL)[1], names)
    return names


def test_a_copy_kept_as_the_document_says_equals_a_fresh_one(shipped, program):
    copy, latest = program["begin"]()
    before = {worker: dict(items) for worker, items in copy.items()}
    assert len(copy) > 200
    shipped.manage("shell", "-v0", "-c", WRITE)
    then = program["catch_up"](copy, latest)
    assert copy != before
    assert copy == program["begin"]()[0]
    assert program["catch_up"](copy, then) == then
