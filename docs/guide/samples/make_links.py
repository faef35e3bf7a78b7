"""Makes a tracked link and reads its numbers. Run: python3 make_links.py"""

import json
import os
import urllib.request

URL = os.environ.get("WAYMARK_URL", "http://127.0.0.1:8080")
KEY = os.environ.get("WAYMARK_KEY", "your-key")


def call(method, path, body=None):
    """Calls the API and gives its answer. Raises urllib.error.HTTPError for anything but success."""
    request = urllib.request.Request(
        f"{URL}/api/link-tracking{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "X-API-Key": KEY},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


link = call("POST", "/links", {"original_url": "https://www.linkedin.com/in/example", "link_function": "LinkedIn"})
print("Hand out:", link["redirect_url"])

stats = call("GET", f"/links/{link['tracking_id']}/stats")
print("Clicks by people:", stats["human_clicks"], "by machines:", stats["machine_clicks"])
