"""The page on which a person is limited to a division or location."""

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.permissions import (
    CompanyRequest,
    company_right_required,
    recently_confirmed_required,
)
from accounts.roles import Right, right_to_manage
from accounts.services import OwnerIsLimited
from workers import services
from workers.forms.faults import tell
from workers.forms.limits import PersonLimitForm


@company_right_required(Right.MANAGE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
@recently_confirmed_required
def person_limit(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    found = get_object_or_404(User.objects.for_company(request.company), code=code)
    if not request.user.may(right_to_manage(found.role)):
        raise PermissionDenied(_("Only an owner of your company may do this to an owner."))
    form = PersonLimitForm(request.POST or None, company=request.company, person=found)
    if request.method == "POST" and form.is_valid():
        try:
            changed = services.person_limit_set(person=found, to=form.place, by=request.user)
        except OwnerIsLimited:
            form.add_error("limit", _("An owner sees the whole company. Change the role first."))
        except ValidationError as error:
            tell(form, error)
        else:
            _say(request, found, changed=changed, is_limited=form.place is not None)
            return redirect("person", code)
    return render(request, "workers/person_limit.html", {"person": found, "form": form})


def _say(request: CompanyRequest, person: User, *, changed: bool, is_limited: bool) -> None:
    if not changed:
        messages.info(request, _("That was so already; nothing is changed."))
    elif is_limited:
        messages.success(request, _("%s sees only that now, and has to sign in again.") % person)
    else:
        messages.success(request, _("%s sees the whole company now.") % person)
