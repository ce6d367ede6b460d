"""Roles, and what each may do: the one table that decorators, services and pages go by.

docs/admins.md shows it to admins; a test holds the two to each other.
"""

from collections.abc import Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person is in the company, from who may most to who may least."""

    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    MANAGER = "manager", _("Manager")
    VIEWER = "viewer", _("Viewer")


class Right(models.TextChoices):
    VIEW = "view", _("See workers, API calls, people and the activity")
    CHANGE_WORKERS = "change_workers", _("Change workers, requirements and records")
    CHANGE_API_CALLS = "change_api_calls", _("Change the company, add and change API calls")
    REVEAL = "reveal", _("Show, copy and download a Client Secret")
    REGENERATE = "regenerate", _("Regenerate Client Key and Client Secret")
    MANAGE_PEOPLE = "manage_people", _("Invite, change and deactivate people, but no owner")
    MANAGE_OWNERS = "manage_owners", _("Invite, change and deactivate owners")
    MANAGE_SECURITY = "manage_security", _("Change what the company requires for signing in")


_EVERYBODY = frozenset(Role)
_WORKERS_TOO = frozenset({Role.OWNER, Role.ADMIN, Role.MANAGER})
_ADMINS = frozenset({Role.OWNER, Role.ADMIN})
_OWNERS = frozenset({Role.OWNER})

RIGHTS: Mapping[Right, frozenset[Role]] = {
    Right.VIEW: _EVERYBODY,
    Right.CHANGE_WORKERS: _WORKERS_TOO,
    Right.CHANGE_API_CALLS: _ADMINS,
    Right.REVEAL: _ADMINS,
    Right.REGENERATE: _ADMINS,
    Right.MANAGE_PEOPLE: _ADMINS,
    Right.MANAGE_OWNERS: _OWNERS,
    Right.MANAGE_SECURITY: _OWNERS,
}

# What nobody has who is limited to a division or location, whatever the role.
OF_THE_WHOLE_COMPANY = frozenset({Right.MANAGE_PEOPLE, Right.MANAGE_OWNERS, Right.MANAGE_SECURITY})


def roles_with(right: Right) -> list[Role]:
    """Return the roles that have the right, from who may most to who may least."""
    return [role for role in Role if role in RIGHTS[right]]


def right_to_manage(role: str) -> Right:
    """Return what somebody needs to invite, change or deactivate a person of that role."""
    return Right.MANAGE_OWNERS if role == Role.OWNER else Right.MANAGE_PEOPLE
