"""Where a page begins, as a text that a caller hands back and cannot make.

A cursor is signed for one kind of list, for whose it is, and for one set of filters, so that
it is of no use for another company, and no page goes on with other filters than it began.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.signing import BadSignature, Signer

from workhub.problems import Problem


class Cursors:
    """Makes and reads the cursors of one kind of list.

    `owner` is the id of the API call, or of the company for what its calls share. `filters`
    are the parameters that have to be the same on each page.
    """

    def __init__(self, kind: str, owner: int, filters: Mapping[str, str] | None = None):
        asked = json.dumps(sorted((filters or {}).items()))
        digest = hashlib.blake2b(asked.encode(), digest_size=8).hexdigest()
        self._signer = Signer(salt=f"apicalls.cursors:{kind}:{owner}:{digest}")

    def make(self, key: Sequence[Any]) -> str:
        """Return the cursor of what comes behind `key`: whole numbers and ISO days."""
        packed: str = self._signer.sign_object(list(key))
        return packed

    def read(self, cursor: str) -> list[Any]:
        """Return the key. Raises the problem invalid_cursor."""
        try:
            key: list[Any] = self._signer.unsign_object(cursor)
        except BadSignature as error:
            raise Problem("invalid_cursor") from error
        return key
