from django.urls import path

from workers.urls.workers import ExportTypeConverter  # noqa: F401 (registers "export_type")
from workers.views import matrix as views

urlpatterns = [
    path("matrix/", views.matrix, name="matrix"),
    path("matrix/export/<export_type:file_type>/", views.matrix_export, name="matrix_export"),
]
