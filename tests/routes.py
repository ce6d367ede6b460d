"""Every address of the installation: who may open it, and by which methods.

tests/test_routes.py holds the running URL configuration to this, for every role and method. An
address that is not here fails the test.
"""

from dataclasses import dataclass

from accounts.roles import Right

LOOK = frozenset({"GET", "HEAD"})
PRESS = frozenset({"POST"})
BOTH = LOOK | PRESS

# Who may, beside whoever has a right in their company.
EVERYBODY = "everybody"
PEOPLE = "whoever is signed in"
PROGRAMS = "programs with a Client Key and Client Secret"


@dataclass(frozen=True)
class Route:
    """`path` has the objects of a company in braces: what another company does not have."""

    path: str
    who: str | Right
    methods: frozenset[str]

    @property
    def is_of_an_object(self):
        return "{" in self.path


_CALL = "account/api/{call}/"
_PERSON = "account/people/{person}/"
_INVITATION = "account/people/invitations/{invitation}/"
_IMPORT = "workers/imports/{import_}/"
_REQUIREMENT = "workers/requirements/{requirement}/"
_PLACE = "workers/places/locations/{location}/"

ROUTES = {
    # --- Sign-in and one's own -----------------------------------------------------------
    "home": Route("", EVERYBODY, LOOK),
    "account_login": Route("sign-in/", EVERYBODY, BOTH),
    "mfa_authenticate": Route("sign-in/code/", EVERYBODY, BOTH),
    "account_logout": Route("sign-out/", EVERYBODY, BOTH),
    "account_signup": Route("sign-up/", EVERYBODY, BOTH),
    "account_inactive": Route("inactive/", EVERYBODY, LOOK),
    "account_reset_password": Route("password/reset/", EVERYBODY, BOTH),
    "account_reset_password_done": Route("password/reset/done/", EVERYBODY, LOOK),
    "account_reset_password_from_key": Route("password/reset/key/1-abc-def/", EVERYBODY, BOTH),
    "account_reset_password_from_key_done": Route("password/reset/key/done/", EVERYBODY, LOOK),
    "invitation": Route("invitation/no-such-invitation/", EVERYBODY, BOTH),
    "account_reauthenticate": Route("confirm/", PEOPLE, BOTH),
    "mfa_reauthenticate": Route("confirm/code/", PEOPLE, BOTH),
    "account_change_password": Route("password/change/", PEOPLE, BOTH),
    "language_change": Route("language/", EVERYBODY, PRESS),
    "preferences": Route("you/preferences/", PEOPLE, BOTH),
    "sessions": Route("you/sessions/", PEOPLE, LOOK),
    "sessions_end": Route("you/sessions/end/", PEOPLE, PRESS),
    "session_end": Route("you/sessions/0b8f7d0e-6a53-4b52-9a37-4c1f0f0f6f11/end/", PEOPLE, PRESS),
    "second_factor": Route("you/second-factor/", PEOPLE, LOOK),
    "second_factor_add": Route("you/second-factor/add/", PEOPLE, BOTH),
    "second_factor_remove": Route("you/second-factor/remove/", PEOPLE, BOTH),
    "recovery_codes": Route("you/recovery-codes/", PEOPLE, LOOK),
    "recovery_codes_make": Route("you/recovery-codes/make/", PEOPLE, PRESS),
    # --- Company, people, activity -------------------------------------------------------
    "company": Route("account/company/", Right.VIEW, LOOK),
    "company_change": Route("account/company/change/", Right.CHANGE_API_CALLS, PRESS),
    "company_security_change": Route(
        "account/company/security/change/", Right.MANAGE_SECURITY, PRESS
    ),
    "people": Route("account/people/", Right.VIEW, LOOK),
    "person": Route(_PERSON, Right.VIEW, LOOK),
    "person_change": Route(_PERSON + "change/", Right.MANAGE_PEOPLE, PRESS),
    "person_deactivate": Route(_PERSON + "deactivate/", Right.MANAGE_PEOPLE, BOTH),
    "person_reactivate": Route(_PERSON + "reactivate/", Right.MANAGE_PEOPLE, PRESS),
    "person_limit": Route(_PERSON + "limit/", Right.MANAGE_PEOPLE, BOTH),
    "person_invite": Route(_PERSON + "invite/", Right.MANAGE_PEOPLE, PRESS),
    "person_second_factor_reset": Route(
        _PERSON + "second-factor/reset/", Right.MANAGE_PEOPLE, BOTH
    ),
    "invitation_add": Route("account/people/invite/", Right.MANAGE_PEOPLE, BOTH),
    "invitation_link": Route(_INVITATION + "link/", Right.MANAGE_PEOPLE, LOOK),
    "invitation_renew": Route(_INVITATION + "renew/", Right.MANAGE_PEOPLE, PRESS),
    "invitation_withdraw": Route(_INVITATION + "withdraw/", Right.MANAGE_PEOPLE, PRESS),
    "activity": Route("account/activity/", Right.VIEW, LOOK),
    "activity_csv": Route("account/activity/csv/", Right.VIEW, LOOK),
    # --- Workers -------------------------------------------------------------------------
    "workers": Route("workers/", Right.VIEW, LOOK),
    "workers_export": Route("workers/export/csv/", Right.VIEW, LOOK),
    "lookup_quality": Route("workers/lookup-quality/", Right.VIEW, LOOK),
    "worker_suggestions": Route("workers/suggestions/", Right.VIEW, LOOK),
    "worker_add": Route("workers/add/", Right.CHANGE_WORKERS, BOTH),
    "worker": Route("workers/{worker}/", Right.VIEW, LOOK),
    "worker_change": Route("workers/{worker}/change/", Right.CHANGE_WORKERS, BOTH),
    "worker_deactivate": Route("workers/{worker}/deactivate/", Right.CHANGE_WORKERS, BOTH),
    "worker_reactivate": Route("workers/{worker}/reactivate/", Right.CHANGE_WORKERS, PRESS),
    "disclosures": Route("workers/{worker}/disclosures/", Right.VIEW, LOOK),
    "disclosures_csv": Route("workers/{worker}/disclosures/csv/", Right.VIEW, LOOK),
    "records_waiting": Route("workers/waiting/", Right.VIEW, BOTH),
    "record_add": Route("workers/{worker}/records/add/", Right.CHANGE_WORKERS, BOTH),
    "record_renew": Route("workers/records/{record}/renew/", Right.CHANGE_WORKERS, BOTH),
    "record_change": Route("workers/records/{record}/change/", Right.CHANGE_WORKERS, BOTH),
    "record_approve": Route("workers/records/{record}/approve/", Right.CHANGE_WORKERS, PRESS),
    "record_reject": Route("workers/records/{record}/reject/", Right.CHANGE_WORKERS, BOTH),
    "requirements": Route("workers/requirements/", Right.VIEW, LOOK),
    "requirement_add": Route("workers/requirements/add/", Right.CHANGE_WORKERS, BOTH),
    "requirement": Route(_REQUIREMENT, Right.VIEW, LOOK),
    "requirement_change": Route(_REQUIREMENT + "change/", Right.CHANGE_WORKERS, PRESS),
    "requirement_reach": Route(_REQUIREMENT + "reach/", Right.CHANGE_WORKERS, PRESS),
    "requirement_deactivate": Route(_REQUIREMENT + "deactivate/", Right.CHANGE_WORKERS, BOTH),
    "requirement_reactivate": Route(_REQUIREMENT + "reactivate/", Right.CHANGE_WORKERS, BOTH),
    "assignments": Route("workers/assignments/", Right.VIEW, LOOK),
    "assignments_change": Route("workers/assignments/change/", Right.CHANGE_WORKERS, PRESS),
    "assignments_reach": Route("workers/assignments/reach/", Right.CHANGE_WORKERS, PRESS),
    "places": Route("workers/places/locations/", Right.VIEW, LOOK),
    "place_add": Route("workers/places/locations/add/", Right.CHANGE_WORKERS, BOTH),
    "place_change": Route(_PLACE + "change/", Right.CHANGE_WORKERS, BOTH),
    "place_merge": Route(_PLACE + "merge/", Right.CHANGE_WORKERS, BOTH),
    "place_remove": Route(_PLACE + "remove/", Right.CHANGE_WORKERS, BOTH),
    "matrix": Route("workers/matrix/", Right.VIEW, LOOK),
    "matrix_export": Route("workers/matrix/export/csv/", Right.VIEW, LOOK),
    "imports": Route("workers/imports/", Right.VIEW, LOOK),
    "import_add": Route("workers/imports/add/", Right.CHANGE_WORKERS, PRESS),
    "import_template": Route("workers/imports/template/workers.csv", Right.VIEW, LOOK),
    "import_details": Route(_IMPORT, Right.VIEW, LOOK),
    "import_progress": Route(_IMPORT + "progress/", Right.VIEW, LOOK),
    "import_columns": Route(_IMPORT + "columns/", Right.CHANGE_WORKERS, LOOK),
    "import_check": Route(_IMPORT + "check/", Right.CHANGE_WORKERS, PRESS),
    "import_apply": Route(_IMPORT + "apply/", Right.CHANGE_WORKERS, PRESS),
    "import_cancel": Route(_IMPORT + "cancel/", Right.CHANGE_WORKERS, PRESS),
    "import_restart": Route(_IMPORT + "restart/", Right.CHANGE_WORKERS, PRESS),
    "import_bad_rows": Route(_IMPORT + "bad-rows.csv", Right.VIEW, LOOK),
    # --- API calls -----------------------------------------------------------------------
    "api_calls": Route("account/api/", Right.VIEW, LOOK),
    "api_templates": Route("account/api/templates/", Right.CHANGE_API_CALLS, LOOK),
    "api_call_add": Route("account/api/add/", Right.CHANGE_API_CALLS, PRESS),
    "company_usage": Route("account/api/usage/", Right.VIEW, LOOK),
    "company_usage_csv": Route("account/api/usage/csv/", Right.VIEW, LOOK),
    "company_usage_json": Route("account/api/usage/json/", Right.VIEW, LOOK),
    "request_found": Route("account/api/usage/request/", Right.VIEW, LOOK),
    "api_call": Route(_CALL, Right.VIEW, LOOK),
    "api_call_change": Route(_CALL + "change/", Right.CHANGE_API_CALLS, PRESS),
    "change_rehearsal": Route(_CALL + "change/rehearsal/", Right.CHANGE_API_CALLS, PRESS),
    "website_address": Route(_CALL + "website-address/", Right.VIEW, LOOK),
    "sample": Route(_CALL + "sample/?output_format=json", Right.VIEW, LOOK),
    "authorization": Route(_CALL + "authorization/", Right.CHANGE_API_CALLS, LOOK),
    "client_secret_show": Route(_CALL + "secret/show/", Right.REVEAL, PRESS),
    "client_secret_copy": Route(_CALL + "secret/copy/", Right.REVEAL, PRESS),
    "kit": Route(_CALL + "kit/", Right.VIEW, LOOK),
    "kit_with_secret": Route(_CALL + "kit/secret/", Right.REVEAL, PRESS),
    "postman_collection": Route(_CALL + "kit/postman-collection/", Right.VIEW, LOOK),
    "postman_environment": Route(_CALL + "kit/postman-environment/", Right.REVEAL, PRESS),
    "postman": Route(_CALL + "postman/", Right.VIEW, LOOK),
    "call_sheet": Route(_CALL + "call-sheet/", Right.VIEW, LOOK),
    "api_calls_csv": Route("account/api/csv/", Right.VIEW, LOOK),
    "header_doctor": Route(_CALL + "header-doctor/", Right.CHANGE_API_CALLS, BOTH),
    "trial": Route(_CALL + "test/", Right.CHANGE_API_CALLS, BOTH),
    "usage": Route(_CALL + "usage/", Right.VIEW, LOOK),
    "receipt": Route(_CALL + "usage/requests/{request}/", Right.VIEW, LOOK),
    "caller": Route(_CALL + "usage/callers/{caller}/", Right.CHANGE_API_CALLS, PRESS),
    "cut_over": Route(_CALL + "cut-over/", Right.CHANGE_API_CALLS, LOOK),
    "credential_stop": Route(_CALL + "cut-over/stop/", Right.REGENERATE, PRESS),
    "hand_overs": Route(_CALL + "hand-over/", Right.REVEAL, BOTH),
    "hand_over_withdraw": Route(
        _CALL + "hand-over/{link}/withdraw/", Right.CHANGE_API_CALLS, PRESS
    ),
    "hand_over": Route("hand-over/no-such-link/", EVERYBODY, BOTH),
    "regenerate": Route(_CALL + "regenerate/", Right.REGENERATE, BOTH),
    "api_call_duplicate": Route(_CALL + "duplicate/", Right.CHANGE_API_CALLS, PRESS),
    "api_call_state_change": Route(_CALL + "pause/", Right.CHANGE_API_CALLS, BOTH),
    # --- The API, its documents and problems ---------------------------------------------
    "worker_compliance": Route("api/v1/worker-compliance", PROGRAMS, LOOK),
    "compliance_roster": Route("api/v1/compliance-roster", PROGRAMS, LOOK),
    "compliance_changes": Route("api/v1/compliance-changes", PROGRAMS, LOOK),
    "expiring_requirements": Route("api/v1/expiring-requirements", PROGRAMS, LOOK),
    "verify": Route("api/v1/verify", PROGRAMS, LOOK),
    "schema": Route("api/v1/schemas/verify.xsd", EVERYBODY, LOOK),
    "openapi_json": Route("api/v1/openapi.json", EVERYBODY, LOOK),
    "openapi_yaml": Route("api/v1/openapi.yaml", EVERYBODY, LOOK),
    "reference": Route("docs/", EVERYBODY, LOOK),
    "reference_try": Route("docs/try/", EVERYBODY, LOOK),
    "accessibility": Route("accessibility/", EVERYBODY, LOOK),
    "problems": Route("problems/", EVERYBODY, LOOK),
    "problem": Route("problems/not_found", EVERYBODY, LOOK),
}

# What shows somebody who is limited to a division or location only that. All other addresses of
# a company refuse them.
WITHIN_LIMIT = frozenset(
    {
        *("workers", "workers_export", "worker_suggestions", "worker_add", "worker"),
        *("worker_change", "worker_deactivate", "worker_reactivate", "records_waiting"),
        *("record_add", "record_renew", "record_change", "record_approve", "record_reject"),
        *("matrix", "matrix_export", "api_calls", "api_calls_csv", "api_templates"),
        *("api_call_add", "api_call", "api_call_change", "change_rehearsal", "website_address"),
        *("sample", "authorization", "client_secret_show", "client_secret_copy", "kit"),
        *("kit_with_secret", "postman", "call_sheet", "postman_collection"),
        *("postman_environment", "header_doctor", "trial", "usage", "receipt", "caller"),
        *("cut_over", "credential_stop", "hand_overs", "hand_over_withdraw", "regenerate"),
        *("api_call_duplicate", "api_call_state_change"),
    }
)

# Answers 404 to every method; tests/apicalls/test_endpoints.py has it.
ELSEWHERE = {"nowhere"}
