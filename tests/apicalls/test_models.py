"""What the database itself keeps out, whoever writes."""

import uuid

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from apicalls.models import APICall, APITemplate, Credential, ParameterSet

BOTH = (
    "?workerIDNumber={workerIDNumber}"
    "&firstName={firstName}&middleName={middleName}&lastName={lastName}"
)


def refused(write, **values):
    with pytest.raises(IntegrityError), transaction.atomic():
        write(**values)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"output_format": "csv"}, id="output-format"),
        pytest.param({"state": "deleted"}, id="state"),
        pytest.param({"company": None}, id="company"),
        pytest.param({"template": None}, id="template"),
    ],
)
def test_a_call_that_cannot_be_is_not_stored(call, values):
    refused(APICall.objects.update, **values)


def test_two_calls_do_not_share_a_code(call, xml_call):
    refused(APICall.objects.filter(pk=xml_call.api_call.pk).update, code=call.api_call.code)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"document": "everything"}, id="document"),
        pytest.param({"request_type": "PUT"}, id="request-type"),
    ],
)
def test_a_template_that_cannot_be_is_not_stored(template, values):
    refused(APITemplate.objects.update, **values)


@pytest.mark.parametrize("field", ["code", "name"])
def test_two_templates_do_not_share_a_code_or_a_name(template, field):
    other = APITemplate.objects.create(
        code="other", name="Other", purpose="x", document="worker-compliance"
    )
    refused(APITemplate.objects.filter(pk=other.pk).update, **{field: getattr(template, field)})


def test_a_template_has_a_lookup_once_and_none_that_is_unknown(template):
    refused(ParameterSet.objects.create, template=template, label="Again", lookup="id_number")
    refused(ParameterSet.objects.filter(lookup="id_number").update, lookup="anybody")


def test_a_template_in_use_stays(call, template):
    with pytest.raises(ProtectedError):
        template.delete()


def test_a_client_key_is_one_call_s(call, xml_call):
    refused(
        Credential.objects.filter(client_key=xml_call.client_key).update,
        client_key=call.client_key,
    )


def test_a_call_has_one_current_pair(call):
    refused(
        Credential.objects.create,
        api_call=call.api_call,
        client_key="0" * 14,
        secret_digest=b"",
        pepper_number=1,
        secret_ciphertext=b"",
        key_number=1,
    )


def test_the_code_of_a_call_tells_nothing(call, xml_call):
    assert isinstance(call.api_call.code, uuid.UUID)
    assert call.api_call.code.version == 4
    assert call.api_call.get_absolute_url() == f"/account/api/{call.api_call.code}/"


@pytest.mark.parametrize(
    ("lookups", "query"),
    [
        ((), ""),
        (("id_number",), "?workerIDNumber={workerIDNumber}"),
        (("full_name",), "?firstName={firstName}&middleName={middleName}&lastName={lastName}"),
        (("full_name", "id_number"), BOTH),
    ],
)
def test_the_website_address_of_a_call(call, change, lookups, query):
    change(call.api_call, lookups=lookups)
    stored = APICall.objects.get()
    assert stored.website_address() == (f"https://workhub.example/api/v1/worker-compliance{query}")
    assert stored.is_ready() is bool(lookups)


def test_the_order_of_the_sets_is_the_template_s(call, change, template):
    template.parameter_sets.filter(lookup="full_name").update(order=0)
    change(call.api_call, lookups=["id_number", "full_name"])
    assert (
        APICall.objects.get()
        .website_address()
        .endswith("lastName={lastName}&workerIDNumber={workerIDNumber}")
    )
