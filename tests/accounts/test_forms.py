from accounts.forms import CompanyForm, PersonAddForm, PersonForm, time_zone_choices
from accounts.models import Company, User


def test_zones_are_offered_by_region():
    choices = dict(time_zone_choices())
    assert choices["UTC"] == [("UTC", "UTC")]
    assert ("America/New_York", "America/New York") in choices["America"]
    assert "Etc" not in choices


def test_a_zone_that_is_no_longer_offered_can_stay(db):
    company = Company.objects.create(name="Old", time_zone="EST5EDT")
    form = CompanyForm(
        {"name": "Old", "time_zone": "EST5EDT", "coming_due_days": 30, "request_log_days": 400},
        instance=company,
    )
    assert form.is_valid()


def test_an_unknown_zone_is_refused(company):
    form = CompanyForm(
        {"name": "N", "time_zone": "Mars/Olympus", "coming_due_days": 30, "request_log_days": 400},
        instance=company,
    )
    assert list(form.errors) == ["time_zone"]


def test_a_person_needs_a_name(viewer):
    assert PersonForm({"name": "", "role": "viewer"}, instance=viewer).errors == {
        "name": ["This field is required."]
    }


def test_an_email_that_is_there_in_another_case_is_found_out(admin):
    form = PersonAddForm({"name": "X", "email": "ADMIN@northern.example", "role": "viewer"})
    assert form.errors == {"email": ["A person with this e-mail is already there."]}
    assert User.objects.count() == 1
