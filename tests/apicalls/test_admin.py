"""Support staff add a template in Django admin, and it is offered without a deploy."""

import pytest

from accounts.models import User
from apicalls.models import APITemplate

ADD = "/operator/apicalls/apitemplate/add/"


@pytest.fixture
def support(client_of, db):
    return client_of(User.objects.create_superuser("support@workhub.example", "a long password"))


@pytest.fixture
def filled():
    """The form with its inline formset, as a browser sends it."""
    return {
        "code": "gate-check",
        "name": "Gate check",
        "purpose": "For turnstiles.",
        "request_type": "GET",
        "document": "worker-compliance",
        "is_active": "on",
        "order": "9",
        "parameter_sets-TOTAL_FORMS": "1",
        "parameter_sets-INITIAL_FORMS": "0",
        "parameter_sets-MIN_NUM_FORMS": "1",
        "parameter_sets-MAX_NUM_FORMS": "1000",
        "parameter_sets-0-label": "WorkerIDNumber",
        "parameter_sets-0-lookup": "id_number",
        "parameter_sets-0-order": "1",
        "field_groups-TOTAL_FORMS": "1",
        "field_groups-INITIAL_FORMS": "0",
        "field_groups-MIN_NUM_FORMS": "0",
        "field_groups-MAX_NUM_FORMS": "1000",
        "field_groups-0-label": "Names",
        "field_groups-0-group": "names",
        "field_groups-0-is_default": "on",
        "field_groups-0-order": "1",
    }


def test_a_template_added_in_django_admin_is_offered_and_works(
    support, filled, client_of, admin, pair_of, ask, change, worker
):
    assert support.get(ADD).status_code == 200
    assert support.post(ADD, filled)["Location"] == "/operator/apicalls/apitemplate/"
    as_admin = client_of(admin)
    page = as_admin.get("/account/api/templates/")
    cards = page.context["cards"]
    assert [card["template"].name for card in cards][-1] == "Gate check"
    assert "For turnstiles." in page.content.decode()
    response = as_admin.post(
        "/account/api/add/", {"template": "gate-check", "code": str(cards[-1]["code"])}
    )
    assert response["Location"] == f"/account/api/{cards[-1]['code']}/"
    api_call = admin.company.api_calls.get()
    assert api_call.name == "Gate check"
    change(api_call, lookups=["id_number"])
    assert ask(pair_of(api_call)).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"code": "worker-compliance"}, id="code-taken"),
        pytest.param({"code": "two words"}, id="no-slug"),
        pytest.param({"name": "Worker compliance"}, id="name-taken"),
        pytest.param({"document": "everything"}, id="unknown-document"),
        pytest.param({"request_type": "PUT"}, id="unknown-request-type"),
        pytest.param({"purpose": "a\x0bb"}, id="uncarriable"),
        pytest.param({"parameter_sets-0-lookup": "anybody"}, id="unknown-lookup"),
        pytest.param({"field_groups-0-group": "salary"}, id="unknown-fields"),
    ],
)
def test_a_template_that_cannot_work_is_refused(support, template, filled, wrong):
    assert support.post(ADD, filled | wrong).status_code == 200
    assert APITemplate.objects.count() == 4


def test_a_template_in_use_cannot_be_deleted(support, template, call):
    delete = f"/operator/apicalls/apitemplate/{template.pk}/delete/"
    assert support.post(delete, {"post": "yes"}).status_code == 403
    support.post(
        "/operator/apicalls/apitemplate/",
        {"action": "delete_selected", "_selected_action": template.pk, "post": "yes"},
    )
    assert APITemplate.objects.filter(pk=template.pk).exists()


def test_django_admin_shows_nothing_of_a_company_s_calls(support, call):
    assert support.get("/operator/apicalls/apicall/").status_code == 404
    assert support.get("/operator/apicalls/credential/").status_code == 404
    assert call.client_key not in support.get("/operator/").content.decode()


def test_an_admin_of_a_company_is_no_support_staff(client_of, admin, template):
    client = client_of(admin)
    for path in ("/operator/", ADD, f"/operator/apicalls/apitemplate/{template.pk}/change/"):
        assert client.get(path).status_code in {302, 403}
        assert client.post(path, {}).status_code in {302, 403}
