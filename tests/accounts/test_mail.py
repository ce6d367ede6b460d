import pytest

from accounts.mail import mail_admins_of, mail_reaches_people


def test_owners_and_admins_are_told_each_by_themselves(
    company, owner, admin, second_admin, manager, viewer, outsider, mailoutbox, settings, tmp_path
):
    (tmp_path / "told_subject.txt").write_text("Two\n lines")
    (tmp_path / "told_message.txt").write_text("{{ site_url }} {{ what }}")
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [tmp_path]}]
    second_admin.is_active = False
    second_admin.save()
    mail_admins_of(company, "told", {"what": "it"}, may_know=lambda admin: True)
    assert sorted(mail.to for mail in mailoutbox) == [[admin.email], [owner.email]]
    assert mailoutbox[0].subject == "Two lines"
    assert mailoutbox[0].body == "https://workhub.example it\n"


@pytest.mark.parametrize(
    ("backend", "reaches"),
    [("smtp", True), ("locmem", True), ("filebased", False), ("console", False), ("dummy", False)],
)
def test_mail_that_goes_into_files_reaches_nobody(settings, backend, reaches):
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
    assert mail_reaches_people() is reaches
