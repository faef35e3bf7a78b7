"""Sends a product's events in batches, and again until they are acknowledged. Run: WAYMARK_PROJECT=a1b2c3d4e5f6 python3 send_events.py"""

import http.client
import json
import os
import random
import time
import urllib.error
import urllib.request
import uuid
from datetime import datetime, timezone

URL = os.environ.get("WAYMARK_URL", "http://127.0.0.1:8080")
PROJECT = os.environ.get("WAYMARK_PROJECT", "your-project")
TRIES = 8


def event(name, **fields):
    """An event with its id and its time. Make it once, when it happens: every try must send the same id."""
    now = datetime.now(timezone.utc).isoformat()
    return {"eventName": name, "eventId": str(uuid.uuid4()), "timestamp": now, **fields}


def send_events(events):
    """Sends up to 1,000 events and gives the answer, which says what became of them. Raises RuntimeError when that cannot be."""
    request = urllib.request.Request(
        f"{URL}/v1/events/batch",
        data=json.dumps({"projectKey": PROJECT, "events": events}).encode(),
        headers={"Content-Type": "application/json"},
    )
    for attempt in range(1, TRIES + 1):
        pause = min(30, 0.25 * 2**attempt) * (0.5 + random.random() / 2)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
            if error.code < 500 and error.code != 429:
                raise RuntimeError(f"{error.code}: {said}") from error
            told = error.headers.get("Retry-After", "")
            pause = max(pause, int(told)) if told.isdigit() else pause
        except (OSError, http.client.HTTPException, ValueError) as error:
            # No answer, or half of one: the events may be stored or not, and their ids keep them from counting twice.
            said = str(error)
        if attempt < TRIES:
            time.sleep(pause)
    raise RuntimeError(f"Given up after {TRIES} tries: {said}")


if __name__ == "__main__":
    events = [event("app_open", anonymousId="anon-1"), event("purchase_success", anonymousId="anon-1", userId="user-123", properties={"plan": "pro"})]
    print("First time:", send_events(events))
    print("Once more: ", send_events(events))
