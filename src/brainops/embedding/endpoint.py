"""Which vectors does an OpenAI-compatible service give to texts?"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from brainops.errors import EmbedderUnavailable, InvalidConfiguration, StepFailed
from brainops.net import Request, Response, ask

if TYPE_CHECKING:
    import numpy

BATCH_TEXTS: Final = 64
BATCH_CHARACTERS: Final = 100_000  # some 25,000 tokens, well inside what services take in one request
TEXT_CHARACTERS: Final = 8_000  # about 2,000 tokens; the rest of a longer text is not sent
ATTEMPTS: Final = 4
FIRST_PAUSE_SECONDS: Final = 0.5  # doubled after each attempt
LONGEST_PAUSE_SECONDS: Final = 20.0  # a service that asks for more is treated as unavailable
ANSWER_BYTES: Final = 64 * 1024 * 1024  # an answer beyond this is not one of ours


class EndpointEmbedder:
    """Embeds texts by POST to an OpenAI-compatible embeddings URL; texts leave this machine for it."""

    def __init__(
        self,
        url: str,
        model: str,
        *,
        dimensions: int | None = None,
        key_variable: str | None = None,
        key_file: Path | None = None,
        timeout_seconds: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Without `dimensions` the service is asked once how many its vectors have."""
        self.url = checked_url(url)
        self.model = model
        self.requested_dimensions = dimensions
        self.key_variable = key_variable
        self.key_file = key_file
        self.timeout_seconds = timeout_seconds
        self._sleep = sleep
        self.model_id = f"endpoint:{model}" if dimensions is None else f"endpoint:{model}/{dimensions}"
        self.dimension = dimensions or self._probe()

    def _probe(self) -> int:
        self.dimension = 0
        return len(self._request(["dimension"])[0])

    def embed(self, texts: Sequence[str]) -> numpy.ndarray:
        """Return one row of length 1 a text: float32, shape (len(texts), dimension).

        Raises EmbedderUnavailable when the service does not answer, refuses, or answers something else.
        """
        import numpy

        vectors = numpy.empty((len(texts), self.dimension), numpy.float32)
        for start, batch in batches(texts):
            rows = numpy.array(self._request(batch), numpy.float32)
            if rows.shape[1] != self.dimension:
                raise self._unusable(f"vectors of {rows.shape[1]} dimensions where {self.dimension} were expected")
            lengths = numpy.linalg.norm(rows, axis=1, keepdims=True)
            if not numpy.isfinite(lengths).all() or not (lengths > 0).all():
                raise self._unusable("a vector without a direction")
            vectors[start : start + len(batch)] = rows / lengths
        return vectors

    def _request(self, texts: list[str]) -> list[list[float]]:
        body: dict[str, Any] = {"model": self.model, "input": texts, "encoding_format": "float"}
        if self.requested_dimensions is not None:
            body["dimensions"] = self.requested_dimensions
        answer = self._answer(json.dumps(body).encode())
        count = len(texts)
        if answer.cut:
            raise self._unusable(f"more than {ANSWER_BYTES} bytes")
        try:
            entries = sorted(json.loads(answer.body)["data"], key=lambda entry: entry.get("index", 0))
            vectors = [[float(value) for value in entry["embedding"]] for entry in entries]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise self._unusable("no list of vectors") from None
        if len(vectors) != count or len({len(vector) for vector in vectors}) != 1 or not vectors[0]:
            raise self._unusable(f"{len(vectors)} vectors for {count} texts, or vectors of different sizes")
        return vectors

    def _answer(self, body: bytes) -> Response:
        for attempt in range(ATTEMPTS):
            headers = {"content-type": "application/json", "accept": "application/json"}
            key = self._key()
            request = Request(
                url=self.url,
                method="POST",
                headers=headers | {"authorization": f"Bearer {key}"} if key else headers,
                body=body,
            )
            pause = None
            try:
                response = ask(request, seconds=self.timeout_seconds, most_bytes=ANSWER_BYTES)
                if response.status // 100 == 2:
                    return response
                failure, again, pause = f"it answered {response.status}", response.passing, response.retry_after_seconds
            except StepFailed as error:
                failure, again = str(error), error.retryable
            pause = FIRST_PAUSE_SECONDS * 2**attempt if pause is None else pause
            if not again or attempt + 1 == ATTEMPTS or pause > LONGEST_PAUSE_SECONDS:
                break
            self._sleep(pause)
        raise self._unavailable(failure)

    def _key(self) -> str | None:
        """Read the key anew for each request, so that a changed one is used at once."""
        if self.key_variable:
            place, key = f"environment variable {self.key_variable}", os.environ.get(self.key_variable, "")
        elif self.key_file:
            place, key = f"file {self.key_file}", self._read(self.key_file)
        else:
            return None
        key = key.strip()
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            raise InvalidConfiguration(f"The {place} should hold the key of {self.url}: one word, nothing else.")
        return key

    def _read(self, path: Path) -> str:
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidConfiguration(f"The key file {path} cannot be read: {type(error).__name__}.") from None

    def _unavailable(self, failure: str) -> EmbedderUnavailable:
        return EmbedderUnavailable(
            f"The embedding service {self.url} cannot be used: {failure}. Check its address, its model {self.model!r} "
            "and its key; until then search works by words alone."
        )

    def _unusable(self, found: str) -> EmbedderUnavailable:
        return self._unavailable(f"its answer holds {found}")


def checked_url(url: str) -> str:
    """Return the URL if it is http(s) and carries no secret; raises InvalidConfiguration, which does not repeat it."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidConfiguration("The embedding URL must begin with http:// or https:// and name a host.")
    if parts.username or parts.password or parts.query:
        raise InvalidConfiguration(
            f"The embedding URL at {parts.hostname} holds a user name, password or query; give the key by the name of "
            "an environment variable or of a file."
        )
    return url


def batches(texts: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield (position of the first, texts) within the limits of one request; an empty text is sent as a blank."""
    start, batch, size = 0, list[str](), 0
    for position, text in enumerate(texts):
        shown = text[:TEXT_CHARACTERS] or " "
        if batch and (len(batch) == BATCH_TEXTS or size + len(shown) > BATCH_CHARACTERS):
            yield start, batch
            start, batch, size = position, [], 0
        batch.append(shown)
        size += len(shown)
    if batch:
        yield start, batch
