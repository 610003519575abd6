from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Dict, NamedTuple


class Key(NamedTuple):
    """The three parts of a key."""

    id: str
    secret: str
    name: str


def parse_key(credentials: str) -> Key:
    parts = credentials.strip().split(":")
    if len(parts) != 3 or not all(parts):
        raise ValueError("The credentials do not have the three parts ID:PW:API_KEY.")
    return Key(*parts)


def basic(key: Key) -> str:
    return "Basic " + base64.b64encode(":".join(key).encode()).decode()


def signed(key: Key, method: str, url: str, body: bytes, now: float) -> Dict[str, str]:
    """The headers that sign one attempt of a call (RFC 9421, RFC 9530). A nonce is accepted once, so each attempt has its own."""
    digest = "sha-256=:" + base64.b64encode(hashlib.sha256(body).digest()).decode() + ":"
    params = '("@method" "@target-uri" "content-digest");created=%d;nonce="%s";keyid="%s:%s"' % (
        now,
        secrets.token_hex(16),
        key.id,
        key.name,
    )
    base = f'"@method": {method}\n"@target-uri": {url}\n"content-digest": {digest}\n"@signature-params": {params}'
    signature = base64.b64encode(hmac.new(key.secret.encode(), base.encode(), hashlib.sha256).digest()).decode()
    return {"Content-Digest": digest, "Signature-Input": f"sig={params}", "Signature": f"sig=:{signature}:"}
