#!/usr/bin/env bash
# Sends one message. The same Idempotency-Key sends it once, however often the script runs.
set -euo pipefail

# curl reads the header from a file descriptor, so the credentials are not in the process list.
curl --silent --show-error --fail-with-body "$APIGW_URL/v1.0/messages" \
  --header @<(printf 'Authorization: Basic %s' "$(printf %s "$APIGW_CREDENTIALS" | base64 | tr -d '\n')") \
  --header 'Content-Type: application/json' \
  --header "Idempotency-Key: ${1:-order-1042-shipped}" \
  --data '{"to": "010-1234-5678", "from": "1588-1234", "text": "Your order has shipped.", "ref": "order-1042"}'
