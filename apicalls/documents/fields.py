"""Field groups: the parts of a document that an API call can do without.

What a call leaves out is absent from its documents, and not read from the database either.
"""

from collections.abc import Mapping

NAMES = "names"
PLACEMENT = "placement"
CONTACT = "contact"
ITEMS = "items"
CERTIFICATE_DETAILS = "certificate_details"
OPTIONAL_ITEMS = "optional_items"
REASONS = "reasons"

# Group -> the members that go with it; of optional_items it is whole items.
FIELD_GROUP_MEMBERS: Mapping[str, tuple[str, ...]] = {
    NAMES: ("firstName", "middleName", "lastName"),
    PLACEMENT: ("workerType", "position", "location", "division"),
    CONTACT: ("email",),
    ITEMS: ("items",),
    CERTIFICATE_DETAILS: ("issuedOn", "certificateNumber", "issuer"),
    OPTIONAL_ITEMS: (),
    REASONS: ("because",),
}

# The groups that each document knows, in the order in which people are shown them.
FIELD_GROUPS: Mapping[str, tuple[str, ...]] = {
    "worker-compliance": tuple(FIELD_GROUP_MEMBERS),
    "compliance-roster": tuple(FIELD_GROUP_MEMBERS),
    "compliance-changes": (NAMES, PLACEMENT, CONTACT, OPTIONAL_ITEMS),
    "expiring-requirements": (
        *(NAMES, PLACEMENT, CONTACT, CERTIFICATE_DETAILS, OPTIONAL_ITEMS, REASONS),
    ),
    "verify": (),
}

# What a new call serves: all that a gate has use for, and nobody's e-mail.
DEFAULT_FIELDS: Mapping[str, frozenset[str]] = {
    "worker-compliance": frozenset(FIELD_GROUP_MEMBERS) - {CONTACT},
    "compliance-roster": frozenset({NAMES, PLACEMENT}),
    "compliance-changes": frozenset({NAMES}),
    "expiring-requirements": frozenset({NAMES, PLACEMENT, CERTIFICATE_DETAILS}),
    "verify": frozenset(),
}
