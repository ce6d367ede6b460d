"""Both formats carry the same facts, and both schemas describe them."""

import json
import os
from datetime import UTC, date
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import xmlschema
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from lxml import etree

from apicalls.documents import (
    DOCUMENTS,
    compliance_changes,
    compliance_roster,
    document_path,
    expiring_requirements,
    sample_answer,
    sample_document,
    worker_compliance,
)
from apicalls.documents.fields import DEFAULT_FIELDS, FIELD_GROUP_MEMBERS, FIELD_GROUPS
from apicalls.models import Document
from apicalls.schemas import SCHEMAS
from workers.compliance import Component, Level, Status
from workers.facts import Found
from workers.feed import FeedRequirement, FeedRow, FeedState, Kind
from workers.selectors import ItemFacts, WorkerFacts
from workhub.rendering import stream_json, stream_xml, to_json, to_xml

NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
XSDS = {name: etree.XMLSchema(etree.fromstring(SCHEMAS[f"{name}.xsd"])) for name in DOCUMENTS}
SECOND_OPINIONS = {name: xmlschema.XMLSchema(SCHEMAS[f"{name}.xsd"].decode()) for name in DOCUMENTS}
JSON_SCHEMAS = {
    name: jsonschema.Draft202012Validator(
        json.loads(SCHEMAS[f"{name}.json"]),
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )
    for name in DOCUMENTS
}
NAMES = {document.root: name for name, document in DOCUMENTS.items()}
EVERYTHING = frozenset(FIELD_GROUP_MEMBERS)

# What the XML does not tell by itself: a reader must know which members are what.
LISTS = {
    "components": "componentSummary",
    "items": "item",
    "because": "rule",
    "lapsing": "lapse",
    "workers": "entry",
    "requirements": "expiring",
    "changes": "change",
    "parameters": "parameter",
    "fields": "field",
}
NUMBERS = {
    *("percent", "required", "complete", "outstanding", "comingDue", "daysLeft"),
    *("count", "withinDays", "requests", "seconds"),
}
BOOLEANS = {"active", "compliant", "test", "ready"}


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
    name = NAMES[document.root]
    in_json = to_json(document.tree)
    in_xml = to_xml(document.tree, root=document.root, singulars=document.singulars)
    facts = json.loads(in_json)
    JSON_SCHEMAS[name].validate(facts)
    XSDS[name].assertValid(etree.fromstring(in_xml))
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
    lapses_on=DATES,
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
    email=st.just("") | TEXT,
)
YEAR_9000 = date(9000, 1, 1)
FIELDS = st.frozensets(st.sampled_from(sorted(EVERYTHING)))
# Ten thousand workers, when somebody asks for them.
EXAMPLES = int(os.environ.get("GENERATED_WORKERS", "150"))


@bounded(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    WORKERS, st.lists(ITEMS, max_size=4), st.dates(), FIELDS, st.none() | st.dates(), st.booleans()
)
def test_any_worker_reads_the_same_in_both_formats_and_validates(
    worker, items, as_of, fields, through, is_test
):
    if not worker.is_active:
        items = []
    items = [item._replace(expires_on=item.expires_on or as_of) for item in items]
    facts, in_xml = check(
        worker_compliance.build(
            worker, items, as_of=as_of, fields=fields, through=through, is_test=is_test
        )
    )
    assert list(facts) == [
        "version",
        *(["test"] if is_test else []),
        "asOf",
        "nextChangeOn",
        *(["validThrough"] if through else []),
        "worker",
        "compliance",
    ]
    assert facts["asOf"] == as_of.isoformat()
    if "items" in fields:
        shown = [i for i in items if "optional_items" in fields or i.level == "required"]
        assert len(facts["compliance"]["items"]) == len(shown)
    SECOND_OPINIONS["worker-compliance"].validate(in_xml.decode())


@bounded(max_examples=50, deadline=None)
@given(st.lists(st.tuples(WORKERS, st.lists(ITEMS, max_size=3)), max_size=4), st.dates(), FIELDS)
def test_any_roster_is_the_same_streamed_and_in_both_formats(found, as_of, fields):
    found = [Found(worker, items if worker.is_active else []) for worker, items in found]
    about = {"as_of": as_of, "fields": fields, "latest": "WzFd:x"}
    page = compliance_roster.build(found, **about, next_address=None)
    check(page)
    in_json = compliance_roster.stream(found, **about)
    assert b"".join(
        stream_json(in_json.before, in_json.name, in_json.entries, in_json.after)
    ) == to_json(page.tree)
    in_xml = compliance_roster.stream(found, **about)
    names = {"root": page.root, "singulars": page.singulars}
    assert b"".join(
        stream_xml(in_xml.before, in_xml.name, in_xml.entries, in_xml.after, **names)
    ) == to_xml(page.tree, **names)


@bounded(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(WORKERS, ITEMS), max_size=4), st.dates(max_value=date(9000, 1, 1)), FIELDS
)
def test_anything_that_expires_reads_the_same_in_both_formats(rows, as_of, fields):
    facts, _xml = check(
        expiring_requirements.build(
            rows, as_of=as_of, within_days=366, fields=fields, next_address="http://x/?cursor=y"
        )
    )
    assert facts["count"] == len(rows)


STATES = st.none() | st.builds(
    FeedState, st.sampled_from(["required", "optional"]), st.sampled_from([*map(str, Status)])
)
ROWS = st.builds(
    FeedRow,
    sequence=st.integers(1, 2**62),
    at=st.datetimes(timezones=st.just(UTC)),
    on=st.dates(),
    cause=st.sampled_from(["worker", "record", "date"]),
    kind=st.sampled_from(Kind),
    worker=WORKERS,
    requirement=st.none() | st.builds(FeedRequirement, st.integers(1, 9), st.just("policy"), TEXT),
    before=STATES,
    after=STATES,
    items=st.lists(ITEMS, max_size=2),
)


@bounded(max_examples=50, deadline=None)
@given(st.lists(ROWS, max_size=4), FIELDS)
def test_any_change_reads_the_same_in_both_formats(rows, fields):
    facts, _xml = check(
        compliance_changes.build(rows, fields=fields, latest="WzFd:x", next_address=None)
    )
    for row, told in zip(rows, facts["changes"], strict=True):
        assert ("items" in told) is (row.kind == "worker")
        if row.kind == "worker_removed":
            assert set(told["worker"]) == {"id", "workerIDNumber"}


# --- Fields ----------------------------------------------------------------------------


def members_of(tree):
    """Return the names of all members at any depth."""
    if isinstance(tree, dict):
        return set(tree).union(*map(members_of, tree.values()))
    if isinstance(tree, list):
        return set().union(*map(members_of, tree))
    return set()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_call_leaves_out_is_absent(document):
    """Every sample with every choice of field groups, in both formats."""
    known = FIELD_GROUPS[document]
    for number in range(2 ** len(known)):
        fields = frozenset(group for bit, group in enumerate(known) if number >> bit & 1)
        facts, in_xml = check(sample_document(document, fields))
        SECOND_OPINIONS[document].validate(in_xml.decode())
        members = members_of(facts)
        for group in set(FIELD_GROUP_MEMBERS) - fields - {"items", "optional_items"}:
            if group in known or group in {"names", "placement", "contact"}:
                assert not members & set(FIELD_GROUP_MEMBERS[group]) - {"level"}


@pytest.mark.parametrize("document", Document.values)
def test_what_a_template_offers_is_what_its_document_knows(document, template):
    offered = template.__class__.objects.get(document=document).field_groups.all()
    assert tuple(one.group for one in offered) == FIELD_GROUPS[document]
    assert {one.group for one in offered if one.is_default} == DEFAULT_FIELDS[document]


@pytest.mark.parametrize(
    ("days", "first"),
    [
        pytest.param([], None, id="no-items"),
        pytest.param([None, None], None, id="never"),
        pytest.param([None, date(2026, 5, 1), date(2026, 4, 1)], "2026-04-01", id="the-first"),
    ],
)
def test_next_change_is_the_first_of_all_items(days, first):
    sample = dict.fromkeys(ItemFacts._fields) | {
        "requirement_id": 1,
        "component": Component.POLICY,
        "name": "Policy",
        "level": Level.REQUIRED,
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
    sample = worker_compliance.sample(DEFAULT_FIELDS["worker-compliance"])
    tree = json.loads(to_json(sample.tree))
    place = tree
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    assert not JSON_SCHEMAS["worker-compliance"].is_valid(tree)
    in_xml = to_xml(tree, root=sample.root, singulars=sample.singulars)
    assert not XSDS["worker-compliance"].validate(etree.fromstring(in_xml))
    assert not SECOND_OPINIONS["worker-compliance"].is_valid(in_xml.decode())


@pytest.mark.parametrize("gone", ["version", "worker", "compliance"])
def test_both_schemas_miss_a_member_that_is_gone(gone):
    sample = worker_compliance.sample(DEFAULT_FIELDS["worker-compliance"])
    tree = {name: value for name, value in sample.tree.items() if name != gone}
    assert not JSON_SCHEMAS["worker-compliance"].is_valid(json.loads(to_json(tree)))
    in_xml = to_xml(tree, root=sample.root, singulars=sample.singulars)
    assert not XSDS["worker-compliance"].validate(etree.fromstring(in_xml))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_schemas_are_schemas(document):
    jsonschema.Draft202012Validator.check_schema(json.loads(SCHEMAS[f"{document}.json"]))
    assert SECOND_OPINIONS[document].elements.keys() == {DOCUMENTS[document].root}


# --- The sample ------------------------------------------------------------------------


def test_the_sample_answer_is_a_right_one():
    facts, _xml = check(worker_compliance.sample(DEFAULT_FIELDS["worker-compliance"]))
    assert json.loads(sample_answer("worker-compliance", "json")) == facts
    indented = sample_answer("worker-compliance", "xml")
    assert "\n    <workerIDNumber>10482</workerIDNumber>\n" in indented
    XSDS["worker-compliance"].assertValid(etree.fromstring(indented.encode()))


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
