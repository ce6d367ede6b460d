"""Companies and people in Django admin, where the operator works."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.audit.trail import audit_event_add
from accounts.models import Company, User
from accounts.roles import Role
from accounts.sign_in.second_factor import second_factor_reset

# One way in, with its limits, for everybody.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = _("Workhub operator")
# django-allauth's own copy of User.email; it is nobody's to edit.
admin.site.unregister(EmailAddress)
# Sealed secrets; a second factor is reset from the list of people.
admin.site.unregister(Authenticator)


_AUDITED = ["email", "name", "role", "is_active", "is_staff", "is_superuser"]


class KeptAdmin(admin.ModelAdmin):
    """Rows that records and audit trails hang on are deactivated, not deleted."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Company)
class CompanyAdmin(KeptAdmin):
    list_display = ["name", "time_zone", "coming_due_days", "created_at"]
    fields = (*services.COMPANY_FIELDS, *services.SECURITY_FIELDS)
    search_fields = ["name"]
    ordering = ["name"]

    def save_model(
        self, request: HttpRequest, obj: Company, form: forms.ModelForm, change: bool
    ) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        # Not obj.save(): what other apps derive from a company follows the service.
        services.company_change(
            company=obj,
            by=_operator(request),
            **{name: form.cleaned_data[name] for name in self.fields},
        )


class PersonAddForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ["email", "name", "company", "role"]

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).strip().lower()


class PersonChangeForm(UserChangeForm):
    class Meta(UserChangeForm.Meta):
        model = User

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).strip().lower()

    def clean(self) -> dict[str, Any] | None:
        cleaned: dict[str, Any] | None = super().clean()
        before = User.objects.get(pk=self.instance.pk)
        if before.is_limited and self.cleaned_data.get("role") == Role.OWNER:
            raise ValidationError(
                _("An owner sees the whole company: an admin of it must lift the limit first.")
            )
        if before.company is None or not (before.is_active and before.is_company_owner):
            return cleaned
        after = self.cleaned_data
        stays = (
            after.get("is_active")
            and after.get("role") == Role.OWNER
            and after.get("company") == before.company
        )
        others = services.other_active_owners(company=before.company, person=before)
        if not stays and not others.exists():
            raise ValidationError(
                _("A company always has an owner: make another person owner first.")
            )
        return cleaned


@admin.register(User)
class PersonAdmin(KeptAdmin, UserAdmin):
    form = PersonChangeForm
    add_form = PersonAddForm
    list_display = ["email", "name", "company", "role", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff", "role"]
    list_select_related = ["company"]
    actions = ["reset_second_factor"]
    search_fields = ["email", "name", "company__name"]
    ordering = ["email"]
    autocomplete_fields = ["company"]
    readonly_fields = ["last_login", "created_at"]
    fieldsets = [
        (None, {"fields": ["email", "name", "password"]}),
        (_("Company"), {"fields": ["company", "role"]}),
        (_("Access"), {"fields": ["is_active", "is_staff", "is_superuser", "groups"]}),
        (_("Dates"), {"fields": ["last_login", "created_at"]}),
    ]
    add_fieldsets = [
        (
            None,
            {
                "classes": ["wide"],
                "fields": [
                    "email",
                    "name",
                    "company",
                    "role",
                    "usable_password",
                    "password1",
                    "password2",
                ],
            },
        ),
    ]

    @admin.action(description=_("Reset the second factor of the selected people"))
    def reset_second_factor(self, request: HttpRequest, people: QuerySet[User]) -> None:
        for person in people:
            second_factor_reset(person=person, by=_operator(request))
        self.message_user(
            request, _now("They sign in with their password alone."), messages.SUCCESS
        )

    @transaction.atomic
    def save_model(
        self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        if change and {"is_active", "role", "company"} & set(form.changed_data):
            services.access_narrowed(person=obj, by=_operator(request))
        if change and "email" in form.changed_data:
            # Or a password could still be reset by mail to the old address.
            EmailAddress.objects.filter(user=obj).delete()
        if obj.company is not None:
            audit_event_add(
                company=obj.company,
                actor=_operator(request),
                action="changed" if change else "added",
                subject=obj,
                changes={
                    name: [str(form.initial.get(name, "")), str(form.cleaned_data[name])]
                    for name in _AUDITED
                    if name in form.changed_data
                },
            )


def _operator(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise TypeError("Django admin lets in nobody who is not signed in")
    return request.user
