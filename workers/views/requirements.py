"""The pages of requirements, and the grid that assigns them to positions and locations."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Company
from accounts.permissions import (
    CompanyRequest,
    company_manager_required,
    company_member_required,
)
from workers import services
from workers.assignments import GridRow, assignment_grid, columns_of
from workers.compliance import Level
from workers.forms.faults import tell
from workers.forms.requirements import (
    GridFilterForm,
    GridForm,
    RequirementFilterForm,
    RequirementForm,
    cell_name,
    seen_text,
    told_of,
)
from workers.labels import LEVELS
from workers.models import Requirement
from workers.paging import BoundedPaginator, page_size
from workers.reach import (
    Cell,
    CellChange,
    RequirementReach,
    reach_of_assignments,
    reach_of_requirement,
)
from workers.requirements import (
    assignment_counts,
    assignments_of,
    events_of,
    listed,
    requirements_listed,
)

# Of one requirement; the grid shows all.
ASSIGNMENTS_SHOWN = 50
ACTIVITY_SHOWN = 10
# The grid is a form: with all cells of a page it stays below what Django accepts.
GRID_ROWS = 20
GRID_COLUMNS = 6
LIST_COLUMNS = 60


# --- Requirements ----------------------------------------------------------------------


@company_member_required
@require_safe
def requirements(request: CompanyRequest) -> HttpResponse:
    filter_form = RequirementFilterForm(request.GET)
    found = _found(request, filter_form)
    page = BoundedPaginator(found, page_size(request)).get_page(request.GET.get("page"))
    return render(
        request,
        "workers/requirements.html",
        {"filter_form": filter_form, "page": page, "listed": listed(list(page.object_list))},
    )


@company_manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def requirement_add(request: CompanyRequest) -> HttpResponse:
    form = RequirementForm(request.POST or None, company=request.company)
    if form.is_valid():
        try:
            added = services.requirement_add(
                company=request.company, by=request.user, **form.values
            )
        except ValidationError as refused:  # the same form, sent twice at once
            tell(form, refused)
        else:
            messages.success(
                request, _("%(requirement)s is added. Assign it next.") % {"requirement": added}
            )
            return redirect("requirement", added.pk)
    return render(request, "workers/requirement_add.html", {"form": form})


@company_member_required
@require_safe
def requirement(request: CompanyRequest, pk: int) -> HttpResponse:
    found = _get_requirement(request, pk)
    return _requirement_page(request, found, _form_of(request, found))


@company_manager_required
@require_POST
def requirement_change(request: CompanyRequest, pk: int) -> HttpResponse:
    """Save the form, after saying whom that touches when it is not said yet."""
    found = _get_requirement(request, pk)
    form = _form_of(request, found, request.POST)
    if not form.is_valid():
        return _requirement_page(request, found, form, status=422)
    seen = form.cleaned_data["seen"]
    if seen != services.requirement_digest(found):
        return _changed_meanwhile_page(request, found, form)
    reach = reach_of_requirement(stored=found, changed=form.changed_requirement)
    if reach and form.cleaned_data["told"] != reach.told:
        return _requirement_page(request, found, form, reach=reach)
    try:
        saved = services.requirement_change(
            company=request.company, requirement=found, by=request.user, seen=seen, **form.values
        )
    except services.ChangedMeanwhile:
        return _changed_meanwhile_page(request, _get_requirement(request, pk), form)
    except ValidationError as refused:  # such as a name that was taken a moment ago
        tell(form, refused)
        return _requirement_page(request, found, form, status=422)
    messages.success(request, _("%(requirement)s is saved.") % {"requirement": saved})
    return redirect("requirement", pk)


@company_manager_required
@require_POST
def requirement_reach(request: CompanyRequest, pk: int) -> HttpResponse:
    """Whom it touches to save the form as it stands; for the page, while somebody types."""
    found = _get_requirement(request, pk)
    form = _form_of(request, found, request.POST)
    reach = RequirementReach()
    if form.is_valid():
        reach = reach_of_requirement(stored=found, changed=form.changed_requirement)
    return render(request, "workers/_requirement_reach.html", {"reach": reach})


@company_manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def requirement_deactivate(request: CompanyRequest, pk: int) -> HttpResponse:
    found = _get_requirement(request, pk)
    return _set_active(request, found, to=False)


@company_manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def requirement_reactivate(request: CompanyRequest, pk: int) -> HttpResponse:
    found = _get_requirement(request, pk)
    return _set_active(request, found, to=True)


def _set_active(request: CompanyRequest, found: Requirement, *, to: bool) -> HttpResponse:
    """Say whom it touches, and on POST do it."""
    if request.method != "POST":
        changed = Requirement.objects.get(pk=found.pk)
        changed.is_active = to
        reach = reach_of_requirement(stored=found, changed=changed)
        template = "requirement_reactivate" if to else "requirement_deactivate"
        context = {"requirement": found, "reach": reach}
        return render(request, f"workers/{template}.html", context)
    if to:
        done = services.requirement_reactivate(
            company=request.company, requirement=found, by=request.user
        )
        message = _("%(requirement)s is active: its assignments hold again.")
    else:
        done = services.requirement_deactivate(
            company=request.company, requirement=found, by=request.user
        )
        message = _("%(requirement)s is inactive: it is asked of nobody. Its records are kept.")
    if done:
        messages.success(request, message % {"requirement": found})
    else:
        messages.info(request, _("That was done already; nothing is changed."))
    return redirect("requirement", found.pk)


def _found(
    request: CompanyRequest, form: RequirementFilterForm | GridFilterForm
) -> QuerySet[Requirement]:
    if not form.is_valid():
        # A filter that means nothing finds nothing; everything would look like its answer.
        return Requirement.objects.none()
    return requirements_listed(company=request.company, **form.chosen)


def _get_requirement(request: CompanyRequest, pk: int) -> Requirement:
    """Return the company's requirement or answer 404, also for another company's."""
    requirements = Requirement.objects.for_company(request.company).select_related("company")
    return get_object_or_404(requirements, pk=pk)


def _form_of(request: CompanyRequest, found: Requirement, data: Any = None) -> RequirementForm:
    # A form writes what was typed to its instance; the page shows what is stored.
    instance = Requirement.objects.get(pk=found.pk) if data is not None else found
    return RequirementForm(data, instance=instance, company=request.company)


def _changed_meanwhile_page(
    request: CompanyRequest, theirs: Requirement, form: RequirementForm
) -> HttpResponse:
    """Show the form as it was typed, with what somebody else has saved otherwise."""
    data = request.POST.copy()
    data["seen"] = services.requirement_digest(theirs)
    typed = _form_of(request, theirs, data)
    return _requirement_page(
        request, theirs, typed, saved_otherwise=form.saved_otherwise(theirs), status=409
    )


def _requirement_page(
    request: CompanyRequest,
    found: Requirement,
    form: RequirementForm,
    *,
    reach: RequirementReach | None = None,
    saved_otherwise: list[tuple[str, str]] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the page; `reach` when that is to be confirmed."""
    assignments = list(assignments_of(found)[: ASSIGNMENTS_SHOWN + 1])
    [line] = listed([found])
    context = {
        "requirement": found,
        "form": form,
        "reach": reach or RequirementReach(),
        "is_to_confirm": reach is not None,
        "saved_otherwise": saved_otherwise,
        "line": line,
        "assignments": assignments[:ASSIGNMENTS_SHOWN],
        "has_more_assignments": len(assignments) > ASSIGNMENTS_SHOWN,
        "events": events_of(found)[:ACTIVITY_SHOWN],
    }
    return render(request, "workers/requirement.html", context, status=status)


# --- Assignments -----------------------------------------------------------------------


@company_member_required
@require_safe
def assignments(request: CompanyRequest) -> HttpResponse:
    filter_form = GridFilterForm(request.GET, company=request.company)
    return _grid_page(request, filter_form)


@company_manager_required
@require_POST
def assignments_change(request: CompanyRequest) -> HttpResponse:
    """Save the cells that were changed, after saying whom that touches when it is not said."""
    filter_form = GridFilterForm(request.GET, company=request.company)
    form = GridForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was saved: the form could not be read. Set it again."))
        return _to_grid(request)
    changes = form.changes
    workers = reach_of_assignments(company=request.company, changes=changes)
    if workers and form.cleaned_data["told"] != told_of(len(changes), workers):
        return _grid_page(request, filter_form, form)
    try:
        changed = services.assignments_set(
            company=request.company, changes=changes, by=request.user
        )
    except services.CellsChangedMeanwhile as stale:
        return _grid_page(request, filter_form, form, stale=stale.cells, status=409)
    except ValidationError:
        messages.error(
            request,
            _("Nothing was saved: a requirement, position or location is no longer there."),
        )
        return _to_grid(request)
    _say_what_changed(request, changed, workers)
    return _to_grid(request)


@company_manager_required
@require_POST
def assignments_reach(request: CompanyRequest) -> HttpResponse:
    """How many cells differ and whom they touch; for the page, while somebody sets them."""
    form = GridForm(request.POST)
    changes = form.changes if form.is_valid() else []
    context = _reach_context(request.company, changes)
    return render(request, "workers/_assignments_reach.html", context)


def _to_grid(request: CompanyRequest) -> HttpResponse:
    query = request.GET.urlencode()
    return redirect(f"{reverse('assignments')}?{query}" if query else "assignments")


def _say_what_changed(request: CompanyRequest, changed: int, workers: int) -> None:
    if not changed:
        messages.info(request, _("There was nothing to save: no assignment differs."))
        return
    cells = ngettext("%d assignment saved.", "%d assignments saved.", changed) % changed
    touched = (
        ngettext("It touches %d worker.", "It touches %d workers.", workers) % workers
        if workers
        else _("It touches no worker.")
    )
    messages.success(request, f"{cells} {touched}")


def _grid_page(
    request: CompanyRequest,
    filter_form: GridFilterForm,
    edited: GridForm | None = None,
    *,
    stale: frozenset[Cell] = frozenset(),
    status: int = 200,
) -> HttpResponse:
    """Render a part of the grid, with the cells of `edited` as somebody has left them.

    Then it is the part that the form was sent with, and `stale` are the cells that somebody
    else has set since.
    """
    found = _found(request, filter_form)
    location = filter_form.shown_location
    page = Paginator(found, GRID_ROWS).get_page(request.GET.get("page"))
    # One requirement is a list of positions, which has room for more of them.
    is_list = page.paginator.count == 1
    # At a location, whoever works there has the first column.
    width = LIST_COLUMNS if is_list else GRID_COLUMNS - bool(location)
    columns = Paginator(filter_form.shown_positions, width).get_page(request.GET.get("columns"))
    requirements, positions = list(page.object_list), list(columns.object_list)
    if edited is not None:
        ids = {cell.requirement_id for cell in edited.levels}
        requirements = list(requirements_listed(company=request.company).filter(pk__in=ids))
        ids = {cell.position_id for cell in edited.levels if cell.position_id}
        positions = [position for position in filter_form.positions if position.pk in ids]
    whole = _("Everybody at %(location)s") % {"location": location} if location else ""
    heads = columns_of(positions, at=whole)
    grid = assignment_grid(requirements=requirements, columns=heads, location=location)
    counts = assignment_counts(requirements)
    # What the cells are compared with: as they are now, or as they were when first shown.
    seen = {one.cell: one.level for row in grid for one in row.cells if one.level}
    chosen: dict[Cell, Level | None] = {}
    if edited is not None:
        chosen = {change.cell: change.after for change in edited.changes}
        seen = seen if stale else {c: level for c, level in edited.seen_levels.items() if level}
    changes = [
        CellChange(cell, seen.get(cell), level)
        for cell, level in chosen.items()
        if level != seen.get(cell)
    ]
    context = {
        "filter_form": filter_form,
        "page": page,
        "columns": columns,
        "location": location,
        "is_list": is_list,
        "heads": heads.values(),
        "rows": [
            _grid_row(row, counts.get(row.requirement.pk, 0), seen, chosen, stale) for row in grid
        ],
        "levels": LEVELS.items(),
        "seen": seen_text(seen),
        "is_to_confirm": edited is not None and not stale,
        "is_stale": bool(stale),
        **_reach_context(request.company, changes),
    }
    return render(request, "workers/assignments.html", context, status=status)


def _grid_row(
    row: GridRow,
    assignments: int,
    seen: Mapping[Cell, Level],
    chosen: Mapping[Cell, Level | None],
    stale: frozenset[Cell],
) -> dict[str, Any]:
    """Return what the page says of one requirement and its cells."""
    cells = [
        {
            "name": f"level-{cell_name(one.cell)}",
            "whom": one.whom,
            "level": chosen.get(one.cell, seen.get(one.cell)) or "",
            "usual": LEVELS.get(one.usual or "", ""),
            "is_changed": one.cell in chosen and chosen[one.cell] != seen.get(one.cell),
            "is_stale": one.cell in stale,
            "theirs": LEVELS.get(one.level or "", _("nothing")),
        }
        for one in row.cells
    ]
    return {"requirement": row.requirement, "assignments": assignments, "cells": cells}


def _reach_context(company: Company, changes: Sequence[CellChange]) -> dict[str, Any]:
    workers = reach_of_assignments(company=company, changes=changes)
    return {
        "changes": len(changes),
        "workers": workers,
        "told": told_of(len(changes), workers),
    }
