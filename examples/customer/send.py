"""Sends one message with the standard library. Running it again does not send it twice."""

import base64
import json
import os
import sys
import urllib.error
import urllib.request

url = os.environ["APIGW_URL"] + "/v1.0/messages"
credentials = base64.b64encode(os.environ["APIGW_CREDENTIALS"].encode()).decode()
message = {"to": "010-1234-5678", "from": "1588-1234", "text": "Your code is 4711.", "ref": "login-4711"}

request = urllib.request.Request(
    url,
    data=json.dumps(message).encode(),
    headers={
        "Authorization": f"Basic {credentials}",
        "Content-Type": "application/json",
        "Idempotency-Key": sys.argv[1] if len(sys.argv) > 1 else "login-4711",
    },
)
try:
    with urllib.request.urlopen(request, timeout=30) as response:
        print(response.read().decode())
except urllib.error.HTTPError as error:
    problem = json.load(error)
    sys.exit(f"{problem['code']}: {problem['detail']}")
