"""The kinds of error that the API knows. Their codes are part of its contract."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of error: its code is stable, and a page under /problems/ explains it.

    `detail` says what to do; a raised Problem may say it more precisely.
    """

    code: str
    status: int
    title: str
    detail: str


_PROBLEM_TYPES = (
    ProblemType(
        "missing_parameter",
        400,
        "A parameter is missing",
        "Send every parameter that the Website Address of this API call shows.",
    ),
    ProblemType(
        "unknown_parameter",
        400,
        "A parameter is not one of this API call",
        "Send the parameters that the Website Address of this API call shows, and no others.",
    ),
    ProblemType(
        "repeated_parameter", 400, "A parameter was sent twice", "Send each parameter once."
    ),
    ProblemType(
        "invalid_parameter",
        400,
        "A parameter cannot be read",
        "Send each value as percent-encoded UTF-8, with the worker's own data in it.",
    ),
    ProblemType(
        "invalid_cursor",
        400,
        "This cursor is not one of this API call",
        "Use the address in next, or the text in latest, of an answer to this API call, "
        "unchanged and with the same filters; or leave it out to begin anew.",
    ),
    ProblemType(
        "bad_request",
        400,
        "The request cannot be read",
        "Send the request to the address that the API call's details page shows.",
    ),
    ProblemType(
        "not_authenticated",
        401,
        "No Client Key and Client Secret were sent",
        "Add a header named Authorization with the value amx ClientKey:ClientSecret. "
        "Both are on the API call's details page. In Postman, add it under Headers and "
        'leave the Authorization tab at "No Auth".',
    ),
    ProblemType(
        "malformed_authorization",
        401,
        "The Authorization header cannot be read",
        "Its value must read: amx, a space, the Client Key, a colon, the Client Secret; "
        "without quotes and without anything behind it: amx ClientKey:ClientSecret.",
    ),
    ProblemType(
        "invalid_credentials",
        401,
        "The Client Key and Client Secret are not right",
        "Copy the header again from the API call's details page. If the credentials were "
        "regenerated, the old ones no longer work.",
    ),
    ProblemType(
        "https_required",
        403,
        "The request was not encrypted",
        "Send it to the https address that the API call's details page shows. The Client Secret "
        "has travelled unencrypted: ask an admin of the company to regenerate the credentials.",
    ),
    ProblemType(
        "address_not_allowed",
        403,
        "This API call is not answered at this address",
        "Ask an admin of the company to add the address that the request came from under "
        "Allowed networks of the API call.",
    ),
    ProblemType(
        "call_paused",
        403,
        "This API call is paused",
        "Ask an admin of the company to resume it under Account, API.",
    ),
    ProblemType(
        "caller_held",
        403,
        "This program is held",
        "Ask an admin of the company to name it and to answer it, under Usage of the API call.",
    ),
    ProblemType(
        "caller_blocked",
        403,
        "This program is blocked",
        "Ask an admin of the company why, or for an API call of your own.",
    ),
    ProblemType(
        "call_archived",
        403,
        "This API call is archived",
        "Ask an admin of the company to restore it, or for another API call.",
    ),
    ProblemType(
        "call_expired",
        403,
        "This API call has expired",
        'Ask an admin of the company to set a later day under "Expires on".',
    ),
    ProblemType(
        "wrong_template",
        403,
        "This API call is for another address",
        "Use the Website Address of this API call's details page, or the credentials of the "
        "API call that was made for this address.",
    ),
    ProblemType(
        "worker_not_found",
        404,
        "There is no such worker",
        "Check the values: the ID# is on the worker's profile; names must be written as "
        "they are there, accents included.",
    ),
    ProblemType(
        "not_found",
        404,
        "There is nothing at this address",
        "Use the Website Address of the API call's details page.",
    ),
    ProblemType(
        "method_not_allowed",
        405,
        "This method is not allowed",
        "Send a GET request; HEAD and OPTIONS are answered too.",
    ),
    ProblemType(
        "not_acceptable",
        406,
        "This API call serves another format",
        "Send the Accept header of the call's Output Format, or none; or change the "
        "Output Format on the details page.",
    ),
    ProblemType(
        "parameters_not_set",
        409,
        "This API call has no parameters yet",
        "An admin of the company ticks at least one box under Parameters on the details page.",
    ),
    ProblemType(
        "worker_ambiguous",
        409,
        "Several workers match",
        "Ask by workerIDNumber, which is unique; an admin can tick WorkerIDNumber under "
        "Parameters on the details page.",
    ),
    ProblemType(
        "precondition_failed",
        412,
        "The answer is another one by now",
        "Leave out the If-Match header; If-None-Match asks whether an answer has changed.",
    ),
    ProblemType(
        "rate_limited",
        429,
        "Too many requests",
        "Wait for the seconds in the Retry-After header. An admin of the company can raise "
        "the limit of the API call on its details page.",
    ),
    ProblemType(
        "internal_error",
        500,
        "Something went wrong here",
        "Nothing is wrong with the request. Report the requestId to Workhub's support.",
    ),
    ProblemType(
        "temporarily_unavailable",
        503,
        "The service cannot answer right now",
        "Nothing is known about the worker from this answer. Send the same request again "
        "after the seconds in the Retry-After header.",
    ),
)
PROBLEM_TYPES: Mapping[str, ProblemType] = {kind.code: kind for kind in _PROBLEM_TYPES}
