"""The details page: the sentence at the top, the steps, and what is said before it is saved."""

import re
from html import unescape

import pytest

from apicalls import services
from apicalls.details import summary_of
from apicalls.foresight import Settings, broken_by, told_of
from apicalls.forms import ServedForm
from apicalls.models import Caller, RequestLog
from apicalls.selectors import credential_current
from workers import services as workers_services
from workers.models import Division, Location


@pytest.fixture
def as_admin(client_of, admin):
    return client_of(admin)


def text_of(response):
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.text)))


def summary(api_call, person, requests=0):
    api_call.refresh_from_db()
    names = ServedForm(api_call=api_call, person=person).place_names
    return summary_of(api_call, requests=requests, names=names)


def test_the_sentence_says_what_the_call_does(call, change, admin, company):
    rail = Division.objects.create(company=company, name="Rail")
    yard = Location.objects.create(company=company, name="Yard", division=rail)
    for number in range(3):
        workers_services.worker_add(
            company=company,
            by=None,
            id_number=f"Z{number}",
            first_name="A",
            middle_name="",
            last_name="B",
            location=yard if number else None,
        )
    change(call.api_call, name="HR", lookups=["id_number"])
    assert re.fullmatch(
        r"HR reads \d+ workers by ID#, as JSON\. 1,204 requests this week\.",
        summary(call.api_call, admin, requests=1204),
    )
    change(
        call.api_call,
        output_format="xml",
        lookups=["id_number", "full_name"],
        scope={"divisions": [rail.pk]},
    )
    assert summary(call.api_call, admin, requests=1) == (
        "HR reads 2 workers of Rail by ID# and name, as XML. 1 request this week."
    )


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("compliance-roster", "reads 0 workers, as JSON. 0 requests this week."),
        ("compliance-changes", "reads what changes of 0 workers, as JSON."),
        ("expiring-requirements", "reads what lapses of 0 workers, as JSON."),
    ],
)
def test_the_sentence_of_each_template(add_call, company, admin, document, told):
    api_call = add_call(company, of=document, lookups=[]).api_call
    assert told in summary(api_call, admin)


def test_the_sentence_says_when_nobody_is_answered(call, change, admin):
    change(call.api_call, name="HR", lookups=[])
    assert summary(call.api_call, admin) == "HR cannot be used yet: tick its parameters."
    services.api_call_state_change(api_call=call.api_call, change="pause", by=None)
    assert summary(call.api_call, admin) == "HR is paused: programs that use it are refused."


def done(response):
    return [step.is_done for step in response.context["steps"]]


def test_the_steps_follow_what_was_done_and_go_when_a_program_asks(as_admin, call, change):
    change(call.api_call, lookups=[])
    path = call.api_call.get_absolute_url()
    assert done(as_admin.get(path)) == [True, False, False, False]
    change(call.api_call, lookups=["id_number"])
    assert done(as_admin.get(path)) == [True, True, False, False]
    as_admin.post(f"{path}test/", {"test-workerIDNumber": "TEST-COMPLIANT"})
    assert done(as_admin.get(path)) == [True, True, True, False]
    Caller.objects.create(api_call=call.api_call, client="Gate")
    assert done(as_admin.get(path)) == []


def test_a_link_is_a_hand_over(as_admin, call):
    services.hand_over_add(credential=credential_current(api_call=call.api_call), by=None)
    assert done(as_admin.get(call.api_call.get_absolute_url())) == []


@pytest.fixture
def form(call):
    """Return the form as the page has it, with changes."""

    def filled(**changed):
        api_call = call.api_call
        api_call.refresh_from_db()
        return {
            "name": api_call.name,
            "description": "",
            "owner_contact": "",
            "output_format": api_call.output_format,
            "parameter_sets": [one.pk for one in api_call.parameter_sets.all()],
            "field_groups": api_call.field_groups,
            "rate_limit": api_call.rate_limit,
            "seen": services.settings_digest(api_call),
            **changed,
        }

    return filled


def test_what_would_break_is_said_before_it_is_saved(as_admin, call, form):
    Caller.objects.create(api_call=call.api_call, client="Turnstile")
    path = call.api_call.get_absolute_url()
    told = text_of(as_admin.post(f"{path}change/rehearsal/", form(output_format="xml")))
    assert "Saving this breaks 1 program" in told
    assert "Turnstile" in told
    assert "It reads JSON, and would get XML." in told

    # Without scripts the first press says it, and keeps what was typed.
    response = as_admin.post(f"{path}change/", form(output_format="xml", name="New name"))
    assert response.status_code == 422
    assert "It reads JSON, and would get XML." in text_of(response)
    assert 'value="New name"' in response.text
    call.api_call.refresh_from_db()
    assert call.api_call.output_format == "json"

    # With what was told, the next one saves.
    told = re.search(r'name="told" value="(\w+)"', response.text)[1]
    response = as_admin.post(
        f"{path}change/", form(output_format="xml", name="New name", told=told), follow=True
    )
    assert "Saved." in text_of(response)
    call.api_call.refresh_from_db()
    assert (call.api_call.output_format, call.api_call.name) == ("xml", "New name")


def test_a_program_that_comes_meanwhile_is_told_of_too(as_admin, call, form):
    Caller.objects.create(api_call=call.api_call, client="Turnstile")
    after = Settings.of(call.api_call)
    after = type(after)(
        **{**{n: getattr(after, n) for n in after.__slots__}, "output_format": "xml"}
    )
    told = told_of(broken_by(api_call=call.api_call, after=after))
    Caller.objects.create(api_call=call.api_call, client="Second gate")
    path = call.api_call.get_absolute_url()
    response = as_admin.post(f"{path}change/", form(output_format="xml", told=told))
    assert response.status_code == 422
    assert "Second gate" in text_of(response)


def test_what_breaks_nothing_is_saved_at_once(as_admin, call, form):
    Caller.objects.create(api_call=call.api_call, client="Turnstile")
    path = call.api_call.get_absolute_url()
    assert as_admin.post(f"{path}change/", form(name="Other")).status_code == 302


def test_what_no_longer_breaks_anything_is_saved_though_it_was_told_of(as_admin, call, form):
    path = call.api_call.get_absolute_url()
    told = form(output_format="xml", told="0123456789abcdef")
    assert as_admin.post(f"{path}change/", told).status_code == 302


def test_a_rehearsal_of_what_cannot_be_read_says_nothing(as_admin, call, form):
    path = call.api_call.get_absolute_url()
    response = as_admin.post(f"{path}change/rehearsal/", form(rate_limit="many"))
    assert response.status_code == 200
    assert "Saving this breaks" not in response.text


@pytest.mark.parametrize(
    ("state", "press", "question"),
    [
        ("active", "pause", "Pause “"),
        ("paused", "resume", "Resume “"),
        ("active", "archive", "Archive “"),
        ("archived", "restore", "Restore “"),
    ],
)
def test_a_change_of_state_is_asked_first_and_taken_back_by_a_button(
    as_admin, call, state, press, question
):
    type(call.api_call).objects.update(state=state)
    Caller.objects.create(api_call=call.api_call, client="Turnstile")
    path = f"{call.api_call.get_absolute_url()}{press}/"
    page = text_of(as_admin.get(path))
    assert question + call.api_call.name in page
    assert ("Turnstile" in page) == (state == "active")
    call.api_call.refresh_from_db()
    assert call.api_call.state == state
    response = as_admin.post(path, follow=True)
    undo = re.search(r'action="([^"]+)"><input[^>]+><button[^>]+>Undo', response.text)[1]
    as_admin.post(undo)
    call.api_call.refresh_from_db()
    assert call.api_call.state == {"archived": "archived"}.get(
        state, "paused" if press == "archive" else state
    )


def test_the_call_sheet_and_the_page_on_postman_hold_no_secret(as_admin, call, viewer, client_of):
    path = call.api_call.get_absolute_url()
    for name in ("call-sheet/", "postman/"):
        page = as_admin.get(path + name)
        assert call.client_key in page.text
        assert call.client_secret not in page.text
        assert call.api_call.website_address() in unescape(page.text)
    # A viewer reads them too, without a way to the secret.
    assert "secret/copy" not in client_of(viewer).get(path + "postman/").text


def test_the_list_is_a_file_as_it_is_filtered_and_sorted(as_admin, add_call, company, call):
    type(call.api_call).objects.filter(pk=call.api_call.pk).update(name="=1+1", owner_contact="HR")
    add_call(company, of="compliance-roster", lookups=[])
    response = as_admin.get("/account/api/csv/?q=HR")
    lines = b"".join(response.streaming_content).decode().splitlines()
    assert lines[0].startswith("Name,Request Template,Output Format,State,Last used")
    assert len(lines) == 2
    # No spreadsheet takes the name for a formula.
    assert lines[1].startswith("'=1+1,Worker compliance,JSON,Active")
    assert call.client_secret not in lines[1]
    excel = as_admin.get("/account/api/csv/?for=excel")
    assert b"".join(excel.streaming_content).startswith(b"\xef\xbb\xbf")


def test_a_test_of_an_admin_makes_no_program(as_admin, call):
    path = call.api_call.get_absolute_url()
    as_admin.post(f"{path}test/", {"test-workerIDNumber": "TEST-COMPLIANT"})
    assert RequestLog.objects.get().is_test
    assert not Caller.objects.exists()
