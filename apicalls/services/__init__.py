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
    AlreadyRegenerated,
    client_secret_reveal,
    regenerate_credentials,
    vault,
)

__all__ = [
    "STATE_CHANGES",
    "AlreadyRegenerated",
    "ChangedMeanwhile",
    "api_call_add",
    "api_call_change",
    "api_call_duplicate",
    "api_call_state_change",
    "client_secret_reveal",
    "regenerate_credentials",
    "scope_lines",
    "served_version_follow",
    "settings_digest",
    "vault",
]
