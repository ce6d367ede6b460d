from importlib import import_module

from django.apps import apps

from accounts.models import Company, Role, User

first_owners = import_module("accounts.migrations.0005_first_owners")


def _person(company, name, role, day, **more):
    return User.objects.create_user(
        f"{name}@{company.pk}.example",
        name=name,
        company=company,
        role=role,
        created_at=f"2026-01-{day:02}T00:00Z",
        **more,
    )


def test_the_earliest_active_admin_of_each_company_becomes_its_owner(company, other_company):
    _person(company, "left", Role.ADMIN, 1, is_active=False)
    _person(company, "second", Role.ADMIN, 4)
    _person(company, "first", Role.ADMIN, 3)
    _person(company, "viewer", Role.VIEWER, 2)
    _person(other_company, "theirs", Role.ADMIN, 5)
    empty = Company.objects.create(name="Empty")
    _person(empty, "manager", Role.MANAGER, 1)

    first_owners.make_owners(apps, None)
    owners = User.objects.filter(role=Role.OWNER).order_by("created_at")
    assert [owner.name for owner in owners] == ["first", "theirs"]
    first_owners.make_owners(apps, None)  # whose owner is there already gets no other
    assert User.objects.filter(role=Role.OWNER).count() == 2
    first_owners.make_admins(apps, None)
    assert not User.objects.filter(role=Role.OWNER).exists()
    assert User.objects.filter(role=Role.ADMIN).count() == 4
