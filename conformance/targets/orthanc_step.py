"""What a person does at Orthanc, by its REST API: the operator steps of orthanc.toml.

::

    orthanc_step.py http://127.0.0.1:8042 restart
    orthanc_step.py http://127.0.0.1:8042 reject STUDY-INSTANCE-UID
"""

import json
import sys
import time
import urllib.error
import urllib.request
from typing import Any

LIMIT_S = 60.0
LOOK_AGAIN_S = 0.3


def ask(address: str, path: str, method: str = "GET", body: bytes | None = None) -> Any:
    request = urllib.request.Request(f"{address}{path}", body, method=method)
    with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
        return json.load(answer)


def restart(address: str) -> None:
    """It is back when it answers again."""
    ask(address, "/tools/reset", "POST", b"")
    until_s = time.monotonic() + LIMIT_S
    while time.monotonic() < until_s:
        time.sleep(LOOK_AGAIN_S)  # it answers for a moment yet
        try:
            ask(address, "/system")
            return
        except (urllib.error.URLError, OSError):
            continue
    sys.exit("Orthanc does not answer")


def reject(address: str, study_instance_uid: str) -> None:
    """It has no rejection notes: who rejects a study deletes it."""
    for found in ask(address, "/tools/lookup", "POST", study_instance_uid.encode()):
        ask(address, found["Path"], "DELETE")


def main(address: str, step: str, *words: str) -> None:
    if step == "restart":
        restart(address)
    elif step == "reject":
        reject(address, *words)
    else:
        sys.exit(f"{step}: there is restart, reject")


if __name__ == "__main__":
    main(*sys.argv[1:])
