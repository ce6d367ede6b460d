"""The way in, and the Account pages Company, People and Activity."""

import re
import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import selectors, services
from accounts.addresses import client_address
from accounts.forms import (
    ActivityFilterForm,
    CompanyForm,
    PeopleFilterForm,
    PersonAddForm,
    PersonForm,
)
from accounts.models import User
from accounts.permissions import (
    CompanyRequest,
    company_admin_required,
    company_member_required,
)

# The one person whose set-password link this session may see, once.
_LINK_SESSION_KEY = "set_password_link_of"


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """Send everybody to where their work is."""
    user = request.user
    if not user.is_authenticated:
        return redirect("account_login")
    if user.company_id is not None:
        return redirect("api_calls")
    if user.is_staff:
        return redirect("admin:index")
    raise PermissionDenied(_("You belong to no company yet. Ask who gave you this login."))


# --- Company ---------------------------------------------------------------------------


@company_member_required
@require_safe
def company(request: CompanyRequest) -> HttpResponse:
    return render(request, "accounts/company.html", {"form": CompanyForm(instance=request.company)})


@company_admin_required
@require_POST
def company_change(request: CompanyRequest) -> HttpResponse:
    form = CompanyForm(request.POST, instance=request.company)
    if not form.is_valid():
        # The frame of the page shows what is stored, not what was refused.
        request.company.refresh_from_db()
        return render(request, "accounts/company.html", {"form": form})
    changed = services.company_change(
        company=request.company,
        by=request.user,
        address=client_address(request),
        **form.cleaned_data,
    )
    if changed:
        messages.success(request, _("Company saved."))
    else:
        messages.info(request, _("Nothing was changed."))
    return redirect("company")


# --- People ----------------------------------------------------------------------------


@company_member_required
@require_safe
def people(request: CompanyRequest) -> HttpResponse:
    form = PeopleFilterForm(request.GET)
    found = User.objects.none()
    if form.is_valid():
        found = selectors.people_of(company=request.company, text=form.cleaned_data["q"])
    page = Paginator(found, 50).get_page(request.GET.get("page"))
    return render(request, "accounts/people.html", {"form": form, "page": page})


@company_admin_required
@require_http_methods(["GET", "HEAD", "POST"])
def person_add(request: CompanyRequest) -> HttpResponse:
    form = PersonAddForm(request.POST or None)
    if form.is_valid():
        try:
            added = services.person_add(
                company=request.company,
                by=request.user,
                address=client_address(request),
                **form.cleaned_data,
            )
        except IntegrityError:  # the same form, sent twice at once
            form.add_error("email", _("A person with this e-mail is already there."))
        else:
            return _to_link_of(request, added)
    return render(request, "accounts/person_add.html", {"form": form})


@company_member_required
@require_safe
def person(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    found = _get_person(request, code)
    return _person_page(request, found, PersonForm(instance=found))


@company_admin_required
@require_POST
def person_change(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    found = _get_person(request, code)
    form = PersonForm(request.POST, instance=found)
    if not form.is_valid():
        return _person_page(request, _get_person(request, code), form)
    try:
        services.person_change(
            person=found, by=request.user, address=client_address(request), **form.cleaned_data
        )
    except services.LastAdmin:
        form.add_error("role", _last_admin_message())
        return _person_page(request, _get_person(request, code), form)
    messages.success(request, _("%(person)s is saved.") % {"person": found})
    return redirect("person", code=code)


@company_admin_required
@require_http_methods(["GET", "HEAD", "POST"])
def person_deactivate(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    found = _get_person(request, code)
    if request.method != "POST":
        return render(request, "accounts/person_deactivate.html", {"person": found})
    try:
        services.person_deactivate(person=found, by=request.user, address=client_address(request))
    except services.LastAdmin:
        messages.error(request, _last_admin_message())
    else:
        messages.success(
            request, _("%(person)s is deactivated and signed out everywhere.") % {"person": found}
        )
    return redirect("person", code=code)


@company_admin_required
@require_POST
def person_reactivate(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    found = _get_person(request, code)
    services.person_reactivate(person=found, by=request.user, address=client_address(request))
    messages.success(request, _("%(person)s can sign in again.") % {"person": found})
    return redirect("person", code=code)


@company_admin_required
@require_POST
def person_link_make(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """Make another link for a person who has not set a password yet.

    For anybody else it would let an admin sign in as that person.
    """
    found = _get_person(request, code)
    if found.has_usable_password() or not found.is_active:
        raise PermissionDenied(_("Only for a person who has not set a password yet."))
    services.audit_event_add(
        company=request.company,
        actor=request.user,
        action="made a set-password link for",
        subject=found,
        address=client_address(request),
    )
    return _to_link_of(request, found)


@company_admin_required
@require_safe
def person_link(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """Show the link once: it is made here and stored nowhere."""
    found = _get_person(request, code)
    if request.session.pop(_LINK_SESSION_KEY, None) != str(found.code):
        messages.info(request, _("A link is shown once. Make a new one when it was not used."))
        return redirect("person", code=code)
    return render(
        request,
        "accounts/person_link.html",
        {"person": found, "link": services.set_password_link(person=found)},
    )


def _to_link_of(request: CompanyRequest, person: User) -> HttpResponse:
    request.session[_LINK_SESSION_KEY] = str(person.code)
    return redirect("person_link", code=person.code)


def _person_page(request: CompanyRequest, person: User, form: PersonForm) -> HttpResponse:
    return render(request, "accounts/person.html", {"person": person, "form": form})


def _get_person(request: CompanyRequest, code: uuid.UUID) -> User:
    """Return the company's person or answer 404, also for another company's."""
    return get_object_or_404(User.objects.for_company(request.company), code=code)


def _last_admin_message() -> str:
    return _("Somebody must be able to manage this company: make another person admin first.")


# --- Activity --------------------------------------------------------------------------


@company_member_required
@require_safe
def activity(request: CompanyRequest) -> HttpResponse:
    form = ActivityFilterForm(request.GET, company=request.company)
    if form.is_valid():
        page = selectors.audit_events(
            company=request.company,
            actor=form.cleaned_data["person"],
            text=form.cleaned_data["q"],
            older_than=_event_id(request.GET.get("before", "")),
        )
    else:
        # A filter that means nothing finds nothing; everything would look like its answer.
        page = selectors.EventPage(events=[], older_than=None)
    return render(request, "accounts/activity.html", {"form": form, "page": page})


def _event_id(text: str) -> int | None:
    """Read an id from an address: ASCII digits, as many as a database takes."""
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None
