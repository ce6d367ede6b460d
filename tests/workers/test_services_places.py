"""Adding, renaming, merging and removing divisions, locations and positions."""

import pytest
from django.core.exceptions import ValidationError

from accounts.models import AuditEvent
from workers import services
from workers.models import (
    Assignment,
    ComplianceChange,
    Division,
    Location,
    Position,
    Worker,
    WorkerRequirement,
)
from workers.reach import MergeReach, reach_of_merge
from workers.services import places

KINDS = [
    pytest.param(Division, id="division"),
    pytest.param(Location, id="location"),
    pytest.param(Position, id="position"),
]


@pytest.fixture
def assign(company):
    """Return a function that assigns a requirement, made by its name, at a level."""

    def set_level(name, level, *, position=None, location=None):
        requirement = company.requirements.filter(name=name).first()
        if requirement is None:
            requirement = services.requirement_add(
                company=company, by=None, component="policy", name=name
            )
        return services.assignment_set(
            company=company,
            requirement=requirement,
            position=position,
            location=location,
            level=level,
            by=None,
        )

    return set_level


@pytest.fixture
def worker_at(company):
    """Return a function that adds a worker there."""

    def add(name, position=None, location=None):
        return services.worker_add(
            company=company,
            by=None,
            first_name=name,
            last_name="Lee",
            position=position,
            location=location,
        )

    return add


def asked_of(worker):
    rows = WorkerRequirement.objects.filter(worker=worker)
    return dict(rows.values_list("requirement__name", "level"))


# --- Adding and changing ---------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_place_is_added_trimmed_and_told(company, admin, kind):
    place = services.place_add(company=company, kind=kind, by=admin, name="  North ")
    assert kind.objects.get() == place
    assert (place.name, place.company) == ("North", company)
    event = AuditEvent.objects.get()
    assert (event.action, event.subject_name, event.changes) == (
        "added",
        "North",
        {"name": ["", "North"]},
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("", "This field cannot be blank.", id="empty"),
        pytest.param("a\tb", "Write this on one line, without tabs.", id="tab"),
        pytest.param("Depot", "There is one of this name already.", id="taken"),
        pytest.param("depot ", "There is one of this name already.", id="taken-but-for-case"),
    ],
)
def test_a_name_that_cannot_stand_is_refused(company, kind, name, message):
    services.place_add(company=company, kind=kind, by=None, name="Depot")
    other = services.place_add(company=company, kind=kind, by=None, name="Other")
    for write in (
        lambda: services.place_add(company=company, kind=kind, by=None, name=name),
        lambda: services.place_change(company=company, place=other, by=None, name=name),
    ):
        with pytest.raises(ValidationError) as raised:
            write()
        assert raised.value.message_dict == {"name": [message]}
    assert sorted(kind.objects.values_list("name", flat=True)) == ["Depot", "Other"]


@pytest.mark.parametrize("kind", KINDS)
def test_companies_do_not_share_names(company, other_company, kind):
    for one in (company, other_company):
        services.place_add(company=one, kind=kind, by=None, name="Depot")
    assert kind.objects.count() == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_place_may_change_the_case_of_its_own_name(company, admin, kind):
    place = services.place_add(company=company, kind=kind, by=admin, name="depot")
    services.place_change(company=company, place=place, by=admin, name="Depot")
    assert kind.objects.get().name == "Depot"
    assert AuditEvent.objects.get(action="changed").changes == {"name": ["depot", "Depot"]}


def test_nothing_changed_is_not_told(company, welder):
    services.place_change(company=company, place=welder, by=None, name="Welder")
    assert not AuditEvent.objects.exists()


def test_a_location_gets_another_division(company, calgary_yard):
    rail = services.place_add(company=company, kind=Division, by=None, name="Rail")
    services.place_change(company=company, place=calgary_yard, by=None, division=rail)
    calgary_yard.refresh_from_db()
    assert calgary_yard.division == rail
    assert AuditEvent.objects.get(action="changed").changes == {
        "division": ["Construction", "Rail"]
    }


def test_only_locations_have_a_division(company, welder):
    with pytest.raises(TypeError):
        services.place_change(company=company, place=welder, by=None, division=None)


def test_a_division_of_another_company_is_refused(company, other_company, calgary_yard):
    theirs = services.place_add(company=other_company, kind=Division, by=None, name="Rail")
    with pytest.raises(ValidationError) as raised:
        services.place_change(company=company, place=calgary_yard, by=None, division=theirs)
    assert raised.value.message_dict == {"division": ["Choose one that is there."]}


def test_the_second_of_two_who_rename_is_told(company, welder):
    seen = services.place_digest(welder)
    services.place_change(company=company, place=welder, by=None, seen=seen, name="Pipe Welder")
    with pytest.raises(services.ChangedMeanwhile):
        services.place_change(company=company, place=welder, by=None, seen=seen, name="Welder I")
    welder.refresh_from_db()
    assert welder.name == "Pipe Welder"


@pytest.mark.parametrize("kind", ["position", "location"])
def test_places_of_another_company_are_not_there(company, theirs, kind):
    place = theirs[kind]
    own = services.place_add(company=company, kind=type(place), by=None, name="Own")
    for write in (
        lambda: services.place_change(company=company, place=place, by=None, name="Taken"),
        lambda: services.place_merge(company=company, place=place, into=own, by=None),
        lambda: services.place_merge(company=company, place=own, into=place, by=None),
        lambda: services.place_remove(company=company, place=place, by=None),
    ):
        with pytest.raises(ValidationError) as raised:
            write()
        assert raised.value.messages == ["Choose one that is there."]
    assert type(place).objects.filter(pk__in=[own.pk, place.pk]).count() == 2


# --- Merging ---------------------------------------------------------------------------


def test_merging_a_position_moves_workers_and_assignments(
    company, admin, worker_at, assign, crane_operator, welder, calgary_yard
):
    abel, bo = worker_at("Abel", crane_operator), worker_at("Bo", welder, calgary_yard)
    assign("Rigging", "required", position=crane_operator)
    assign("Site Rules", "optional", position=crane_operator, location=calgary_yard)
    assign("Hot Work", "required", position=welder)

    reach = reach_of_merge(company=company, place=crane_operator, into=welder)
    assert reach == MergeReach(workers=1, assignments=2, both=0, touched=2)
    merged = services.place_merge(company=company, place=crane_operator, into=welder, by=admin)
    assert merged == services.Merged(workers=1, assignments=2)

    assert not Position.objects.filter(pk=crane_operator.pk).exists()
    abel.refresh_from_db()
    assert abel.position == welder
    assert asked_of(abel) == {"Rigging": "required", "Hot Work": "required"}
    assert asked_of(bo) == {
        "Rigging": "required",
        "Hot Work": "required",
        "Site Rules": "optional",
    }
    event = AuditEvent.objects.get(action="merged")
    assert (event.actor_name, event.subject_name, event.changes) == (
        "Ada Admin",
        "Crane Operator",
        {
            "into": ["", "Welder"],
            "workers moved": ["", "1"],
            "assignments moved": ["", "2"],
        },
    )


def test_merging_a_location_moves_workers_and_assignments(
    company, worker_at, assign, welder, calgary_yard, edmonton_depot
):
    abel = worker_at("Abel", None, edmonton_depot)
    bo = worker_at("Bo", welder, edmonton_depot)
    cy = worker_at("Cy", welder, calgary_yard)
    assign("Yard Tour", "required", location=calgary_yard)
    assign("Depot Tour", "required", location=edmonton_depot)
    assign("Hot Work", "required", position=welder, location=edmonton_depot)

    reach = reach_of_merge(company=company, place=edmonton_depot, into=calgary_yard)
    assert reach == MergeReach(workers=2, assignments=2, both=0, touched=3)
    merged = services.place_merge(company=company, place=edmonton_depot, into=calgary_yard, by=None)
    assert merged == services.Merged(workers=2, assignments=2)

    all_of_it = {"Yard Tour": "required", "Depot Tour": "required"}
    assert asked_of(abel) == all_of_it
    assert asked_of(bo) == asked_of(cy) == all_of_it | {"Hot Work": "required"}
    assert Location.objects.get() == calgary_yard


@pytest.mark.parametrize(
    ("of_source", "of_target", "stays", "touched"),
    [
        ("required", "optional", "required", 1),
        ("optional", "required", "required", 1),
        ("optional", "not_applicable", "optional", 1),
        ("not_applicable", "required", "required", 1),
        ("required", "required", "required", 0),
    ],
)
def test_where_both_have_an_assignment_the_stricter_level_stays(
    company, worker_at, assign, crane_operator, welder, of_source, of_target, stays, touched
):
    abel, bo = worker_at("Abel", crane_operator), worker_at("Bo", welder)
    assign("Rigging", of_source, position=crane_operator)
    assign("Rigging", of_target, position=welder)

    reach = reach_of_merge(company=company, place=crane_operator, into=welder)
    assert reach == MergeReach(workers=1, assignments=0, both=1, touched=touched)
    merged = services.place_merge(company=company, place=crane_operator, into=welder, by=None)
    assert merged == services.Merged(workers=1, assignments=0)

    assert Assignment.objects.get().level == stays
    assert asked_of(abel) == asked_of(bo) == {"Rigging": stays}


def test_one_assignment_can_move_and_one_can_meet_another_of_the_same_requirement(
    company, worker_at, assign, crane_operator, welder, calgary_yard
):
    worker_at("Abel", crane_operator, calgary_yard)
    assign("Rigging", "required", position=crane_operator)
    assign("Rigging", "not_applicable", position=crane_operator, location=calgary_yard)
    assign("Rigging", "optional", position=welder)
    merged = services.place_merge(company=company, place=crane_operator, into=welder, by=None)
    assert merged == services.Merged(workers=1, assignments=1)
    assert set(Assignment.objects.values_list("position__name", "location__name", "level")) == {
        ("Welder", None, "required"),
        ("Welder", "Calgary Yard", "not_applicable"),
    }


def test_the_changes_feed_tells_who_was_moved_and_who_was_there(
    company, worker_at, assign, crane_operator, welder
):
    abel, bo = worker_at("Abel", crane_operator), worker_at("Bo", welder)
    assign("Rigging", "required", position=crane_operator)
    assign("Hot Work", "required", position=welder)
    ComplianceChange.objects.all().delete()
    services.place_merge(company=company, place=crane_operator, into=welder, by=None)
    told = ComplianceChange.objects.values_list("worker", "requirement__name", "cause")
    assert set(told) == {
        (abel.pk, None, "worker"),
        (abel.pk, "Hot Work", "worker"),
        (bo.pk, "Rigging", "assignment"),
    }


def test_inactive_workers_move_too_and_are_asked_nothing(
    company, worker_at, assign, crane_operator, welder
):
    abel = worker_at("Abel", crane_operator)
    services.worker_change(company=company, worker=abel, by=None, is_active=False)
    assign("Hot Work", "required", position=welder)
    reach = reach_of_merge(company=company, place=crane_operator, into=welder)
    assert reach == MergeReach(workers=1, touched=0)
    services.place_merge(company=company, place=crane_operator, into=welder, by=None)
    assert Worker.objects.get().position == welder
    assert asked_of(abel) == {}


def test_merging_a_division_moves_its_locations(company, calgary_yard, edmonton_depot):
    rail = services.place_add(company=company, kind=Division, by=None, name="Rail")
    construction = calgary_yard.division
    reach = reach_of_merge(company=company, place=construction, into=rail)
    assert reach == MergeReach(locations=1)
    merged = services.place_merge(company=company, place=construction, into=rail, by=None)
    assert merged == services.Merged(locations=1)
    calgary_yard.refresh_from_db()
    edmonton_depot.refresh_from_db()
    assert (calgary_yard.division, edmonton_depot.division) == (rail, None)
    assert Division.objects.get() == rail


def test_nothing_is_merged_into_itself(company, welder):
    with pytest.raises(ValidationError) as raised:
        services.place_merge(company=company, place=welder, into=welder, by=None)
    assert raised.value.message_dict == {"into": ["Choose another one than itself."]}
    assert Position.objects.get() == welder


def test_merging_many_workers_takes_as_many_queries_as_merging_few(
    company, worker_at, assign, crane_operator, welder, django_assert_max_num_queries
):
    assign("Rigging", "required", position=crane_operator)
    assign("Hot Work", "required", position=welder)
    for number in range(30):
        worker_at(f"N{number}", crane_operator)
    with django_assert_max_num_queries(40):
        services.place_merge(company=company, place=crane_operator, into=welder, by=None)


# --- Removing --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_an_unused_place_is_removed(company, admin, kind):
    place = services.place_add(company=company, kind=kind, by=None, name="Nowhere")
    services.place_remove(company=company, place=place, by=admin)
    assert not kind.objects.exists()
    event = AuditEvent.objects.get(action="removed")
    assert (event.actor_name, event.subject_name) == ("Ada Admin", "Nowhere")


def test_a_place_in_use_is_not_removed(company, dana, assign, welder, edmonton_depot):
    assign("Hot Work", "required", position=welder)
    for place in (dana.position, dana.location, dana.location.division, welder):
        with pytest.raises(ValidationError) as raised:
            services.place_remove(company=company, place=place, by=None)
        assert raised.value.messages == ["It is in use. Merge it into another one instead."]
        place.refresh_from_db()
    services.place_remove(company=company, place=edmonton_depot, by=None)


@pytest.mark.parametrize("kind", ["position", "location", "division"])
def test_a_merge_tells_where_everybody_was_before(
    company, dana, crane_operator, welder, calgary_yard, edmonton_depot, kind
):
    place, into = {
        "position": (crane_operator, welder),
        "location": (calgary_yard, edmonton_depot),
        "division": (
            calgary_yard.division,
            Division.objects.create(company=company, name="Rail"),
        ),
    }[kind]
    before = (calgary_yard.division_id, calgary_yard.pk, crane_operator.pk, "employee")
    ComplianceChange.objects.all().delete()
    services.place_merge(company=company, place=place, into=into, by=None)
    told = ComplianceChange.objects.get(requirement=None)
    assert (
        told.division_before,
        told.location_before,
        told.position_before,
        told.worker_type_before,
    ) == before


def test_who_else_uses_a_place_is_asked_before_it_is_removed(company, welder, monkeypatch):
    asked = []

    def users(company, place):
        asked.append((company, place))
        return ["the API call Gate"]

    monkeypatch.setattr(places, "place_users_hooks", [users])
    with pytest.raises(ValidationError, match="the API call Gate"):
        services.place_remove(company=company, place=welder, by=None)
    assert asked == [(company, welder)]
    assert Position.objects.filter(pk=welder.pk).exists()


def test_who_else_uses_a_place_is_told_of_its_merge(company, crane_operator, welder, monkeypatch):
    told = []
    monkeypatch.setattr(places, "place_merged_hooks", [lambda *about: told.append(about)])
    services.place_merge(company=company, place=crane_operator, into=welder, by=None)
    [(of_company, place, into)] = told
    assert (of_company, place.name, into) == (company, "Crane Operator", welder)
