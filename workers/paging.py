"""Pages of a list whose cost is bounded, however many rows there are."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.utils.functional import cached_property

from accounts.permissions import CompanyRequest

# Nobody pages further; whoever wants more narrows the list or takes the export.
ROWS_LIMIT = 10_000

SIZES = (25, 50, 100)
_SESSION_KEY = "page_size"


class BoundedPaginator(Paginator):
    """Pages over the first ROWS_LIMIT rows of a queryset; no more are counted either.

    The ids come first, in no order, so that a search for what is rare finds it by whatever
    index has it. Asked for a page at once, a database would rather walk through all rows in
    the order of the list, in the hope of finding enough soon.
    """

    @cached_property
    def count(self) -> int:
        return min(len(self._ids), ROWS_LIMIT)

    @property
    def is_cut(self) -> bool:
        """Tell whether there are more rows than the pages show."""
        return len(self._ids) > ROWS_LIMIT

    @property
    def sizes(self) -> tuple[int, ...]:
        return SIZES

    def page(self, number: int | str) -> Page:
        rows: Any = self.object_list
        if not self.is_cut:
            self.object_list = rows.filter(pk__in=self._ids)
        return super().page(number)

    @cached_property
    def _ids(self) -> list[int]:
        rows: Any = self.object_list
        return list(rows.order_by().values_list("pk", flat=True)[: ROWS_LIMIT + 1])


def page_size(request: CompanyRequest) -> int:
    """Return how many rows to show: as the address says, else as it said last."""
    sizes = {str(size): size for size in SIZES}
    asked = sizes.get(request.GET.get("size", ""))
    remembered = request.session.get(_SESSION_KEY)
    if asked is None:
        return remembered if remembered in SIZES else SIZES[0]
    if asked != remembered:
        request.session[_SESSION_KEY] = asked
    return asked
