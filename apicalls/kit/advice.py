"""What the header doctor says of each mistake: what it is, and what to do."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apicalls.doctor import Mistake

RIGHT = _("This header is right: the API answers this call with it.")

ADVICE: Mapping[Mistake, Promise] = {
    Mistake.EMPTY: _("There is nothing in it. Paste what the program sends as Authorization."),
    Mistake.SENT_TWICE: _(
        "The header is there twice. Send it once: in Postman, leave the Authorization tab at "
        "“No Auth” when the header is under Headers."
    ),
    Mistake.NAME_INSIDE: _(
        "The word Authorization is in the value too. It is the header's name alone: the value "
        "begins with amx."
    ),
    Mistake.PLACEHOLDER: _(
        "There is still a placeholder in it. Put the Client Key and Client Secret in its place, "
        "without braces; in Postman, choose the environment that holds them."
    ),
    Mistake.INVISIBLE: _(
        "There is an invisible character in it, as comes from copying out of an e-mail or a "
        "document. Copy the header from the details page instead."
    ),
    Mistake.NOT_ASCII: _(
        "There is a character in it that only looks like a plain letter. Copy the header from "
        "the details page instead."
    ),
    Mistake.QUOTES: _("There are quotation marks in it. Send the value without them."),
    Mistake.BASIC: _(
        "It is a Basic header. In the program, choose no authorization and add the header "
        "yourself, beginning with amx."
    ),
    Mistake.BASIC_WITH_PAIR: _(
        "The program has put the Client Key and Client Secret into a Basic header. Choose no "
        "authorization there and add the header yourself: amx, a space, and both as they are."
    ),
    Mistake.BEARER: _("It says Bearer. Write amx instead; in Postman, choose “No Auth”."),
    Mistake.OTHER_SCHEME: _("It does not begin with amx and a space."),
    Mistake.NO_SCHEME: _("The word amx and a space are missing in front."),
    Mistake.NO_SPACE: _("The space behind amx is missing."),
    Mistake.NO_COLON: _(
        "There is no colon between the Client Key and the Client Secret, or one of them is missing."
    ),
    Mistake.SWAPPED: _("Client Key and Client Secret are swapped: the shorter one comes first."),
    Mistake.KEY_LENGTH: _(
        "The Client Key has 14 characters, 0 to 9 and A to F. This one is something else, or "
        "cut short."
    ),
    Mistake.SECRET_SHORT: _("The Client Secret is cut short: it has 32 characters."),
    Mistake.SECRET_LONG: _("The Client Secret is too long: it has 32 characters, nothing behind."),
    Mistake.SECRET_CASE: _("The Client Secret is in small letters. Send it as it is shown."),
    Mistake.TYPING_ERROR: _(
        "There is a typing error in the Client Secret. Copy it instead of typing it."
    ),
    Mistake.MALFORMED: _(
        "It does not read: amx, a space, the Client Key, a colon, the Client Secret."
    ),
    Mistake.UNKNOWN_KEY: _("No API call of your company has this Client Key."),
    Mistake.WRONG_SECRET: _(
        "The Client Key is right and the Client Secret is that of another pair. Copy both again."
    ),
    Mistake.ENDED: _(
        "This pair was replaced. The program still sends the old one: copy the header again."
    ),
    Mistake.ANOTHER_CALL: _("This is the pair of another API call of your company:"),
}
