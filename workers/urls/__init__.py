"""The pages of Workers, a module of addresses for each subject as the views have them."""

from django.urls import include, path

urlpatterns = [
    path("workers/", include("workers.urls.workers")),
    path("workers/", include("workers.urls.records")),
    path("workers/", include("workers.urls.requirements")),
    path("workers/", include("workers.urls.places")),
    path("workers/", include("workers.urls.matrix")),
    path("workers/", include("workers.urls.imports")),
    # With the person, whose page accounts has.
    path("", include("workers.urls.limits")),
]
