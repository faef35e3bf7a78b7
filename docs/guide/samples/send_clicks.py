"""Sends clicks to Waymark in batches, and again until they are acknowledged. Run: python3 send_clicks.py"""

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
KEY = os.environ.get("WAYMARK_KEY", "your-key")


def click(tracking_id, **fields):
    """A click with its id and its time. Make it once, when the click happens: every try must send the same id."""
    now = datetime.now(timezone.utc).isoformat()
    return {"event_id": str(uuid.uuid4()), "clicked_at": now, "tracking_id": tracking_id, **fields}


def send_clicks(events, tries=8):
    """Sends up to 1,000 clicks and gives the answer's results, which say what became of each.

    Busy, away or cut off: it tries again, with pauses that grow.
    Raises RuntimeError when another try cannot help (401, 403, 413), and after so many tries.
    """
    for attempt in range(1, tries + 1):
        status, answer, retry_after = post(events)
        if "results" in answer:
            return answer["results"]
        if (400 <= status < 500 and status != 429) or attempt == tries:
            raise RuntimeError(f"{status}: {answer.get('error')}")
        growing = min(30, 0.25 * 2**attempt) * (0.5 + random.random() / 2)
        time.sleep(retry_after or growing)


def post(events):
    """One try. No answer, or half of one, is status 0: the clicks may be stored or not."""
    request = urllib.request.Request(
        f"{URL}/api/tracking-ingest/batch",
        data=json.dumps({"events": events}).encode(),
        headers={"Content-Type": "application/json", "X-API-Key": KEY},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.load(response), 0
    except urllib.error.HTTPError as error:
        retry_after = error.headers.get("Retry-After", "")
        return error.code, error_body(error), int(retry_after) if retry_after.isdigit() else 0
    except (OSError, ValueError, http.client.HTTPException) as error:
        return 0, {"error": str(error)}, 0


def error_body(response):
    try:
        return json.load(response)
    except (OSError, ValueError, http.client.HTTPException):
        return {"error": "no answer in JSON"}


if __name__ == "__main__":
    clicks = [
        click("linkedin-profile-abc123", ip_address="203.0.113.42", click_source="linkedin"),
        click("an id with spaces"),
    ]
    print("First time:", send_clicks(clicks))
    print("Once more: ", send_clicks(clicks))
