from django.urls import path, register_converter
from django.urls.converters import StringConverter

from workers.views import workers as views


class ExportTypeConverter(StringConverter):
    regex = "csv|excel-csv|xlsx"


register_converter(ExportTypeConverter, "export_type")

urlpatterns = [
    path("", views.workers, name="workers"),
    path("export/<export_type:file_type>/", views.workers_export, name="workers_export"),
    path("lookup-quality/", views.lookup_quality, name="lookup_quality"),
    path("suggestions/", views.worker_suggestions, name="worker_suggestions"),
    path("add/", views.worker_add, name="worker_add"),
    path("<int:pk>/", views.worker, name="worker"),
    path("<int:pk>/change/", views.worker_change, name="worker_change"),
    path("<int:pk>/deactivate/", views.worker_deactivate, name="worker_deactivate"),
    path("<int:pk>/reactivate/", views.worker_reactivate, name="worker_reactivate"),
]
