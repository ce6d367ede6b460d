from django.urls import path

from workers.views import requirements as views

urlpatterns = [
    path("requirements/", views.requirements, name="requirements"),
    path("requirements/add/", views.requirement_add, name="requirement_add"),
    path("requirements/<int:pk>/", views.requirement, name="requirement"),
    path("requirements/<int:pk>/change/", views.requirement_change, name="requirement_change"),
    path("requirements/<int:pk>/reach/", views.requirement_reach, name="requirement_reach"),
    path(
        "requirements/<int:pk>/deactivate/",
        views.requirement_deactivate,
        name="requirement_deactivate",
    ),
    path(
        "requirements/<int:pk>/reactivate/",
        views.requirement_reactivate,
        name="requirement_reactivate",
    ),
    path("assignments/", views.assignments, name="assignments"),
    path("assignments/change/", views.assignments_change, name="assignments_change"),
    path("assignments/reach/", views.assignments_reach, name="assignments_reach"),
]
