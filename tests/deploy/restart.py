"""What `systemctl restart` is to a real machine: end one process, and wait until there is another.

    python tests/deploy/restart.py FOLDER NAME

The test that runs the unit has its id in FOLDER/NAME.pid, and starts it again when it ends.
"""

import os
import signal
import sys
import time
from pathlib import Path

file = Path(sys.argv[1]) / f"{sys.argv[2]}.pid"
before = file.read_text()
os.kill(int(before), signal.SIGTERM)
deadline = time.monotonic() + 40
while file.read_text() in ("", before):
    if time.monotonic() > deadline:
        sys.exit("it was not started again")
    time.sleep(0.05)
