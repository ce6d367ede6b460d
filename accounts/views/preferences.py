"""How a person likes the pages: language, time zone, keyboard shortcuts."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.forms import LanguageForm, PreferencesForm
from accounts.languages import remember_language
from accounts.models import User
from accounts.permissions import PersonRequest, signed_in_required


@signed_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: PersonRequest) -> HttpResponse:
    # Of a row of its own: the frame of the page shows what is stored, not what was refused.
    person = User.objects.select_related("company").get(pk=request.user.pk)
    if request.method != "POST":
        form = PreferencesForm(instance=person)
        return render(request, "accounts/preferences.html", {"form": form})
    form = PreferencesForm(request.POST, instance=person)
    if not form.is_valid():
        return render(request, "accounts/preferences.html", {"form": form}, status=422)
    User.objects.filter(pk=person.pk).update(**form.cleaned_data)
    with translation.override(person.language or translation.get_language()):
        messages.success(request, _("Saved."))
    response = redirect("preferences")
    if person.language:
        remember_language(response, person.language)
    return response


@require_POST
def language_change(request: HttpRequest) -> HttpResponse:
    """Show the pages in another language, from the page on where that was pressed.

    Who has signed in has it under Preferences.
    """
    back_to = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back_to, allowed_hosts=None):
        back_to = "/"
    response = HttpResponseRedirect(back_to)
    form = LanguageForm(request.POST)
    if form.is_valid():
        remember_language(response, form.cleaned_data["language"])
    return response
