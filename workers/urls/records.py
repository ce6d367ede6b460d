from django.urls import path

from workers.views import records as views

urlpatterns = [
    path("waiting/", views.records_waiting, name="records_waiting"),
    path("<int:worker_pk>/records/add/", views.record_add, name="record_add"),
    path("records/<int:pk>/renew/", views.record_renew, name="record_renew"),
    path("records/<int:pk>/change/", views.record_change, name="record_change"),
    path("records/<int:pk>/approve/", views.record_approve, name="record_approve"),
    path("records/<int:pk>/reject/", views.record_reject, name="record_reject"),
]
