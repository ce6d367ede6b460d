"""django-allauth's views of signing in, confirming and passwords, with what we add to them."""

from typing import Any

from allauth.account import views as allauth_views
from allauth.mfa.base import views as mfa_views
from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.translation import gettext as _

from accounts.permissions import PRESS_AGAIN_KEY
from accounts.sign_in import forms, sessions


class _RequestToForm:
    request: HttpRequest

    def get_form_kwargs(self) -> dict[str, Any]:
        kwargs: dict[str, Any] = super().get_form_kwargs()  # type: ignore[misc]
        return kwargs | {"request": self.request}


class SignInView(allauth_views.LoginView):
    form_class = forms.SignInForm

    def form_invalid(self, form: forms.SignInForm) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)
        if form.has_error(NON_FIELD_ERRORS, "too_many_login_attempts"):
            response.status_code = 429
        return response


class SecondStepView(mfa_views.AuthenticateView):
    form_class = forms.CodeForm


# --- Passwords ---------------------------------------------------------------------------


class PasswordChangeView(_RequestToForm, allauth_views.PasswordChangeView):
    form_class = forms.PasswordChangeForm

    def form_valid(self, form: forms.PasswordChangeForm) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        # This session goes on, with another key.
        sessions.session_remember(request=self.request, person=form.user)
        return response


class PasswordResetView(_RequestToForm, allauth_views.PasswordResetView):
    form_class = forms.PasswordResetForm


class PasswordSetView(allauth_views.PasswordResetFromKeyView):
    form_class = forms.PasswordSetForm


# --- Confirming --------------------------------------------------------------------------


class _Confirm:
    """Says what happened to the button that was pressed before: nothing yet."""

    request: HttpRequest

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        # An address of this site; what `next` says may be any.
        back = self.get_next_url() or resolve_url("home")  # type: ignore[attr-defined]
        return context | {"back": back}

    def form_valid(self, form: Any) -> HttpResponse:
        if self.request.session.pop(PRESS_AGAIN_KEY, False):
            messages.info(
                self.request, _("Confirmed. Nothing was done yet: press the button again.")
            )
        response: HttpResponse = super().form_valid(form)  # type: ignore[misc]
        return response


class ConfirmByPasswordView(_Confirm, allauth_views.ReauthenticateView):
    form_class = forms.PasswordConfirmForm


class ConfirmByCodeView(_Confirm, mfa_views.ReauthenticateView):
    form_class = forms.CodeConfirmForm
