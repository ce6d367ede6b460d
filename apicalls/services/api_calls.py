"""Writes to API calls: added, set, duplicated, paused and archived."""

import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.audit.trail import audit_event_add
from accounts.languages import own_language
from accounts.models import Company, User
from apicalls.models import APICall, APITemplate, ServedVersion, State
from apicalls.services.credentials import credential_add
from workers.models import Division, Location, Position, WorkerType
from workers.scope import EVERYBODY, Scope

# What an admin can do to the state of a call: from which states, to which. What comes out
# of the archive is paused, so that nothing is served before somebody has looked.
STATE_CHANGES: Mapping[str, tuple[frozenset[str], State]] = {
    "pause": (frozenset({State.ACTIVE}), State.PAUSED),
    "resume": (frozenset({State.PAUSED}), State.ACTIVE),
    "archive": (frozenset({State.ACTIVE, State.PAUSED}), State.ARCHIVED),
    "restore": (frozenset({State.ARCHIVED}), State.PAUSED),
}
_AUDIT_ACTIONS = {
    "pause": "paused",
    "resume": "resumed",
    "archive": "archived",
    "restore": "restored",
}
# What is kept of a name before the number, to stay within its 100 characters.
_NUMBERED_LENGTH = 90
_SETTINGS = (
    *("name", "description", "owner_contact", "output_format"),
    *("field_groups", "scope", "rate_limit", "allowed_networks", "expires_on"),
)


class ChangedMeanwhile(Exception):
    """Somebody else has saved other settings since the form was shown."""


@transaction.atomic
def api_call_add(
    *,
    company: Company,
    template: APITemplate,
    by: User | None,
    code: uuid.UUID | None = None,
    scope: Scope = EVERYBODY,
) -> APICall:
    """Add an API call from a template, with credentials of its own.

    `code` comes from the form: sent a second time, it returns the call that the first
    time made, so that a retry after a lost answer adds nothing twice.
    """
    ticked = template.field_groups.filter(is_default=True)
    api_call, is_new = _add_once(
        company,
        code,
        template=template,
        name=_free_name(company, template.name),
        field_groups=[one.group for one in ticked],
        scope=scope.as_stored(),
    )
    if is_new:
        served_version_follow(api_call=api_call)
        credential_add(api_call=api_call, by=by)
        audit_event_add(company=company, actor=by, action="added", subject=api_call)
    return api_call


@transaction.atomic
def api_call_change(
    *,
    api_call: APICall,
    values: Mapping[str, Any],
    seen: str,
    by: User | None,
) -> bool:
    """Save the settings in `values` and tell whether anything changed.

    `seen` is the `settings_digest` of what the form was filled with. Raises
    ChangedMeanwhile when the call no longer is that.
    """
    stored = APICall.objects.select_for_update(no_key=True).get(pk=api_call.pk)
    if seen != settings_digest(stored):
        raise ChangedMeanwhile
    before = _settings_as_text(stored)
    for field in _SETTINGS:
        setattr(stored, field, values[field])
    stored.save(update_fields=_SETTINGS)
    stored.parameter_sets.set(values["parameter_sets"])
    served_version_follow(api_call=stored)
    after = _settings_as_text(stored)
    changes = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if changes:
        audit_event_add(
            company=stored.company,
            actor=by,
            action="changed",
            subject=stored,
            changes=changes,
        )
    return bool(changes)


def settings_digest(api_call: APICall) -> str:
    """Return a short text that differs when the settings do."""
    ticked = sorted(one.pk for one in api_call.parameter_sets.all())
    stored = [*(getattr(api_call, name) for name in _SETTINGS), ticked]
    return hashlib.sha256(json.dumps(stored, default=str).encode()).hexdigest()[:16]


@transaction.atomic
def api_call_duplicate(
    *,
    api_call: APICall,
    by: User | None,
    code: uuid.UUID | None = None,
) -> APICall:
    """Add a call with the same settings and other credentials, for another department."""
    twin, is_new = _add_once(
        api_call.company,
        code,
        template=api_call.template,
        name=_free_name(api_call.company, api_call.name),
        description=api_call.description,
        output_format=api_call.output_format,
        field_groups=api_call.field_groups,
        scope=api_call.scope,
        rate_limit=api_call.rate_limit,
        allowed_networks=api_call.allowed_networks,
        expires_on=api_call.expires_on,
    )
    if is_new:
        twin.parameter_sets.set(api_call.parameter_sets.all())
        served_version_follow(api_call=twin)
        credential_add(api_call=twin, by=by)
        audit_event_add(
            company=twin.company,
            actor=by,
            action="added",
            subject=twin,
            changes={"copy of": ["", api_call.name]},
        )
    return twin


@transaction.atomic
def api_call_state_change(*, api_call: APICall, change: str, by: User | None) -> bool:
    """Pause, resume, archive or restore the call; tell whether that was still to do."""
    allowed_from, state = STATE_CHANGES[change]
    changed = APICall.objects.filter(pk=api_call.pk, state__in=allowed_from).update(state=state)
    if changed:
        audit_event_add(
            company=api_call.company,
            actor=by,
            action=_AUDIT_ACTIONS[change],
            subject=api_call,
        )
    return bool(changed)


def served_version_follow(*, api_call: APICall) -> None:
    """Note which fields and scope the call has now, when they are others than before."""
    before = api_call.served_version
    served = {"field_groups": api_call.field_groups, "scope": api_call.scope}
    if before and served == {"field_groups": before.field_groups, "scope": before.scope}:
        return
    api_call.served_version = ServedVersion.objects.create(api_call=api_call, **served)
    api_call.save(update_fields=["served_version"])


def _add_once(company: Company, code: uuid.UUID | None, **fields: Any) -> tuple[APICall, bool]:
    """Return the company's call with that code, and whether it was made now.

    Where another company has the code, the new call gets one of its own.
    """
    try:
        return APICall.objects.get_or_create(
            company=company, code=code or uuid.uuid4(), defaults=fields
        )
    except IntegrityError:
        return APICall.objects.create(company=company, **fields), True


def _free_name(company: Company, name: str) -> str:
    """Return `name`, with a number behind it when the company has a call of that name."""
    taken = set(
        APICall.objects.for_company(company)
        .filter(name__startswith=name[:_NUMBERED_LENGTH])
        .values_list("name", flat=True)
    )
    free, number = name, 2
    while free in taken:
        free, number = f"{name[:_NUMBERED_LENGTH]} {number}", number + 1
    return free


def _settings_as_text(api_call: APICall) -> dict[str, str]:
    """Return the settings by their label, as the audit trail keeps them for all its readers."""
    with own_language():
        return _settings_read(api_call)


def _settings_read(api_call: APICall) -> dict[str, str]:
    special = {
        "field_groups": ", ".join(
            one.label
            for one in api_call.template.field_groups.all()
            if one.group in api_call.field_groups
        ),
        "scope": "; ".join(scope_lines(api_call=api_call)),
        "allowed_networks": ", ".join(api_call.allowed_networks),
    }
    texts = {
        str(APICall._meta.get_field(name).verbose_name): special.get(  # type: ignore[union-attr]
            name, str(getattr(api_call, name) or "")
        )
        for name in _SETTINGS
    }
    labels = [one.label for one in api_call.parameter_sets.all()]
    return texts | {_("Parameters"): ", ".join(labels)}


def scope_lines(
    *, api_call: APICall, names: Mapping[str, Mapping[int, str]] | None = None
) -> list[str]:
    """Return the scope for people, a line for each list: "Divisions: Construction, Rail".

    A place that is gone is shown by its number, so that the scope does not look empty. `names`
    has the company's places by list and id, where somebody has read them already.
    """
    scope = Scope.of(api_call.scope)
    lines = []
    for name, label, model in (
        ("divisions", _("Divisions"), Division),
        ("locations", _("Locations"), Location),
        ("positions", _("Positions"), Position),
    ):
        if ids := getattr(scope, name):
            known = names[name] if names is not None else _names(model, api_call)
            shown = sorted(known[one] for one in ids if one in known)
            shown += [f"#{one}" for one in sorted(ids - known.keys())]
            lines.append(f"{label}: {', '.join(shown)}")
    if scope.worker_types:
        types = [str(WorkerType(one).label) for one in sorted(scope.worker_types)]
        lines.append(f"{_('Worker types')}: {', '.join(types)}")
    return lines


def _names(model: type[Division | Location | Position], api_call: APICall) -> dict[int, str]:
    places = model._default_manager.filter(company_id=api_call.company_id)
    return dict(places.values_list("id", "name"))
