"""django-allauth, as Workhub uses it."""

from typing import Any
from urllib.parse import quote

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.addresses import client_address
from accounts.audit.trail import own_event_add
from accounts.models import User
from accounts.sign_in import limits, sealing, sessions


class PasswordResetTokens(PasswordResetTokenGenerator):
    """Tokens of links to a new password, made and checked without a query.

    django-allauth's own asks about e-mails that we do not keep, and so takes longer for an
    address that is known than for one that is not. What ends a person's sessions ends their
    links as well: who was deactivated gets in by none, and by none of before afterwards.
    """

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        return f"{super()._make_hash_value(user, timestamp)}{user.session_epoch}"


class AccountAdapter(DefaultAccountAdapter):
    """People are added by an admin of their company; what they do is in the audit trail."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("The e-mail or the password is not right."),
        "too_many_login_attempts": _("Too many attempts. Wait a few minutes and try again."),
        "enter_current_password": _("This is not your current password."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        # One rule for limits and audit. Who comes by a Unix socket shares one limit.
        return client_address(request) or ""

    # --- Sign-in, sign-out, passwords --------------------------------------------------

    def login(self, request: HttpRequest, user: User) -> None:
        if not user.is_active:  # deactivated while the second factor was asked for
            raise ImmediateHttpResponse(self.respond_user_inactive(request, user))
        super().login(request, user)
        sessions.session_remember(request=request, person=user)
        own_event_add(person=user, action="signed in")

    def logout(self, request: HttpRequest) -> None:
        user = request.user
        if isinstance(user, User):
            own_event_add(person=user, action="signed out")
        super().logout(request)

    def authenticate(self, request: HttpRequest, **credentials: str) -> User | None:
        try:
            attempt = limits.password_attempt(
                email=credentials.get("email", ""), address=client_address(request)
            )
        except limits.TooManyAttempts as error:
            raise self.validation_error("too_many_login_attempts") from error
        user: User | None = super().authenticate(request, **credentials)
        if user is not None:
            attempt.succeeded()
        return user

    def set_password(self, user: User, password: str) -> None:
        services.password_change(person=user, password=password)
        if self.request.user == user:
            sessions.session_keep(request=self.request, person=user)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("home")

    # --- E-mail ------------------------------------------------------------------------

    def format_email_subject(self, subject: str) -> str:
        # The default puts the Host header of whoever asked in front.
        return str(subject)

    def get_reset_password_from_key_url(self, key: str) -> str:
        # The default builds the link from the Host header.
        path = reverse(
            "account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"}
        ).replace("UID-KEY", quote(key))
        return f"{settings.SITE_URL}{path}"


class MFAAdapter(DefaultMFAAdapter):
    """Second factors whose secrets are sealed in the database."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("This code is not right, or it was used already."),
    }

    def encrypt(self, text: str) -> str:
        return sealing.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return sealing.unseal(encrypted_text)
