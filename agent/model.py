"""Which language model answers, and what its failures mean in plain words."""

from typing import TYPE_CHECKING

from rules.errors import HookwrightError, Unavailable

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

DEFAULT_MODEL = "gpt-5.4-mini"


def choose_model(
    *, name: str | None = None, base_url: str | None = None, api_key: str | None = None, timeout_seconds: float = 60
) -> "BaseChatModel":
    """Return the model of any OpenAI-compatible endpoint, or guided mode when there is no key.

    Args:
        name: The endpoint's name for the model.
        base_url: The endpoint, such as `http://127.0.0.1:11434/v1`; OpenAI's when absent.
        api_key: The endpoint's key; any text for an endpoint that asks for none.
        timeout_seconds: How long one answer may take.

    """
    if not api_key:
        from agent.guided.model import GuidedModel  # noqa: PLC0415 - LangChain is imported only when it is needed

        return GuidedModel()
    import openai  # noqa: PLC0415
    from langchain_openai import ChatOpenAI  # noqa: PLC0415
    from pydantic import SecretStr  # noqa: PLC0415

    return ChatOpenAI(
        model=name or DEFAULT_MODEL,
        base_url=base_url,
        api_key=SecretStr(api_key),
        timeout=timeout_seconds,
        max_retries=1,
        use_responses_api=False,
        stream_usage=True,
        http_async_client=openai.DefaultAsyncHttpxClient(),
    )


def session_model(model: "BaseChatModel") -> "BaseChatModel":
    """Return the model that answers in sessions: the same, or guided mode's own for triggers."""
    if not is_guided(model):
        return model
    from agent.guided_calls.model import SessionModel  # noqa: PLC0415 - see choose_model

    return SessionModel()


def is_guided(model: "BaseChatModel") -> bool:
    """Tell whether a model is guided mode, which cannot claim what was not done."""
    from agent.guided.model import GuidedModel  # noqa: PLC0415 - see choose_model

    return isinstance(model, GuidedModel)


async def close_model(model: "BaseChatModel") -> None:
    """Close the connections of a model that `choose_model` made."""
    client = getattr(model, "http_async_client", None)
    if client is not None:
        await client.aclose()


def explain(error: BaseException) -> HookwrightError | None:
    """Say in plain words why a model did not answer; None when the error is not the endpoint's."""
    if isinstance(error, TimeoutError):
        return Unavailable("The assistant did not finish in time. Nothing more will happen; please try again.")
    try:
        import openai  # noqa: PLC0415 - see choose_model
    except ImportError:  # pragma: no cover - it is a dependency
        return None
    if not isinstance(error, openai.OpenAIError):
        return None
    sentence = next((text for kind, text in _sentences().items() if isinstance(error, kind)), None)
    if sentence is None and isinstance(error, openai.APIStatusError):
        sentence = f"The model endpoint answered with HTTP {error.status_code}."
    sentence = sentence or "The model endpoint gave an answer that could not be read."
    return Unavailable(f"{sentence} Your message is kept; try again when that is fixed.")


def _sentences() -> dict[type[Exception], str]:
    import openai  # noqa: PLC0415 - see choose_model

    return {
        openai.AuthenticationError: "The model endpoint refuses our key (check OPENAI_API_KEY).",
        openai.PermissionDeniedError: "The model endpoint refuses our key (check OPENAI_API_KEY).",
        openai.NotFoundError: "The model endpoint does not know this model (check HOOKWRIGHT_MODEL, OPENAI_BASE_URL).",
        openai.RateLimitError: "The model endpoint says that we are over its rate limit or budget.",
        openai.APITimeoutError: "The model endpoint did not answer in time.",
        openai.APIConnectionError: "The model endpoint cannot be reached (check OPENAI_BASE_URL).",
    }
