"""Rows of the request log that wait in files, while the database can only be read.

Each process adds lines to a file of its own in LOG_SPOOL, and each line is on the disk before its
answer leaves: neither a process that is killed nor a machine that loses its power loses one. What
apicalls/draining.py has written into the database is taken away as a whole file.

A line is as bare of names and ID#s as the row that it becomes.
"""

import errno
import fcntl
import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO, NamedTuple

import orjson
from django.conf import settings

logger = logging.getLogger(__name__)

_SUFFIX = ".rows"
# Not on macOS.
_sync = getattr(os, "fdatasync", os.fsync)

Entry = Mapping[str, Any]


class Waiting(NamedTuple):
    """How much waits in the spool, and for how long the oldest file."""

    size: int
    seconds: float


class Spool:
    """The folder, and the file in it that this process adds to."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._lock = threading.Lock()
        self._descriptor: int | None = None

    def add(self, entry: Entry) -> None:
        """Keep an entry for the database. Raises OSError where it is not kept."""
        line = orjson.dumps(entry) + b"\n"
        with self._lock, self._file() as descriptor:
            size = os.fstat(descriptor).st_size
            try:
                if os.write(descriptor, line) != len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                _sync(descriptor)
            except OSError:
                # Half a line would spoil the next.
                os.ftruncate(descriptor, size)
                raise

    @contextmanager
    def _file(self) -> Iterator[int]:
        """Give this process's file, which nobody takes away meanwhile."""
        while True:
            if self._descriptor is None:
                self._descriptor = self._new_file()
            descriptor = self._descriptor
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            try:
                if os.fstat(descriptor).st_nlink:
                    yield descriptor
                    return
            finally:
                fcntl.flock(descriptor, fcntl.LOCK_UN)
            # Drained to its end and taken away since.
            self._descriptor = None
            os.close(descriptor)

    def _new_file(self) -> int:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f"{os.getpid()}-{token_hex(8)}{_SUFFIX}"
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)  # or the disk has the file and not its name
        finally:
            os.close(folder)
        return descriptor

    def files(self) -> list[Path]:
        """Return the files in which something waits, of all processes of this machine."""
        return sorted(self.folder.glob(f"*{_SUFFIX}"))

    def waiting(self) -> Waiting:
        size = 0
        since = now = time.time()
        for path in self.files():
            with suppress(FileNotFoundError):  # drained meanwhile
                size += path.stat().st_size
                since = min(since, _begun_at(path))
        return Waiting(size, max(0.0, now - since))

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Tell whether this is the one that drains now; nobody else does meanwhile."""
        if not self.folder.exists():
            yield False
            return
        with (self.folder / "lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True


def _begun_at(path: Path) -> float:
    """Return the time of the first line, or of the last where that cannot be read."""
    with path.open("rb") as file:
        try:
            return float(orjson.loads(file.readline())["spooled_at"])
        except (ValueError, KeyError):
            return path.stat().st_mtime


def entries(file: BinaryIO, path: Path, most: int) -> list[Entry]:
    """Read up to `most` entries on from where the file is at; none at the end of whole lines."""
    found: list[Entry] = []
    while len(found) < most:
        at = file.tell()
        line = file.readline()
        if not line.endswith(b"\n"):
            file.seek(at)  # is being written, or its process was killed with it
            break
        try:
            found.append(orjson.loads(line))
        except ValueError:
            # Not from here, or of a disk that lost it.
            logger.error("A line of the spool cannot be read: %s, %d bytes", path.name, len(line))
    return found


def remove(file: BinaryIO, path: Path) -> bool:
    """Take away a file that was read to its end; False where something was added since."""
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        at = file.tell()
        if b"\n" in file.read():
            file.seek(at)
            return False
        # Half a line, if anything: of a process that was killed before it answered.
        path.unlink()
        return True
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def spool() -> Spool:
    return _spool_in(settings.LOG_SPOOL)


@lru_cache(maxsize=8)
def _spool_in(folder: str) -> Spool:
    return Spool(Path(folder))
