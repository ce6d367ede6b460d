"""FastAPI with SQLAlchemy's asynchronous ORM over asyncpg."""

import os
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request
from sqlalchemy import BigInteger, DateTime, ForeignKey, SmallInteger, select
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship

from bench.peers.programs.document import (
    ItemRow,
    WorkerRow,
    document,
    is_right,
    pair_in,
    today_in,
)
from bench.peers.programs.schemas import WorkerCompliance

_engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("postgres://", "postgresql+asyncpg://"), pool_size=8
)
_sessions = async_sessionmaker(_engine, expire_on_commit=False)


class Base(DeclarativeBase):
    type_annotation_map = {int: BigInteger, datetime: DateTime(timezone=True)}


class Company(Base):
    __tablename__ = "accounts_company"
    id: Mapped[int] = mapped_column(primary_key=True)
    time_zone: Mapped[str]


class APICall(Base):
    __tablename__ = "apicalls_apicall"
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("accounts_company.id"))
    state: Mapped[str]
    company: Mapped[Company] = relationship()


class Credential(Base):
    __tablename__ = "apicalls_credential"
    id: Mapped[int] = mapped_column(primary_key=True)
    api_call_id: Mapped[int] = mapped_column(ForeignKey("apicalls_apicall.id"))
    client_key: Mapped[str]
    secret_digest: Mapped[bytes]
    pepper_number: Mapped[int] = mapped_column(SmallInteger)
    ends_at: Mapped[datetime | None]
    api_call: Mapped[APICall] = relationship()


class Division(Base):
    __tablename__ = "workers_division"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Location(Base):
    __tablename__ = "workers_location"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    division_id: Mapped[int | None] = mapped_column(ForeignKey("workers_division.id"))
    division: Mapped[Division | None] = relationship()


class Position(Base):
    __tablename__ = "workers_position"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Requirement(Base):
    __tablename__ = "workers_requirement"
    id: Mapped[int] = mapped_column(primary_key=True)
    component: Mapped[str]
    name: Mapped[str]
    compliant_when: Mapped[str]


class Record(Base):
    __tablename__ = "workers_record"
    id: Mapped[int] = mapped_column(primary_key=True)
    completed_on: Mapped[date | None]
    issued_on: Mapped[date | None]
    certificate_number: Mapped[str]
    issuer: Mapped[str]


class WorkerRequirement(Base):
    __tablename__ = "workers_workerrequirement"
    id: Mapped[int] = mapped_column(primary_key=True)
    worker_id: Mapped[int] = mapped_column(ForeignKey("workers_worker.id"))
    requirement_id: Mapped[int] = mapped_column(ForeignKey("workers_requirement.id"))
    record_id: Mapped[int | None] = mapped_column(ForeignKey("workers_record.id"))
    level: Mapped[str]
    because: Mapped[str]
    standing: Mapped[str]
    coming_due_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    requirement: Mapped[Requirement] = relationship()
    record: Mapped[Record | None] = relationship()


class Worker(Base):
    __tablename__ = "workers_worker"
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int]
    id_number: Mapped[str]
    id_number_folded: Mapped[str | None]
    first_name: Mapped[str]
    middle_name: Mapped[str]
    last_name: Mapped[str]
    is_active: Mapped[bool]
    worker_type: Mapped[str]
    position_id: Mapped[int | None] = mapped_column(ForeignKey("workers_position.id"))
    location_id: Mapped[int | None] = mapped_column(ForeignKey("workers_location.id"))
    position: Mapped[Position | None] = relationship()
    location: Mapped[Location | None] = relationship()
    requirements: Mapped[list[WorkerRequirement]] = relationship()


class RequestLog(Base):
    __tablename__ = "apicalls_requestlog"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    api_call_id: Mapped[int]
    credential_id: Mapped[int]
    request_id: Mapped[str]
    status: Mapped[int] = mapped_column(SmallInteger)
    code: Mapped[str] = mapped_column(default="")
    milliseconds: Mapped[int]
    size: Mapped[int] = mapped_column(default=0)
    is_test: Mapped[bool] = mapped_column(default=False)
    output_format: Mapped[str] = mapped_column(default="json")
    address: Mapped[str | None] = mapped_column(INET)
    client: Mapped[str]
    lookup: Mapped[str] = mapped_column(default="id_number")
    lookup_hash: Mapped[str] = mapped_column(default="")
    worker_id: Mapped[int | None]


_CREDENTIAL = select(Credential).options(
    joinedload(Credential.api_call).joinedload(APICall.company)
)
_ITEMS = joinedload(Worker.requirements)
_WORKER = select(Worker).options(
    joinedload(Worker.position),
    joinedload(Worker.location).joinedload(Location.division),
    _ITEMS.joinedload(WorkerRequirement.requirement),
    _ITEMS.joinedload(WorkerRequirement.record),
)


async def session() -> AsyncIterator[AsyncSession]:
    async with _sessions() as made:
        yield made


Session = Annotated[AsyncSession, Depends(session)]


async def credential_of(session: Session, authorization: Annotated[str, Header()]) -> Credential:
    pair = pair_in(authorization)
    if pair is None:
        raise HTTPException(401)
    asked = _CREDENTIAL.where(Credential.client_key == pair[0], Credential.ends_at.is_(None))
    found = await session.scalar(asked)
    if found is None or not is_right(
        *pair, digest=found.secret_digest, pepper_number=found.pepper_number
    ):
        raise HTTPException(401)
    return found


application = FastAPI()


@application.get("/api/v1/worker-compliance")
async def worker_compliance(
    request: Request,
    session: Session,
    credential: Annotated[Credential, Depends(credential_of)],
    number: Annotated[str, Query(alias="workerIDNumber")],
) -> WorkerCompliance:
    began = time.perf_counter()
    company = credential.api_call.company
    asked = _WORKER.where(
        Worker.company_id == company.id, Worker.id_number_folded == number.strip().casefold()
    )
    worker = await session.scalar(asked)
    if worker is None:
        raise HTTPException(404)
    body = document(_worker(worker), _items(worker), today_in(company.time_zone))
    session.add(
        RequestLog(
            at=datetime.now(UTC),
            api_call_id=credential.api_call_id,
            credential_id=credential.id,
            request_id=uuid.uuid4().hex,
            status=200,
            milliseconds=round((time.perf_counter() - began) * 1000),
            address=request.client.host if request.client else None,
            client=request.headers.get("user-agent", ""),
            worker_id=worker.id,
        )
    )
    await session.commit()
    return WorkerCompliance.model_validate(body)


def _worker(worker: Worker) -> WorkerRow:
    location = worker.location
    return WorkerRow(
        worker.id,
        worker.id_number,
        worker.first_name,
        worker.middle_name,
        worker.last_name,
        worker.is_active,
        worker.worker_type,
        worker.position.name if worker.position else None,
        location.name if location else None,
        location.division.name if location and location.division else None,
    )


def _items(worker: Worker) -> list[ItemRow]:
    return [
        ItemRow(
            one.requirement_id,
            one.requirement.component,
            one.requirement.name,
            one.requirement.compliant_when,
            one.level,
            one.because,
            one.standing,
            one.coming_due_on,
            one.expires_on,
            one.record.completed_on if one.record else None,
            one.record.issued_on if one.record else None,
            one.record.certificate_number if one.record else None,
            one.record.issuer if one.record else None,
        )
        for one in worker.requirements
    ]
