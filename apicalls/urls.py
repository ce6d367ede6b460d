"""The pages of Account -> API, and the reference of the API."""

from django.urls import path, register_converter

from apicalls import life, reference, views
from apicalls.authorization import hand_over
from apicalls.authorization import views as authorization
from apicalls.kit.views import guides, header_doctor, kit, trial
from apicalls.services import STATE_CHANGES
from apicalls.usage import company_views, disclosure_views
from apicalls.usage import views as usage


class StateChangeConverter:
    """What can be done to the state of a call, as a word in an address."""

    regex = "|".join(STATE_CHANGES)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(StateChangeConverter, "state_change")

_CALL = "account/api/<uuid:code>/"

urlpatterns = [
    path("account/api/", views.api_calls, name="api_calls"),
    path("account/api/csv/", views.api_calls_csv, name="api_calls_csv"),
    path("account/api/templates/", views.api_templates, name="api_templates"),
    path("account/api/add/", views.api_call_add, name="api_call_add"),
    path("account/api/usage/", company_views.company_usage, name="company_usage"),
    path("account/api/usage/csv/", company_views.company_usage_csv, name="company_usage_csv"),
    path("account/api/usage/json/", company_views.company_usage_json, name="company_usage_json"),
    path("account/api/usage/request/", company_views.request_found, name="request_found"),
    path(_CALL, views.api_call, name="api_call"),
    path(_CALL + "change/", views.api_call_change, name="api_call_change"),
    path(_CALL + "change/rehearsal/", views.change_rehearsal, name="change_rehearsal"),
    path(_CALL + "website-address/", views.website_address, name="website_address"),
    path(_CALL + "sample/", views.sample, name="sample"),
    path(_CALL + "authorization/", authorization.authorization, name="authorization"),
    path(_CALL + "secret/show/", authorization.client_secret_show, name="client_secret_show"),
    path(_CALL + "secret/copy/", authorization.client_secret_copy, name="client_secret_copy"),
    path(_CALL + "kit/", kit.kit, name="kit"),
    path(_CALL + "kit/secret/", kit.kit_with_secret, name="kit_with_secret"),
    path(
        _CALL + "kit/postman-collection/",
        kit.postman_collection,
        name="postman_collection",
    ),
    path(
        _CALL + "kit/postman-environment/",
        kit.postman_environment,
        name="postman_environment",
    ),
    path(_CALL + "postman/", guides.postman, name="postman"),
    path(_CALL + "call-sheet/", guides.call_sheet, name="call_sheet"),
    path(_CALL + "header-doctor/", header_doctor.header_doctor, name="header_doctor"),
    path(_CALL + "test/", trial.trial, name="trial"),
    path(_CALL + "usage/", usage.usage, name="usage"),
    path(_CALL + "usage/requests/<slug:request_id>/", usage.receipt, name="receipt"),
    path(_CALL + "usage/callers/<int:caller>/", usage.caller, name="caller"),
    path(_CALL + "cut-over/", authorization.cut_over, name="cut_over"),
    path(_CALL + "cut-over/stop/", authorization.credential_stop, name="credential_stop"),
    path(_CALL + "hand-over/", hand_over.hand_overs, name="hand_overs"),
    path(
        _CALL + "hand-over/<uuid:link>/withdraw/",
        hand_over.hand_over_withdraw,
        name="hand_over_withdraw",
    ),
    path("hand-over/<str:token>/", hand_over.hand_over, name="hand_over"),
    path(_CALL + "regenerate/", authorization.regenerate, name="regenerate"),
    path(_CALL + "duplicate/", life.api_call_duplicate, name="api_call_duplicate"),
    path(
        _CALL + "<state_change:change>/",
        life.api_call_state_change,
        name="api_call_state_change",
    ),
    path("workers/<int:pk>/disclosures/", disclosure_views.disclosures, name="disclosures"),
    path(
        "workers/<int:pk>/disclosures/csv/",
        disclosure_views.disclosures_csv,
        name="disclosures_csv",
    ),
    path("docs/", reference.reference, name="reference"),
    path("docs/try/", reference.reference_try, name="reference_try"),
]
