"""The forms of signing in, confirming, passwords and codes."""

import logging
from typing import Any

from allauth.account import forms as allauth_forms
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret, validate_totp_code
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.addresses import client_address
from accounts.audit.trail import own_event_add
from accounts.models import User
from accounts.sign_in import limits
from accounts.sign_in.sealing import Unreadable, seal, unseal

logger = logging.getLogger(__name__)

TOO_MANY = _("Too many attempts. Wait a few minutes and try again.")

# In the session, sealed: the secret of an app that is being set up.
_PENDING_KEY = "second_factor_pending"
# Longer than a code is good for, with the steps before and after its own.
_USED_CODE_SECONDS = 120


class _HouseWords:
    """django-allauth's forms with our words, and without placeholders that repeat a label."""

    labels: dict[str, Any] = {}
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)


# --- Passwords ---------------------------------------------------------------------------


class SignInForm(_HouseWords, allauth_forms.LoginForm):
    labels = {"login": _("E-mail"), "password": _("Password")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs |= {"autocomplete": "username", "autofocus": True}
        # The page has the link to a new password itself.
        self.fields["password"].help_text = ""


class PasswordConfirmForm(_HouseWords, allauth_forms.ReauthenticateForm):
    labels = {"password": _("Password")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].widget.attrs["autofocus"] = True
        self.fields["password"].help_text = ""


class PasswordChangeForm(_HouseWords, allauth_forms.ChangePasswordForm):
    labels = {
        "oldpassword": _("Current password"),
        "password1": _("New password"),
        "password2": _("New password, again"),
    }

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_oldpassword(self) -> str:
        # Or a browser that was left alone could be used to guess it.
        try:
            attempt = limits.password_attempt(
                email=self.user.email, address=client_address(self.request)
            )
        except limits.TooManyAttempts as error:
            raise ValidationError(TOO_MANY) from error
        password: str = super().clean_oldpassword()
        attempt.succeeded()
        return password


class PasswordResetForm(_HouseWords, allauth_forms.ResetPasswordForm):
    labels = {"email": _("E-mail")}

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean(self) -> dict[str, Any] | None:
        cleaned: dict[str, Any] | None = super().clean()
        email = self.cleaned_data.get("email")
        if email:
            try:
                limits.reset_attempt(email=email, address=client_address(self.request))
            except limits.TooManyAttempts as error:
                raise ValidationError(TOO_MANY) from error
        return cleaned

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        email: str = self.cleaned_data["email"]
        try:
            limits.reset_mail_attempt(email=email)
        except limits.TooManyAttempts:
            # Said to nobody: whose mailbox it is has mails enough, and who fills it need not know.
            return email
        super().save(request, **kwargs)
        return email


class PasswordSetForm(_HouseWords, allauth_forms.ResetPasswordKeyForm):
    labels = {"password1": _("New password"), "password2": _("New password, again")}


# --- Codes -------------------------------------------------------------------------------


class _CodeForm(_HouseWords):
    """A code of an authenticator app, or a recovery code, of the person `user`."""

    labels = {"code": _("Code")}
    user: User
    cleaned_data: dict[str, Any]
    authenticator: Authenticator

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= {
            "autofocus": True,
            "inputmode": "numeric",
            "spellcheck": "false",
        }

    def clean_code(self) -> str:
        # As apps and our page of recovery codes show them, in groups.
        code = "".join(filter("0123456789".__contains__, self.cleaned_data["code"]))
        self.cleaned_data["code"] = code
        try:
            attempt = limits.code_attempt(person_id=self.user.pk)
        except limits.TooManyAttempts as error:
            raise ValidationError(TOO_MANY) from error
        try:
            self._check(code)
        except Unreadable as error:
            logger.error("The second factor of person %s cannot be read: %s", self.user.pk, error)
            raise ValidationError(
                _("Your codes cannot be checked here any more. Ask an admin to reset them.")
            ) from error
        attempt.succeeded()
        return code

    def _check(self, code: str) -> None:
        super().clean_code()  # type: ignore[misc]
        is_spent_by_itself = self.authenticator.type == Authenticator.Type.RECOVERY_CODES
        if not is_spent_by_itself and not limits.is_first_use(
            person_id=self.user.pk, code=code, seconds=_USED_CODE_SECONDS
        ):
            raise get_mfa_adapter().validation_error("incorrect_code")

    def save(self) -> None:
        super().save()  # type: ignore[misc]
        if self.authenticator.type == Authenticator.Type.RECOVERY_CODES:
            own_event_add(person=self.user, action="used a recovery code")


class CodeForm(_CodeForm, AuthenticateForm):
    """The second step of signing in."""


class CodeConfirmForm(_CodeForm, ReauthenticateForm):
    """Confirming who is signed in."""


class SecondFactorAddForm(forms.Form):
    """The first code of a new app, which shows that it has the secret.

    The secret is made anew with each empty form, and waits in the session, sealed.
    """

    code = forms.CharField(
        label=_("Code that the app shows"),
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: Any, request: HttpRequest, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.person = person
        self.secret = self._pending() if self.is_bound else ""
        if not self.secret:
            self.secret = generate_totp_secret()
            request.session[_PENDING_KEY] = seal(self.secret)

    def _pending(self) -> str:
        try:
            return unseal(self.request.session.get(_PENDING_KEY, ""))
        except Unreadable:
            return ""

    def clean_code(self) -> str:
        code = "".join(filter("0123456789".__contains__, self.cleaned_data["code"]))
        try:
            attempt = limits.code_attempt(person_id=self.person.pk)
        except limits.TooManyAttempts as error:
            raise ValidationError(TOO_MANY) from error
        if not validate_totp_code(self.secret, code):
            raise ValidationError(_("This code is not right. Does the clock of the phone run?"))
        attempt.succeeded()
        # It is not good for signing in as well.
        limits.is_first_use(person_id=self.person.pk, code=code, seconds=_USED_CODE_SECONDS)
        return code

    def forget(self) -> None:
        """Take the secret out of the session; it is in the app now."""
        self.request.session.pop(_PENDING_KEY, None)
