import re
import time
import uuid
from datetime import date
from html import unescape
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.audit.trail import audit_event_add
from accounts.models import AuditEvent
from apicalls import details, services
from apicalls.models import APICall, APITemplate, Credential, ParameterSet, RequestLog
from tests.conftest import signed_in

LIST = "/account/api/"
TEMPLATES = "/account/api/templates/"
ADD = "/account/api/add/"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"

# Below the address of one call: path, methods, and whether only admins may.
PAGES = [
    pytest.param("", {"GET"}, False, id="details"),
    pytest.param("change/", {"POST"}, True, id="change"),
    pytest.param("website-address/", {"GET"}, False, id="website-address"),
    pytest.param("sample/?output_format=json", {"GET"}, False, id="sample"),
    pytest.param("authorization/", {"GET"}, True, id="authorization"),
    pytest.param("secret/show/", {"POST"}, True, id="secret-show"),
    pytest.param("secret/copy/", {"POST"}, True, id="secret-copy"),
    pytest.param("kit/", {"GET"}, False, id="kit"),
    pytest.param("kit/secret/", {"POST"}, True, id="kit-secret"),
    pytest.param("kit/postman-collection/", {"GET"}, False, id="postman-collection"),
    pytest.param("kit/postman-environment/", {"POST"}, True, id="postman-environment"),
    pytest.param("header-doctor/", {"GET", "POST"}, True, id="header-doctor"),
    pytest.param("test/", {"GET", "POST"}, True, id="test"),
    pytest.param("usage/", {"GET"}, False, id="usage"),
    pytest.param("regenerate/", {"GET", "POST"}, True, id="regenerate"),
    pytest.param("cut-over/", {"GET"}, True, id="cut-over"),
    pytest.param("hand-over/", {"GET", "POST"}, True, id="hand-over"),
    pytest.param(f"hand-over/{uuid.uuid4()}/withdraw/", {"POST"}, True, id="withdraw"),
    pytest.param("cut-over/stop/", {"POST"}, True, id="stop"),
    pytest.param("duplicate/", {"POST"}, True, id="duplicate"),
    pytest.param("pause/", {"POST"}, True, id="pause"),
    pytest.param("resume/", {"POST"}, True, id="resume"),
    pytest.param("archive/", {"POST"}, True, id="archive"),
    pytest.param("restore/", {"POST"}, True, id="restore"),
]


@pytest.fixture
def page(call):
    """Return a function that gives the address of a page of the call."""
    return lambda path="", of=call: f"/account/api/{of.api_call.code}/{path}"


@pytest.fixture
def as_admin(client_of, admin):
    return client_of(admin)


@pytest.fixture
def settings_of():
    """Return a function that gives what the form of a call's details page sends."""

    def fill(api_call, **other):
        stored = APICall.objects.get(pk=api_call.pk)
        return {
            "name": stored.name,
            "description": stored.description,
            "owner_contact": stored.owner_contact,
            "output_format": stored.output_format,
            "field_groups": stored.field_groups,
            **stored.scope,
            "rate_limit": stored.rate_limit,
            "allowed_networks": "\n".join(stored.allowed_networks),
            "parameter_sets": list(stored.parameter_sets.values_list("pk", flat=True)),
            "expires_on": stored.expires_on or "",
            "seen": services.settings_digest(stored),
        } | other

    return fill


def text_of(response):
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


# --- Who may what ----------------------------------------------------------------------


@pytest.mark.parametrize(("path", "methods", "admins_only"), PAGES)
def test_pages_of_another_company_do_not_exist(
    client_of, outsider, page, call, path, methods, admins_only
):
    client = client_of(outsider)
    state = list(APICall.objects.values()), list(Credential.objects.values())
    trail = AuditEvent.objects.count()
    nowhere = f"/account/api/{uuid.uuid4()}/{path}"
    for method in methods:
        data = {"replaces": call.client_key, "code": str(uuid.uuid4())}
        theirs, nobodys = (
            getattr(client, method.lower())(address, data) for address in (page(path), nowhere)
        )
        assert theirs.status_code == nobodys.status_code == 404
        assert call.client_secret not in theirs.content.decode()
        assert call.client_key not in theirs.content.decode()
        assert call.api_call.name not in text_of(theirs)
    assert (list(APICall.objects.values()), list(Credential.objects.values())) == state
    assert AuditEvent.objects.count() == trail


TO_CONFIRM = ["secret/show/", "secret/copy/", "kit/secret/", "kit/postman-environment/"]


@pytest.mark.parametrize("path", [*TO_CONFIRM, "regenerate/"])
@pytest.mark.parametrize("htmx", [True, False])
def test_who_was_not_seen_for_long_confirms_before_a_secret(
    client, admin, call, page, path, htmx, pair_of
):
    signed_in(client, admin, confirmed_at=time.time() - 901)
    at = f"http://testserver{page()}"
    headers = {"hx-request": "true", "hx-current-url": at} if htmx else {"referer": at}
    events = AuditEvent.objects.count()
    response = client.post(page(path), {"secret": "1", "replaces": "1"}, headers=headers)
    where = response["HX-Redirect"] if htmx else response["Location"]
    assert where == f"/confirm/?next={quote(page(), safe='')}"
    assert call.client_secret not in text_of(response)
    assert AuditEvent.objects.count() == events
    assert pair_of(call.api_call) == call


def test_the_list_of_another_company_is_its_own(client_of, outsider, call):
    response = client_of(outsider).get(LIST + "?state=all")
    assert response.context["page"].paginator.count == 0
    assert "Gate" not in text_of(response)
    found = client_of(outsider).get(LIST, {"q": call.client_key})
    assert found.context["page"].paginator.count == 0


# --- Queries ---------------------------------------------------------------------------


@pytest.fixture
def two_hundred_calls(company, template, admin):
    """Calls as they would be after years, each used and changed."""
    now = timezone.now()
    calls = APICall.objects.bulk_create(
        APICall(company=company, template=template, name=f"Call {number:03}")
        for number in range(200)
    )
    sets = list(template.parameter_sets.all())
    through = APICall.parameter_sets.through
    through.objects.bulk_create(
        through(apicall=call, parameterset=one) for call in calls for one in sets
    )
    credentials = Credential.objects.bulk_create(
        Credential(
            api_call=call,
            client_key=f"{number:014X}",
            secret_digest=b"",
            pepper_number=1,
            secret_ciphertext=b"",
            key_number=1,
            last_used_at=now,
        )
        for number, call in enumerate(calls)
    )
    RequestLog.objects.bulk_create(
        RequestLog(
            api_call=call, credential=one, request_id="0" * 32, status=200, milliseconds=1, size=1
        )
        for call, one in zip(calls, credentials, strict=True)
        for _ in range(2)
    )
    for _ in range(30):
        audit_event_add(company=company, actor=admin, action="changed", subject=calls[0])
    return calls


@pytest.mark.parametrize("path", ["", "?page=3", "?q=call&state=all&sort=-requests"])
def test_the_list_takes_few_queries_however_long(as_admin, two_hundred_calls, path):
    as_admin.get(LIST)
    with CaptureQueriesContext(connection) as captured:
        response = as_admin.get(LIST + path)
    assert len(response.context["page"]) == 25
    assert len(captured) <= 7


@pytest.mark.parametrize(
    "path", ["", "website-address/", "authorization/", "regenerate/", "cut-over/"]
)
def test_a_page_of_a_call_takes_few_queries(as_admin, two_hundred_calls, path):
    address = f"/account/api/{two_hundred_calls[0].code}/{path}"
    as_admin.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert as_admin.get(address).status_code == 200
    assert len(captured) <= 10


def test_the_templates_take_few_queries(as_admin, template):
    for number in range(30):
        one = APITemplate.objects.create(
            code=f"t{number}", name=f"T{number}", purpose="x", document="worker-compliance"
        )
        ParameterSet.objects.create(template=one, label="A", lookup="id_number")
    with CaptureQueriesContext(connection) as captured:
        response = as_admin.get(TEMPLATES)
    assert len(response.context["cards"]) == 34
    assert len(captured) <= 7


# --- The list --------------------------------------------------------------------------


@pytest.fixture
def many_calls(add_call, company, change):
    """Gate (used twice), HR in XML, Sales (paused), Old (archived)."""
    made = {
        "Gate": add_call(company, name="Gate", owner_contact="Yard office"),
        "HR": add_call(company, name="HR", output_format="xml"),
        "Sales": add_call(company, name="Sales 100%"),
        "Old": add_call(company, name="Old"),
    }
    for name, verb in (("Sales", "pause"), ("Old", "archive")):
        services.api_call_state_change(api_call=made[name].api_call, change=verb, by=None)
    credential = Credential.objects.get(client_key=made["Gate"].client_key)
    for days in (0, 29, 31):
        RequestLog.objects.create(
            at=timezone.now() - timezone.timedelta(days=days),
            api_call=made["Gate"].api_call,
            credential=credential,
            request_id="0" * 32,
            status=200,
            milliseconds=1,
            size=1,
        )
    Credential.objects.filter(pk=credential.pk).update(last_used_at=timezone.now())
    return made


def _listed(response):
    return [api_call.name for api_call in response.context["page"]]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        pytest.param("", ["Gate", "HR", "Sales 100%"], id="all-but-the-archive"),
        pytest.param("state=active", ["Gate", "HR"], id="active"),
        pytest.param("state=paused", ["Sales 100%"], id="paused"),
        pytest.param("state=archived", ["Old"], id="archived"),
        pytest.param("state=all", ["Gate", "HR", "Old", "Sales 100%"], id="all"),
        pytest.param("state=nonsense", ["Gate", "HR", "Sales 100%"], id="unknown-state"),
        pytest.param("q=gate", ["Gate"], id="name"),
        pytest.param("q=YARD", ["Gate"], id="owner-contact"),
        pytest.param("q=%25", ["Sales 100%"], id="percent-sign"),
        pytest.param("q=_", [], id="underscore"),
        pytest.param("q=+hr+", ["HR"], id="blanks-around"),
        pytest.param("q=old", [], id="not-in-the-archive"),
        pytest.param("q=old&state=all", ["Old"], id="archive-asked-for"),
        pytest.param("q=%00", ["Gate", "HR", "Sales 100%"], id="nul"),
        pytest.param("q=" + "x" * 101, ["Gate", "HR", "Sales 100%"], id="over-long"),
        pytest.param("sort=-name", ["Sales 100%", "HR", "Gate"], id="sorted-downwards"),
        pytest.param("sort=format", ["Gate", "Sales 100%", "HR"], id="by-format"),
        pytest.param("sort=state", ["Gate", "HR", "Sales 100%"], id="by-state"),
        pytest.param("sort=-requests", ["Gate", "Sales 100%", "HR"], id="by-requests"),
        pytest.param("sort=-last_used", ["Gate", "Sales 100%", "HR"], id="by-last-used"),
        pytest.param("sort=template", ["Gate", "HR", "Sales 100%"], id="by-template"),
        pytest.param("sort=company__name", ["Gate", "HR", "Sales 100%"], id="unknown-column"),
        pytest.param("sort=--name", ["Sales 100%", "HR", "Gate"], id="two-hyphens"),
        pytest.param("sort=%00", ["Gate", "HR", "Sales 100%"], id="nul-for-a-column"),
        pytest.param("page=0", ["Gate", "HR", "Sales 100%"], id="page-0"),
        pytest.param("page=-1", ["Gate", "HR", "Sales 100%"], id="page-before"),
        pytest.param("page=99", ["Gate", "HR", "Sales 100%"], id="page-after"),
        pytest.param("page=x", ["Gate", "HR", "Sales 100%"], id="no-page"),
        pytest.param("page=" + "9" * 5000, ["Gate", "HR", "Sales 100%"], id="huge-page"),
        pytest.param("page=%D9%A1", ["Gate", "HR", "Sales 100%"], id="arabic-page"),
        pytest.param("page=%FF&q=%FF", [], id="not-utf-8"),
    ],
)
def test_the_list_is_searched_filtered_and_sorted(as_admin, many_calls, query, names):
    response = as_admin.get(f"{LIST}?{query}")
    assert response.status_code == 200
    assert _listed(response) == names


def test_the_list_is_searched_by_the_beginning_of_a_client_key(as_admin, many_calls):
    key = many_calls["HR"].client_key
    assert _listed(as_admin.get(LIST, {"q": key.lower()})) == ["HR"]
    assert _listed(as_admin.get(LIST, {"q": key[:10]})) == ["HR"]
    assert _listed(as_admin.get(LIST, {"q": key[4:]})) == []


def test_the_list_finds_a_call_by_the_key_it_had(as_admin, many_calls):
    gate = many_calls["Gate"]
    services.regenerate_credentials(api_call=gate.api_call, replaces=gate.client_key, by=None)
    assert _listed(as_admin.get(LIST, {"q": gate.client_key})) == ["Gate"]


def test_the_list_counts_the_requests_of_30_days(as_admin, many_calls):
    [gate, *others] = as_admin.get(LIST).context["page"]
    assert gate.requests_30_days == 2
    assert gate.last_used_at is not None
    assert [(one.requests_30_days, one.last_used_at) for one in others] == [(0, None), (0, None)]


def test_the_list_is_paged(as_admin, two_hundred_calls):
    first, last = as_admin.get(LIST), as_admin.get(LIST + "?page=8")
    assert _listed(first)[0] == "Call 000"
    assert _listed(last)[-1] == "Call 199"
    assert "1 to 25 of 200" in text_of(first)
    again = as_admin.get(LIST + "?page=2&sort=-name&state=active")
    assert _listed(again)[0] == "Call 174"
    assert 'href="?page=3&amp;sort=-name&amp;state=active"' in again.content.decode()


def test_more_parameters_than_anybody_needs_are_refused(as_admin):
    query = "&".join(f"p{number}=1" for number in range(1100))
    assert as_admin.get(f"{LIST}?{query}").status_code == 400


def test_a_name_is_text_and_no_mark_up(as_admin, add_call, company):
    name = "<script>alert(1)</script>'\"&"
    pair = add_call(company, name=name, owner_contact=name, description=name)
    for address in (LIST, f"/account/api/{pair.api_call.code}/"):
        body = as_admin.get(address).content.decode()
        assert "<script>alert" not in body
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body


def test_without_calls_the_list_teaches_three_steps(as_admin):
    response = as_admin.get(LIST)
    assert "No API calls yet" in text_of(response)
    assert response.content.decode().count("<ol") == 1


# --- Adding ----------------------------------------------------------------------------


def test_the_dialog_lists_the_templates_of_the_database(as_admin, template):
    APITemplate.objects.create(
        code="off", name="Not offered", purpose="x", document="worker-compliance", is_active=False
    )
    response = as_admin.get(TEMPLATES)
    text = text_of(response)
    assert [card["template"].name for card in response.context["cards"]] == [
        "Worker compliance",
        "Compliance roster",
        "Compliance changes",
        "Expiring requirements",
    ]
    assert "WorkerIDNumber, FirstName&MiddleName&LastName" in text
    assert "Not offered" not in text
    assert "10482" in text  # of the sample answers


def test_without_templates_the_dialog_says_so(as_admin, template):
    APITemplate.objects.update(is_active=False)
    assert "No API template is offered right now" in text_of(as_admin.get(TEMPLATES))


def test_adding_opens_the_details_page(as_admin, company, admin, template):
    code = uuid.uuid4()
    response = as_admin.post(
        ADD, {"template": template.code, "code": str(code)}, REMOTE_ADDR="203.0.113.9", follow=True
    )
    assert response.redirect_chain == [(f"/account/api/{code}/", 302)]
    assert messages_of(response) == ["API call added. Give it a name and tick its parameters."]
    assert APICall.objects.get().company == company
    event = AuditEvent.objects.get()
    assert (event.actor, event.address) == (admin, "203.0.113.9")


def test_adding_twice_with_one_form_adds_one(as_admin, template):
    data = {"template": template.code, "code": str(uuid.uuid4())}
    locations = {as_admin.post(ADD, data)["Location"] for _ in range(2)}
    assert len(locations) == 1
    assert APICall.objects.count() == 1


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"template": "none"}, id="unknown-template"),
        pytest.param({"template": "off"}, id="template-not-offered"),
        pytest.param({"template": "worker\0compliance"}, id="nul"),
        pytest.param({"template": "x" * 5000}, id="over-long"),
        pytest.param({"template": "worker-compliance", "code": "1"}, id="no-uuid"),
        pytest.param({"template": "worker-compliance", "code": "\0"}, id="nul-for-a-code"),
        pytest.param({"template": "1"}, id="row-number"),
    ],
)
def test_nothing_is_added_from_what_is_not_offered(as_admin, template, data):
    APITemplate.objects.create(
        code="off", name="Off", purpose="x", document="worker-compliance", is_active=False
    )
    response = as_admin.post(ADD, {"code": str(uuid.uuid4())} | data, follow=True)
    assert response.redirect_chain == [(TEMPLATES, 302)]
    assert messages_of(response) == ["Nothing was added: choose one of these API templates."]
    assert not APICall.objects.exists()


def test_the_code_of_another_company_s_call_adds_one_of_our_own(
    as_admin, add_call, company, other_company, template
):
    theirs = add_call(other_company)
    data = {"template": template.code, "code": str(theirs.api_call.code)}
    response = as_admin.post(ADD, data)
    assert response.status_code == 302
    ours = APICall.objects.for_company(company).get()
    assert response["Location"] == f"/account/api/{ours.code}/"


# --- The details page ------------------------------------------------------------------


def test_the_details_page_shows_the_settings_and_not_the_secret(as_admin, call, page):
    response = as_admin.get(page())
    body, text = response.content.decode(), text_of(response)
    assert response.status_code == 200
    assert call.client_key in body
    assert call.client_secret not in body
    assert f"amx {call.client_key}:••••••••" in text
    assert "Request Type GET" in text
    assert "Request Template Worker compliance" in text
    assert (
        "https://workhub.example/api/v1/worker-compliance?workerIDNumber={workerIDNumber}" in text
    )


def test_the_template_cannot_be_changed(as_admin, call, page, settings_of):
    other = APITemplate.objects.create(
        code="other", name="Other", purpose="x", document="worker-compliance"
    )
    data = settings_of(call.api_call, template=other.pk, company=999, state="archived", code="x")
    as_admin.post(page("change/"), data | {"name": "New"})
    stored = APICall.objects.get()
    assert (stored.name, stored.template.code, stored.state) == (
        "New",
        "worker-compliance",
        "active",
    )
    assert stored.code == call.api_call.code


@pytest.mark.parametrize("host", ["testserver", "workhub.example"])
def test_the_website_address_comes_from_the_settings(as_admin, page, settings, host):
    settings.ALLOWED_HOSTS = ["*"]
    for sent in (host, "evil.example"):
        for path in ("", "website-address/"):
            body = as_admin.get(
                page(path), headers={"host": sent, "x-forwarded-host": "evil.example"}
            ).content.decode()
            assert "https://workhub.example/api/v1/worker-compliance" in body
            assert "evil.example" not in body


def test_a_host_that_is_not_ours_gets_no_page(as_admin, page):
    response = as_admin.get(page(), headers={"host": "evil.example"})
    assert response.status_code == 400
    assert "evil.example" not in response.content.decode()


def test_saving_changes_the_settings(as_admin, call, page, settings_of, admin, template):
    sets = list(template.parameter_sets.values_list("pk", flat=True))
    data = settings_of(
        call.api_call,
        name="  HR program ",
        description="Line one\r\nLine two",
        owner_contact="Jo, 555-0100",
        output_format="xml",
        parameter_sets=sets,
        expires_on="2099-12-31",
    )
    response = as_admin.post(page("change/"), data, follow=True)
    assert response.redirect_chain == [(page(), 302)]
    assert messages_of(response) == ["Saved."]
    stored = APICall.objects.get()
    assert (stored.name, stored.owner_contact, stored.output_format, stored.expires_on) == (
        "HR program",
        "Jo, 555-0100",
        "xml",
        date(2099, 12, 31),
    )
    assert stored.parameter_sets.count() == 2
    again = as_admin.post(page("change/"), settings_of(stored), follow=True)
    assert messages_of(again) == ["There was nothing to save: no setting differs."]
    assert AuditEvent.objects.filter(action="changed", actor=admin).count() == 1


def test_what_the_page_sends_back_unchanged_is_no_change(as_admin, call, page, change):
    """The form as a browser would send it, read from the page itself."""
    change(call.api_call, description="Line one\r\nLine two & <b>", expires_on=date(2099, 1, 1))
    context = as_admin.get(page()).context
    form, served = context["form"], context["served"]
    data = {name: form[name].value() for name in form.fields}
    data |= {name: served[name].value() or [] for name in served.fields}
    data["parameter_sets"] = [one.pk for one in form.initial["parameter_sets"]]
    data["expires_on"] = "2099-01-01"
    response = as_admin.post(page("change/"), data, follow=True)
    assert messages_of(response) == ["There was nothing to save: no setting differs."]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"name": ""}, id="no-name"),
        pytest.param({"name": "x" * 101}, id="long-name"),
        pytest.param({"name": "a\nb"}, id="name-of-two-lines"),
        pytest.param({"name": "a\0b"}, id="nul"),
        pytest.param({"name": "a\x0bb"}, id="uncarriable"),
        pytest.param({"owner_contact": "a\tb"}, id="contact-with-a-tab"),
        pytest.param({"owner_contact": "x" * 201}, id="long-contact"),
        pytest.param({"description": "x" * 5001}, id="long-description"),
        pytest.param({"description": "a\ufffeb"}, id="uncarriable-description"),
        pytest.param({"output_format": "csv"}, id="unknown-format"),
        pytest.param({"output_format": ""}, id="no-format"),
        pytest.param({"field_groups": ["everything"]}, id="unknown-fields"),
        pytest.param({"divisions": ["1"]}, id="unknown-division"),
        pytest.param({"positions": ["x\0"]}, id="nul-for-a-position"),
        pytest.param({"worker_types": ["robot"]}, id="unknown-worker-type"),
        pytest.param({"rate_limit": "0"}, id="no-requests"),
        pytest.param({"rate_limit": "6001"}, id="above-the-operator-s-limit"),
        pytest.param({"expires_on": "soon"}, id="no-date"),
        pytest.param({"expires_on": "2026-02-30"}, id="no-such-day"),
        pytest.param({"expires_on": "0000-01-01"}, id="year-0"),
        pytest.param({"parameter_sets": ["x"]}, id="no-number"),
        pytest.param({"parameter_sets": ["999999"]}, id="unknown-set"),
        pytest.param({"parameter_sets": ["9" * 30]}, id="huge-number"),
        pytest.param({"parameter_sets": ["\0"]}, id="nul-for-a-set"),
        pytest.param({"parameter_sets": ["-1"]}, id="negative"),
        pytest.param({"seen": ""}, id="nothing-seen"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_saved(as_admin, call, page, settings_of, wrong):
    before = settings_of(call.api_call)
    response = as_admin.post(page("change/"), before | {"description": "typed"} | wrong)
    assert response.status_code == 422
    errors = response.context["form"].errors | response.context["served"].errors
    assert set(errors) == set(wrong)
    assert settings_of(call.api_call) == before
    if "description" not in wrong:
        assert "typed" in response.content.decode()


def test_the_parameter_sets_of_another_template_are_refused(as_admin, call, page, settings_of):
    other = APITemplate.objects.create(
        code="other", name="Other", purpose="x", document="worker-compliance"
    )
    theirs = ParameterSet.objects.create(template=other, label="Theirs", lookup="full_name")
    data = settings_of(call.api_call, parameter_sets=[theirs.pk])
    assert as_admin.post(page("change/"), data).status_code == 422
    preview = as_admin.get(page("website-address/"), {"parameter_sets": theirs.pk})
    assert preview.status_code == 404
    assert call.api_call.parameter_sets.get().lookup == "id_number"


def test_what_somebody_else_saved_meanwhile_is_not_lost(as_admin, call, page, settings_of, change):
    mine = settings_of(call.api_call, name="Mine", description="My notes")
    change(call.api_call, name="Theirs")
    refused = as_admin.post(page("change/"), mine)
    assert refused.status_code == 409
    assert APICall.objects.get().name == "Theirs"
    form = refused.context["form"]
    assert "Somebody else has changed this API call since you opened it" in text_of(refused)
    assert form["name"].value() == "Mine"
    assert form["description"].value() == "My notes"
    # Sent again from that page, it is saved: they have been told.
    saved = as_admin.post(page("change/"), mine | {"seen": form["seen"].value()})
    assert saved.status_code == 302
    assert APICall.objects.get().name == "Mine"


# --- The Website Address, before it is saved -------------------------------------------


@pytest.mark.parametrize(
    ("lookups", "address", "note"),
    [
        pytest.param(
            [],
            "https://workhub.example/api/v1/worker-compliance",
            "Tick at least one box under Parameters",
            id="none",
        ),
        pytest.param(
            ["id_number"],
            "https://workhub.example/api/v1/worker-compliance?workerIDNumber={workerIDNumber}",
            "The calling program puts the worker's values in place",
            id="as-saved",
        ),
        pytest.param(
            ["full_name"],
            "https://workhub.example/api/v1/worker-compliance"
            "?firstName={firstName}&middleName={middleName}&lastName={lastName}",
            "This is how it will read. Save to make it work.",
            id="other",
        ),
        pytest.param(
            ["full_name", "id_number"],
            "https://workhub.example/api/v1/worker-compliance?workerIDNumber={workerIDNumber}"
            "&firstName={firstName}&middleName={middleName}&lastName={lastName}",
            "This is how it will read. Save to make it work.",
            id="both-in-the-same-order",
        ),
    ],
)
def test_the_address_follows_the_boxes(as_admin, call, page, template, lookups, address, note):
    ids = [template.parameter_sets.get(lookup=lookup).pk for lookup in lookups]
    response = as_admin.get(page("website-address/"), {"parameter_sets": ids})
    shown = re.search(r'<code id="website-address-text">(.*?)</code>', response.content.decode())
    assert unescape(shown[1]) == address
    assert note in text_of(response)
    assert call.api_call.parameter_sets.get().lookup == "id_number"


@pytest.mark.parametrize("value", ["x", "999999", "9" * 30, "\0", "-1", "1.5", "٣", ""])
def test_boxes_that_are_not_there_have_no_address(as_admin, page, value):
    response = as_admin.get(page("website-address/"), {"parameter_sets": value})
    assert response.status_code == 404


# --- The secret ------------------------------------------------------------------------


def test_showing_the_secret_takes_a_post_and_is_recorded(as_admin, call, page, admin):
    response = as_admin.post(page("secret/show/"), REMOTE_ADDR="203.0.113.9")
    body = response.content.decode()
    assert response.status_code == 200
    assert body.count(call.client_secret) == 2  # by itself and in the header
    assert call.header in body
    assert "<html" in body
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.actor, event.address) == (
        "showed the secret of",
        admin,
        "203.0.113.9",
    )


def test_htmx_gets_the_panel_alone(as_admin, call, page):
    response = as_admin.post(page("secret/show/"), headers={"hx-request": "true"})
    body = response.content.decode()
    assert call.header in body
    assert "<html" not in body
    masked = as_admin.get(page("authorization/")).content.decode()
    assert call.client_secret not in masked
    assert "••••••••" in masked


@pytest.mark.parametrize(
    ("what", "copied"),
    [("header", "header"), ("secret", "client_secret"), ("", "client_secret")],
)
def test_copying_gives_text_and_is_recorded(as_admin, call, page, what, copied):
    response = as_admin.post(page("secret/copy/"), {"what": what})
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Cache-Control"] == "private, no-store"
    assert response.content.decode() == getattr(call, copied)
    assert AuditEvent.objects.latest("id").action == "copied the secret of"


def test_what_is_copied_works_as_copied(as_admin, page, ask, worker):
    header = as_admin.post(page("secret/copy/"), {"what": "header"}).content.decode()
    assert ask(None, authorization=header).status_code == 200


@pytest.mark.parametrize("path", ["secret/show/", "secret/copy/"])
def test_a_secret_regenerated_meanwhile_is_shown_with_its_own_key(
    as_admin, call, page, pair_of, monkeypatch, path
):
    """The pair changes after it was read: what is shown is one pair, not halves of two."""
    reveal = services.client_secret_reveal

    def regenerated_meanwhile(**values):
        secret = reveal(**values)
        services.regenerate_credentials(api_call=call.api_call, replaces=call.client_key, by=None)
        return secret

    monkeypatch.setattr(services, "client_secret_reveal", regenerated_meanwhile)
    body = as_admin.post(
        page(path), {"what": "header"}, headers={"hx-request": "true"}
    ).content.decode()
    monkeypatch.undo()
    assert call.header in body
    assert pair_of(call.api_call).client_key not in body


@pytest.mark.parametrize("damage", ["key-gone", "cut"])
def test_a_secret_that_cannot_be_opened_is_explained(
    as_admin, call, page, settings, ask, worker, damage
):
    if damage == "key-gone":
        settings.CREDENTIAL_KEYS = {2: bytes(32)}
    else:
        Credential.objects.update(secret_ciphertext=b"cut")
    trail = AuditEvent.objects.count()
    shown = as_admin.post(page("secret/show/"), follow=True)
    assert shown.redirect_chain == [(page(), 302)]
    assert "The Client Secret cannot be shown" in text_of(shown)
    panel = as_admin.post(page("secret/show/"), headers={"hx-request": "true"})
    assert panel["HX-Refresh"] == "true"
    assert "The Client Secret cannot be shown" in text_of(as_admin.get(page()))
    copied = as_admin.post(page("secret/copy/"))
    assert (copied.status_code, copied.content) == (409, b"")
    assert AuditEvent.objects.count() == trail
    assert ask(call).status_code == 200


# --- Regenerating ----------------------------------------------------------------------


def test_regenerating_says_first_what_will_break(as_admin, call, page, ask, worker):
    ask(call)
    response = as_admin.get(page("regenerate/"))
    text = text_of(response)
    assert "Client Key that stops " + call.client_key in text
    assert "Requests in 7 days 1" in text
    assert Credential.objects.count() == 1


def test_regenerating_replaces_the_pair(as_admin, call, page, ask, worker, pair_of):
    response = as_admin.post(page("regenerate/"), {"replaces": call.client_key}, follow=True)
    assert response.redirect_chain == [(page(), 302)]
    assert "New credentials made. The old ones no longer work" in messages_of(response)[0]
    new = pair_of(call.api_call)
    assert new.client_secret not in response.content.decode()
    assert ask(call).status_code == 401
    assert ask(new).status_code == 200


def test_regenerating_sent_twice_makes_one_new_pair(as_admin, call, page):
    data = {"replaces": call.client_key}
    as_admin.post(page("regenerate/"), data)
    again = as_admin.post(page("regenerate/"), data, follow=True)
    assert "The credentials were already regenerated" in messages_of(again)[-1]
    assert Credential.objects.count() == 2


def test_a_planned_change_keeps_the_old_pair_and_shows_who_has_changed_over(
    as_admin, call, page, ask, worker, pair_of, time_machine
):
    time_machine.move_to("2026-03-02T18:00:00Z", tick=False)
    for agent in ("Gate/1", "Payroll/1"):
        ask(call, user_agent=agent)
    response = as_admin.post(
        page("regenerate/"), {"replaces": call.client_key, "overlap": "3600"}, follow=True
    )
    assert "The old ones are answered until then" in messages_of(response)[0]
    assert "Change over to the new pair" in text_of(response)
    new = pair_of(call.api_call)

    def board():
        return text_of(as_admin.get(page("cut-over/"), headers={"hx-request": "true"}))

    assert "0 of 2 programs use the new pair." in board()
    assert "2 programs would be refused." in board()
    time_machine.move_to("2026-03-02T18:10:00Z", tick=False)
    ask(new, user_agent="Gate/1")
    ask(call, user_agent="Payroll/1")
    assert "1 of 2 programs use the new pair." in board()
    ask(new, user_agent="Payroll/1")
    assert "2 of 2 programs use the new pair." in board()
    assert "Every program has changed over: nothing breaks." in board()
    data = {"client_key": call.client_key}
    stopped = as_admin.post(page("cut-over/stop/"), data, follow=True)
    assert "Stopped. The old pair is refused" in messages_of(stopped)[0]
    assert "Change over to the new pair" not in text_of(stopped)
    assert (ask(call).status_code, ask(new).status_code) == (401, 200)
    again = as_admin.post(page("cut-over/stop/"), data, follow=True)
    assert "That pair has ended already" in messages_of(again)[-1]
    assert "No old pair is answered" in board()


def test_a_second_change_within_the_first_has_to_be_confirmed(
    as_admin, call, page, ask, worker, pair_of
):
    as_admin.post(page("regenerate/"), {"replaces": call.client_key, "overlap": "3600"})
    second = pair_of(call.api_call)
    assert f"The pair before it, {call.client_key}," in text_of(as_admin.get(page("regenerate/")))
    data = {"replaces": second.client_key, "overlap": "86400"}
    refused = as_admin.post(page("regenerate/"), data)
    assert refused.status_code == 422
    assert "A call has at most two pairs. Tick this to go on." in text_of(refused)
    assert ask(call).status_code == ask(second).status_code == 200
    as_admin.post(page("regenerate/"), data | {"stops_older": "on"})
    third = pair_of(call.api_call)
    assert [ask(pair).status_code for pair in (call, second, third)] == [401, 200, 200]


@pytest.mark.parametrize("overlap", ["1", "-1", "x", "604801", "1e9"])
def test_an_overlap_that_is_not_offered_changes_nothing(as_admin, call, page, overlap):
    response = as_admin.post(page("regenerate/"), {"replaces": call.client_key, "overlap": overlap})
    assert response.status_code == 422
    assert Credential.objects.get().ends_at is None


@pytest.mark.parametrize("client_key", ["", "x", "\0", "A" * 500, "current"])
def test_stopping_what_is_no_old_pair_stops_nothing(as_admin, call, page, ask, worker, client_key):
    client_key = call.client_key if client_key == "current" else client_key
    as_admin.post(page("cut-over/stop/"), {"client_key": client_key})
    assert ask(call).status_code == 200


@pytest.mark.parametrize("replaces", [None, "", "x", "\0", "x\0y", "A" * 15, "A" * 5000, "é"])
def test_regenerating_something_else_changes_nothing(as_admin, call, page, replaces):
    data = {} if replaces is None else {"replaces": replaces}
    response = as_admin.post(page("regenerate/"), data)
    assert response.status_code == 302
    assert response["Location"].startswith(page())
    assert Credential.objects.get().ends_at is None


# --- Life of a call --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "verb", "message"),
    [
        ("active", "pause", "Paused. Programs that use it are refused until you resume it."),
        ("paused", "resume", "Resumed. Programs that use it are answered again."),
        ("active", "archive", "Archived. Its history is kept, and you can restore it."),
        ("archived", "restore", "Restored, and paused. Resume it to have it answered again."),
        ("archived", "pause", "That was done already; nothing is changed."),
        ("archived", "resume", "That was done already; nothing is changed."),
        ("active", "restore", "That was done already; nothing is changed."),
    ],
)
def test_the_state_is_changed_and_told(as_admin, call, page, before, verb, message):
    APICall.objects.update(state=before)
    response = as_admin.post(page(f"{verb}/"), follow=True)
    assert response.redirect_chain == [(page(), 302)]
    assert messages_of(response) == [message]


def test_a_state_that_does_not_exist_has_no_address(as_admin, page):
    assert as_admin.post(page("delete/")).status_code == 404


@pytest.mark.parametrize("state", ["active", "paused", "archived"])
def test_the_details_page_opens_in_every_state(as_admin, call, page, state):
    APICall.objects.update(state=state)
    assert as_admin.get(page()).status_code == 200


def test_duplicating_opens_the_copy(as_admin, call, page):
    code = uuid.uuid4()
    response = as_admin.post(page("duplicate/"), {"code": str(code)}, follow=True)
    assert response.redirect_chain == [(f"/account/api/{code}/", 302)]
    assert "Gate 2" in text_of(response)


@pytest.mark.parametrize("code", ["", "x", "\0", "0" * 500])
def test_duplicating_without_a_code_goes_back(as_admin, call, page, code):
    response = as_admin.post(page("duplicate/"), {"code": code})
    assert response["Location"] == page()
    assert APICall.objects.count() == 1


def test_the_activity_of_a_call_is_its_own(as_admin, call, xml_call, page, admin):
    services.api_call_state_change(api_call=xml_call.api_call, change="pause", by=admin)
    events = as_admin.get(page()).context["events"]
    assert {event.subject_id for event in events} == {str(call.api_call.code)}


def test_activity_shows_the_newest_ten(as_admin, call, page):
    for _ in range(8):
        for verb in ("pause", "resume"):
            services.api_call_state_change(api_call=call.api_call, change=verb, by=None)
    events = list(as_admin.get(page()).context["events"])
    assert len(events) == details.ACTIVITY_SHOWN == 10
    assert events[0].action == "resumed"


def test_activity_of_another_company_is_not_shown(as_admin, call, page, other_company):
    """Whatever its subject says: no query of a page leaves the company out."""
    event = AuditEvent.objects.get(action="added")
    event.pk, event.company, event.actor_name = None, other_company, "Olga Outsider"
    event.save()
    assert "Olga Outsider" not in text_of(as_admin.get(page()))


def test_a_call_was_used_with_whichever_pair(as_admin, ask, call, page, worker):
    assert "Never used" in text_of(as_admin.get(page()))
    ask(call)
    services.regenerate_credentials(api_call=call.api_call, replaces=call.client_key, by=None)
    assert "Last used" in text_of(as_admin.get(page())).partition("What it serves")[0]
