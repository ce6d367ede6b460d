"""The pages of divisions, locations and positions."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import (
    CompanyRequest,
    company_manager_required,
    company_member_required,
)
from workers import services
from workers.forms.faults import tell
from workers.forms.places import MergeForm, PlaceFilterForm, PlaceForm
from workers.paging import BoundedPaginator, page_size
from workers.places import Kind, listed, places_listed
from workers.reach import reach_of_merge


@company_member_required
@require_safe
def places(request: CompanyRequest, kind: Kind = Kind.LOCATIONS) -> HttpResponse:
    filter_form = PlaceFilterForm(request.GET)
    found = kind.model.objects.none()
    if filter_form.is_valid():
        search = filter_form.cleaned_data["q"]
        found = places_listed(company=request.company, kind=kind, search=search)
    page = BoundedPaginator(found, page_size(request)).get_page(request.GET.get("page"))
    context = {"filter_form": filter_form, "page": page, "listed": listed(list(page), kind)}
    return _render(request, "places", kind, context)


@company_manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def place_add(request: CompanyRequest, kind: Kind) -> HttpResponse:
    form = PlaceForm(request.POST or None, company=request.company, kind=kind)
    if form.is_valid():
        try:
            added = services.place_add(
                company=request.company, kind=kind.model, by=request.user, **form.values
            )
        except ValidationError as refused:
            tell(form, refused)
        else:
            messages.success(request, kind.words.added % {"place": added})
            return redirect("places", kind)
    return _render(request, "place_add", kind, {"form": form})


@company_manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def place_change(request: CompanyRequest, kind: Kind, pk: int) -> HttpResponse:
    """Rename a place, or put a location into another division."""
    found = _get_place(request, kind, pk)
    form = PlaceForm(request.POST or None, company=request.company, kind=kind, place=found)
    status = 200
    if form.is_valid():
        try:
            services.place_change(
                company=request.company,
                place=found,
                by=request.user,
                seen=form.cleaned_data["seen"],
                **form.values,
            )
        except services.ChangedMeanwhile:
            form, status = _seen_anew(request, kind, pk), 409
        except ValidationError as refused:
            tell(form, refused)
        else:
            messages.success(request, _("%(place)s is saved.") % {"place": form.values["name"]})
            return redirect("places", kind)
    return _render(request, "place_change", kind, {"place": found, "form": form}, status)


@company_manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def place_merge(request: CompanyRequest, kind: Kind, pk: int) -> HttpResponse:
    """Choose what to merge into, see what moves, and on POST do it."""
    found = _get_place(request, kind, pk)
    data = request.POST if request.method == "POST" else request.GET
    form = MergeForm(data or None, company=request.company, kind=kind, place=found)
    into = form.chosen
    if request.method == "POST" and into is not None:
        return _merged(request, kind, found, into)
    context = {"place": found, "form": form, "into": into}
    if into is not None:
        context["reach"] = reach_of_merge(company=request.company, place=found, into=into)
    return _render(request, "place_merge", kind, context)


@company_manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def place_remove(request: CompanyRequest, kind: Kind, pk: int) -> HttpResponse:
    found = _get_place(request, kind, pk)
    if request.method != "POST":
        [line] = listed([found], kind)
        return _render(request, "place_remove", kind, {"place": found, "line": line})
    try:
        services.place_remove(company=request.company, place=found, by=request.user)
    except ValidationError as refused:
        messages.error(request, " ".join(refused.messages))
    else:
        messages.success(request, _("%(place)s is deleted.") % {"place": found})
    return redirect("places", kind)


def _get_place(request: CompanyRequest, kind: Kind, pk: int) -> Any:
    """Return the company's place of that kind or answer 404, also for another company's."""
    return get_object_or_404(places_listed(company=request.company, kind=kind), pk=pk)


def _seen_anew(request: CompanyRequest, kind: Kind, pk: int) -> PlaceForm:
    """Return the form as it was typed, to be saved over what somebody else has saved."""
    theirs = _get_place(request, kind, pk)
    data = request.POST.copy()
    data["seen"] = services.place_digest(theirs)
    form = PlaceForm(data, company=request.company, kind=kind, place=theirs)
    message = _(
        "Somebody else has changed it to “%(theirs)s” since you opened it. Your input is still "
        "here: save again to put it in place of theirs."
    )
    division = getattr(theirs, "division", None)
    told = f"{theirs.name}, {division.name}" if division else theirs.name
    form.add_error(None, message % {"theirs": told})
    return form


def _merged(request: CompanyRequest, kind: Kind, found: Any, into: Any) -> HttpResponse:
    try:
        merged = services.place_merge(
            company=request.company, place=found, into=into, by=request.user
        )
    except ValidationError:  # one of them is gone since the page was shown
        messages.error(request, _("Nothing was merged: one of the two is no longer there."))
        return redirect("places", kind)
    moved = [
        one % {"number": number}
        for number, one in (
            (
                merged.workers,
                ngettext("%(number)d worker", "%(number)d workers", merged.workers),
            ),
            (
                merged.assignments,
                ngettext("%(number)d assignment", "%(number)d assignments", merged.assignments),
            ),
            (
                merged.locations,
                ngettext("%(number)d location", "%(number)d locations", merged.locations),
            ),
        )
        if number
    ]
    messages.success(
        request,
        _("%(place)s is merged into %(into)s. Moved: %(moved)s.")
        % {"place": found, "into": into, "moved": ", ".join(moved) or _("nothing")},
    )
    return redirect("places", kind)


def _render(
    request: CompanyRequest, page: str, kind: Kind, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    shared = {"kind": kind.value, "kinds": [(one.value, one.words) for one in Kind]}
    return render(
        request,
        f"workers/{page}.html",
        {**shared, "words": kind.words, **context},
        status=status,
    )
