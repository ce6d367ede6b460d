from django.urls import path, register_converter

from workers.places import Kind
from workers.views import places as views


class KindConverter:
    """A kind of place as addresses write it."""

    regex = "|".join(kind.value for kind in Kind)

    def to_python(self, value: str) -> Kind:
        return Kind(value)

    def to_url(self, value: Kind | str) -> str:
        return Kind(value).value


register_converter(KindConverter, "place_kind")

urlpatterns = [
    path("places/", views.places, name="places"),
    path("places/<place_kind:kind>/", views.places, name="places"),
    path("places/<place_kind:kind>/add/", views.place_add, name="place_add"),
    path("places/<place_kind:kind>/<int:pk>/change/", views.place_change, name="place_change"),
    path("places/<place_kind:kind>/<int:pk>/merge/", views.place_merge, name="place_merge"),
    path("places/<place_kind:kind>/<int:pk>/remove/", views.place_remove, name="place_remove"),
]
