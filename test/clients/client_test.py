"""Runs the Python client against a gateway and a server that fails. test/clients/clients.test.ts starts both."""

import base64
import hashlib
import hmac
import json
import os
import sys
import time

sys.path.insert(0, os.environ["CLIENT_FOLDER"])
from messaging_api import ApiError, Client, WebhookError, verify_webhook  # noqa: E402

url, flaky, keys = os.environ["APIGW_URL"], os.environ["FLAKY_URL"], json.loads(os.environ["KEYS"])
message = {"to": "010-1234-5678", "from": "1588-1234", "text": "안녕하세요"}
done = []

for scheme in ("basic", "hmac", "jwt"):
    client = Client(url, keys[scheme], scheme=scheme)
    first = client.send_message(message, idempotency_key=f"python-{scheme}")
    assert client.send_message(message, idempotency_key=f"python-{scheme}")["id"] == first["id"]
    assert client.get_quota()["customer"] == "acme"
    batch = client.send_batch({"messages": [message, {**message, "to": "1"}]})
    assert (batch["accepted"], batch["rejected"]) == (1, 1)
    done.append(scheme)

client = Client(url, keys["basic"])
try:
    client.send_message({**message, "to": "1"})
    raise AssertionError("an invalid recipient was taken")
except ApiError as error:
    assert (error.code, error.retryable, error.status) == ("invalid-request", False, 400)
    assert error.errors[0]["pointer"] == "/to" and error.request_id
done.append("problem")

seen = set()
deadline = time.time() + 40
while first["id"] not in seen and time.time() < deadline:
    for page in client.report_pages(limit=2):
        seen.update(report["id"] for report in page["reports"])
assert first["id"] in seen
done.append("reports")

# The server answers 503, then with no bytes, and then 202: all attempts have the same Idempotency-Key.
answer = Client(flaky, keys["hmac"], scheme="hmac").send_message(message)
assert answer["attempts"] == 3 and len(set(answer["keys"])) == 1 and len(set(answer["nonces"])) == 3, answer
try:
    Client(flaky, keys["basic"]).get_message("moved")
    raise AssertionError("a redirect was followed")
except ApiError as error:
    assert (error.status, error.code) == (302, "unknown")
try:
    Client(flaky, keys["basic"]).get_message("later")
    raise AssertionError("an hour was waited")
except ApiError as error:
    assert (error.code, error.retry_after) == ("day-quota-exceeded", 3600)
done.append("repeats")

secret = b"0" * 32
body = json.dumps({"type": "message.delivered", "timestamp": "t", "data": {"a": "안녕"}}).encode()
now = str(int(time.time()))
signature = base64.b64encode(hmac.new(secret, f"evt_1.{now}.".encode() + body, hashlib.sha256).digest()).decode()
headers = {"Webhook-Id": "evt_1", "Webhook-Timestamp": now, "Webhook-Signature": f"v1,AA== v1,{signature}"}
whsec = "whsec_" + base64.b64encode(secret).decode()
assert verify_webhook(whsec, headers, body)["data"] == {"a": "안녕"}
assert verify_webhook(["whsec_" + base64.b64encode(b"1" * 32).decode(), whsec], headers, body)["id"] == "evt_1"
for changed, sent in (
    ({**headers, "Webhook-Id": "evt_2"}, body),
    ({**headers, "Webhook-Timestamp": "soon"}, body),
    ({**headers, "Webhook-Timestamp": str(int(now) - 600)}, body),
    (headers, body + b" "),
    ({}, body),
):
    try:
        verify_webhook(whsec, changed, sent)
        raise AssertionError(f"{changed} was taken")
    except WebhookError:
        pass
done.append("webhook")
print(" ".join(done))
