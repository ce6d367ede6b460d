"""The cut-over board: who has changed over from the old pair of a call to the new one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from apicalls.models import APICall, Caller, CallerState, Credential
from apicalls.selectors import Pairs
from apicalls.usage.counts import USAGE_DAYS


@dataclass(frozen=True, slots=True)
class Board:
    """`old` is the pair that was replaced and is still answered; None: no longer.

    `callers` are those who asked lately, who still use an old pair first.
    """

    current: Credential
    old: Credential | None
    callers: Sequence[Caller]

    @property
    def moved(self) -> int:
        """Return how many of the callers asked last with the new pair."""
        return sum(one.credential_id == self.current.pk for one in self.callers)

    @property
    def waiting(self) -> int:
        return len(self.callers) - self.moved

    @property
    def is_done(self) -> bool:
        return not self.waiting


def callers_lately(*, api_call: APICall) -> list[Caller]:
    """Return who asked in the last USAGE_DAYS days and is answered, the last seen first."""
    since = timezone.now() - timedelta(days=USAGE_DAYS)
    return list(
        Caller.objects.filter(
            api_call=api_call, state=CallerState.ANSWERED, last_seen_at__gte=since
        )
        .select_related("credential")
        .order_by("-last_seen_at", "-pk")
    )


def board_of(pairs: Pairs, callers: Sequence[Caller]) -> Board:
    """Return the board of a call with these pairs."""
    by_pair = sorted(callers, key=lambda one: one.credential_id == pairs.current.pk)
    return Board(current=pairs.current, old=pairs.old, callers=by_pair)
