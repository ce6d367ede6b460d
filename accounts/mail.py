"""Mail to the people of a company."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from accounts.models import Company, Role, User


def mail_admins_of(company: Company, template: str, context: Mapping[str, Any]) -> None:
    """Send a mail to each active admin of the company, from two templates.

    `<template>_subject.txt` and `<template>_message.txt` are given `site_url` besides.
    """
    context = {**context, "site_url": settings.SITE_URL}
    subject = " ".join(render_to_string(f"{template}_subject.txt", context).split())
    message = render_to_string(f"{template}_message.txt", context).strip() + "\n"
    admins = User.objects.filter(company=company, role=Role.ADMIN, is_active=True)
    for email in admins.order_by("pk").values_list("email", flat=True):
        # One each: nobody is told the address of another.
        send_mail(subject, message, None, [email])
