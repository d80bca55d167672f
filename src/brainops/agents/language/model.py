"""How is a language model asked once, whichever it is, and what did the answer take?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from brainops.errors import MissingExtra, NotConfigured, StepFailed
from brainops.procedures.steps.secret_refs import mask, resolve

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelResponse
    from pydantic_ai.models import Model

SAID_CHARACTERS = 800  # of what a model's server said, in the error about it
NO_KEY = "none"  # many servers of one's own take any key, and the client wants one


class LanguageModels(Struct, frozen=True, kw_only=True):
    """Which models are asked, the next where one fails: "provider:name", or names at an OpenAI-compatible `url`.

    `key` is a reference to the secret ("env:NAME"); without one the provider's own variable is read. `price` is US
    dollars for a million tokens in and out, where it is not known by the model's name. `objects` are models of
    pydantic-ai that the program made itself, by name.
    """

    names: tuple[str, ...] = ()
    url: str = ""
    key: str = ""
    price: tuple[float, float] | None = None
    objects: Mapping[str, Any] = {}


class Said(Struct, frozen=True, kw_only=True):
    """What a model said, which one it was, and what it took; `cost` is None where its price is not known."""

    text: str
    model: str
    input_tokens: int
    output_tokens: int
    cost: float | None


def ask(
    models: LanguageModels,
    prompt: str,
    *,
    system: str,
    max_tokens: int,
    timeout_seconds: float,
    cancelled: Callable[[], bool],
) -> Said:
    """Ask the first model, or the next where it fails, and return what one said. Nothing is asked twice by us.

    Raises StepFailed where none answered, MissingExtra, NotConfigured.
    """
    from brainops.agents.time_limit import in_loop

    secrets = {"key": resolve(models.key)} if models.key else {}
    require_extra()
    from pydantic_ai.exceptions import UserError
    from pydantic_ai.models.fallback import FallbackModel

    try:
        made = [_one(models, name, secrets.get("key")) for name in models.names]
    except (UserError, ImportError, ValueError) as error:
        raise NotConfigured(f"a language model cannot be used: {error}") from None
    model = made[0] if len(made) == 1 else FallbackModel(*made)

    async def work() -> ModelResponse:
        from pydantic_ai.direct import model_request
        from pydantic_ai.messages import ModelRequest, SystemPromptPart, UserPromptPart

        told = [SystemPromptPart(content=system)] if system else []
        request = ModelRequest(parts=[*told, UserPromptPart(content=prompt)])
        async with AsyncExitStack() as opened:  # a client belongs to the loop that it was opened in
            await opened.enter_async_context(model)
            settings: Any = {"max_tokens": max_tokens, "timeout": timeout_seconds}
            return await model_request(model, [request], model_settings=settings)

    try:
        response = in_loop(timeout_seconds, cancelled, work)
        usage, name = response.usage, response.model_name or "unknown"
        cost = (
            _price(response) if models.price is None else cost_of(models, name, usage.input_tokens, usage.output_tokens)
        )
        text = "".join(part.content for part in response.parts if part.part_kind == "text")
        return Said(
            text=text, model=name, input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, cost=cost
        )
    except (MissingExtra, NotConfigured, StepFailed):
        raise
    except Exception as error:  # noqa: BLE001 -- told as the model's failure, without the key
        raise _failure(error, secrets) from None


def require_extra() -> None:
    """Raise MissingExtra where what talks to models is not installed."""
    try:
        import pydantic_ai  # noqa: F401 -- asked for here, so that what is missing is said in our words
    except ImportError:
        raise MissingExtra("language models are asked through an extra: pip install 'brainops[agents]'") from None


def cost_of(models: LanguageModels, name: str, input_tokens: int, output_tokens: int) -> float | None:
    """Return what so many tokens of a model cost in US dollars; None where its price is not known."""
    if models.price is not None:
        return (models.price[0] * input_tokens + models.price[1] * output_tokens) / 1_000_000
    if models.url or name in models.objects:
        return None
    from pydantic_ai.messages import ModelResponse
    from pydantic_ai.usage import RequestUsage

    provider, _, model = name.rpartition(":")
    usage = RequestUsage(input_tokens=input_tokens, output_tokens=output_tokens)
    response = ModelResponse(parts=[], usage=usage, model_name=model, provider_name=provider or None)
    return _price(response)


def _price(response: ModelResponse) -> float | None:
    try:
        return float(response.cost().total_price)
    except (LookupError, ValueError, AssertionError):
        return None


def _one(models: LanguageModels, name: str, key: str | None) -> Model:
    if name in models.objects:
        made: Model = models.objects[name]
        return made
    if models.url:
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.providers.openai import OpenAIProvider

        provider = OpenAIProvider(base_url=models.url, api_key=key or NO_KEY)
        return OpenAIChatModel(name.removeprefix("openai:"), provider=provider)
    from pydantic_ai.models import infer_model
    from pydantic_ai.providers import infer_provider, infer_provider_class

    def provider_of(kind: str) -> Any:
        return infer_provider_class(kind)(api_key=key) if key else infer_provider(kind)  # type: ignore[call-arg]

    return infer_model(name, provider_of)


def _failure(error: Exception, secrets: Mapping[str, str]) -> StepFailed:
    """Return why no model answered: of several, what the last one said."""
    while isinstance(error, ExceptionGroup):
        last = error.exceptions[-1]
        if not isinstance(last, Exception):
            break
        error = last
    status = getattr(error, "status_code", None)
    kind = f"HTTP {status}" if isinstance(status, int) else type(error).__name__
    return StepFailed(f"the language model failed: {mask(str(error), secrets)[:SAID_CHARACTERS]}", kind=kind)
