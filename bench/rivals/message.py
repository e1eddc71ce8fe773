"""The message that every peer sends: 1 KB, signed with HMAC-SHA256 as Standard Webhooks prescribes."""

import base64
import hashlib
import hmac
import os
import time
import uuid

QUEUE = os.environ.get("BENCH_QUEUE", "")
BODY = '{"type":"purchase","data":"' + "x" * 990 + '"}'
_SECRET = b"bench-secret-of-thirty-two-bytes"


def signed(body: bytes) -> dict[str, str]:
    """Return the headers of a message."""
    message_id, now = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
    content = f"{message_id}.{now}.".encode() + body
    signature = base64.b64encode(hmac.new(_SECRET, content, hashlib.sha256).digest()).decode()
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": now,
        "webhook-signature": f"v1,{signature}",
    }
