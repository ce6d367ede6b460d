"""Every company gets an owner: its earliest active admin."""

from django.db import migrations


def make_owners(apps, schema_editor):
    User = apps.get_model("accounts", "User")
    Company = apps.get_model("accounts", "Company")
    for company in Company.objects.order_by("pk"):
        people = User.objects.filter(company=company)
        if people.filter(role="owner").exists():
            continue
        first = (
            people.filter(role="admin", is_active=True).order_by("created_at", "pk").first()
        )
        if first is not None:
            User.objects.filter(pk=first.pk).update(role="owner")


def make_admins(apps, schema_editor):
    apps.get_model("accounts", "User").objects.filter(role="owner").update(role="admin")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_people_and_sign_in")]

    operations = [migrations.RunPython(make_owners, make_admins)]
