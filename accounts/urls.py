"""Sign-in, and the Account pages of this app.

Of django-allauth only the views below are reachable. Its sign-up answers that it is closed;
managing several e-mail addresses, codes and confirmations has no address at all.
"""

from allauth.account import views as allauth_views
from django.urls import path, re_path

from accounts import forms, views

_PERSON = "account/people/<uuid:code>/"

urlpatterns = [
    path("", views.home, name="home"),
    # --- Account -----------------------------------------------------------------------
    path("account/company/", views.company, name="company"),
    path("account/company/change/", views.company_change, name="company_change"),
    path("account/people/", views.people, name="people"),
    path("account/people/add/", views.person_add, name="person_add"),
    path(_PERSON, views.person, name="person"),
    path(_PERSON + "change/", views.person_change, name="person_change"),
    path(_PERSON + "deactivate/", views.person_deactivate, name="person_deactivate"),
    path(_PERSON + "reactivate/", views.person_reactivate, name="person_reactivate"),
    path(_PERSON + "link/", views.person_link, name="person_link"),
    path(_PERSON + "link/make/", views.person_link_make, name="person_link_make"),
    path("account/activity/", views.activity, name="activity"),
    # --- Sign-in: names that django-allauth looks up ------------------------------------
    path(
        "sign-in/",
        allauth_views.LoginView.as_view(form_class=forms.SignInForm),
        name="account_login",
    ),
    path("sign-out/", allauth_views.logout, name="account_logout"),
    path("sign-up/", allauth_views.signup, name="account_signup"),
    path("inactive/", allauth_views.account_inactive, name="account_inactive"),
    path(
        "password/change/",
        allauth_views.PasswordChangeView.as_view(form_class=forms.PasswordChangeForm),
        name="account_change_password",
    ),
    path(
        "password/reset/",
        allauth_views.PasswordResetView.as_view(form_class=forms.PasswordResetForm),
        name="account_reset_password",
    ),
    path(
        "password/reset/done/",
        allauth_views.password_reset_done,
        name="account_reset_password_done",
    ),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]{1,13})-(?P<key>[^/]{1,100})/$",
        allauth_views.PasswordResetFromKeyView.as_view(form_class=forms.PasswordSetForm),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        allauth_views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
]
