"""The list of workers: which are found, in what order, and how each stands, in SQL."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain, combinations_with_replacement, product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from workers import compliance, listing, paging, services
from workers.compliance import CompliantWhen, Component, Level, Status, WorkerStatus
from workers.models import STANDINGS, Requirement, Worker, WorkerRequirement
from workers.statuses import (
    Figures,
    counts_as_compliant,
    figures_of,
    status_is,
    status_of_day,
    worker_status_is,
)

TODAY = date(2026, 3, 2)
DAYS = (None, *(TODAY + timedelta(days=days) for days in (-1, 0, 1)))


def names(workers):
    return [worker.first_name for worker in workers]


def listed(company, **asked):
    found = listing.workers_listed(company=company, today=TODAY, **asked)
    return sorted(names(found))


@pytest.fixture
def add(company):
    """Return a function that adds a worker of the company."""

    def add_worker(first_name, last_name="Lee", **fields):
        return services.worker_add(
            company=company, by=None, first_name=first_name, last_name=last_name, **fields
        )

    return add_worker


@pytest.fixture
def certify(company, asked_first_aid):
    """Return a function that gives a worker a First Aid certificate."""

    def add_record(worker, expires_on=None, state="approved"):
        return services.record_add(
            company=company,
            worker=worker,
            requirement=asked_first_aid,
            by=None,
            state=state,
            completed_on=date(2025, 1, 1),
            expires_on=expires_on,
        )

    return add_record


# --- The same rules in SQL -------------------------------------------------------------


@pytest.fixture
def every_item(company):
    """A worker with an item for each standing, dates around today and both ways to comply."""
    kinds = list(product(STANDINGS, DAYS, DAYS, CompliantWhen))
    requirements = Requirement.objects.bulk_create(
        Requirement(company=company, component="policy", name=str(number), compliant_when=when)
        for number, (*_, when) in enumerate(kinds)
    )
    worker = services.worker_add(company=company, by=None, first_name="Eve", last_name="Ry")
    return WorkerRequirement.objects.bulk_create(
        WorkerRequirement(
            worker=worker,
            requirement=requirement,
            level="required",
            because="position",
            standing=standing,
            coming_due_on=coming_due_on,
            expires_on=expires_on,
            status=standing,
        )
        for requirement, (standing, coming_due_on, expires_on, _) in zip(
            requirements, kinds, strict=True
        )
    )


def status_in_python(item):
    return compliance.status_on(Status(item.standing), item.coming_due_on, item.expires_on, TODAY)


def is_compliant_in_python(item):
    when = CompliantWhen(item.requirement.compliant_when)
    return compliance.is_compliant(status_in_python(item), when)


@pytest.mark.breaks_derived_rows
def test_the_status_of_a_day_is_the_same_in_sql(every_item):
    in_sql = dict(
        WorkerRequirement.objects.annotate(of_day=status_of_day(TODAY)).values_list("pk", "of_day")
    )
    assert len(in_sql) == 9 * 4 * 4 * 2
    assert in_sql == {item.pk: status_in_python(item) for item in every_item}
    # The table is one that tells all of them apart.
    assert set(in_sql.values()) == set(Status)


@pytest.mark.breaks_derived_rows
@pytest.mark.parametrize("status", Status)
def test_a_filter_by_status_finds_the_same_in_sql(every_item, status):
    found = WorkerRequirement.objects.filter(status_is(status, TODAY))
    assert set(found.values_list("pk", flat=True)) == {
        item.pk for item in every_item if status_in_python(item) == status
    }


@pytest.mark.breaks_derived_rows
def test_what_counts_as_compliant_is_the_same_in_sql(every_item):
    found = WorkerRequirement.objects.filter(counts_as_compliant(TODAY))
    assert set(found.values_list("pk", flat=True)) == {
        item.pk for item in every_item if is_compliant_in_python(item)
    }


@dataclass(frozen=True)
class Kind:
    """An item as far as the answer about a worker depends on it."""

    level: Level
    standing: Status
    coming_due_on: date | None = None
    expires_on: date | None = None
    when: CompliantWhen = CompliantWhen.AFTER_APPROVAL

    component = Component.POLICY

    @property
    def status(self):
        return compliance.status_on(self.standing, self.coming_due_on, self.expires_on, TODAY)

    @property
    def compliant(self):
        return compliance.is_compliant(self.status, self.when)


YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
KINDS = [
    Kind(Level.REQUIRED, Status.CURRENT),
    Kind(Level.REQUIRED, Status.CURRENT, TOMORROW, TOMORROW),
    Kind(Level.REQUIRED, Status.CURRENT, TODAY, TOMORROW),
    Kind(Level.REQUIRED, Status.CURRENT, YESTERDAY, TODAY),
    Kind(Level.REQUIRED, Status.CURRENT, YESTERDAY, YESTERDAY),
    Kind(Level.REQUIRED, Status.PREQUALIFIED, None, YESTERDAY),
    Kind(Level.REQUIRED, Status.MISSING),
    Kind(Level.REQUIRED, Status.WAITING_FOR_APPROVAL),
    Kind(Level.REQUIRED, Status.WAITING_FOR_APPROVAL, when=CompliantWhen.ON_SUBMISSION),
    Kind(Level.REQUIRED, Status.REVIEW_AGAIN, None, TOMORROW),
    Kind(Level.OPTIONAL, Status.CURRENT, TODAY, TOMORROW),
    Kind(Level.OPTIONAL, Status.MISSING),
]


@pytest.fixture
def every_worker(company):
    """A worker for each combination of up to three items, and one who is not active."""
    requirements = {
        (when, number): Requirement.objects.create(
            company=company, component="policy", name=f"{when} {number}", compliant_when=when
        )
        for when in CompliantWhen
        for number in range(3)
    }
    cases = list(chain.from_iterable(combinations_with_replacement(KINDS, n) for n in range(4)))
    workers = Worker.objects.bulk_create(
        Worker(company=company, first_name="A", last_name=str(number), name_folded=f"a\n\n{number}")
        for number in range(len(cases))
    )
    WorkerRequirement.objects.bulk_create(
        WorkerRequirement(
            worker=worker,
            requirement=requirements[kind.when, number],
            level=kind.level,
            because="position",
            standing=kind.standing,
            coming_due_on=kind.coming_due_on,
            expires_on=kind.expires_on,
            status=kind.standing,
        )
        for worker, case in zip(workers, cases, strict=True)
        for number, kind in enumerate(case)
    )
    inactive = services.worker_add(
        company=company, by=None, first_name="Ina", last_name="Active", is_active=False
    )
    return [*zip(workers, cases, strict=True), (inactive, ())]


@pytest.mark.breaks_derived_rows
def test_how_a_worker_stands_is_the_same_in_sql(every_worker):
    figures = figures_of([worker.pk for worker, _ in every_worker], TODAY)
    for worker, items in every_worker:
        expected = compliance.summary(items, is_active=worker.is_active)
        found = figures.get(worker.pk, Figures()).summary(is_active=worker.is_active)
        assert found == compliance.Summary(
            compliant=expected.compliant,
            status=expected.status,
            percent=expected.percent,
            required=expected.required,
            complete=expected.complete,
            coming_due=expected.coming_due,
        )


@pytest.mark.breaks_derived_rows
@pytest.mark.parametrize("status", WorkerStatus)
def test_a_filter_by_the_status_of_workers_finds_the_same_in_sql(every_worker, status):
    expected = {
        worker.pk
        for worker, items in every_worker
        if compliance.summary(items, is_active=worker.is_active).status == status
    }
    found = Worker.objects.filter(worker_status_is(status, TODAY)).values_list("pk", flat=True)
    assert expected
    assert set(found) == expected


def test_the_first_that_comes_due_is_told_with_its_last_day(
    company, dana, certify, asked_first_aid
):
    certify(dana, expires_on=date(2026, 3, 12))
    assert figures_of([dana.pk], TODAY) == {dana.pk: Figures(1, 1, 1, date(2026, 3, 12))}


# --- Search and filters ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", ["Dana", "Jose\u0301", "Mary Ann"]),
        ("dana", ["Dana"]),
        ("DANA okafor", ["Dana"]),
        ("okafor dana", ["Dana"]),
        ("jos\u00e9", ["Jose\u0301"]),
        ("jose", []),
        ("grosse", ["Jose\u0301"]),
        ("GROẞE", ["Jose\u0301"]),
        ("ann  lee", ["Mary Ann"]),
        ("10482", ["Dana"]),
        ("ab-00", ["Mary Ann"]),
        ("mary@NORTHERN", ["Mary Ann"]),
        ("dana lee", []),
        ("%", []),
        ("_", []),
        ("\\", []),
    ],
)
def test_search_looks_for_each_word_in_names_id_number_and_email(company, dana, add, search, found):
    add("Jose\u0301", "Große", id_number="7")
    add("Mary Ann", "Lee", id_number="AB-00417", email="mary@northern.example")
    assert listed(company, search=search) == found


def test_each_filter_narrows_the_list(company, dana, add, welder, edmonton_depot, calgary_yard):
    add("Will", position=welder, location=edmonton_depot, worker_type="contractor")
    add("Ina", is_active=False)
    assert listed(company) == ["Dana", "Ina", "Will"]
    assert listed(company, is_active=True) == ["Dana", "Will"]
    assert listed(company, is_active=False) == ["Ina"]
    assert listed(company, position_id=welder.pk) == ["Will"]
    assert listed(company, location_id=calgary_yard.pk) == ["Dana"]
    assert listed(company, division_id=calgary_yard.division_id) == ["Dana"]
    assert listed(company, worker_type="contractor") == ["Will"]
    assert listed(company, worker_type="contractor", position_id=dana.position_id) == []


def test_the_list_is_filtered_by_how_workers_stand(company, dana, add, certify, crane_operator):
    certify(dana, expires_on=date(2026, 3, 12))
    late = add("Late", position=crane_operator)
    certify(late, expires_on=date(2026, 3, 1))
    add("Free")
    add("Ina", position=crane_operator, is_active=False)
    assert listed(company, status="compliant") == ["Dana"]
    assert listed(company, status="not_compliant") == ["Late"]
    assert listed(company, status="nothing_required") == ["Free"]
    assert listed(company, status="inactive") == ["Ina"]
    assert listed(company, item_status="coming_due") == ["Dana"]
    assert listed(company, item_status="expired") == ["Late"]
    assert listed(company, item_status="current") == []


def test_workers_of_another_company_are_not_listed(company, dana, theirs):
    assert listed(company) == ["Dana"]
    assert listed(company, search="10482") == ["Dana"]
    assert listed(company, position_id=theirs["position"].pk) == []


# --- Order -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("", ["Abel", "Dana", "Will"]),
        ("name", ["Abel", "Dana", "Will"]),
        ("-name", ["Will", "Dana", "Abel"]),
        ("id_number", ["Dana", "Will", "Abel"]),
        ("-id_number", ["Abel", "Will", "Dana"]),
        ("position", ["Dana", "Will", "Abel"]),
        ("-position", ["Abel", "Will", "Dana"]),
        ("location", ["Dana", "Abel", "Will"]),
        ("password", ["Abel", "Dana", "Will"]),
        ("-company__name", ["Will", "Dana", "Abel"]),
    ],
)
def test_the_list_is_sorted_by_a_column_either_way(company, dana, add, welder, sort, found):
    add("Will", id_number="20000", position=welder)
    add("Abel")
    workers = Worker.objects.for_company(company).order_by(*listing.order_by(sort))
    assert names(workers) == found


# --- Look-ups --------------------------------------------------------------------------


def test_look_ups_miss_who_has_no_id_number_and_who_shares_a_name(company, dana, add, theirs):
    add("DANA", "Okafor", id_number="2")
    add("Solo", "Smith", id_number="3")
    add("Jürgen", "Weiß", id_number="4")  # a name of the other company
    add("Nora", "None")
    add("Ina", "None", is_active=False)
    assert listing.lookup_quality(company=company) == (1, 1)
    assert listed(company, lookup="no_id_number", is_active=True) == ["Nora"]
    assert listed(company, lookup="shared_name") == ["DANA", "Dana"]


def test_a_name_shared_with_somebody_who_left_is_shared(company, dana, add):
    add("Dana", "Okafor", id_number="2", is_active=False)
    assert listing.lookup_quality(company=company).shared_names == 1
    assert listed(company, lookup="shared_name", is_active=True) == ["Dana"]


def test_a_name_that_only_people_who_left_share_is_nobodys_trouble(company, add):
    for id_number in ("1", "2"):
        add("Ina", "Active", id_number=id_number, is_active=False)
    assert listing.lookup_quality(company=company).shared_names == 0
    assert listed(company, lookup="shared_name") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10482", ["Dana"]),
        (" 10482 ", ["Dana"]),
        ("Dana Okafor (10482)", ["Dana"]),
        ("Somebody Else (10482)", ["Dana"]),
        ("dana okafor", ["Dana"]),
        ("Mary Ann Van Der Berg", ["Mary"]),
        ("okafor", []),
        ("Dana", []),
        ("", []),
        ("Nobody (99)", []),
        ("Jo (Jo) Lee", ["Jo (Jo)"]),
        (" ".join(["word"] * 40), []),
    ],
)
def test_somebody_is_named_by_id_number_or_full_name(company, dana, add, text, found):
    add("Mary", "Van Der Berg", middle_name="Ann")
    add("Jo (Jo)", "Lee")
    assert names(listing.workers_called(company=company, text=text)) == found


def test_somebody_of_another_company_cannot_be_named(company, theirs):
    assert listing.workers_called(company=company, text="10482") == []
    assert listing.workers_called(company=company, text="Jürgen Weiß") == []
    assert list(listing.workers_suggested(company=company, text="Weiß")) == []


def test_suggestions_are_the_first_active_workers_who_fit(company, dana, add):
    add("Danah", "Okafor", is_active=False)
    for number in range(12):
        add("Dan", f"Lee{number:02}")
    assert len(listing.workers_suggested(company=company, text="dan")) == 10
    assert names(listing.workers_suggested(company=company, text="dan oka")) == ["Dana"]
    assert list(listing.workers_suggested(company=company, text=" ")) == []


# --- Cost ------------------------------------------------------------------------------


def test_an_export_reads_in_batches(company, add, monkeypatch):
    monkeypatch.setattr(listing, "_BATCH", 4)
    for number in range(10):
        add(f"W{number}")
    workers = Worker.objects.for_company(company).select_related("position", "location__division")
    with CaptureQueriesContext(connection) as queries:
        rows = list(listing.export_rows(workers.order_by("pk"), today=TODAY))
    assert [row[1] for row in rows] == [f"W{number}" for number in range(10)]
    # The workers once, and the figures of each batch.
    begin_and_end = 2 if connection.vendor == "postgresql" else 0
    assert len(queries) == 1 + 3 + begin_and_end


def test_an_export_says_how_each_worker_stands(company, dana, certify, asked_first_aid):
    certify(dana, expires_on=date(2026, 3, 12))
    workers = Worker.objects.for_company(company).select_related("position", "location__division")
    [row] = listing.export_rows(workers, today=TODAY)
    assert dict(zip(listing.export_header(), row, strict=True)) == {
        "ID#": "10482",
        "First name": "Dana",
        "Middle name": "",
        "Last name": "Okafor",
        "E-mail": "",
        "Worker type": "Employee",
        "Position": "Crane Operator",
        "Location": "Calgary Yard",
        "Division": "Construction",
        "Hired on": None,
        "Compliance": "Compliant",
        "Percent": 100,
        "Required": 1,
        "Done": 1,
        "Left": 0,
        "Coming due": 1,
        "First due on": date(2026, 3, 12),
    }


def test_pages_end_at_a_bound_and_say_so(company, add, monkeypatch):
    monkeypatch.setattr(paging, "ROWS_LIMIT", 5)
    for number in range(5):
        add(f"W{number}")
    workers = Worker.objects.for_company(company).order_by("name_folded")
    exact = paging.BoundedPaginator(workers, 2)
    assert (exact.count, exact.num_pages, exact.is_cut) == (5, 3, False)
    add("W5")
    cut = paging.BoundedPaginator(workers, 2)
    assert (cut.count, cut.num_pages, cut.is_cut) == (5, 3, True)
    assert names(cut.get_page(3)) == ["W4"]
    assert names(cut.get_page("99999999999999999999")) == ["W4"]


def test_a_page_takes_two_queries(company, dana, django_assert_num_queries):
    workers = Worker.objects.for_company(company).order_by("name_folded")
    with django_assert_num_queries(2):
        assert names(paging.BoundedPaginator(workers, 25).get_page(1)) == ["Dana"]
