from accounts import services
from accounts.models import User
from accounts.selectors import people_of


def test_people_are_found_by_name_or_email_in_their_company(company, admin, viewer, outsider):
    assert list(people_of(company=company)) == [admin, viewer]
    assert list(people_of(company=company, text="VIC")) == [viewer]
    assert list(people_of(company=company, text="admin@")) == [admin]


def test_the_deactivated_come_last(company, admin, viewer):
    User.objects.create_user("z@n.example", name="Zoe", company=company, role="admin")
    services.person_deactivate(person=admin, by=None)
    assert [person.name for person in people_of(company=company)] == [
        "Vic Viewer",
        "Zoe",
        "Ada Admin",
    ]
