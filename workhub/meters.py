"""What the processes of a server count together, for Prometheus.

Each process counts in a file of its own in METRICS_FOLDER, so that counting waits for nobody, and
whichever is asked adds them up. What is in the file of a process that has ended is added to one
file for all that have, so that no count ever goes back and no file is left behind.

Nothing is imported of prometheus_client until counting is begun.
"""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

logger = logging.getLogger(__name__)

# In place of a process's number, in the name of a file.
_ENDED = "ended"
# What prometheus_client makes a file when it is new. It is enough for all that is counted here.
_FILE_BYTES = 1 << 16
_KINDS = ("counter", "histogram")


class Shared:
    """The folder of the files, and the counts that are in them.

    Counters and histograms that are made with `registry` inside `opened` count there.
    Raises OSError where the folder cannot be written.
    """

    def __init__(self, folder: Path):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        from prometheus_client import CollectorRegistry, values

        if not values.ValueClass._multiprocess:
            # Somebody else imported it before the folder was known.
            values.ValueClass = values.MultiProcessValue()
        self.registry = CollectorRegistry()

    @contextmanager
    def opened(self) -> Iterator["CollectorRegistry"]:
        """Give the registry to make counters with, of which at least one of each kind.

        Nobody takes the files meanwhile for those of an earlier process of the same number.
        """
        with self._locked():
            for kind in _KINDS:
                for owner in (os.getpid(), _ENDED):
                    _reserve(self.folder / f"{kind}_{owner}.db")
            yield self.registry

    def text(self) -> bytes:
        """Return what all processes have counted, in the text format of Prometheus."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        of_all = CollectorRegistry()
        MultiProcessCollector(of_all, path=str(self.folder))
        with self._locked():
            for path in self._files():
                if not _is_running(_number(path)):
                    self._add_to_ended(path)
            return generate_latest(of_all)

    def processes(self) -> int:
        """Return how many processes count here now."""
        return len({number for path in self._files() if _is_running(number := _number(path))})

    def _files(self) -> list[Path]:
        return [path for path in self.folder.glob("*_*.db") if not path.stem.endswith(_ENDED)]

    def _add_to_ended(self, path: Path) -> None:
        from prometheus_client.mmap_dict import MmapedDict

        kind = path.name.partition("_")[0]
        ended = MmapedDict(str(self.folder / f"{kind}_{_ENDED}.db"))
        try:
            for key, value, _at, _position in MmapedDict.read_all_values_from_file(str(path)):
                before, _at = ended.read_value(key)
                ended.write_value(key, before + value, 0.0)
        finally:
            ended.close()
        path.unlink()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes from opening, adding up and taking away files meanwhile."""
        with (self.folder / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _reserve(path: Path) -> None:
    """Make the file with room on the disk for all of it.

    It is written as memory: on a disk that was full by then, the kernel would end the process.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if hasattr(os, "posix_fallocate"):  # not on macOS
            os.posix_fallocate(descriptor, 0, _FILE_BYTES)
        elif os.fstat(descriptor).st_size == 0:
            os.write(descriptor, bytes(_FILE_BYTES))
    finally:
        os.close(descriptor)


def _number(path: Path) -> int:
    return int(path.stem.rpartition("_")[2])


def _is_running(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's, which has the number of one of ours
    return True
