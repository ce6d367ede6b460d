"""The document as pydantic models, for the programs whose frameworks answer with those."""

from datetime import date

from pydantic import BaseModel


class Worker(BaseModel):
    id: str
    workerIDNumber: str  # noqa: N815 (the names of the contract)
    firstName: str  # noqa: N815
    middleName: str  # noqa: N815
    lastName: str  # noqa: N815
    active: bool
    workerType: str  # noqa: N815
    position: str | None
    location: str | None
    division: str | None


class ComponentSummary(BaseModel):
    component: str
    required: int
    complete: int
    percent: int


class Item(BaseModel):
    id: str
    component: str
    name: str
    level: str
    status: str
    compliant: bool
    completedOn: date | None  # noqa: N815
    issuedOn: date | None  # noqa: N815
    expiresOn: date | None  # noqa: N815
    daysLeft: int | None  # noqa: N815
    certificateNumber: str | None  # noqa: N815
    issuer: str | None
    because: list[str]


class Compliance(BaseModel):
    compliant: bool
    status: str
    percent: int | None
    required: int
    complete: int
    outstanding: int
    comingDue: int  # noqa: N815
    components: list[ComponentSummary]
    items: list[Item]


class WorkerCompliance(BaseModel):
    version: str
    asOf: date  # noqa: N815
    nextChangeOn: date | None  # noqa: N815
    worker: Worker
    compliance: Compliance
