"""Where are the files of the embedding model, and are they the ones that were published?"""

import hashlib
from pathlib import Path
from typing import Final

__all__ = ["DIMENSION", "MAX_TOKENS", "MODEL_ID", "SHA256", "altered_files", "model_path", "path", "vocabulary_path"]

MODEL_ID: Final = "all-MiniLM-L6-v2/int8-1"
"""Identifies the vectors: two vectors may be compared only when they carry the same model id."""

DIMENSION: Final = 384
MAX_TOKENS: Final = 256
"""Tokens a text may have, [CLS] and [SEP] included; the graph has no positions beyond them."""

SHA256: Final = {
    "model.onnx": "1a5fc87adaefb4ed0be90647bd792d8633c31413a66e7f078fb5ba80f2a1416d",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}


def path() -> Path:
    """Return the folder that holds model.onnx and vocab.txt."""
    return Path(__file__).parent


def model_path() -> Path:
    """Return the path of the graph: input_ids int64 (texts, tokens) to embedding float32 (texts, 384) of length 1."""
    return path() / "model.onnx"


def vocabulary_path() -> Path:
    """Return the path of the WordPiece vocabulary, one token a line, the line number being the id."""
    return path() / "vocab.txt"


def altered_files() -> list[str]:
    """Return the names of model files that are missing or whose sha256 is not the published one; reads 23 MB."""
    return [name for name, expected in SHA256.items() if _digest(path() / name) != expected]


def _digest(file: Path) -> str | None:
    if not file.is_file():
        return None
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
