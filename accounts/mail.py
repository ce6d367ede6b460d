"""Mail to the people of a company."""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils import translation

from accounts.languages import OWN_LANGUAGE
from accounts.models import Company, User
from accounts.roles import Right, roles_with

_GOES_NOWHERE = tuple(
    f"django.core.mail.backends.{name}.EmailBackend" for name in ("console", "dummy", "filebased")
)


def mail_reaches_people() -> bool:
    """Tell whether the installation sends its mail, and does not only put it into files."""
    return settings.EMAIL_BACKEND not in _GOES_NOWHERE


def mail_to(email: str, template: str, context: Mapping[str, Any], *, language: str = "") -> None:
    """Send a mail from two templates, `<template>_subject.txt` and `<template>_message.txt`.

    They are given `site_url` besides, and are in the `language` of who gets it, where that is
    known. Raises OSError when no mail server takes it.
    """
    context = {**context, "site_url": settings.SITE_URL}
    with translation.override(language or OWN_LANGUAGE):
        subject = " ".join(render_to_string(f"{template}_subject.txt", context).split())
        message = render_to_string(f"{template}_message.txt", context).strip() + "\n"
    send_mail(subject, message, None, [email])


def mail_admins_of(
    company: Company,
    template: str,
    context: Mapping[str, Any],
    *,
    may_know: Callable[[User], bool],
) -> None:
    """Send a mail, as `mail_to` does, to each active person who may change API calls.

    `may_know` tells whether the mail is about something that the person gets to see.
    """
    admins = User.objects.filter(
        company=company, role__in=roles_with(Right.CHANGE_API_CALLS), is_active=True
    )
    for admin in admins.order_by("pk"):
        if may_know(admin):
            # One each: nobody is told the address of another.
            mail_to(admin.email, template, context, language=admin.language)
