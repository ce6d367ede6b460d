"""People who are limited to a division or location."""

import html

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Role, User
from accounts.services import NotAllowed, OwnerIsLimited, person_change
from tests.conftest import PASSWORD
from workers import services
from workers.limits import is_within, limit_of, locations_in
from workers.models import Division, Location, Worker
from workers.scope import EVERYBODY, Scope

pytestmark = pytest.mark.any_database


@pytest.fixture
def construction(calgary_yard):
    return calgary_yard.division


@pytest.fixture
def kim(company, welder, edmonton_depot):
    """A welder at the Edmonton Depot, which is in no division."""
    return services.worker_add(
        company=company,
        by=None,
        id_number="20001",
        first_name="Kim",
        last_name="Berg",
        position=welder,
        location=edmonton_depot,
    )


@pytest.fixture
def manager(company):
    return User.objects.create_user(
        "manager@northern.example", PASSWORD, name="Mo", company=company, role=Role.MANAGER
    )


@pytest.fixture
def limit(admin):
    """Return a function that limits a person to a place."""

    def set_(person, to, by=admin):
        changed = services.person_limit_set(person=person, to=to, by=by)
        person.refresh_from_db()
        return changed

    return set_


# --- The rule --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "limit", "within"),
    [
        pytest.param(EVERYBODY, EVERYBODY, True, id="nobody-is-limited"),
        pytest.param(Scope(divisions=frozenset({1})), EVERYBODY, True, id="no-limit"),
        pytest.param(EVERYBODY, Scope(divisions=frozenset({1})), False, id="everybody"),
        pytest.param(
            Scope(divisions=frozenset({1})), Scope(divisions=frozenset({1})), True, id="the-same"
        ),
        pytest.param(
            Scope(divisions=frozenset({1, 2})), Scope(divisions=frozenset({1})), False, id="more"
        ),
        pytest.param(
            Scope(locations=frozenset({11, 12})),
            Scope(divisions=frozenset({1})),
            True,
            id="locations-of-the-division",
        ),
        pytest.param(
            Scope(locations=frozenset({11, 21})),
            Scope(divisions=frozenset({1})),
            False,
            id="and-another-location",
        ),
        pytest.param(
            Scope(divisions=frozenset({2}), locations=frozenset({11})),
            Scope(divisions=frozenset({1})),
            True,
            id="who-is-in-both",
        ),
        pytest.param(
            Scope(positions=frozenset({7}), worker_types=frozenset({"employee"})),
            Scope(divisions=frozenset({1})),
            False,
            id="some-everywhere",
        ),
        pytest.param(
            Scope(divisions=frozenset({1})),
            Scope(locations=frozenset({11})),
            False,
            id="the-division-of-a-location",
        ),
        pytest.param(
            Scope(locations=frozenset({11}), positions=frozenset({7})),
            Scope(locations=frozenset({11})),
            True,
            id="a-part-of-a-location",
        ),
    ],
)
def test_a_scope_is_within_a_limit_when_nobody_outside_can_be_in_it(scope, limit, within):
    locations = frozenset({11, 12}) if limit.divisions else limit.locations
    assert is_within(scope, limit, lambda: locations) is within


def test_a_division_has_the_locations_that_it_has_now(company, construction, calgary_yard):
    limit = Scope(divisions=frozenset({construction.pk}))
    assert locations_in(limit) == {calgary_yard.pk}
    yard = Location.objects.create(company=company, name="Yard 2", division=construction)
    assert locations_in(limit) == {calgary_yard.pk, yard.pk}
    Division.objects.filter(pk=construction.pk).update(name="Renamed")
    assert limit_of(User(limit={"divisions": [construction.pk]})) == limit


# --- Setting it ------------------------------------------------------------------------


def test_a_limit_is_set_and_lifted_and_is_in_the_trail(limit, manager, construction, trail):
    epoch = manager.session_epoch
    assert limit(manager, construction)
    assert (manager.limit, manager.is_limited) == ({"divisions": [construction.pk]}, True)
    assert manager.session_epoch == epoch + 1
    assert not limit(manager, construction)
    assert limit(manager, None)
    assert manager.limit == {}
    assert [event.changes for event in trail.events()] == [
        {"Sees": ["The whole company", "Construction"]},
        {"Sees": ["Construction", "The whole company"]},
    ]


def test_an_owner_sees_the_whole_company(company, admin, limit, construction, manager):
    owner = User.objects.create_user("o@n.example", company=company, role=Role.OWNER)
    with pytest.raises(OwnerIsLimited):
        limit(owner, construction, by=owner)
    limit(manager, construction)
    with pytest.raises(OwnerIsLimited):
        person_change(person=manager, by=owner, name="Mo", role=Role.OWNER)


def test_who_may_not_manage_people_sets_no_limit(limit, manager, viewer, construction, admin):
    with pytest.raises(NotAllowed):
        limit(viewer, construction, by=manager)
    # An admin with a limit manages nobody, least of all their own limit.
    other = User.objects.create_user("a2@n.example", company=admin.company, role=Role.ADMIN)
    limit(other, construction)
    with pytest.raises(NotAllowed):
        limit(other, None, by=other)


def test_a_place_of_another_company_limits_nobody(limit, viewer, other_company):
    theirs = Division.objects.create(company=other_company, name="Theirs")
    with pytest.raises(ValidationError):
        limit(viewer, theirs)
    assert not viewer.is_limited


def test_a_limit_follows_a_merge_and_keeps_its_place_from_being_removed(
    company, admin, limit, viewer, calgary_yard, edmonton_depot, dana
):
    limit(viewer, edmonton_depot)
    with pytest.raises(ValidationError, match="the limit of Vic Viewer"):
        services.place_remove(company=company, place=edmonton_depot, by=admin)
    services.place_merge(
        company=company,
        place=edmonton_depot,
        into=calgary_yard,
        by=admin,
    )
    viewer.refresh_from_db()
    assert viewer.limit == {"locations": [calgary_yard.pk]}


# --- Pages -----------------------------------------------------------------------------


def test_only_workers_within_it_are_there(client_of, limit, manager, construction, dana, kim):
    limit(manager, construction)
    client = client_of(manager)
    page = client.get("/workers/").content.decode()
    assert "Okafor" in page
    assert "Berg" not in page
    assert client.get(f"/workers/{dana.pk}/").status_code == 200
    assert client.get(f"/workers/{kim.pk}/").status_code == 404
    found = b"".join(client.get("/workers/export/csv/").streaming_content).decode()
    assert "Okafor" in found
    assert "Berg" not in found
    assert "Berg" not in client.get("/workers/matrix/").content.decode()
    assert b"Berg" not in client.get("/workers/suggestions/?supervisor=Berg").content


def test_nobody_is_added_or_moved_out_of_sight(
    client_of, limit, manager, calgary_yard, edmonton_depot, construction, dana, kim
):
    limit(manager, construction)
    client = client_of(manager)
    fields = {"first_name": "Lee", "last_name": "Ng", "worker_type": "employee"}
    form = client.get("/workers/add/").content.decode()
    assert "Edmonton Depot" not in form
    code = "5f3f7a64-9a55-4d3a-9d7d-0d6f3c8f5a11"
    for location in ("", edmonton_depot.pk):
        page = client.post("/workers/add/", {**fields, "code": code, "location": location})
        assert page.status_code == 200
        assert 'value="Lee"' in page.content.decode()  # what was typed is still there
    assert not Worker.objects.filter(last_name="Ng").exists()
    supervised = {**fields, "code": code, "location": calgary_yard.pk, "supervisor": "20001"}
    assert "Nobody has this ID#" in client.post("/workers/add/", supervised).content.decode()
    added = client.post("/workers/add/", {**fields, "code": code, "location": calgary_yard.pk})
    assert added.status_code == 302
    assert Worker.objects.get(last_name="Ng").location == calgary_yard


@pytest.mark.parametrize(
    "path",
    ["/account/people/", "/account/activity/", "/account/company/", "/workers/imports/"],
)
def test_what_is_about_the_whole_company_says_why_not(
    client_of, limit, admin, company, construction, path
):
    limited = User.objects.create_user(
        "a2@n.example", PASSWORD, name="Al", company=company, role=Role.ADMIN
    )
    limit(limited, construction)
    response = client_of(limited).get(path)
    assert response.status_code == 403
    assert "You see a part of your company" in response.content.decode()
    # Nor is there a link to it.
    page = client_of(limited).get("/workers/").content.decode()
    assert f'href="{path}"' not in page


def test_the_page_offers_the_places_and_says_what_was_done(
    client_of, admin, viewer, construction, edmonton_depot, limit
):
    client = client_of(admin)
    path = f"/account/people/{viewer.code}/limit/"
    page = client.get(path).content.decode()
    for place in ("The whole company", "Construction", "Calgary Yard", "Edmonton Depot"):
        assert place in page
    response = client.post(path, {"limit": f"location:{edmonton_depot.pk}"}, follow=True)
    text = html.unescape(response.content.decode())
    assert "Vic Viewer sees only that now, and has to sign in again." in text
    assert "Sees one division or location only." in text
    assert "Limited" in client.get("/account/people/").content.decode()
    viewer.refresh_from_db()
    assert viewer.limit == {"locations": [edmonton_depot.pk]}
    assert "selected>Edmonton Depot" in client.get(path).content.decode()
    text = client.post(path, {"limit": ""}, follow=True).content.decode()
    assert "Vic Viewer sees the whole company now." in text
    assert client.post(path, {"limit": "location:0"}).status_code == 200
    viewer.refresh_from_db()
    assert viewer.limit == {}
