"""Makes a mail's token, as the email API does. Run: TRACKING_TOKEN_SECRET=... python3 tracking_token.py CAMPAIGN_ID LEAD_ID"""

import base64
import hashlib
import hmac
import os
import sys
import time


def generate_tracking_token(campaign_id: int, lead_id: int, secret_key: str, timestamp: "int | None" = None) -> str:
    """Generate a tracking token. `timestamp` is in seconds since 1970, now unless told."""
    if timestamp is None:
        timestamp = int(time.time())
    data = f"{campaign_id}:{lead_id}:{timestamp}"
    signature = hmac.new(secret_key.encode(), data.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(data.encode() + signature).decode().rstrip("=")


if __name__ == "__main__":
    print(generate_tracking_token(int(sys.argv[1]), int(sys.argv[2]), os.environ["TRACKING_TOKEN_SECRET"]))
