"""django-allauth, as Workhub uses it."""

from urllib.parse import quote

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.addresses import client_address
from accounts.models import User


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
        super().login(request, user)
        _audit(request, user, "signed in")

    def logout(self, request: HttpRequest) -> None:
        user = request.user
        if isinstance(user, User):
            _audit(request, user, "signed out")
        super().logout(request)

    def set_password(self, user: User, password: str) -> None:
        services.password_change(
            person=user, password=password, address=client_address(self.request)
        )

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("home")

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: str) -> str:
        # The default counts apart for each Host header, whose port the guesser chooses.
        return credentials.get("email", "").lower()

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


def _audit(request: HttpRequest, user: User, action: str) -> None:
    if user.company is not None:  # an operator's sign-ins belong to no company's trail
        services.audit_event_add(
            company=user.company,
            actor=user,
            action=action,
            subject=user,
            address=client_address(request),
        )
