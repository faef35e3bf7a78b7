"""Reads what became of mails. Run: python3 email_metrics.py"""

import json
import os
import urllib.parse
import urllib.request

URL = os.environ.get("WAYMARK_URL", "http://127.0.0.1:8080")
KEY = os.environ.get("WAYMARK_KEY", "your-key")


def leads(**filters):
    """Every lead that the filters leave, page by page."""
    cursor = None
    while True:
        query = urllib.parse.urlencode({"limit": 100, **filters, **({"cursor": cursor} if cursor else {})})
        request = urllib.request.Request(f"{URL}/api/v1/leads?{query}", headers={"X-API-Key": KEY})
        with urllib.request.urlopen(request, timeout=10) as response:
            page = json.load(response)
        yield from page["leads"]
        cursor = page["cursor"]
        if cursor is None:
            return


def percent(part, whole):
    return f"{100 * part / whole:.2f} %" if whole else "none sent"


if __name__ == "__main__":
    total = len(list(leads()))
    for what in ("email_opened", "email_clicked", "email_unsubscribed"):
        found = list(leads(**{what: "true"}))
        print(f"{what}: {len(found)} of {total} leads, {percent(len(found), total)}")
