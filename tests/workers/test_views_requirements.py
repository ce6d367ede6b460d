"""The pages of requirements and of the assignment grid."""

import re
from html import unescape

import pytest
from django.test import Client

from accounts.models import AuditEvent, Role, User
from workers import services
from workers.models import Assignment, Position, Requirement, WorkerRequirement

LIST = "/workers/requirements/"
ADD = "/workers/requirements/add/"
GRID = "/workers/assignments/"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"

# Address, methods, and whether viewers are kept out.
PAGES = [
    pytest.param(LIST, {"GET"}, False, id="list"),
    pytest.param(ADD, {"GET", "POST"}, True, id="add"),
    pytest.param(LIST + "{pk}/", {"GET"}, False, id="requirement"),
    pytest.param(LIST + "{pk}/change/", {"POST"}, True, id="change"),
    pytest.param(LIST + "{pk}/reach/", {"POST"}, True, id="reach"),
    pytest.param(LIST + "{pk}/deactivate/", {"GET", "POST"}, True, id="deactivate"),
    pytest.param(LIST + "{pk}/reactivate/", {"GET", "POST"}, True, id="reactivate"),
    pytest.param(GRID, {"GET"}, False, id="grid"),
    pytest.param(GRID + "change/", {"POST"}, True, id="grid-change"),
    pytest.param(GRID + "reach/", {"POST"}, True, id="grid-reach"),
]
OF_ONE = [page for page in PAGES if "{pk}" in page.values[0]]


@pytest.fixture
def manager(company):
    return User.objects.create_user(
        "manager@northern.example", None, name="Max", company=company, role=Role.MANAGER
    )


@pytest.fixture
def as_manager(client_of, manager):
    return client_of(manager)


@pytest.fixture
def at(first_aid):
    """Return a function that puts the id of First Aid into an address."""
    return lambda address: address.format(pk=first_aid.pk)


@pytest.fixture
def crew(company, crane_operator, calgary_yard):
    """Three active crane operators at the Calgary Yard."""
    return [
        services.worker_add(
            company=company,
            by=None,
            first_name=name,
            last_name="Lee",
            position=crane_operator,
            location=calgary_yard,
        )
        for name in ("Abel", "Bo", "Cy")
    ]


@pytest.fixture
def asked(company, crew, first_aid, crane_operator):
    """First Aid, required of the three; Abel has it."""
    services.assignment_set(
        company=company, requirement=first_aid, position=crane_operator, level="required", by=None
    )
    services.record_add(
        company=company,
        worker=crew[0],
        requirement=first_aid,
        by=None,
        state="approved",
        completed_on=company.today(),
    )
    return first_aid


def text_of(response):
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


def form_of(requirement, **other):
    """What the form of a requirement sends when nothing is changed but `other`."""
    stored = Requirement.objects.get(pk=requirement.pk)
    values = {
        name: getattr(stored, name)
        for name in (
            "component",
            "name",
            "section_number",
            "category",
            "validity_months",
            "coming_due_days",
            "compliant_when",
        )
    }
    values["seen"] = services.requirement_digest(stored)
    return {name: "" if value is None else value for name, value in (values | other).items()}


# --- Who may what ----------------------------------------------------------------------


@pytest.mark.parametrize(("path", "methods", "is_a_change"), PAGES)
def test_who_is_not_signed_in_is_sent_to_sign_in(client, at, path, methods, is_a_change):
    for method in methods:
        response = client.generic(method, at(path))
        assert response.status_code == 302
        assert response["Location"].startswith("/sign-in/?next=/")


@pytest.mark.parametrize(("path", "methods", "is_a_change"), PAGES)
def test_viewers_read_and_do_not_change(client_of, viewer, at, path, methods, is_a_change):
    before = list(Requirement.objects.values())
    for method in methods:
        response = client_of(viewer).generic(method, at(path))
        assert response.status_code == (403 if is_a_change else 200)
    assert list(Requirement.objects.values()) == before


@pytest.mark.parametrize("who", ["admin", "manager"])
@pytest.mark.parametrize("path", [page.values[0] for page in PAGES if "GET" in page.values[1]])
def test_admins_and_managers_open_every_page(client_of, request, at, path, who):
    response = client_of(request.getfixturevalue(who)).get(at(path))
    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(("path", "methods", "is_a_change"), OF_ONE)
def test_requirements_of_another_company_do_not_exist(
    as_manager, theirs, path, methods, is_a_change
):
    before = list(Requirement.objects.values())
    for method in methods:
        address = path.format(pk=theirs["requirement"].pk)
        assert as_manager.generic(method, address).status_code == 404
    assert list(Requirement.objects.values()) == before


@pytest.mark.parametrize(("path", "methods", "is_a_change"), OF_ONE)
def test_a_number_that_no_requirement_can_have_is_not_found(as_manager, path, methods, is_a_change):
    for method in methods:
        assert as_manager.generic(method, path.format(pk="9" * 40)).status_code == 404


def test_a_form_of_another_site_changes_nothing(admin, asked):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin, backend=BACKEND)
    response = client.post(f"{LIST}{asked.pk}/deactivate/")
    assert response.status_code == 403
    asked.refresh_from_db()
    assert asked.is_active


@pytest.mark.parametrize(
    "path",
    [LIST, LIST + "?q=a&component=policy&state=all", ADD, LIST + "{pk}/", GRID, GRID + "?q=P"],
)
def test_pages_take_few_queries_whatever_the_amount_of_data(
    as_manager, company, asked, path, django_assert_max_num_queries
):
    for number in range(30):
        position = Position.objects.create(company=company, name=f"Position {number}")
        other = services.requirement_add(
            company=company, by=None, component="policy", name=f"Policy {number}"
        )
        for requirement in (asked, other):
            services.assignment_set(
                company=company,
                requirement=requirement,
                position=position,
                level="optional",
                by=None,
            )
    with django_assert_max_num_queries(10):
        assert as_manager.get(path.format(pk=asked.pk)).status_code == 200


# --- The list --------------------------------------------------------------------------


def test_the_list_says_what_is_asked_and_of_how_many(as_manager, company, asked, calgary_yard):
    services.requirement_change(
        company=company,
        requirement=asked,
        by=None,
        section_number="4.2",
        category="Health",
        compliant_when="on_submission",
    )
    services.assignment_set(
        company=company, requirement=asked, location=calgary_yard, level="optional", by=None
    )
    assert (
        "First Aid Certificate 4.2 Health 36 months On submission 1 2 assignments 3 workers"
        in text_of(as_manager.get(LIST))
    )


def test_the_list_goes_by_component_and_name(as_manager, company, first_aid):
    for component, name in [
        ("orientation", "Site Tour"),
        ("certificate", "Crane Licence"),
        ("online_training", "WHMIS"),
    ]:
        services.requirement_add(company=company, by=None, component=component, name=name)
    names = [line.requirement.name for line in as_manager.get(LIST).context["listed"]]
    assert names == ["WHMIS", "Crane Licence", "First Aid", "Site Tour"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["First Aid", "Site Rules"]),
        ("?q=aid", ["First Aid"]),
        ("?q=4.2", ["Site Rules"]),
        ("?q=site conduct", ["Site Rules"]),
        ("?q=%00", []),
        ("?component=policy", ["Site Rules"]),
        ("?component=nonsense", []),
        ("?state=inactive", ["Old Rules"]),
        ("?state=all", ["First Aid", "Old Rules", "Site Rules"]),
        ("?q=nothing", []),
    ],
)
def test_the_list_is_searched_and_filtered(as_manager, company, first_aid, theirs, query, names):
    rules = {"section_number": "4.2", "category": "Conduct"}
    services.requirement_add(
        company=company, by=None, component="policy", name="Site Rules", **rules
    )
    services.requirement_add(
        company=company, by=None, component="policy", name="Old Rules", is_active=False
    )
    response = as_manager.get(LIST + query)
    assert [line.requirement.name for line in response.context["listed"]] == names
    if not names:
        assert "No requirement matches" in text_of(response)


def test_an_empty_list_says_what_to_do_first(client_of, admin, viewer):
    assert "Add your first requirement" in text_of(client_of(admin).get(LIST))
    page = text_of(client_of(viewer).get(LIST))
    assert "An admin or manager of your company can add them." in page


# --- Adding ----------------------------------------------------------------------------

A_REQUIREMENT = {"component": "policy", "name": " Site Rules ", "compliant_when": "on_submission"}


def test_a_requirement_is_added(as_manager, company, manager):
    response = as_manager.post(ADD, A_REQUIREMENT | {"validity_months": "12"}, follow=True)
    added = Requirement.objects.get()
    assert response.redirect_chain == [(f"{LIST}{added.pk}/", 302)]
    assert messages_of(response) == ["Site Rules is added. Assign it next."]
    assert (added.company, added.name, added.component) == (company, "Site Rules", "policy")
    assert (added.validity_months, added.compliant_when, added.version) == (12, "on_submission", 1)
    assert AuditEvent.objects.get().actor == manager


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"name": ""}, "name", "This field is required."),
        (
            {"name": "first  AID", "component": "certificate"},
            "name",
            "There is a requirement of this name in this component.",
        ),
        ({"component": "nonsense"}, "component", "Select a valid choice."),
        ({"validity_months": "0"}, "validity_months", "greater than or equal to 1"),
        ({"name": "a\x0bb"}, "name", "Remove the character U+000B"),
    ],
)
def test_what_is_not_valid_is_said_beside_the_field(as_manager, first_aid, values, field, message):
    response = as_manager.post(ADD, A_REQUIREMENT | values)
    assert response.status_code == 200
    assert message in " ".join(response.context["form"].errors[field])
    assert Requirement.objects.get() == first_aid


def test_the_same_name_in_another_component_is_another_requirement(as_manager, first_aid):
    as_manager.post(ADD, A_REQUIREMENT | {"name": "First Aid"})
    assert Requirement.objects.filter(name="First Aid").count() == 2


def test_other_companies_names_are_free(as_manager, theirs):
    response = as_manager.post(ADD, A_REQUIREMENT | {"name": "Fitness for Duty"})
    assert response.status_code == 302


# --- Changing --------------------------------------------------------------------------


def test_the_page_says_of_whom_it_is_asked(client_of, viewer, asked):
    page = text_of(client_of(viewer).get(f"{LIST}{asked.pk}/"))
    assert "Certificate · Version 1 · asked of 3 workers" in page
    assert "Crane Operator Any location Required" in page
    assert "Coming due 30 days before it expires" in page
    assert "An admin or manager of your company can change this." in page


def test_a_name_is_changed_at_once(as_manager, asked):
    response = as_manager.post(
        f"{LIST}{asked.pk}/change/", form_of(asked, name="Standard First Aid"), follow=True
    )
    assert response.redirect_chain == [(f"{LIST}{asked.pk}/", 302)]
    assert messages_of(response) == ["Standard First Aid is saved."]
    asked.refresh_from_db()
    assert asked.name == "Standard First Aid"


def test_before_rules_change_the_page_says_whom_that_touches(as_manager, asked):
    values = form_of(asked, validity_months=12)
    response = as_manager.post(f"{LIST}{asked.pk}/change/", values)
    assert response.status_code == 200
    assert "Saving touches 3 workers of whom it is asked." in text_of(response)
    asked.refresh_from_db()
    assert asked.validity_months == 36

    told = re.search(r'name="told" value="([^"]*)"', response.content.decode())[1]
    response = as_manager.post(f"{LIST}{asked.pk}/change/", values | {"told": told})
    assert response.status_code == 302
    asked.refresh_from_db()
    assert asked.validity_months == 12


def test_who_was_told_another_number_is_told_again(as_manager, asked):
    values = form_of(asked, validity_months=12, told="2.0")
    assert as_manager.post(f"{LIST}{asked.pk}/change/", values).status_code == 200
    asked.refresh_from_db()
    assert asked.validity_months == 36


def test_raising_the_version_makes_everybody_review_it_again(as_manager, asked, crew):
    values = form_of(asked, review_again="on")
    page = text_of(as_manager.post(f"{LIST}{asked.pk}/change/", values))
    assert (
        "Saving touches 3 workers of whom it is asked. "
        "1 of them has a record that no longer counts until it is reviewed again."
    ) in page
    as_manager.post(f"{LIST}{asked.pk}/change/", values | {"told": "3.1"})
    asked.refresh_from_db()
    assert asked.version == 2
    assert WorkerRequirement.objects.get(worker=crew[0]).standing == "review_again"


def test_the_figures_are_told_while_somebody_types(as_manager, asked):
    response = as_manager.post(f"{LIST}{asked.pk}/reach/", form_of(asked, validity_months=12))
    assert 'name="told" value="3.0"' in response.content.decode()
    assert "<html" not in response.content.decode()
    for values in (form_of(asked), form_of(asked, validity_months="no number")):
        response = as_manager.post(f"{LIST}{asked.pk}/reach/", values)
        assert 'name="told" value="0.0"' in response.content.decode()


def test_a_form_that_is_not_valid_changes_nothing(as_manager, asked):
    response = as_manager.post(f"{LIST}{asked.pk}/change/", form_of(asked, name=""))
    assert response.status_code == 422
    assert "<h1>First Aid</h1>" in re.sub(r"\s+</h1>", "</h1>", response.content.decode())
    asked.refresh_from_db()
    assert asked.name == "First Aid"


def test_the_second_of_two_who_edit_is_told_and_keeps_the_input(as_manager, company, asked):
    values = form_of(asked, name="Yours", category="Health")
    services.requirement_change(
        company=company, requirement=asked, by=None, name="Theirs", coming_due_days=0
    )
    response = as_manager.post(f"{LIST}{asked.pk}/change/", values)
    assert response.status_code == 409
    page = text_of(response)
    assert "Coming due, in days, as saved 0" in page
    assert "Somebody else has saved other values since you opened this form." in page
    assert "Name, as saved Theirs" in page
    assert "Category, as saved –" in page
    assert 'value="Yours"' in response.content.decode()
    asked.refresh_from_db()
    assert asked.name == "Theirs"

    seen = re.search(r'name="seen" value="([^"]*)"', response.content.decode())[1]
    assert (
        as_manager.post(
            f"{LIST}{asked.pk}/change/", values | {"seen": seen, "told": "3.0"}
        ).status_code
        == 302
    )
    asked.refresh_from_db()
    assert (asked.name, asked.category, asked.coming_due_days) == ("Yours", "Health", None)


def test_a_form_without_what_was_seen_overwrites_nothing(as_manager, asked):
    values = form_of(asked, name="Blind")
    del values["seen"]
    assert as_manager.post(f"{LIST}{asked.pk}/change/", values).status_code == 409
    asked.refresh_from_db()
    assert asked.name == "First Aid"


def test_a_requirement_is_deactivated_and_reactivated(as_manager, asked):
    page = text_of(as_manager.get(f"{LIST}{asked.pk}/deactivate/"))
    assert "It is asked of 3 workers, whose percentages change at once." in page
    response = as_manager.post(f"{LIST}{asked.pk}/deactivate/", follow=True)
    assert messages_of(response) == [
        "First Aid is inactive: it is asked of nobody. Its records are kept."
    ]
    assert not WorkerRequirement.objects.exists()

    page = text_of(as_manager.get(f"{LIST}{asked.pk}/reactivate/"))
    assert "It will be asked of 3 workers, whose percentages change at once." in page
    as_manager.post(f"{LIST}{asked.pk}/reactivate/")
    assert WorkerRequirement.objects.count() == 3


# --- The grid --------------------------------------------------------------------------


@pytest.fixture
def grid(first_aid, crane_operator, calgary_yard):
    """Return a function that gives what the grid sends: cells by (position, location)."""

    def values(*cells, seen=(), told=""):
        def name(position, location):
            ids = (first_aid, position, location)
            return "-".join(str(one.pk) if one else "" for one in ids)

        return {
            **{f"level-{name(position, location)}": level for position, location, level in cells},
            "seen": " ".join(
                f"{name(position, location)}={level}" for position, location, level in seen
            ),
            "told": told,
        }

    return values


def levels():
    rows = Assignment.objects.values_list("position__name", "location__name", "level")
    return {(position, location): level for position, location, level in rows}


def cells_of(response):
    """The cells of the page: what each is about, and the level it shows."""
    return {
        (row["requirement"].name, cell["whom"]): cell["level"]
        for row in response.context["rows"]
        for cell in row["cells"]
    }


def test_the_grid_shows_requirements_by_positions(as_manager, asked, welder, theirs):
    response = as_manager.get(GRID)
    assert cells_of(response) == {
        ("First Aid", "Crane Operator"): "required",
        ("First Aid", "Welder"): "",
    }
    page = response.content.decode()
    assert 'aria-label="First Aid, Crane Operator"' in page
    assert '<option value="required" selected>Required</option>' in page
    assert "Harbour Terminal" not in page


def test_at_a_location_the_grid_shows_what_holds_anyway(
    as_manager, asked, crane_operator, calgary_yard
):
    response = as_manager.get(GRID, {"location": calgary_yard.pk})
    assert cells_of(response) == {
        ("First Aid", "Everybody at Calgary Yard"): "",
        ("First Aid", "Crane Operator"): "",
    }
    assert '<option value="">– (Required)</option>' in response.content.decode()


def test_viewers_see_words_instead_of_boxes(client_of, viewer, asked):
    response = client_of(viewer).get(GRID)
    assert "Certificate Required" in text_of(response)
    assert '<select name="level' not in response.content.decode()


@pytest.mark.parametrize(
    ("query", "cells"),
    [
        ("?q=aid", {("First Aid", "Crane Operator"), ("First Aid", "Welder")}),
        ("?q=nothing", set()),
        ("?component=policy", set()),
        ("?position=welder", {("First Aid", "Welder")}),
        ("?position=nonsense", set()),
        ("?location=nonsense", set()),
        ("?location=%00", set()),
        (
            "?page=x&columns=%FF",
            {("First Aid", "Crane Operator"), ("First Aid", "Welder")},
        ),
    ],
)
def test_the_grid_is_filtered(as_manager, asked, crane_operator, welder, query, cells):
    query = query.replace("=welder", f"={welder.pk}")
    assert set(cells_of(as_manager.get(GRID + query))) == cells


def test_the_grid_is_bounded_in_both_directions(as_manager, company, asked):
    for number in range(25):
        Position.objects.create(company=company, name=f"P{number:02}")
        services.requirement_add(company=company, by=None, component="policy", name=f"R{number:02}")
    first = cells_of(as_manager.get(GRID))
    assert len(first) == 20 * 6
    last = cells_of(as_manager.get(GRID, {"page": 2, "columns": 5}))
    assert {whom for _name, whom in last} == {"P23", "P24"}
    assert {name for name, _whom in last} == {"R19", "R20", "R21", "R22", "R23", "R24"}


def test_inactive_requirements_are_not_in_the_grid(as_manager, company, asked, welder):
    services.requirement_change(company=company, requirement=asked, by=None, is_active=False)
    response = as_manager.get(GRID)
    assert cells_of(response) == {}
    assert "Nothing to assign yet" in text_of(response)


def test_cells_are_saved_after_saying_whom_that_touches(
    as_manager, crew, grid, crane_operator, welder, calgary_yard
):
    cells = [(crane_operator, None, "required"), (welder, None, "optional")]
    response = as_manager.post(f"{GRID}change/?q=aid", grid(*cells))
    assert response.status_code == 200
    assert "2 cells changed. Saving touches 3 workers." in text_of(response)
    assert cells_of(response) == {
        ("First Aid", "Crane Operator"): "required",
        ("First Aid", "Welder"): "optional",
    }
    assert response.content.decode().count("assignment is-changed") == 2
    assert levels() == {}

    told = re.search(r'name="told" value="([^"]*)"', response.content.decode())[1]
    response = as_manager.post(f"{GRID}change/?q=aid", grid(*cells, told=told), follow=True)
    assert response.redirect_chain == [(f"{GRID}?q=aid", 302)]
    assert messages_of(response) == ["2 assignments saved. It touches 3 workers."]
    assert levels() == {("Crane Operator", None): "required", ("Welder", None): "optional"}


def test_what_touches_nobody_is_saved_at_once(as_manager, grid, welder):
    response = as_manager.post(f"{GRID}change/", grid((welder, None, "required")), follow=True)
    assert messages_of(response) == ["1 assignment saved. It touches no worker."]
    assert levels() == {("Welder", None): "required"}


def test_cells_at_a_location_are_set_and_emptied(as_manager, grid, welder, calgary_yard):
    cells = [(welder, calgary_yard, "not_applicable"), (None, calgary_yard, "required")]
    as_manager.post(f"{GRID}change/", grid(*cells))
    assert levels() == {
        ("Welder", "Calgary Yard"): "not_applicable",
        (None, "Calgary Yard"): "required",
    }
    as_manager.post(
        f"{GRID}change/", grid((welder, calgary_yard, ""), (None, calgary_yard, ""), seen=cells)
    )
    assert levels() == {}


def test_cells_that_were_left_as_they_were_are_not_saved(
    as_manager, company, first_aid, grid, crane_operator, welder
):
    services.assignment_set(
        company=company, requirement=first_aid, position=crane_operator, level="required", by=None
    )
    # The page was shown before that, and only the welder's cell was changed.
    cells = [(crane_operator, None, ""), (welder, None, "optional")]
    as_manager.post(f"{GRID}change/", grid(*cells))
    assert levels() == {("Crane Operator", None): "required", ("Welder", None): "optional"}


def test_what_somebody_else_set_meanwhile_is_shown_and_not_overwritten(
    as_manager, company, first_aid, grid, crane_operator, welder
):
    services.assignment_set(
        company=company, requirement=first_aid, position=crane_operator, level="optional", by=None
    )
    cells = [(crane_operator, None, "required"), (welder, None, "required")]
    response = as_manager.post(f"{GRID}change/", grid(*cells))
    assert response.status_code == 409
    page = text_of(response)
    assert "Nothing is saved yet: somebody else has set some of these cells" in page
    assert "Now: Optional" in page
    assert set(cells_of(response).values()) == {"required"}
    assert levels() == {("Crane Operator", None): "optional"}

    seen = [(crane_operator, None, "optional")]
    html = response.content.decode()
    assert f'name="seen" value="{grid(seen=seen)["seen"]}"' in html
    as_manager.post(f"{GRID}change/", grid(*cells, seen=seen))
    assert levels() == {("Crane Operator", None): "required", ("Welder", None): "required"}


def test_a_conflict_takes_back_nothing_that_was_not_typed(
    as_manager, company, first_aid, grid, crane_operator, welder
):
    for position in (crane_operator, welder):
        services.assignment_set(
            company=company, requirement=first_aid, position=position, level="optional", by=None
        )
    cells = [(crane_operator, None, "required"), (welder, None, "")]
    response = as_manager.post(f"{GRID}change/", grid(*cells))
    assert response.status_code == 409
    assert cells_of(response) == {
        ("First Aid", "Crane Operator"): "required",
        ("First Aid", "Welder"): "optional",
    }


def test_the_grid_tells_the_figures_while_somebody_sets_cells(
    as_manager, crew, grid, crane_operator
):
    response = as_manager.post(f"{GRID}reach/", grid((crane_operator, None, "required")))
    assert "1 cell changed. Saving touches 3 workers." in text_of(response)
    assert 'name="told" value="1.3"' in response.content.decode()
    assert "No cell changed." in text_of(as_manager.post(f"{GRID}reach/", {}))


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"level-1-2-": "often"}, id="no-level"),
        pytest.param({"level-1-2": "required"}, id="no-cell"),
        pytest.param({"level-x-2-": "required"}, id="no-number"),
        pytest.param({f"level-{'9' * 40}-2-": "required"}, id="number-too-big"),
        pytest.param({"level-1-2-": "required", "seen": "1-2-=often"}, id="no-level-seen"),
        pytest.param({"level-1-2-": "required", "seen": "everything"}, id="nothing-seen"),
        pytest.param({"level-1-2-": "required", "seen": "\x00"}, id="nul"),
    ],
)
def test_a_form_that_cannot_be_read_changes_nothing(as_manager, first_aid, values):
    response = as_manager.post(f"{GRID}change/?q=a", values, follow=True)
    assert response.redirect_chain == [(f"{GRID}?q=a", 302)]
    assert messages_of(response) == ["Nothing was saved: the form could not be read. Set it again."]
    assert levels() == {}
    assert as_manager.post(f"{GRID}reach/", values).status_code == 200


def test_cells_of_another_company_are_not_set(as_manager, grid, theirs):
    before = levels()
    response = as_manager.post(
        f"{GRID}change/", grid((theirs["position"], None, "required")), follow=True
    )
    assert messages_of(response) == [
        "Nothing was saved: a requirement, position or location is no longer there."
    ]
    assert levels() == before


def test_a_form_with_nothing_changed_says_so(as_manager, grid, welder):
    response = as_manager.post(f"{GRID}change/", grid((welder, None, "")), follow=True)
    assert messages_of(response) == ["There was nothing to save: no assignment differs."]
