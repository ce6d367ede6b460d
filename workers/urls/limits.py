from django.urls import path

from workers.views import limits as views

urlpatterns = [
    path("account/people/<uuid:code>/limit/", views.person_limit, name="person_limit"),
]
