"""The pages of divisions, locations and positions."""

import re
from html import unescape

import pytest
from django.test import Client

from accounts.models import AuditEvent
from workers import services
from workers.models import Division, Location, Position

PLACES = "/workers/places/"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
KINDS = ["locations", "positions", "divisions"]
MODELS = {"locations": Location, "positions": Position, "divisions": Division}

# Below the address of a kind: path, methods, and whether viewers are kept out.
PAGES = [
    pytest.param("", {"GET"}, False, id="list"),
    pytest.param("add/", {"GET", "POST"}, True, id="add"),
    pytest.param("{pk}/change/", {"GET", "POST"}, True, id="change"),
    pytest.param("{pk}/merge/", {"GET", "POST"}, True, id="merge"),
    pytest.param("{pk}/remove/", {"GET", "POST"}, True, id="remove"),
]
OF_ONE = [page for page in PAGES if "{pk}" in page.values[0]]


@pytest.fixture
def as_admin(client_of, admin):
    return client_of(admin)


@pytest.fixture
def places(calgary_yard, welder):
    """A place of each kind."""
    return {
        "locations": calgary_yard,
        "positions": welder,
        "divisions": calgary_yard.division,
    }


@pytest.fixture
def at(places):
    """Return a function that makes the address of a page of the kind."""

    def address(kind, path, of=None):
        return f"{PLACES}{kind}/" + path.format(pk=(of or places[kind]).pk)

    return address


def text_of(response):
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


def names(kind):
    return sorted(MODELS[kind].objects.values_list("name", flat=True))


# --- Who may what ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("path", "methods", "is_a_change"), PAGES)
def test_who_is_not_signed_in_is_sent_to_sign_in(client, at, kind, path, methods, is_a_change):
    for method in methods:
        response = client.generic(method, at(kind, path))
        assert response.status_code == 302
        assert response["Location"].startswith("/sign-in/?next=/")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("path", "methods", "is_a_change"), PAGES)
def test_viewers_read_and_do_not_change(client_of, viewer, at, kind, path, methods, is_a_change):
    before = names(kind)
    for method in methods:
        response = client_of(viewer).generic(method, at(kind, path))
        assert response.status_code == (403 if is_a_change else 200)
    assert names(kind) == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("path", "methods", "is_a_change"), OF_ONE)
def test_places_of_another_company_do_not_exist(
    as_admin, other_company, at, kind, path, methods, is_a_change
):
    theirs = services.place_add(company=other_company, kind=MODELS[kind], by=None, name="Theirs")
    before = names(kind)
    for method in methods:
        assert as_admin.generic(method, at(kind, path, of=theirs)).status_code == 404
    assert names(kind) == before


@pytest.mark.parametrize(
    "address", ["nowhere/", "locations/x/change/", f"positions/{'9' * 40}/merge/"]
)
def test_there_is_no_other_kind_and_number(as_admin, address):
    assert as_admin.get(PLACES + address).status_code == 404


def test_a_form_of_another_site_changes_nothing(admin, edmonton_depot, at):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin, backend=BACKEND)
    response = client.post(at("locations", "{pk}/remove/", of=edmonton_depot))
    assert response.status_code == 403
    assert "Edmonton Depot" in names("locations")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "path", ["", "?q=P", "add/", "{pk}/change/", "{pk}/merge/", "{pk}/remove/"]
)
def test_pages_take_few_queries_whatever_the_amount_of_data(
    as_admin, company, dana, first_aid, at, kind, path, django_assert_max_num_queries
):
    for number in range(40):
        services.place_add(company=company, kind=MODELS[kind], by=None, name=f"P{number}")
    with django_assert_max_num_queries(10):
        assert as_admin.get(at(kind, path)).status_code == 200


# --- The lists -------------------------------------------------------------------------


def test_the_lists_say_what_refers_to_each(
    as_admin, company, dana, first_aid, crane_operator, calgary_yard, edmonton_depot, theirs
):
    services.assignment_set(
        company=company, requirement=first_aid, position=crane_operator, level="required", by=None
    )
    page = text_of(as_admin.get(PLACES))
    assert "Calgary Yard Construction 1 0 Change Merge Edmonton Depot – 0 0" in page
    assert "Harbour Terminal" not in page
    assert "Crane Operator 1 1 Rename Merge" in text_of(as_admin.get(f"{PLACES}positions/"))
    assert "Construction 1 1 Rename Merge" in text_of(as_admin.get(f"{PLACES}divisions/"))


def test_only_what_is_unused_can_be_deleted(as_admin, dana, edmonton_depot, at):
    page = as_admin.get(PLACES).content.decode()
    assert at("locations", "{pk}/remove/", of=edmonton_depot) in page
    assert at("locations", "{pk}/remove/", of=dana.location) not in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Calgary Yard", "Edmonton Depot"]),
        ("?q=depot", ["Edmonton Depot"]),
        ("?q=nothing", []),
        ("?q=%00", []),
    ],
)
def test_the_list_is_searched(as_admin, calgary_yard, edmonton_depot, query, found):
    response = as_admin.get(PLACES + query)
    assert [line.place.name for line in response.context["listed"]] == found
    assert ("No location matches" in text_of(response)) == (not found)


def test_an_empty_list_says_what_it_is_for(client_of, viewer):
    page = text_of(client_of(viewer).get(f"{PLACES}positions/"))
    assert "No positions yet What your workers work as." in page
    assert "Add position" not in page


# --- Adding and changing ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("locations", "Location North is added."),
        ("positions", "Position North is added."),
        ("divisions", "Division North is added."),
    ],
)
def test_a_place_is_added(as_admin, company, kind, message):
    response = as_admin.post(f"{PLACES}{kind}/add/", {"name": " North "}, follow=True)
    assert response.redirect_chain == [(f"{PLACES}{kind}/", 302)]
    assert messages_of(response) == [message]
    assert MODELS[kind].objects.get().company == company


def test_a_location_is_added_to_a_division(as_admin, calgary_yard):
    as_admin.post(
        f"{PLACES}locations/add/", {"name": "North", "division": calgary_yard.division_id}
    )
    assert Location.objects.get(name="North").division == calgary_yard.division


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "This field is required."),
        ("depot", "There is one of this name already."),
        ("a\x0bb", "Remove the character U+000B; other programs could not read it."),
    ],
)
def test_a_name_that_cannot_stand_is_refused_beside_the_field(
    as_admin, company, kind, name, message
):
    services.place_add(company=company, kind=MODELS[kind], by=None, name="Depot")
    response = as_admin.post(f"{PLACES}{kind}/add/", {"name": name})
    assert response.context["form"].errors == {"name": [message]}
    assert names(kind) == ["Depot"]


@pytest.mark.parametrize("division", ["x", "9" * 40, "\x00", "theirs"])
def test_a_division_that_is_not_offered_is_refused(as_admin, other_company, division):
    theirs = services.place_add(company=other_company, kind=Division, by=None, name="Rail")
    division = theirs.pk if division == "theirs" else division
    response = as_admin.post(f"{PLACES}locations/add/", {"name": "North", "division": division})
    assert list(response.context["form"].errors) == ["division"]
    assert names("locations") == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_place_is_renamed(as_admin, places, at, kind):
    page = as_admin.get(at(kind, "{pk}/change/"))
    values = {
        name: page.context["form"][name].value() or "" for name in page.context["form"].fields
    }
    response = as_admin.post(at(kind, "{pk}/change/"), values | {"name": "Renamed"}, follow=True)
    assert messages_of(response) == ["Renamed is saved."]
    place = MODELS[kind].objects.get(pk=places[kind].pk)
    assert place.name == "Renamed"
    assert getattr(place, "division", None) == getattr(places[kind], "division", None)


def test_the_second_of_two_who_rename_is_told_and_keeps_the_input(
    as_admin, company, calgary_yard, at
):
    seen = services.place_digest(calgary_yard)
    services.place_change(company=company, place=calgary_yard, by=None, name="Theirs")
    values = {"name": "Yours", "division": calgary_yard.division_id, "seen": seen}
    response = as_admin.post(at("locations", "{pk}/change/"), values)
    assert response.status_code == 409
    assert "Somebody else has changed it to “Theirs, Construction”" in text_of(response)
    assert 'value="Yours"' in response.content.decode()
    assert names("locations") == ["Theirs"]

    again = response.context["form"]["seen"].value()
    as_admin.post(at("locations", "{pk}/change/"), values | {"seen": again})
    assert names("locations") == ["Yours"]


def test_a_form_without_what_was_seen_overwrites_nothing(as_admin, welder, at):
    assert as_admin.post(at("positions", "{pk}/change/"), {"name": "Blind"}).status_code == 409
    assert names("positions") == ["Welder"]


# --- Merging and deleting --------------------------------------------------------------


@pytest.fixture
def rigging(company, dana, crane_operator, welder):
    """A policy: required of crane operators, such as Dana, and optional for welders."""
    policy = services.requirement_add(company=company, by=None, component="policy", name="Rigging")
    for position, level in ((crane_operator, "required"), (welder, "optional")):
        services.assignment_set(
            company=company, requirement=policy, position=position, level=level, by=None
        )
    return policy


def test_a_merge_says_beforehand_what_it_moves(
    as_admin, company, rigging, first_aid, crane_operator, welder, at
):
    services.assignment_set(
        company=company, requirement=first_aid, position=welder, level="required", by=None
    )
    address = at("positions", "{pk}/merge/", of=crane_operator)
    page = text_of(as_admin.get(address))
    assert "Merge Crane Operator" in page
    assert "moves." not in page

    page = text_of(as_admin.get(address, {"into": welder.pk}))
    assert (
        "1 worker moves. 0 assignments move. "
        "1 assignment is there on both sides: the stricter level stays. "
        "What is asked changes for 1 active worker."
    ) in page
    assert "Merge into Welder" in page
    assert names("positions") == ["Crane Operator", "Welder"]


def test_a_merge_is_done_and_told(as_admin, rigging, dana, crane_operator, welder, at):
    response = as_admin.post(
        at("positions", "{pk}/merge/", of=crane_operator), {"into": welder.pk}, follow=True
    )
    assert response.redirect_chain == [(f"{PLACES}positions/", 302)]
    assert messages_of(response) == ["Crane Operator is merged into Welder. Moved: 1 worker."]
    assert names("positions") == ["Welder"]
    dana.refresh_from_db()
    assert dana.position == welder
    assert dana.requirements.get().level == "required"
    assert AuditEvent.objects.get(action="merged").actor_name == "Ada Admin"


def test_divisions_are_merged(as_admin, company, calgary_yard, at):
    rail = services.place_add(company=company, kind=Division, by=None, name="Rail")
    address = at("divisions", "{pk}/merge/")
    assert "1 location moves." in text_of(as_admin.get(address, {"into": rail.pk}))
    response = as_admin.post(address, {"into": rail.pk}, follow=True)
    assert messages_of(response) == ["Construction is merged into Rail. Moved: 1 location."]


@pytest.mark.parametrize("into", ["", "x", "9" * 40, "\x00", "itself", "theirs"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_merge_into_what_is_not_offered_moves_nothing(
    as_admin, welder, crane_operator, theirs, at, method, into
):
    value = {"itself": welder.pk, "theirs": theirs["position"].pk}.get(into, into)
    response = getattr(as_admin, method)(at("positions", "{pk}/merge/"), {"into": value})
    assert response.status_code == 200
    assert list(response.context["form"].errors) == ["into"]
    assert names("positions") == ["Crane Operator", "Shunter", "Welder"]


def test_the_only_one_cannot_be_merged(as_admin, welder, at):
    page = text_of(as_admin.get(at("positions", "{pk}/merge/")))
    assert "There is no other one to merge it into" in page


def test_a_merge_sent_twice_is_done_once(as_admin, crane_operator, welder, at):
    address = at("positions", "{pk}/merge/", of=crane_operator)
    assert as_admin.post(address, {"into": welder.pk}).status_code == 302
    assert as_admin.post(address, {"into": welder.pk}).status_code == 404
    assert AuditEvent.objects.filter(action="merged").count() == 1


def test_an_unused_place_is_deleted(as_admin, edmonton_depot, at):
    address = at("locations", "{pk}/remove/", of=edmonton_depot)
    assert "Nothing refers to it." in text_of(as_admin.get(address))
    response = as_admin.post(address, follow=True)
    assert messages_of(response) == ["Edmonton Depot is deleted."]
    assert "Edmonton Depot" not in names("locations")


def test_a_place_in_use_is_not_deleted(as_admin, dana, at):
    address = at("locations", "{pk}/remove/")
    assert "It is in use." in text_of(as_admin.get(address))
    response = as_admin.post(address, follow=True)
    assert messages_of(response) == ["It is in use. Merge it into another one instead."]
    assert names("locations") == ["Calgary Yard"]
