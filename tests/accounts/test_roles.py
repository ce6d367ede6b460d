"""Who may do what, in the code and in what admins read."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from accounts.models import User
from accounts.roles import RIGHTS, Right, Role, right_to_manage, roles_with

DOCUMENT = Path(settings.BASE_DIR, "docs/admins.md")


def _table():
    """Return the document's table: the roles that may, by what they may."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in DOCUMENT.read_text(encoding="utf-8").splitlines()
        if line.startswith("|") and not re.fullmatch(r"[| -]+", line)
    ]
    _may, *roles = rows[0]
    return {
        may: [role for role, cell in zip(roles, cells, strict=True) if cell == "yes"]
        for may, *cells in rows[1:]
    }


def test_admins_read_the_table_that_the_code_goes_by():
    assert _table() == {
        str(right.label): [str(role.label) for role in roles_with(right)] for right in Right
    }


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        ("owner", set(Right.values)),
        ("admin", set(Right.values) - {"manage_owners", "manage_security"}),
        ("manager", {"view", "change_workers"}),
        ("viewer", {"view"}),
    ],
)
def test_each_role_has_its_rights(role, rights):
    assert {right.value for right in Right if role in RIGHTS[right]} == rights


def test_who_may_more_may_all_that_others_may():
    # What a refusal says, "only an admin …", is true only then.
    order = list(Role)
    for right in Right:
        assert roles_with(right) == order[: len(roles_with(right))]


def test_owners_are_managed_by_owners():
    assert right_to_manage("owner") == Right.MANAGE_OWNERS
    assert {right_to_manage(role) for role in ("admin", "manager", "viewer")} == {
        Right.MANAGE_PEOPLE
    }


def test_without_a_company_nobody_may_anything():
    person = User(email="alone@example.com", role="owner")
    assert not any(person.may(right) for right in Right)
    assert not person.is_company_owner
    assert not person.is_company_admin


@pytest.mark.parametrize(
    ("role", "owner", "admin"),
    [
        ("owner", True, True),
        ("admin", False, True),
        ("manager", False, False),
        ("viewer", False, False),
    ],
)
def test_owners_are_admins_too(company, role, owner, admin):
    person = User(company=company, role=role)
    assert (person.is_company_owner, person.is_company_admin) == (owner, admin)
