"""What support staff do in Django admin: API templates are rows, added without a deploy."""

from django.contrib import admin
from django.http import HttpRequest

from apicalls.models import APITemplate, FieldGroup, ParameterSet


class ParameterSetInline(admin.TabularInline):
    model = ParameterSet
    extra = 0
    min_num = 1


class FieldGroupInline(admin.TabularInline):
    model = FieldGroup
    extra = 0


@admin.register(APITemplate)
class APITemplateAdmin(admin.ModelAdmin):
    list_display = ("name", "document", "request_type", "is_active", "order")
    list_filter = ("is_active", "document")
    search_fields = ("name", "purpose")
    prepopulated_fields = {"code": ("name",)}
    inlines = (ParameterSetInline, FieldGroupInline)

    def has_delete_permission(self, request: HttpRequest, obj: APITemplate | None = None) -> bool:
        # A call keeps its template. One that is no longer offered is switched off instead.
        return super().has_delete_permission(request, obj) and (
            obj is None or not obj.api_calls.exists()
        )
