"""Sends a mail whose opens, clicks and way out are tracked. Run: python3 email_service.py ADDRESS"""

import json
import os
import smtplib
import sys
import urllib.error
import urllib.parse
import urllib.request
from email.message import EmailMessage
from email.policy import SMTP
from html import escape

from tracking_token import generate_tracking_token

URL = os.environ.get("WAYMARK_URL", "http://127.0.0.1:8080")
KEY = os.environ.get("WAYMARK_KEY", "your-key")
SECRET = os.environ.get("TRACKING_TOKEN_SECRET", "")
SMTP_HOST, SMTP_PORT = os.environ.get("SMTP_HOST", "127.0.0.1"), int(os.environ.get("SMTP_PORT", "25"))
SMTP_USER, SMTP_PASSWORD = os.environ.get("SMTP_USER"), os.environ.get("SMTP_PASSWORD", "")
SENDER = os.environ.get("EMAIL_FROM", "news@example.com")


def call(method, path, body=None):
    """Calls the API and gives its answer. Raises urllib.error.HTTPError for anything but success."""
    request = urllib.request.Request(
        f"{URL}/api/v1{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "X-API-Key": KEY},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


class EmailService:
    """Mails through a mail server of your own; Waymark is told of what becomes of them by the addresses in them."""

    def generate_tracking_token(self, campaign_id, lead_id):
        return generate_tracking_token(campaign_id, lead_id, SECRET)

    def tracked(self, token, url):
        """The address that leads to `url` and counts the click."""
        return f"{URL}/api/v1/tracking/click/{token}?url={urllib.parse.quote(url, safe='')}"

    def send_email(self, to, subject, html, tracking_token):
        """Sends HTML; the way out also goes into the headers, as mail programmes want it (RFC 8058)."""
        way_out = f"{URL}/api/v1/tracking/unsubscribe/{tracking_token}"
        # Python would write a long address in words that no mail programme looks for: a line may have 998 letters.
        message = EmailMessage(policy=SMTP.clone(max_line_length=998))
        message["From"], message["To"], message["Subject"] = SENDER, to, subject
        message["List-Unsubscribe"] = f"<{way_out}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(f"Please read this mail as HTML. Unsubscribe: {way_out}")
        message.add_alternative(
            f'{html}\n<p><a href="{way_out}">Unsubscribe from these emails</a></p>\n'
            f'<img src="{URL}/api/v1/tracking/open/{tracking_token}" width="1" height="1" alt="" style="display:none;" />',
            subtype="html",
        )
        with smtplib.SMTP(SMTP_HOST, SMTP_PORT, timeout=10) as server:
            if SMTP_USER:
                server.login(SMTP_USER, SMTP_PASSWORD)
            server.send_message(message)


def lead_of(address):
    """The lead with this address, made where there is none."""
    try:
        return call("POST", "/leads", {"email": address})
    except urllib.error.HTTPError as error:
        if error.code != 409:
            raise
    query = urllib.parse.urlencode({"q": address})
    return next(lead for lead in call("GET", f"/leads?{query}")["leads"] if lead["email"] == address.lower())


if __name__ == "__main__":
    lead = lead_of(sys.argv[1])
    if lead["email_unsubscribed"]:
        sys.exit(f"{lead['email']} has opted out: no mail.")
    campaign = call("POST", "/campaigns", {"name": "A great opportunity"})
    email_service = EmailService()
    token = email_service.generate_tracking_token(campaign_id=campaign["id"], lead_id=lead["id"])
    link = escape(email_service.tracked(token, "https://example.com/offer"))
    email_service.send_email(
        to=lead["email"],
        subject="Campaign",
        html=f'<p>Check out this great opportunity: <a href="{link}">View Offer</a></p>',
        tracking_token=token,
    )
    print(f"Sent to {lead['email']}, as lead {lead['id']} of campaign {campaign['id']}")
