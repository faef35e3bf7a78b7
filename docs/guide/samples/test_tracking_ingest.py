"""Tests a server's way in for clicks. Run: WEBHOOK_API_KEY=your-key python3 test_tracking_ingest.py [URL]"""

import json
import os
import sys
import urllib.error
import urllib.request

URL = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("WAYMARK_URL", "http://127.0.0.1:8080")
KEY = os.environ.get("WEBHOOK_API_KEY") or os.environ.get("WAYMARK_KEY", "your-key")


def call(path, body=None, key=KEY, method="POST"):
    """The status and the answer; 0 where there is none."""
    request = urllib.request.Request(
        f"{URL}/api/tracking-ingest{path}",
        method=method,
        data=None if method == "GET" else json.dumps(body or {}).encode(),
        headers={"X-API-Key": key, "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
    except OSError as error:
        return 0, {"error": str(error)}


def sent(events):
    return call("/batch", {"events": events})


CLICK = {"tracking_id": "test-123", "event_id": "test-123-full", "clicked_at": "2025-10-22T14:30:00Z", "ip_address": "192.168.1.1", "click_source": "test"}
MINIMAL = {"tracking_id": "test-123", "event_id": "test-123-minimal"}

TESTS = {
    "Health Check": lambda: call("/health", method="GET")[0] == 200,
    "Connection Test": lambda: call("/test")[1].get("success") is True,
    "Invalid API Key": lambda: call("/test", key="not-the-key")[0] == 401,
    "Valid Batch": lambda: sent([CLICK])[1].get("success") is True,
    "Invalid Batch": lambda: call("/batch", {"clicks": []})[0] == 400,
    "Minimal Event": lambda: sent([MINIMAL])[0] == 200,
}


def main():
    passed = 0
    for name, test in TESTS.items():
        good = test()
        passed += good
        print(f"{'✅ PASS' if good else '❌ FAIL'}: {name}")
    print(f"\nTotal: {passed}/{len(TESTS)} tests passed")
    if passed == len(TESTS):
        print("🎉 All tests passed!")
    return 0 if passed == len(TESTS) else 1


if __name__ == "__main__":
    sys.exit(main())
