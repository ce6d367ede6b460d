from django.urls import path

from workers.views import imports as views

_IMPORT = "imports/<uuid:code>/"

urlpatterns = [
    path("imports/", views.imports, name="imports"),
    path("imports/add/", views.import_add, name="import_add"),
    path(
        "imports/template/<slug:kind>.<slug:file_type>",
        views.import_template,
        name="import_template",
    ),
    path(_IMPORT, views.import_details, name="import_details"),
    path(_IMPORT + "progress/", views.import_progress, name="import_progress"),
    path(_IMPORT + "columns/", views.import_columns, name="import_columns"),
    path(_IMPORT + "check/", views.import_check, name="import_check"),
    path(_IMPORT + "apply/", views.import_apply, name="import_apply"),
    path(_IMPORT + "cancel/", views.import_cancel, name="import_cancel"),
    path(_IMPORT + "restart/", views.import_restart, name="import_restart"),
    path(
        _IMPORT + "bad-rows.<slug:file_type>",
        views.import_bad_rows,
        name="import_bad_rows",
    ),
]
