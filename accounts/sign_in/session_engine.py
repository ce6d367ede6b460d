"""Django's sessions in the database, which say when it is the database that fails."""

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from workhub.problems import is_passing


class SessionStore(DatabaseStore):
    """Sessions whose saving fails as any other statement does where the database is away.

    Django takes whatever fails for a session that was ended meanwhile, and answers 400 to what
    has been done: whoever is told that does not send it again, or does it twice.
    """

    def save(self, must_create: bool = False) -> None:
        try:
            super().save(must_create)
        except UpdateError as error:
            failed = error.__context__
            if failed is not None and is_passing(failed):
                raise failed from failed.__cause__
            raise
