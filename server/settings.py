"""Settings, from `HOOKWRIGHT_*` variables and a `.env` file; read in the engine, the wiring and the CLI only."""

import ipaddress
import logging
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, FilePath, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from rapidfuzz import process

from rules.addresses import Policy
from rules.alerting_mail import MailServer, Recipients, sender
from rules.errors import FieldError, InvalidInput

_PREFIX = "HOOKWRIGHT_"
_NEAR = 85

log = logging.getLogger("hookwright.settings")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Settings(BaseSettings):
    """Everything that can be set from outside."""

    model_config = SettingsConfigDict(env_prefix="HOOKWRIGHT_", env_file=".env", extra="ignore", populate_by_name=True)

    home: Path = Path(".hookwright")
    database_url: str = Field(default_factory=lambda read: f"sqlite:///{(read['home'] / 'hookwright.db').as_posix()}")
    database_pool_size: int = Field(default=10, ge=2, le=500)
    notify_url: str | None = None
    public_url: str | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    api_key: SecretStr | None = Field(default=None, min_length=16)
    master_key: SecretStr | None = None
    egress_allow: Annotated[tuple[Network, ...], NoDecode] = ()
    egress_allow_http: bool = False
    egress_proxy: str | None = None
    egress_ca_file: FilePath | None = None
    retention_days: int = Field(default=30, ge=0, le=3650)
    alert_late_minutes: int = Field(default=5, ge=1, le=1440)
    alert_emails: Annotated[tuple[str, ...], NoDecode] = ()
    alert_from: str | None = None
    smtp_url: SecretStr | None = None
    log_format: Literal["text", "json"] | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    metrics_token: SecretStr | None = Field(default=None, min_length=16)
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    model: str | None = None
    openai_base_url: str | None = Field(
        default=None, validation_alias=AliasChoices("HOOKWRIGHT_OPENAI_BASE_URL", "OPENAI_BASE_URL")
    )
    openai_api_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("HOOKWRIGHT_OPENAI_API_KEY", "OPENAI_API_KEY")
    )

    @field_validator("egress_allow", "alert_emails", mode="before")
    @classmethod
    def split_list(cls, value: object) -> object:
        """Read a comma-separated text."""
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("egress_proxy")
    @classmethod
    def check_proxy(cls, value: str | None) -> str | None:
        """Refuse what is not the URL of an HTTP proxy: each delivery would fail."""
        if value is not None and not re.match(r"https?://[^/]", value):
            raise ValueError("must be the URL of an HTTP proxy, such as http://proxy.example:3128")
        return value

    @field_validator("alert_emails")
    @classmethod
    def check_emails(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse what is not an address."""
        Recipients.parse(value)
        return value

    @field_validator("alert_from")
    @classmethod
    def check_sender(cls, value: str | None) -> str | None:
        """Refuse what is not an address, with or without a name."""
        if value is not None:
            sender(value)
        return value

    @field_validator("smtp_url")
    @classmethod
    def check_smtp_url(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        """Refuse what no mail could be sent with; what is said never quotes the URL, which holds a password."""
        if value is not None:
            MailServer.parse(value.get_secret_value())
            for name in ("alert_from", "alert_emails"):
                if name in info.data and not info.data[name]:
                    raise ValueError(f"needs {_PREFIX}{name.upper()} beside it")
        return value

    @field_validator("public_url")
    @classmethod
    def check_public_url(cls, value: str | None) -> str | None:
        """Refuse what links cannot begin with."""
        if value is not None and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value):
            raise ValueError("must be where browsers find the console, such as https://hooks.example.com")
        return value and value.rstrip("/")

    @property
    def console(self) -> str:
        """Return where the console is, as links name it, without a slash at the end."""
        return self.public_url or self.address

    @property
    def address(self) -> str:
        """Return the URL at which the server listens, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def policy(self) -> Policy:
        """Return which addresses and schemes may be called."""
        return Policy(allow=self.egress_allow, allow_http=self.egress_allow_http)


def read_settings(**overrides: object) -> Settings:
    """Read the settings; raises InvalidInput naming the variable that is wrong."""
    _warn_of_slips(os.environ)
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        wrong = [
            FieldError(_PREFIX + str(entry["loc"][0]).upper().removeprefix(_PREFIX), _plain(entry["msg"]))
            for entry in error.errors(include_input=False)
        ]
        raise InvalidInput(list({entry.field: entry for entry in reversed(wrong)}.values())) from None


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ")


def _warn_of_slips(names: Iterable[str]) -> None:
    """Say so when a variable is nearly a setting: a misspelt one would be passed over in silence."""
    known = [_PREFIX + name.upper() for name in Settings.model_fields]
    for name in names:
        if name.startswith(_PREFIX) and name not in known:
            near = process.extractOne(name, known, score_cutoff=_NEAR)
            if near is not None:
                log.warning("%s is not a setting; did you mean %s?", name, near[0])
