"""Which vectors does a model on this machine give to texts?"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from brainops.embedding.runtime import load, native
from brainops.embedding.wordpiece import WordPiece
from brainops.errors import EmbedderUnavailable

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

BATCH_TOKENS: Final = 512  # larger batches leave the processor's caches and are slower; it also bounds the memory used


class OnnxEmbedder:
    """Embeds texts with an ONNX sentence encoder; opens it at the first call, and again in a forked child.

    Texts of more than `max_tokens` are embedded by their beginning. A batch holds texts of one length, so nothing is
    padded and a text has the same vector, bit for bit, whatever it is embedded with. Threads may share an embedder.
    """

    def __init__(
        self,
        model: Path,
        vocabulary: Path,
        *,
        model_id: str,
        dimension: int,
        max_tokens: int = 256,
        threads: int = 1,
        foreign: bool = False,
    ) -> None:
        """A foreign graph, not made by our build script, is optimised at load and its output pooled and normalised."""
        self.model_id = model_id
        self.dimension = dimension
        self.model = model
        self.vocabulary = vocabulary
        self.max_tokens = max_tokens
        self.threads = threads
        self.foreign = foreign
        self._opening = threading.Lock()
        self._opened: _Opened | None = None

    def embed(self, texts: Sequence[str]) -> numpy.ndarray:
        """Return one row of length 1 a text: float32, shape (len(texts), dimension).

        Raises EmbedderUnavailable when the model cannot be loaded.
        """
        import numpy

        opened = self._open()
        encoded = [opened.words.encode(text) for text in texts]
        vectors = numpy.empty((len(encoded), self.dimension), numpy.float32)
        for rows in batches([len(ids) for ids in encoded]):
            vectors[rows] = opened.run(numpy.array([encoded[row] for row in rows], numpy.int64))
        return vectors

    def _open(self) -> _Opened:
        opened = self._opened
        if opened is not None and opened.process == os.getpid():
            return opened
        if opened is not None and opened.process != os.getpid():
            self._opening = threading.Lock()  # the parent may have held it at the fork
        with self._opening:
            if self._opened is None or self._opened.process != os.getpid():
                self._opened = _Opened(self)
            return self._opened


class _Opened:
    """An open session of one process."""

    def __init__(self, embedder: OnnxEmbedder) -> None:
        self.process = os.getpid()
        self.session = open_session(embedder.model, threads=embedder.threads, optimise=embedder.foreign)
        self.foreign = embedder.foreign
        self.inputs = [entry.name for entry in self.session.get_inputs()]
        try:
            self.words = WordPiece.read(embedder.vocabulary, max_tokens=embedder.max_tokens)
        except (OSError, KeyError, ValueError) as error:
            raise EmbedderUnavailable(
                f"{embedder.vocabulary} is not a BERT vocabulary ({error}). Install the model again, or search by "
                "words alone with the setting embedder = none."
            ) from error

    def run(self, ids: NDArray[numpy.int64]) -> NDArray[numpy.float32]:
        import numpy

        given = {"input_ids": ids, "attention_mask": numpy.ones_like(ids), "token_type_ids": numpy.zeros_like(ids)}
        with native.open():
            output = self.session.run(None, {name: given[name] for name in self.inputs})[0]
        return pool(output) if self.foreign else output


def pool(output: NDArray[numpy.float32]) -> NDArray[numpy.float32]:
    """Return rows of length 1 from hidden states (texts, tokens, dimension) or from vectors (texts, dimension)."""
    import numpy

    vectors = output.mean(axis=1) if output.ndim == 3 else output
    unit: NDArray[numpy.float32] = vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield groups of positions whose texts have one length and together at most BATCH_TOKENS tokens (or one text)."""
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for position, length in enumerate(lengths):
        groups[length].append(position)
    for length, positions in sorted(groups.items()):
        size = max(1, BATCH_TOKENS // length)
        for start in range(0, len(positions), size):
            yield positions[start : start + size]


def open_session(model: Path, *, threads: int, optimise: bool) -> Any:
    """Open an ONNX model on the processor; ours is written as it runs best, so optimising it would only take time."""
    with native.open():
        return _open_session(model, threads, optimise)


def _open_session(model: Path, threads: int, optimise: bool) -> Any:
    try:
        onnxruntime, failures = load()
    except ImportError as error:
        raise EmbedderUnavailable(
            f"onnxruntime does not load here ({error}). Reinstall it: pip install --force-reinstall onnxruntime. "
            "Until then search works by words alone."
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only: they are raised as well
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimise else levels.ORT_DISABLE_ALL
    kinds = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NoSuchFile", "NoModel", "NotImplemented")
    try:
        return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except tuple(getattr(failures, kind) for kind in kinds) as error:
        raise EmbedderUnavailable(
            f"{model} cannot be opened as an ONNX model ({error}). Reinstall it: pip install --force-reinstall "
            "brainops-minilm. Until then search works by words alone."
        ) from error


def bundled(threads: int) -> OnnxEmbedder:
    """Return the model of the brainops-minilm package."""
    import brainops_minilm as package

    return OnnxEmbedder(
        package.model_path(),
        package.vocabulary_path(),
        model_id=package.MODEL_ID,
        dimension=package.DIMENSION,
        max_tokens=package.MAX_TOKENS,
        threads=threads,
    )


def from_folder(folder: Path, threads: int) -> OnnxEmbedder:
    """Return the model of a folder with model.onnx and vocab.txt; its id is the folder's name and the file's digest.

    The graph takes input_ids, and attention_mask and token_type_ids if it likes; its first output is either one vector
    a text or one hidden state a token, of which the mean is taken.
    """
    model, vocabulary = folder / "model.onnx", folder / "vocab.txt"
    missing = [path.name for path in (model, vocabulary) if not path.is_file()]
    if missing:
        raise EmbedderUnavailable(f"The folder {folder} lacks {' and '.join(missing)}; put the file there.")
    with model.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    shape = open_session(model, threads=threads, optimise=False).get_outputs()[0].shape
    if not isinstance(shape[-1], int):
        raise EmbedderUnavailable(
            f"{model} does not say how many dimensions its vectors have; export it with a fixed one."
        )
    model_id = f"{folder.resolve().name}@{digest[:12]}"
    return OnnxEmbedder(model, vocabulary, model_id=model_id, dimension=shape[-1], threads=threads, foreign=True)
