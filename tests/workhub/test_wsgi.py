import subprocess
import sys

# Prints which of them are not there yet.
IMPORTED = """
import sys, workhub.wsgi
print({"apicalls.endpoints", "workers.views", "accounts.views"} - set(sys.modules))
"""


def test_all_that_answers_is_there_before_a_server_takes_connections():
    """Otherwise the first programs wait for it, also where another process is ready."""
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", IMPORTED], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "set()"
