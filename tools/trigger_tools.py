"""A customer's trigger as a tool: an assistant calls it, and the executor sends the request (C02)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from integrations.executor import CallReport
from integrations.sessions import SessionView
from integrations.triggers import TriggerView
from rules.errors import HookwrightError, InvalidInput
from rules.header_fields import MASK
from rules.variables import SYSTEM_NAMES
from tools.schemas import without_references
from tools.services import Services
from tools.toolbox import Call, Result, approved, refused

MAX_TRIGGERS: Final = 128
"""More tools than that no model endpoint takes."""
_CORRECTIONS: Final = 2
_MISFIT: Final = (
    "Nothing was sent: the arguments do not fit. Correct them from what the person said, or ask the person."
)
_ENOUGH: Final = (
    "Nothing was sent: the arguments did not fit three times. Do not call this tool again now; ask the person for what "
    "is missing or unclear."
)


@dataclass(frozen=True, slots=True)
class TriggerTool:
    """One trigger, offered in one session."""

    trigger: TriggerView
    session: SessionView
    schema: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        """Write the schema as models read it; arguments are checked against the trigger's own."""
        object.__setattr__(self, "schema", without_references(self.trigger.parameters))

    @property
    def name(self) -> str:
        """The trigger's name."""
        return self.trigger.name

    @property
    def description(self) -> str:
        """The trigger's description."""
        return self.trigger.description

    async def run(self, services: Services, call: Call, arguments: Mapping[str, Any]) -> Result:
        """Check the arguments, ask the person if the trigger says so, and only then send the request.

        Arguments that do not fit come back naming the field, so that the model corrects itself; twice a turn.
        """
        if call.slips[self.name] > _CORRECTIONS:
            return refused(_ENOUGH)
        try:
            return await self._send(services, call, dict(arguments))
        except InvalidInput as error:
            call.slips[self.name] += 1
            final = call.slips[self.name] > _CORRECTIONS
            return refused(_ENOUGH if final else _MISFIT, errors=error.errors)
        except HookwrightError as error:
            return refused(error.detail)

    async def _send(self, services: Services, call: Call, arguments: dict[str, Any]) -> Result:
        # The executor reads the session anew for each call: one before it in this turn may have merged client data.
        send = partial(services.executor.run, call.workspace_id, self.trigger, arguments, session=self.session)
        if self.trigger.confirm:
            planned = await send(dry_run=True)
            diff = _sent(arguments, planned.variables)
            if refusal := await approved(call, _title(self.name), diff, stands_for=planned.request):
                return refusal
        return _result(await send(), interpreted=self.trigger.interpret_response)


def _result(report: CallReport, *, interpreted: bool) -> Result:
    """Return what the model sees: the directive as configuration, apart from the fenced answer (C07)."""
    if not interpreted:
        return {"accepted": True} if report.accepted else {"ok": False, "accepted": False}
    return {**({"directive": report.directive} if report.directive else {}), **report.for_model}


def _sent(arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what is really sent, to be approved: client data may stand where the model gave an argument (C03)."""
    ours = {name: value for name, value in variables.items() if name not in SYSTEM_NAMES and value != MASK}
    shown = {name: ours.pop(name, value) for name, value in arguments.items()} | ours
    return [{"field": name, "before": None, "after": value} for name, value in shown.items()]


def _title(name: str) -> str:
    words = name.replace("_", " ").replace("-", " ").split()
    return " ".join(words).capitalize() or name
