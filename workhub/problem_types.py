"""The kinds of error that the API knows. Their codes are part of its contract."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_noop as _


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of error: its code is stable, and a page under /problems/ explains it.

    `detail` says what to do; a raised Problem may say it more precisely. The API says both in
    English, whoever asks; pages translate them.
    """

    code: str
    status: int
    title: str
    detail: str


_PROBLEM_TYPES = (
    ProblemType(
        "missing_parameter",
        400,
        _("A parameter is missing"),
        _("Send every parameter that the Website Address of this API call shows."),
    ),
    ProblemType(
        "unknown_parameter",
        400,
        _("A parameter is not one of this API call"),
        _("Send the parameters that the Website Address of this API call shows, and no others."),
    ),
    ProblemType(
        "repeated_parameter", 400, _("A parameter was sent twice"), _("Send each parameter once.")
    ),
    ProblemType(
        "invalid_parameter",
        400,
        _("A parameter cannot be read"),
        _("Send each value as percent-encoded UTF-8, with the worker's own data in it."),
    ),
    ProblemType(
        "invalid_cursor",
        400,
        _("This cursor is not one of this API call"),
        _(
            "Use the address in next, or the text in latest, of an answer to this API call, "
            "unchanged and with the same filters; or leave it out to begin anew."
        ),
    ),
    ProblemType(
        "bad_request",
        400,
        _("The request cannot be read"),
        _("Send the request to the address that the API call's details page shows."),
    ),
    ProblemType(
        "not_authenticated",
        401,
        _("No Client Key and Client Secret were sent"),
        _(
            "Add a header named Authorization with the value amx ClientKey:ClientSecret. "
            "Both are on the API call's details page. In Postman, add it under Headers and "
            'leave the Authorization tab at "No Auth".'
        ),
    ),
    ProblemType(
        "malformed_authorization",
        401,
        _("The Authorization header cannot be read"),
        _(
            "Its value must read: amx, a space, the Client Key, a colon, the Client Secret; "
            "without quotes and without anything behind it: amx ClientKey:ClientSecret."
        ),
    ),
    ProblemType(
        "invalid_credentials",
        401,
        _("The Client Key and Client Secret are not right"),
        _(
            "Copy the header again from the API call's details page. If the credentials were "
            "regenerated, the old ones no longer work."
        ),
    ),
    ProblemType(
        "https_required",
        403,
        _("The request was not encrypted"),
        _(
            "Send it to the https address that the API call's details page shows. The Client "
            "Secret has travelled unencrypted: ask an admin of the company to regenerate the "
            "credentials."
        ),
    ),
    ProblemType(
        "address_not_allowed",
        403,
        _("This API call is not answered at this address"),
        _(
            "Ask an admin of the company to add the address that the request came from under "
            "Allowed networks of the API call."
        ),
    ),
    ProblemType(
        "call_paused",
        403,
        _("This API call is paused"),
        _("Ask an admin of the company to resume it under Account, API."),
    ),
    ProblemType(
        "caller_held",
        403,
        _("This program is held"),
        _("Ask an admin of the company to name it and to answer it, under Usage of the API call."),
    ),
    ProblemType(
        "caller_blocked",
        403,
        _("This program is blocked"),
        _("Ask an admin of the company why, or for an API call of your own."),
    ),
    ProblemType(
        "call_archived",
        403,
        _("This API call is archived"),
        _("Ask an admin of the company to restore it, or for another API call."),
    ),
    ProblemType(
        "call_expired",
        403,
        _("This API call has expired"),
        _('Ask an admin of the company to set a later day under "Expires on".'),
    ),
    ProblemType(
        "wrong_template",
        403,
        _("This API call is for another address"),
        _(
            "Use the Website Address of this API call's details page, or the credentials of the "
            "API call that was made for this address."
        ),
    ),
    ProblemType(
        "worker_not_found",
        404,
        _("There is no such worker"),
        _(
            "Check the values: the ID# is on the worker's profile; names must be written as "
            "they are there, accents included."
        ),
    ),
    ProblemType(
        "not_found",
        404,
        _("There is nothing at this address"),
        _("Use the Website Address of the API call's details page."),
    ),
    ProblemType(
        "method_not_allowed",
        405,
        _("This method is not allowed"),
        _("Send a GET request; HEAD and OPTIONS are answered too."),
    ),
    ProblemType(
        "not_acceptable",
        406,
        _("This API call serves another format"),
        _(
            "Send the Accept header of the call's Output Format, or none; or change the "
            "Output Format on the details page."
        ),
    ),
    ProblemType(
        "parameters_not_set",
        409,
        _("This API call has no parameters yet"),
        _("An admin of the company ticks at least one box under Parameters on the details page."),
    ),
    ProblemType(
        "worker_ambiguous",
        409,
        _("Several workers match"),
        _(
            "Ask by workerIDNumber, which is unique; an admin can tick WorkerIDNumber under "
            "Parameters on the details page."
        ),
    ),
    ProblemType(
        "precondition_failed",
        412,
        _("The answer is another one by now"),
        _("Leave out the If-Match header; If-None-Match asks whether an answer has changed."),
    ),
    ProblemType(
        "rate_limited",
        429,
        _("Too many requests"),
        _(
            "Wait for the seconds in the Retry-After header. An admin of the company can raise "
            "the limit of the API call on its details page."
        ),
    ),
    ProblemType(
        "internal_error",
        500,
        _("Something went wrong here"),
        _("Nothing is wrong with the request. Report the requestId to Workhub's support."),
    ),
    ProblemType(
        "temporarily_unavailable",
        503,
        _("The service cannot answer right now"),
        _(
            "Nothing is known about the worker from this answer. Send the same request again "
            "after the seconds in the Retry-After header."
        ),
    ),
)
PROBLEM_TYPES: Mapping[str, ProblemType] = {kind.code: kind for kind in _PROBLEM_TYPES}
