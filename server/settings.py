"""Settings, from `HOOKWRIGHT_*` variables and a `.env` file; read in `server/wiring.py` and the CLI only."""

import ipaddress
from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from rules.addresses import Policy
from rules.errors import FieldError, InvalidInput

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Settings(BaseSettings):
    """Everything that can be set from outside."""

    model_config = SettingsConfigDict(env_prefix="HOOKWRIGHT_", env_file=".env", extra="ignore", populate_by_name=True)

    database_url: str = "sqlite:///.hookwright/hookwright.db"
    home: Path = Path(".hookwright")
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    api_key: SecretStr | None = Field(default=None, min_length=16)
    master_key: SecretStr | None = None
    egress_allow: Annotated[tuple[Network, ...], NoDecode] = ()
    egress_allow_http: bool = False
    egress_proxy: str | None = None
    egress_ca_file: Path | None = None
    model: str | None = None
    openai_base_url: str | None = Field(
        default=None, validation_alias=AliasChoices("HOOKWRIGHT_OPENAI_BASE_URL", "OPENAI_BASE_URL")
    )
    openai_api_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("HOOKWRIGHT_OPENAI_API_KEY", "OPENAI_API_KEY")
    )

    @field_validator("egress_allow", mode="before")
    @classmethod
    def split_networks(cls, value: object) -> object:
        """Read CIDRs from a comma-separated text."""
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @property
    def policy(self) -> Policy:
        """Return which addresses and schemes may be called."""
        return Policy(allow=self.egress_allow, allow_http=self.egress_allow_http)


def read_settings(**overrides: object) -> Settings:
    """Read the settings; raises InvalidInput naming the variable that is wrong."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        wrong = [
            FieldError("HOOKWRIGHT_" + ".".join(str(part) for part in entry["loc"]).upper(), entry["msg"])
            for entry in error.errors(include_input=False)
        ]
        raise InvalidInput(wrong) from None
