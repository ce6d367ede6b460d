"""What the audit trail says was done. It is written in these words, and translated when it is read.

Those of all apps stand here, so that nothing is written that could not be read in another
language: a test holds the calls of `audit_event_add` to them.
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_noop as _

ACTIONS = frozenset(
    {
        # Of any thing.
        _("added"),
        _("changed"),
        _("removed"),
        _("deactivated"),
        _("reactivated"),
        # People and how they get in.
        _("sent"),
        _("sent again"),
        _("withdrew"),
        _("accepted the invitation"),
        _("signed in"),
        _("signed out"),
        _("signed out everywhere"),
        _("ended a session"),
        _("set a new password"),
        _("set up a second factor"),
        _("replaced the second factor"),
        _("removed the second factor"),
        _("reset the second factor of"),
        _("made new recovery codes"),
        _("used a recovery code"),
        _("exported the activity of"),
        # Workers, requirements, records and imports.
        _("added workers"),
        _("added records"),
        _("approved"),
        _("rejected"),
        _("assigned"),
        _("unassigned"),
        _("merged"),
        _("exported workers"),
        _("exported the matrix report"),
        _("uploaded"),
        _("started"),
        _("cancelled"),
        _("expired"),
        _("imported"),
        _("failed"),
        # API calls and their credentials.
        _("paused"),
        _("resumed"),
        _("archived"),
        _("restored"),
        _("changed a caller of"),
        _("showed the secret of"),
        _("tested"),
        _("copied the secret of"),
        _("downloaded the secret of"),
        _("regenerated the credentials of"),
        _("stopped the old pair of"),
        _("made a hand-over link for"),
        _("opened the hand-over link of"),
        _("withdrew a hand-over link of"),
    }
)

# The labels of values that an action writes as they are stored; apps add theirs in
# AppConfig.ready(). Those of a field's choices are found without.
VALUE_LABELS: dict[str, Mapping[str, Promise]] = {}

# What changed and is no field of the thing itself.
LABELS = (
    _("copy of"),
    _("into"),
    _("session"),
    _("records"),
    _("workers"),
    _("problem"),
    _("kind"),
    _("Client Key"),
)
