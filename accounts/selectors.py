"""Reads for the Account pages."""

from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from accounts.models import Company, Invitation, User
from accounts.sign_in.second_factor import has_second_factor_of

Row = TypeVar("Row", bound=Model)


def people_of(*, company: Company, text: str = "") -> QuerySet[User]:
    """Return the people of the company, those who can sign in first, then by name.

    Each has `has_second_factor` besides.
    """
    people = User.objects.for_company(company).order_by("-is_active", "name", "email")
    return _with_text(people.annotate(has_second_factor=has_second_factor_of("pk")), text)


def invitations_of(*, company: Company, text: str = "") -> QuerySet[Invitation]:
    """Return who is invited, by name; there are at most invitations.OPEN_AT_MOST."""
    invitations = Invitation.objects.for_company(company).select_related("invited_by")
    return _with_text(invitations.order_by("name", "email"), text)


def people_without_second_factor(*, company: Company) -> int:
    people = User.objects.for_company(company).filter(is_active=True)
    return people.filter(~has_second_factor_of("pk")).count()


def _with_text(rows: QuerySet[Row], text: str) -> QuerySet[Row]:
    return rows.filter(Q(name__icontains=text) | Q(email__icontains=text)) if text else rows
