"""Which embedder do the settings ask for?"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from brainops.errors import EmbedderUnavailable, InvalidConfiguration
from brainops.types import Embedder

__all__ = ["open_embedder"]

WAY_OUT = "Until then search works by words alone; the setting embedder = none asks for that."


def open_embedder(
    model: str,
    *,
    threads: int = 1,
    dimensions: int | None = None,
    key_variable: str | None = None,
    key_file: Path | None = None,
    timeout_seconds: float = 30.0,
) -> Embedder | None:
    """Return the embedder that a setting names, or None for "none".

    `model` is "minilm" (the bundled model), "none", "endpoint:<url>#<model>" (an OpenAI-compatible service; what comes
    after `threads` is for it) or the path of a folder with model.onnx and vocab.txt.
    Raises EmbedderUnavailable when it is not installed or does not answer, InvalidConfiguration when the setting is
    none of these. Never downloads anything.
    """
    match model:
        case "none":
            return None
        case "minilm":
            require("brainops_minilm", "onnxruntime", "numpy")
            from brainops.embedding.minilm import bundled

            return bundled(threads)
        case _ if model.startswith("endpoint:"):
            require("numpy")
            from brainops.embedding.endpoint import EndpointEmbedder

            url, _, name = model.removeprefix("endpoint:").rpartition("#")
            if not url or not name:
                raise InvalidConfiguration("An endpoint is written endpoint:<url>#<model>.")
            return EndpointEmbedder(
                url,
                name,
                dimensions=dimensions,
                key_variable=key_variable,
                key_file=key_file,
                timeout_seconds=timeout_seconds,
            )
        case _ if Path(model).expanduser().is_dir():
            require("onnxruntime", "numpy")
            from brainops.embedding.minilm import from_folder

            return from_folder(Path(model).expanduser(), threads)
    raise InvalidConfiguration(
        f"The embedder {model!r} is none of: minilm, none, endpoint:<url>#<model>, a folder with model.onnx and "
        "vocab.txt."
    )


def require(*modules: str) -> None:
    """Raise EmbedderUnavailable with the install command unless all modules can be found; loads none of them."""
    missing = [name.replace("_", "-") for name in modules if find_spec(name) is None]
    if missing:
        names = " ".join(missing)
        raise EmbedderUnavailable(f"The embedder needs {names}, not installed here: pip install {names}. {WAY_OUT}")
