"""The document as REST framework's serializers, for the programs that answer with those."""

from rest_framework import serializers


class WorkerSerializer(serializers.Serializer):
    id = serializers.CharField()
    workerIDNumber = serializers.CharField()  # noqa: N815 (the names of the contract)
    firstName = serializers.CharField()  # noqa: N815
    middleName = serializers.CharField()  # noqa: N815
    lastName = serializers.CharField()  # noqa: N815
    active = serializers.BooleanField()
    workerType = serializers.CharField()  # noqa: N815
    position = serializers.CharField()
    location = serializers.CharField()
    division = serializers.CharField()


class ComponentSummarySerializer(serializers.Serializer):
    component = serializers.CharField()
    required = serializers.IntegerField()
    complete = serializers.IntegerField()
    percent = serializers.IntegerField()


class ItemSerializer(serializers.Serializer):
    id = serializers.CharField()
    component = serializers.CharField()
    name = serializers.CharField()
    level = serializers.CharField()
    status = serializers.CharField()
    compliant = serializers.BooleanField()
    completedOn = serializers.DateField()  # noqa: N815
    issuedOn = serializers.DateField()  # noqa: N815
    expiresOn = serializers.DateField()  # noqa: N815
    daysLeft = serializers.IntegerField()  # noqa: N815
    certificateNumber = serializers.CharField()  # noqa: N815
    issuer = serializers.CharField()
    because = serializers.ListField(child=serializers.CharField())


class ComplianceSerializer(serializers.Serializer):
    compliant = serializers.BooleanField()
    status = serializers.CharField()
    percent = serializers.IntegerField()
    required = serializers.IntegerField()
    complete = serializers.IntegerField()
    outstanding = serializers.IntegerField()
    comingDue = serializers.IntegerField()  # noqa: N815
    components = ComponentSummarySerializer(many=True)
    items = ItemSerializer(many=True)


class WorkerComplianceSerializer(serializers.Serializer):
    version = serializers.CharField()
    asOf = serializers.DateField()  # noqa: N815
    nextChangeOn = serializers.DateField()  # noqa: N815
    worker = WorkerSerializer()
    compliance = ComplianceSerializer()
