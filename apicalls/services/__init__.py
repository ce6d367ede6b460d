"""Writes to API calls and their credentials, each with its line in the audit trail."""

from apicalls.services.api_calls import (
    STATE_CHANGES,
    ChangedMeanwhile,
    api_call_add,
    api_call_change,
    api_call_duplicate,
    api_call_state_change,
    scope_lines,
    served_version_follow,
    settings_digest,
)
from apicalls.services.credentials import (
    OVERLAPS,
    AlreadyRegenerated,
    OverlapRuns,
    client_secret_reveal,
    client_secret_try,
    credential_stop,
    regenerate_credentials,
    vault,
)
from apicalls.services.hand_overs import (
    LINK_LASTS,
    LinkIsGone,
    hand_over_add,
    hand_over_find,
    hand_over_open,
    hand_over_withdraw,
)

__all__ = [
    "LINK_LASTS",
    "OVERLAPS",
    "STATE_CHANGES",
    "AlreadyRegenerated",
    "ChangedMeanwhile",
    "LinkIsGone",
    "OverlapRuns",
    "api_call_add",
    "api_call_change",
    "api_call_duplicate",
    "api_call_state_change",
    "client_secret_reveal",
    "client_secret_try",
    "credential_stop",
    "hand_over_add",
    "hand_over_find",
    "hand_over_open",
    "hand_over_withdraw",
    "regenerate_credentials",
    "scope_lines",
    "served_version_follow",
    "settings_digest",
    "vault",
]
