"""Restarts the Orthanc of orthanc.json by its REST API, and waits until it answers again."""

import sys
import time
import urllib.error
import urllib.request

ADDRESS = "http://127.0.0.1:8042"
LIMIT_S = 60.0


def main() -> int:
    """0 when it is back."""
    before = time.monotonic()
    urllib.request.urlopen(urllib.request.Request(f"{ADDRESS}/tools/reset", b""), timeout=LIMIT_S).close()
    while time.monotonic() - before < LIMIT_S:
        time.sleep(0.3)  # it answers for a moment yet
        try:
            urllib.request.urlopen(f"{ADDRESS}/system", timeout=2).close()
            return 0
        except (urllib.error.URLError, OSError):
            continue
    print("Orthanc does not answer", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
