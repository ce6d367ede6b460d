"""The page "People", and the page of each of them."""

import uuid

from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import selectors, services
from accounts.forms import PeopleFilterForm, PersonForm
from accounts.mail import mail_reaches_people
from accounts.models import Invitation, User
from accounts.permissions import (
    CompanyRequest,
    company_member_required,
    company_right_required,
    recently_confirmed_required,
)
from accounts.roles import Right, right_to_manage
from accounts.sign_in.second_factor import second_factor_of, second_factor_reset
from accounts.sign_in.sessions import session_keep


@company_member_required
@require_safe
def people(request: CompanyRequest) -> HttpResponse:
    form = PeopleFilterForm(request.GET)
    found: QuerySet[User] = User.objects.none()
    invitations: QuerySet[Invitation] = Invitation.objects.none()
    if form.is_valid():
        text = form.cleaned_data["q"]
        found = selectors.people_of(company=request.company, text=text)
        invitations = selectors.invitations_of(company=request.company, text=text)
    page = Paginator(found, 50).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "invitations": invitations,
        "mail_reaches_people": mail_reaches_people(),
    }
    return render(request, "accounts/people.html", context)


@company_member_required
@require_safe
def person(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    found = _get_person(request, code)
    return _person_page(request, found)


@company_right_required(Right.MANAGE_PEOPLE)
@require_POST
@recently_confirmed_required
def person_change(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    found = _get_person_to_manage(request, code)
    form = PersonForm(request.POST, instance=_get_person(request, code), by=request.user)
    if not form.is_valid():
        return _person_page(request, found, form)
    try:
        services.person_change(person=found, by=request.user, **form.cleaned_data)
    except services.LastOwner:
        form.add_error("role", _last_owner_message())
        return _person_page(request, found, form)
    except services.OwnerIsLimited:
        form.add_error(
            "role", _("An owner sees the whole company: lift this person's limit first.")
        )
        return _person_page(request, found, form)
    if found == request.user:
        found.refresh_from_db()
        session_keep(request=request, person=found)
    messages.success(request, _("%(person)s is saved.") % {"person": form.cleaned_data["name"]})
    return redirect("person", code=code)


@company_right_required(Right.MANAGE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
@recently_confirmed_required
def person_deactivate(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    found = _get_person_to_manage(request, code)
    if request.method != "POST":
        return render(
            request,
            "accounts/person_deactivate.html",
            {
                "person": found,
                "invitations": Invitation.objects.for_company(request.company).filter(
                    invited_by=found
                ),
            },
        )
    try:
        services.person_deactivate(person=found, by=request.user)
    except services.LastOwner:
        messages.error(request, _last_owner_message())
        return redirect("person", code=code)
    if found == request.user:
        logout(request)
        return redirect("account_login")
    messages.success(
        request, _("%(person)s is deactivated and signed out everywhere.") % {"person": found}
    )
    return redirect("person", code=code)


@company_right_required(Right.MANAGE_PEOPLE)
@require_POST
@recently_confirmed_required
def person_reactivate(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    found = _get_person_to_manage(request, code)
    services.person_reactivate(person=found, by=request.user)
    messages.success(request, _("%(person)s can sign in again.") % {"person": found})
    return redirect("person", code=code)


@company_right_required(Right.MANAGE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
@recently_confirmed_required
def person_second_factor_reset(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    found = _get_person_to_manage(request, code)
    if request.method != "POST":
        return render(request, "accounts/person_second_factor_reset.html", {"person": found})
    if second_factor_reset(person=found, by=request.user):
        messages.success(request, _("%(person)s has no second factor now.") % {"person": found})
    else:
        messages.info(request, _("That was done already; nothing is changed."))
    return redirect("person", code=code)


def _person_page(
    request: CompanyRequest, person: User, form: PersonForm | None = None
) -> HttpResponse:
    may_manage = request.user.may(right_to_manage(person.role))
    context = {
        "person": person,
        "form": form or PersonForm(instance=person, by=request.user),
        "may_manage": may_manage,
        "invitation": Invitation.objects.for_company(request.company)
        .filter(email=person.email)
        .first(),
    }
    if may_manage:
        context["second_factor"] = second_factor_of(person=person)
    return render(request, "accounts/person.html", context)


def _get_person(request: CompanyRequest, code: uuid.UUID) -> User:
    """Return the company's person or answer 404, also for another company's."""
    return get_object_or_404(User.objects.for_company(request.company), code=code)


def _get_person_to_manage(request: CompanyRequest, code: uuid.UUID) -> User:
    """Return the same, or answer 403 when who asks may not manage people of that role."""
    found = _get_person(request, code)
    if not request.user.may(right_to_manage(found.role)):
        raise PermissionDenied(_("Only an owner of your company may do this to an owner."))
    return found


def _last_owner_message() -> str:
    return _("A company always has an owner: make another person owner first.")
