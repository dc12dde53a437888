"""Sends one delivery as the PyPI library of Standard Webhooks signs it, and prints status and answer."""
import datetime
import os
import urllib.request

from standardwebhooks import Webhook

body, ident = os.environ["HOOK_BODY"], os.environ["HOOK_ID"]
at = datetime.datetime.now(datetime.timezone.utc)
request = urllib.request.Request(
    os.environ["HOOK_URL"],
    data=body.encode(),
    headers={
        "content-type": "application/json",
        "webhook-id": ident,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(os.environ["HOOK_SECRET"]).sign(ident, at, body),
    },
)
try:
    with urllib.request.urlopen(request) as answer:
        print(answer.status, answer.read().decode())
except urllib.error.HTTPError as refused:
    print(refused.code, refused.read().decode())
