"""Inviting people, and the page that an invitation leads to."""

import uuid

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import invitations
from accounts.forms import InvitationForm
from accounts.mail import mail_reaches_people
from accounts.models import Invitation, User
from accounts.permissions import (
    CompanyRequest,
    company_right_required,
    recently_confirmed_required,
)
from accounts.roles import Right, right_to_manage
from accounts.sign_in.forms import PasswordSetForm

# --- Sending -----------------------------------------------------------------------------


@company_right_required(Right.MANAGE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
@recently_confirmed_required
def invitation_add(request: CompanyRequest) -> HttpResponse:
    form = InvitationForm(request.POST or None, by=request.user)
    if form.is_valid():
        try:
            return _invited(request, **form.cleaned_data)
        except invitations.AlreadyThere:
            form.add_error("email", _("A person with this e-mail is already there."))
        except invitations.AlreadyInvited:
            form.add_error("email", _("An invitation waits already. Send it again under People."))
        except invitations.TooManyInvitations:
            form.add_error(None, _too_many_message())
    return render(request, "accounts/invitation_add.html", {"form": form})


@company_right_required(Right.MANAGE_PEOPLE)
@require_POST
@recently_confirmed_required
def person_invite(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """Invite a person who is there already but has no password, as the operator adds them."""
    person = get_object_or_404(User.objects.for_company(request.company), code=code)
    _require_right_to_manage(request, person.role)
    try:
        return _invited(request, email=person.email, name=person.name, role=person.role)
    except invitations.AlreadyThere:
        messages.error(request, _("Only for a person who has not set a password yet."))
    except invitations.AlreadyInvited:
        messages.info(request, _("An invitation waits already. Send it again under People."))
    except invitations.TooManyInvitations:
        messages.error(request, _too_many_message())
    return redirect("person", code=code)


@company_right_required(Right.MANAGE_PEOPLE)
@require_POST
@recently_confirmed_required
def invitation_renew(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    found = _get_invitation(request, code)
    try:
        renewed, is_new = invitations.invitation_renew(invitation=found, by=request.user)
    except invitations.InvitationOver as error:
        raise Http404 from error
    if not is_new:
        messages.info(request, _("It was sent a moment ago. The link in that mail is good."))
        return redirect("people")
    return _on_its_way(request, renewed)


@company_right_required(Right.MANAGE_PEOPLE)
@require_POST
@recently_confirmed_required
def invitation_withdraw(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    found = _get_invitation(request, code)
    invitations.invitation_withdraw(invitation=found, by=request.user)
    messages.success(
        request, _("The invitation of %(email)s is withdrawn.") % {"email": found.email}
    )
    return redirect("people")


@company_right_required(Right.MANAGE_PEOPLE)
@require_safe
@recently_confirmed_required
def invitation_link(request: CompanyRequest, code: uuid.UUID) -> HttpResponse:
    """Show the link to pass on, where the installation sends no mail.

    Where it does, only who reads the mailbox may have it: then using it proves the e-mail.
    """
    found = _get_invitation(request, code)
    if mail_reaches_people():
        raise PermissionDenied(_("The link is sent by mail, to the person alone."))
    context = {"invitation": found, "link": invitations.invitation_link(invitation=found)}
    return render(request, "accounts/invitation_link.html", context)


def _invited(request: CompanyRequest, *, email: str, name: str, role: str) -> HttpResponse:
    invitation, is_new = invitations.invitation_add(
        company=request.company,
        by=request.user,
        email=email,
        name=name,
        role=role,
    )
    return _on_its_way(request, invitation, is_new=is_new)


def _on_its_way(
    request: CompanyRequest, invitation: Invitation, *, is_new: bool = True
) -> HttpResponse:
    """Send the mail, outside of any transaction: a slow mail server holds no lock."""
    email = {"email": invitation.email}
    is_sent = invitations.invitation_mail(invitation=invitation) if is_new else True
    if not mail_reaches_people():
        return redirect("invitation_link", code=invitation.code)
    if is_sent:
        messages.success(request, _("An invitation is on its way to %(email)s.") % email)
    else:
        messages.error(
            request,
            _("%(email)s is invited, but no mail server took the mail. Send it again.") % email,
        )
    return redirect("people")


def _get_invitation(request: CompanyRequest, code: uuid.UUID) -> Invitation:
    """Return the company's invitation or answer 404; 403 when it is not for who asks to manage."""
    found = get_object_or_404(Invitation.objects.for_company(request.company), code=code)
    _require_right_to_manage(request, found.role)
    return found


def _require_right_to_manage(request: CompanyRequest, role: str) -> None:
    if not request.user.may(right_to_manage(role)):
        raise PermissionDenied(_("Only an owner of your company may do this to an owner."))


def _too_many_message() -> str:
    return _("%(number)s invitations wait already. Withdraw those that nobody accepts.") % {
        "number": invitations.OPEN_AT_MOST
    }


# --- Accepting ---------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("password1", "password2")
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Have the invited person set a password, and sign them in.

    Opening it uses nothing up: programs that look through mail do. Every link that is not good
    gets the same answer, whatever is wrong with it.
    """
    try:
        found = invitations.invitation_of(token=token)
    except invitations.InvitationOver:
        return _over(request)
    if request.user.is_authenticated:
        return render(
            request, "accounts/invitation.html", {"invitation": found, "user_is_in": True}
        )
    invited = User(email=found.email, name=found.name)
    form = PasswordSetForm(request.POST or None, user=invited)
    if not form.is_valid():
        return render(request, "accounts/invitation.html", {"invitation": found, "form": form})
    try:
        person = invitations.invitation_accept(token=token, password=form.cleaned_data["password1"])
    except invitations.InvitationOver:
        return _over(request)
    login = Login(user=person, email=person.email)
    response: HttpResponse = perform_password_login(request, {"email": person.email}, login)
    return response


def _over(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/invitation.html", {"invitation": None}, status=404)
