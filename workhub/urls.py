"""Every address of the installation."""

from django.contrib import admin
from django.urls import include, path

from workhub import views

urlpatterns = [
    path("api/", include("apicalls.api_urls")),
    path("", include("accounts.urls")),
    path("", include("workers.urls")),
    path("", include("apicalls.urls")),
    path("accessibility/", views.accessibility, name="accessibility"),
    path("problems/", views.problems, name="problems"),
    path("problems/<slug:code>", views.problem, name="problem"),
    path("operator/", admin.site.urls),
]

handler400 = views.bad_request
handler500 = views.server_error
