"""What the processes of a server use: time of the processor and memory, as Linux counts them."""

import os
import re
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")


def processes_of(pid: int) -> list[int]:
    """Return the process and all that it has started, and those they have."""
    found = [pid]
    for one in found:
        for task in (_PROC / str(one) / "task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """Return the time of the processor that they took so far, for themselves and in the kernel."""
    return sum(map(_ticks, processes_of(pid))) / _TICKS


def _ticks(pid: int) -> int:
    # The name of the program, in brackets, may hold anything.
    fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    user, system = fields[11:13]
    return int(user) + int(system)


def peak_memory(pid: int) -> int:
    """Return the bytes that they had resident at most, each at its own peak."""
    return sum(_peak(one) for one in processes_of(pid))


def _peak(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", (_PROC / str(pid) / "status").read_text())
    return int(found[1]) * 1024 if found else 0
