"""Client of the messaging API: signs in, repeats safely, reads reports and verifies webhooks."""

from .client import ApiError, Client
from .webhook import WebhookError, verify_webhook

__all__ = ["ApiError", "Client", "WebhookError", "verify_webhook"]
