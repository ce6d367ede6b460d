from accounts.forms import CompanyForm, InvitationForm, PersonForm, time_zone_choices
from accounts.models import Company


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


def test_a_person_needs_a_name(admin, viewer):
    form = PersonForm({"name": "", "role": "viewer"}, instance=viewer, by=admin)
    assert form.errors == {"name": ["This field is required."]}


def test_an_email_is_one_however_it_is_typed(admin):
    form = InvitationForm({"name": "X", "email": " NIA@New.example", "role": "viewer"}, by=admin)
    assert form.is_valid()
    assert form.cleaned_data["email"] == "nia@new.example"


def test_only_an_owner_chooses_the_role_of_an_owner(admin, owner, viewer):
    def roles(by):
        return [value for value, _label in PersonForm(instance=viewer, by=by)["role"].field.choices]

    assert roles(owner) == ["owner", "admin", "manager", "viewer"]
    assert roles(admin) == ["admin", "manager", "viewer"]
