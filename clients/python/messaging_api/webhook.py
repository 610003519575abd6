"""Verifies webhooks as Standard Webhooks defines (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from typing import Any, Dict, Mapping, Optional, Sequence, Union


class WebhookError(Exception):
    """The request does not come from the API, or it is too old. Answer 401."""


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret[6:], validate=True) if secret.startswith("whsec_") else b""
    except ValueError:
        key = b""
    if len(key) < 24:
        raise ValueError('A webhook secret is "whsec_" and at least 24 bytes in base64.')
    return key


def verify_webhook(
    secrets: Union[str, Sequence[str]],
    headers: Mapping[str, str],
    body: bytes,
    *,
    tolerance: int = 300,
    now: Optional[float] = None,
) -> Dict[str, Any]:
    """Returns the event: id, type, timestamp and data.

    secrets: that of the webhook, or both while it is replaced
    headers: names in any case
    body: the bytes as they came; JSON that was parsed and written again differs
    tolerance: how far the timestamp may be from now, in seconds

    Raises WebhookError. The same id can come more than once: store it, and ignore an event that you have.
    """
    given = {name.lower(): value for name, value in headers.items()}
    name, sent_at = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not name or not re.fullmatch(r"[0-9]{1,12}", sent_at):
        raise WebhookError("The headers of a webhook are missing.")
    if abs((time.time() if now is None else now) - int(sent_at)) > tolerance:
        raise WebhookError("The timestamp is too old, or in the future.")
    signatures = given.get("webhook-signature", "").encode("utf-8", "replace").split(b" ")
    content = f"{name}.{sent_at}.".encode() + body
    for secret in [secrets] if isinstance(secrets, str) else secrets:
        digest = hmac.new(_key(secret), content, hashlib.sha256).digest()
        expected = b"v1," + base64.b64encode(digest)
        if any(hmac.compare_digest(one, expected) for one in signatures):
            event = json.loads(body)
            return {"id": name, "type": event["type"], "timestamp": event["timestamp"], "data": event["data"]}
    raise WebhookError("No signature fits.")
