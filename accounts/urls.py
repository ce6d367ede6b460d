"""Sign-in, and the Account pages of this app.

Of django-allauth only the views below are reachable. Its sign-up answers that it is closed;
managing several e-mail addresses, codes and confirmations has no address at all.
"""

from collections.abc import Callable

from allauth.account import views as allauth_views
from django.http import HttpResponse
from django.urls import path, re_path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.sign_in.views import entrance, second_factor, sessions
from accounts.views import activity, company, invitations, people, preferences


def _form(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Keep one of django-allauth's pages out of every cache, and to the methods of a form.

    Django's form views take a PUT for a POST.
    """
    return never_cache(require_http_methods(["GET", "HEAD", "POST"])(view))


_PERSON = "account/people/<uuid:code>/"
_INVITATION = "account/people/invitations/<uuid:code>/"

urlpatterns = [
    path("", company.home, name="home"),
    # --- Account -----------------------------------------------------------------------
    path("account/company/", company.company, name="company"),
    path("account/company/change/", company.company_change, name="company_change"),
    path(
        "account/company/security/change/",
        company.company_security_change,
        name="company_security_change",
    ),
    path("account/people/", people.people, name="people"),
    path("account/people/invite/", invitations.invitation_add, name="invitation_add"),
    path(_INVITATION + "link/", invitations.invitation_link, name="invitation_link"),
    path(_INVITATION + "renew/", invitations.invitation_renew, name="invitation_renew"),
    path(_INVITATION + "withdraw/", invitations.invitation_withdraw, name="invitation_withdraw"),
    path(_PERSON, people.person, name="person"),
    path(_PERSON + "change/", people.person_change, name="person_change"),
    path(_PERSON + "deactivate/", people.person_deactivate, name="person_deactivate"),
    path(_PERSON + "reactivate/", people.person_reactivate, name="person_reactivate"),
    path(_PERSON + "invite/", invitations.person_invite, name="person_invite"),
    path(
        _PERSON + "second-factor/reset/",
        people.person_second_factor_reset,
        name="person_second_factor_reset",
    ),
    path("account/activity/", activity.activity, name="activity"),
    path("account/activity/csv/", activity.activity_csv, name="activity_csv"),
    # --- Of a person alone -----------------------------------------------------------------
    path("language/", preferences.language_change, name="language_change"),
    path("you/preferences/", preferences.preferences, name="preferences"),
    path("you/sessions/", sessions.sessions, name="sessions"),
    path("you/sessions/end/", sessions.sessions_end, name="sessions_end"),
    path("you/sessions/<uuid:code>/end/", sessions.session_end, name="session_end"),
    path("you/second-factor/", second_factor.second_factor, name="second_factor"),
    path("you/second-factor/add/", second_factor.second_factor_add, name="second_factor_add"),
    path(
        "you/second-factor/remove/",
        second_factor.second_factor_remove,
        name="second_factor_remove",
    ),
    path("you/recovery-codes/", second_factor.recovery_codes, name="recovery_codes"),
    path(
        "you/recovery-codes/make/",
        second_factor.recovery_codes_make,
        name="recovery_codes_make",
    ),
    # --- The way in: names that django-allauth looks up -------------------------------------
    path("invitation/<str:token>/", invitations.invitation, name="invitation"),
    path("sign-in/", _form(entrance.SignInView.as_view()), name="account_login"),
    path("sign-in/code/", _form(entrance.SecondStepView.as_view()), name="mfa_authenticate"),
    path("sign-out/", _form(allauth_views.logout), name="account_logout"),
    path("sign-up/", _form(allauth_views.signup), name="account_signup"),
    path("inactive/", allauth_views.account_inactive, name="account_inactive"),
    path(
        "confirm/", _form(entrance.ConfirmByPasswordView.as_view()), name="account_reauthenticate"
    ),
    path("confirm/code/", _form(entrance.ConfirmByCodeView.as_view()), name="mfa_reauthenticate"),
    path(
        "password/change/",
        _form(entrance.PasswordChangeView.as_view()),
        name="account_change_password",
    ),
    path(
        "password/reset/",
        _form(entrance.PasswordResetView.as_view()),
        name="account_reset_password",
    ),
    path(
        "password/reset/done/",
        allauth_views.password_reset_done,
        name="account_reset_password_done",
    ),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]{1,13})-(?P<key>[^/]{1,100})/$",
        _form(entrance.PasswordSetView.as_view()),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        allauth_views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
]
