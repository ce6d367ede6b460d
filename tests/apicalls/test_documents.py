"""Both formats carry the same facts, and both schemas describe them."""

import json
from datetime import date
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import xmlschema
from hypothesis import given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from lxml import etree

from apicalls.documents import document_path, sample_answer, worker_compliance
from apicalls.models import Document
from apicalls.schemas import SCHEMAS
from workers.compliance import Component, Level, Status
from workers.selectors import ItemFacts, WorkerFacts
from workhub.rendering import to_json, to_xml

NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
XSD = etree.XMLSchema(etree.fromstring(SCHEMAS["worker-compliance.xsd"]))
SECOND_OPINION = xmlschema.XMLSchema(SCHEMAS["worker-compliance.xsd"].decode())
JSON_SCHEMA = jsonschema.Draft202012Validator(
    json.loads(SCHEMAS["worker-compliance.json"]),
    format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
)

# What the XML does not tell by itself: a reader must know which members are what.
LISTS = {"components": "componentSummary", "items": "item", "because": "rule"}
NUMBERS = {"percent", "required", "complete", "outstanding", "comingDue", "daysLeft"}
BOOLEANS = {"active", "compliant"}


def facts_of_xml(body):
    """The document as JSON would have it, read from the XML by Python's own parser."""
    return _member(ET.fromstring(body))


def _member(element):
    if element.get(NIL) == "true":
        assert element.text is None
        return None
    if element.tag in LISTS:
        assert {child.tag for child in element} <= {LISTS[element.tag]}
        return [_member(child) for child in element]
    if len(element):
        return {child.tag: _member(child) for child in element}
    text = element.text or ""
    if element.tag in NUMBERS:
        return int(text)
    if element.tag in BOOLEANS:
        return {"true": True, "false": False}[text]
    return text


def check(document):
    """Validate both formats, compare them, and return the facts."""
    in_json = to_json(document.tree)
    in_xml = to_xml(document.tree, root=document.root, singulars=document.singulars)
    facts = json.loads(in_json)
    JSON_SCHEMA.validate(facts)
    XSD.assertValid(etree.fromstring(in_xml))
    from_xml = facts_of_xml(in_xml)
    assert from_xml == facts
    assert json.dumps(from_xml) == json.dumps(facts)  # the order, too
    return facts, in_xml


# --- Any worker ------------------------------------------------------------------------

DATES = st.none() | st.dates()
TEXT = st.text(st.characters(exclude_categories=()), min_size=1, max_size=12)
OR_NULL = st.none() | TEXT
ITEMS = st.builds(
    ItemFacts,
    requirement_id=st.integers(1, 2**62),
    component=st.sampled_from(Component),
    name=TEXT,
    level=st.sampled_from([Level.REQUIRED, Level.OPTIONAL]),
    status=st.sampled_from(Status),
    compliant=st.booleans(),
    completed_on=DATES,
    issued_on=DATES,
    expires_on=DATES,
    days_left=st.none() | st.integers(-3_700_000, 3_700_000),
    certificate_number=OR_NULL,
    issuer=OR_NULL,
    because=st.lists(TEXT, min_size=1, max_size=2),
    next_change_on=DATES,
)
WORKERS = st.builds(
    WorkerFacts,
    id=st.integers(1, 9),
    id_number=st.just("") | TEXT,
    first_name=TEXT,
    middle_name=st.just("") | TEXT,
    last_name=TEXT,
    is_active=st.booleans(),
    worker_type=st.sampled_from(["employee", "contractor"]),
    position=OR_NULL,
    location=OR_NULL,
    division=OR_NULL,
)


@bounded(max_examples=150, deadline=None)
@given(WORKERS, st.lists(ITEMS, max_size=4), st.dates())
def test_any_worker_reads_the_same_in_both_formats_and_validates(worker, items, as_of):
    if not worker.is_active:
        items = []
    facts, in_xml = check(worker_compliance.build(worker, items, as_of=as_of))
    assert list(facts) == ["version", "asOf", "nextChangeOn", "worker", "compliance"]
    assert facts["asOf"] == as_of.isoformat()
    assert len(facts["compliance"]["items"]) == len(items)
    SECOND_OPINION.validate(in_xml.decode())


@pytest.mark.parametrize(
    ("days", "first"),
    [
        pytest.param([], None, id="no-items"),
        pytest.param([None, None], None, id="never"),
        pytest.param([None, date(2026, 5, 1), date(2026, 4, 1)], "2026-04-01", id="the-first"),
    ],
)
def test_next_change_is_the_first_of_all_items(days, first):
    sample = dict.fromkeys(ItemFacts.__slots__) | {
        "requirement_id": 1,
        "component": Component.POLICY,
        "name": "Policy",
        "level": Level.OPTIONAL,
        "status": Status.CURRENT,
        "compliant": True,
        "because": ["Everywhere"],
    }
    items = [ItemFacts(**sample | {"next_change_on": day}) for day in days]
    worker = WorkerFacts(1, "1", "A", "", "B", True, "employee", None, None, None)
    facts, _xml = check(worker_compliance.build(worker, items, as_of=date(2026, 3, 2)))
    assert facts["nextChangeOn"] == first


# --- The schemas refuse, too -----------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(["version"], "2", id="other-version"),
        pytest.param(["asOf"], "2026-02-30", id="no-such-day"),
        pytest.param(["asOf"], "2.3.2026", id="other-form-of-date"),
        pytest.param(["compliance", "compliant"], "yes", id="no-boolean"),
        pytest.param(["compliance", "percent"], 101, id="above-100"),
        pytest.param(["compliance", "required"], -1, id="negative-count"),
        pytest.param(["compliance", "status"], "Not Compliant", id="label-for-a-code"),
        pytest.param(["worker", "lastName"], "", id="empty-name"),
        pytest.param(["worker", "middleName"], None, id="null-middle-name"),
        pytest.param(["compliance", "items", 0, "because"], [], id="no-reason"),
        pytest.param(["compliance", "items", 0, "daysLeft"], "soon", id="no-number"),
    ],
)
def test_both_schemas_refuse_what_the_contract_does(path, value):
    sample = worker_compliance.sample()
    tree = json.loads(to_json(sample.tree))
    place = tree
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    assert not JSON_SCHEMA.is_valid(tree)
    in_xml = to_xml(tree, root=sample.root, singulars=sample.singulars)
    assert not XSD.validate(etree.fromstring(in_xml))
    assert not SECOND_OPINION.is_valid(in_xml.decode())


@pytest.mark.parametrize("gone", ["version", "worker", "compliance"])
def test_both_schemas_miss_a_member_that_is_gone(gone):
    sample = worker_compliance.sample()
    tree = {name: value for name, value in sample.tree.items() if name != gone}
    assert not JSON_SCHEMA.is_valid(json.loads(to_json(tree)))
    in_xml = to_xml(tree, root=sample.root, singulars=sample.singulars)
    assert not XSD.validate(etree.fromstring(in_xml))


def test_the_schemas_are_schemas():
    jsonschema.Draft202012Validator.check_schema(json.loads(SCHEMAS["worker-compliance.json"]))
    assert SECOND_OPINION.elements.keys() == {"workerCompliance"}


# --- The sample ------------------------------------------------------------------------


def test_the_sample_answer_is_a_right_one():
    facts, _xml = check(worker_compliance.sample())
    assert json.loads(sample_answer("worker-compliance", "json")) == facts
    indented = sample_answer("worker-compliance", "xml")
    assert "\n  <worker>\n    <workerIDNumber>10482</workerIDNumber>\n" in indented
    XSD.assertValid(etree.fromstring(indented.encode()))


@pytest.mark.parametrize("document", Document.values)
def test_every_document_has_an_address_a_sample_and_two_schemas(document, client, db):
    assert client.get(document_path(document)).status_code == 401
    assert sample_answer(document, "json")
    assert {f"{document}.xsd", f"{document}.json"} <= set(SCHEMAS)


# --- The demo --------------------------------------------------------------------------


def test_every_demo_worker_reads_the_same_in_both_formats_and_validates(company):
    from workers.demo import demo_load
    from workers.models import Worker
    from workers.selectors import compliance_find

    demo_load(company=company, size="main", by=None)
    today = company.today()
    statuses, item_statuses = set(), set()
    for worker in Worker.objects.for_company(company):
        names = (worker.first_name, worker.middle_name, worker.last_name)
        [found] = [
            one
            for one in compliance_find(company_id=company.pk, today=today, names=names)
            if one.worker.id == worker.pk
        ]
        document = worker_compliance.build(found.worker, found.items, as_of=today)
        answer, _xml = check(document)
        statuses.add(answer["compliance"]["status"])
        item_statuses |= {item["status"] for item in answer["compliance"]["items"]}
    assert statuses == {"compliant", "not_compliant", "nothing_required", "inactive"}
    assert item_statuses == {
        "missing",
        "in_progress",
        "waiting_for_approval",
        "rejected",
        "current",
        "coming_due",
        "expired",
        "review_again",
        "declined",
        "requires_supervision",
        "prequalified",
    }
