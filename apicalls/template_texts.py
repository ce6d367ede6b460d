"""The texts of the rows that a migration brings, for the catalogues of translations.

Nothing reads this module but the tool that gathers texts: rows are data, and are looked up by
their own words when they are shown.
"""

from django.utils.translation import gettext_noop as _

TEMPLATES = (
    _("Worker compliance"),
    _(
        "Tells whether one worker is compliant today, and what is missing, expired or coming due. "
        "For a gate, a dispatch system or an HR program that asks about a worker at a time."
    ),
    _("Compliance roster"),
    _(
        "Lists all workers with how they stand, in pages or as one stream. For a program that "
        "keeps its own copy, or a report about everybody."
    ),
    _("Compliance changes"),
    _(
        "Tells what has changed since the last time, removals included. For a program that has "
        "read the roster once and stays up to date from there."
    ),
    _("Expiring requirements"),
    _(
        "Lists what lapses within a number of days, the soonest first. For reminders and for "
        "whoever plans renewals."
    ),
)
FIELD_GROUPS = (
    _("Names"),
    _("Position, location, division"),
    _("E-mail"),
    _("Items"),
    _("Certificate details"),
    _("Optional items"),
    _("Reasons"),
)
