"""Does the bundled model give the same good vectors wherever and however it is run?"""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import brainops_minilm
import numpy
import pytest

from brainops.embedding import minilm, open_embedder
from brainops.embedding.minilm import OnnxEmbedder, batches, pool
from brainops.errors import EmbedderUnavailable, InvalidConfiguration
from brainops.types import Embedder

TEXTS = [
    "The deployment of the payment service failed with exit code 137.",
    "Container was killed because it ran out of memory.",
    "Rotate the TLS certificate of the load balancer.",
    "Our office plants need water twice a week.",
    "",
    "disk full " * 400,
]


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    found = open_embedder("minilm")
    assert found is not None
    return found


def test_the_files_are_the_published_ones() -> None:
    assert brainops_minilm.altered_files() == []


def test_a_changed_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brainops_minilm, "path", lambda: tmp_path)
    (tmp_path / "vocab.txt").write_text("another")

    assert brainops_minilm.altered_files() == ["model.onnx", "vocab.txt"]


def test_vectors_are_float32_rows_of_length_one(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)

    assert vectors.shape == (len(TEXTS), embedder.dimension) == (len(TEXTS), 384)
    assert vectors.dtype == numpy.float32
    assert numpy.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, 384)


def test_related_texts_are_nearer_than_unrelated_ones(embedder: Embedder) -> None:
    failed, killed, _, plants, *_ = embedder.embed(TEXTS)

    assert failed @ killed > failed @ plants + 0.15


def test_vectors_agree_with_those_of_the_32_bit_model(embedder: Embedder) -> None:
    recorded = numpy.load(Path(__file__).parent / "float32_vectors.npy").astype(numpy.float32)

    cosines = (embedder.embed(TEXTS) * recorded).sum(axis=1)

    assert cosines.min() >= 0.98
    assert cosines.mean() >= 0.99


def test_a_vector_does_not_depend_on_its_batch(embedder: Embedder) -> None:
    alone = numpy.concatenate([embedder.embed([text]) for text in TEXTS])
    together = embedder.embed(TEXTS * 3)

    assert (together == numpy.concatenate([alone] * 3)).all()


def test_no_weight_can_saturate_pairs_of_products() -> None:
    """Without VNNI two products of a level up to 255 and a weight are added in 16 bits."""
    found = dense_weights(brainops_minilm.model_path().read_bytes())

    assert len(found) == 24
    assert max(int(numpy.abs(weights.astype(int)).max()) for weights in found) * 255 * 2 <= 2**15 - 1


def dense_weights(model: bytes) -> list[numpy.ndarray]:
    """Return the 24 int8 matrices of the dense layers, found by name and size in the file's raw tensors."""
    found = []
    for layer in range(6):
        sizes = {
            f"encoder.layer.{layer}.qkv.q": 384 * 1152,
            f"encoder.layer.{layer}.attention.output.dense.q": 384 * 384,
            f"encoder.layer.{layer}.intermediate.dense.q": 384 * 1536,
            f"encoder.layer.{layer}.output.dense.q": 1536 * 384,
        }
        for name, size in sizes.items():
            field = b"B" + bytes([len(name)]) + name.encode() + b"J"  # fields 8 (name) and 9 (raw data) of a tensor
            start = model.index(field) + len(field) + 3  # a length of this size takes three bytes
            found.append(numpy.frombuffer(model, numpy.int8, size, start))
    return found


def test_batches_hold_one_length_and_few_tokens() -> None:
    lengths = [3, 250, 3, 7, 250, 250, 3] * 100

    found = list(batches(lengths))

    assert sorted(position for batch in found for position in batch) == list(range(len(lengths)))
    assert all(len({lengths[position] for position in batch}) == 1 for batch in found)
    assert all(sum(lengths[position] for position in batch) <= minilm.BATCH_TOKENS for batch in found)


def test_hidden_states_are_averaged_to_unit_vectors() -> None:
    states = numpy.array([[[3.0, 0.0], [3.0, 8.0]]], numpy.float32)

    assert pool(states)[0].tolist() == pytest.approx([0.6, 0.8])


FORKING = """
import os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside the threads that numpy has
from brainops.embedding import open_embedder
embedder = open_embedder("minilm")
before = embedder.embed(["same text"]).tobytes()
session = embedder._opened
child = os.fork()
if child == 0:
    same = embedder.embed(["same text"]).tobytes() == before
    os._exit(0 if same and embedder._opened is not session else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_child_opens_its_own_session() -> None:
    answer = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "0"


def test_threads_share_an_embedder(embedder: Embedder) -> None:
    fresh = open_embedder("minilm")
    assert fresh is not None
    found: list[numpy.ndarray] = []
    threads = [threading.Thread(target=lambda: found.append(fresh.embed(TEXTS))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 4
    assert all((vectors == embedder.embed(TEXTS)).all() for vectors in found)


def test_a_folder_with_a_model_is_opened_under_its_own_id(tmp_path: Path) -> None:
    folder = copied(tmp_path)

    opened = open_embedder(str(folder))

    assert opened is not None
    assert opened.model_id == f"mine@{brainops_minilm.SHA256['model.onnx'][:12]}"
    bundled = open_embedder("minilm")
    assert bundled is not None
    assert (opened.embed(TEXTS) * bundled.embed(TEXTS)).sum(axis=1).min() > 0.99


def test_a_folder_without_the_files_says_which(tmp_path: Path) -> None:
    with pytest.raises(EmbedderUnavailable, match=r"model\.onnx and vocab\.txt"):
        open_embedder(str(tmp_path))


def test_a_damaged_model_names_the_way_out(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").write_bytes(b"\x00\x01 not a model")

    with pytest.raises(EmbedderUnavailable, match="pip install"):
        open_embedder(str(folder))


def test_a_vocabulary_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("one\ntwo\n")
    embedder = OnnxEmbedder(brainops_minilm.model_path(), tmp_path / "vocab.txt", model_id="x", dimension=384)

    with pytest.raises(EmbedderUnavailable, match="not a BERT vocabulary"):
        embedder.embed(["a"])


def copied(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "model.onnx").symlink_to(brainops_minilm.model_path())
    (folder / "vocab.txt").symlink_to(brainops_minilm.vocabulary_path())
    return folder


def test_none_asks_for_no_embedder() -> None:
    assert open_embedder("none") is None


def test_an_unknown_setting_names_the_choices() -> None:
    with pytest.raises(InvalidConfiguration, match="minilm, none, endpoint"):
        open_embedder("word2vec")


@pytest.mark.parametrize("module", ["brainops_minilm", "onnxruntime", "numpy"])
def test_a_missing_package_names_its_installation(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brainops.embedding.find_spec", lambda name: None if name == module else object())

    with pytest.raises(EmbedderUnavailable, match=f"pip install {module.replace('_', '-')}"):
        open_embedder("minilm")


def test_opening_loads_neither_numpy_nor_onnxruntime() -> None:
    program = (
        "import sys; from brainops.embedding import open_embedder; open_embedder('minilm');"
        "print({'numpy', 'onnxruntime'} & set(sys.modules) or 'neither')"
    )

    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "neither"
