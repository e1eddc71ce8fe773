"""Encryption of what must not be readable in the database file."""

import base64
import json
import os
import secrets
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from rules.errors import InvalidInput, Unavailable


class SealingBox:
    """Seal JSON values with the master key; several keys allow rotation (the first one seals, all of them open)."""

    def __init__(self, keys: list[bytes]) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:  # its text may quote a key
            message = "holds no key, or one that is not 32 bytes in URL-safe base64 (several are separated by commas)"
            raise InvalidInput.of("HOOKWRIGHT_MASTER_KEY (or the file master.key)", message) from None

    def seal(self, value: Any) -> str:
        """Encrypt a JSON value (authenticated, with a fresh nonce) to URL-safe text."""
        return self._fernet.encrypt(json.dumps(value, ensure_ascii=False).encode()).decode()

    def open(self, sealed: str) -> Any:
        """Decrypt what `seal` made; raises Unavailable when the master key is not the one that it was sealed with."""
        try:
            return json.loads(self._fernet.decrypt(sealed.encode()))
        except InvalidToken:
            raise Unavailable(
                "A stored secret cannot be read with this master key. "
                "Start the server with the HOOKWRIGHT_MASTER_KEY (or master.key file) that it was saved with."
            ) from None

    def opens(self, sealed: str) -> bool:
        """Tell whether one of the keys is that which a value was sealed with."""
        try:
            self._fernet.decrypt(sealed.encode())
        except InvalidToken:
            return False
        return True


def load_master_keys(value: str | None, path: Path) -> list[bytes]:
    """Read the master keys from the setting (comma-separated) or the file, creating a 0600 file at first use."""
    if value:
        return [key.strip().encode() for key in value.split(",")]
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return [line.encode() for line in path.read_text().split()]
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.urlsafe_b64encode(secrets.token_bytes(32)))
    return load_master_keys(None, path)
