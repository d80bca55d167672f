"""How is the shipped model made from the published weights? Run: python build_onnx.py model.safetensors vocab.txt.

The graph is all-MiniLM-L6-v2 (a six-layer BERT encoder) with mean pooling and L2 normalisation inside. What matters:

- Weights of the 24 dense layers are int8 with one scale per output column, rounded to [-64, 64]. Without VNNI, x86 sums
  the products of unsigned activations and signed weights in pairs in int16, which saturates at 32,767. The largest
  possible pair is 2 * 255 * 64 = 32,640, so no input can saturate it and every processor computes the same integers.
- Activations are quantised per token (row), not per batch, so a vector does not depend on what else is in its batch.
- The input of each second feed-forward layer is the output of GELU, which is never below -0.17: shifting it by 0.17
  uses all 256 levels, and the shift is folded into that layer's bias.
- The embedding table is int8 with one scale a row.
- The graph is written in the form that runs fastest as it stands (LayerNormalization apart from its additions, one
  product for query, key and value), so a session opens it with graph optimisation off.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
VOCABULARY_SHA256 = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
PACKAGE = Path(__file__).parent / "src" / "brainops_minilm"

LAYERS = 6
HEADS = 12
WIDTH = 384
MAX_TOKENS = 256
WEIGHT_LIMIT = 64  # 2 * 255 * 64 < 2**15: a pair of products fits int16, see above
EMBEDDING_LIMIT = 127
GELU_SHIFT = 0.17  # GELU's minimum is -0.16997
EPSILON = 1e-12
CONTRIB = "com.microsoft"

Array = np.ndarray


def read_safetensors(path: Path) -> dict[str, Array]:
    """Return the float32 tensors of a safetensors file: an 8-byte header length, a JSON header, then the data."""
    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + size])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(raw[begin:end], dtype="<f4").reshape(entry["shape"])
    return tensors


def quantise_columns(weight: Array) -> tuple[Array, Array]:
    """Quantise (inputs, outputs) to int8 with the scale per output of least squared error, searched in float64."""
    weight = weight.astype(np.float64)
    widest = np.abs(weight).max(axis=0) / WEIGHT_LIMIT
    best_error = np.full(weight.shape[1], np.inf)
    best_scale = widest.copy()
    for share in np.linspace(0.7, 1.0, 16):
        scale = widest * share
        error = ((np.clip(np.rint(weight / scale), -WEIGHT_LIMIT, WEIGHT_LIMIT) * scale - weight) ** 2).sum(axis=0)
        better = error < best_error
        best_error[better] = error[better]
        best_scale[better] = scale[better]
    quantised = np.clip(np.rint(weight / best_scale), -WEIGHT_LIMIT, WEIGHT_LIMIT)
    return quantised.astype(np.int8), best_scale.astype(np.float32)


def quantise_rows(table: Array) -> tuple[Array, Array]:
    """Quantise (rows, width) to int8 with one scale a row; an all-zero row gets scale 1."""
    table = table.astype(np.float64)
    scale = np.abs(table).max(axis=1, keepdims=True) / EMBEDDING_LIMIT
    scale[scale == 0] = 1.0
    return np.rint(table / scale).astype(np.int8), scale.astype(np.float32)


class Graph:
    """The nodes and constants collected so far; a value is known by its name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, value: Array) -> str:
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def shape(self, *size: int) -> str:
        return self.constant("shape_" + "_".join(map(str, size)), np.array(size, np.int64))

    def add(self, kind: str, *inputs: str, domain: str = "", output: str | None = None, **attributes: object) -> str:
        name = output or f"{kind}_{len(self.nodes)}"
        node = helper.make_node(kind, list(inputs), [name], name=f"node_{name}", domain=domain, **attributes)
        self.nodes.append(node)
        return name


class Encoder:
    """Writes the encoder's graph; hidden states are kept as (tokens of all texts, width)."""

    def __init__(self, tensors: dict[str, Array]) -> None:
        self.tensors = tensors
        self.graph = Graph()
        add, graph = self.graph.add, self.graph
        self.flat = add("Reshape", "input_ids", graph.shape(-1))
        self.size = add("Shape", "input_ids")
        self.middle = add("Expand", graph.constant("u8_128", np.array([128], np.uint8)), add("Shape", self.flat))
        present = add("Greater", "input_ids", graph.constant("padding", np.array(0, np.int64)))
        self.mask = add("Cast", present, to=TensorProto.INT32)

    def sized(self, width: int) -> str:
        return self.graph.add("Concat", self.size, self.graph.shape(width), axis=0)

    def normalise(self, value: str, prefix: str) -> str:
        weight = self.graph.constant(prefix + ".weight", self.tensors[prefix + ".weight"])
        bias = self.graph.constant(prefix + ".bias", self.tensors[prefix + ".bias"])
        return self.graph.add("LayerNormalization", value, weight, bias, axis=-1, epsilon=EPSILON)

    def embed(self) -> str:
        add, graph = self.graph.add, self.graph
        table, scales = quantise_rows(self.tensors["embeddings.word_embeddings.weight"])
        positions = self.tensors["embeddings.position_embeddings.weight"][:MAX_TOKENS]
        positions = positions + self.tensors["embeddings.token_type_embeddings.weight"][0]
        words = add("Cast", add("Gather", graph.constant("words", table), self.flat), to=TensorProto.FLOAT)
        words = add("Mul", words, add("Gather", graph.constant("words.scale", scales), self.flat))
        words = add("Reshape", words, self.sized(WIDTH))
        length = add("Gather", self.size, graph.shape(1))
        positions_used = add("Slice", graph.constant("positions", positions), graph.shape(0), length)
        summed = add("Reshape", add("Add", words, positions_used), graph.shape(-1, WIDTH))
        return self.normalise(summed, "embeddings.LayerNorm")

    def product(self, value: str, name: str, weight: Array, *, shifted: bool = False) -> tuple[str, Array]:
        """Write value @ weight with per-token int8 activations; return it and what must be added to its bias."""
        add, graph = self.graph.add, self.graph
        quantised, scale = quantise_columns(weight)
        if shifted:
            shift = graph.constant("gelu_shift", np.array(GELU_SHIFT, np.float32))
            value = add("Add", value, shift)
            row_scale = add("Mul", add("ReduceMax", value, axes=[1], keepdims=0), self.number("per_255", 1 / 255))
            levels = add("QuantizeLinear", value, row_scale, axis=0)
            zero = graph.constant("zero_0", np.array(0, np.uint8))
            correction = -GELU_SHIFT * (quantised.astype(np.float64) * scale).sum(axis=0)
        else:
            largest = add("ReduceMax", add("Abs", value), axes=[1], keepdims=0)
            row_scale = add("Mul", largest, self.number("per_127", 1 / 127))
            levels = add("QuantizeLinear", value, row_scale, self.middle, axis=0)
            zero = graph.constant("zero_128", np.array(128, np.uint8))
            correction = np.zeros(len(scale))
        weights, one = graph.constant(name + ".q", quantised), self.number("one", 1)
        scales = graph.constant(name + ".scale", scale)
        result = add("MatMulIntegerToFloat", levels, weights, one, scales, zero, domain=CONTRIB)
        return add("Mul", result, add("Unsqueeze", row_scale, graph.shape(1))), correction

    def number(self, name: str, value: float) -> str:
        return self.graph.constant(name, np.array(value, np.float32))

    def weight(self, name: str) -> Array:
        return self.tensors[name + ".weight"].T

    def attend(self, hidden: str, layer: str) -> str:
        add, graph = self.graph.add, self.graph
        names = [f"{layer}.attention.self.{part}" for part in ("query", "key", "value")]
        joined, _ = self.product(hidden, layer + ".qkv", np.concatenate([self.weight(name) for name in names], axis=1))
        joined = add("Reshape", joined, self.sized(3 * WIDTH))
        parts = [f"{layer}.{part}" for part in "qkv"]
        widths = graph.shape(WIDTH, WIDTH, WIDTH)
        graph.nodes.append(helper.make_node("Split", [joined, widths], parts, name=f"node_{layer}.split", axis=2))
        bias = graph.constant(layer + ".qkv.bias", np.concatenate([self.tensors[name + ".bias"] for name in names]))
        mixed = add("MultiHeadAttention", *parts, bias, self.mask, domain=CONTRIB, num_heads=HEADS)
        return add("Reshape", mixed, graph.shape(-1, WIDTH))

    def dense(self, value: str, residual: str, name: str, norm: str, *, shifted: bool = False) -> str:
        product, correction = self.product(value, name, self.weight(name), shifted=shifted)
        bias = (self.tensors[name + ".bias"] + correction).astype(np.float32)
        product = self.graph.add("Add", product, self.graph.constant(name + ".bias", bias))
        return self.normalise(self.graph.add("Add", product, residual), norm)

    def layer(self, hidden: str, number: int) -> str:
        layer = f"encoder.layer.{number}"
        output = layer + ".attention.output"
        hidden = self.dense(self.attend(hidden, layer), hidden, output + ".dense", output + ".LayerNorm")
        name = layer + ".intermediate.dense"
        wide, _ = self.product(hidden, name, self.weight(name))
        bias = self.graph.constant(name + ".bias", self.tensors[name + ".bias"])
        wide = self.graph.add("BiasGelu", wide, bias, domain=CONTRIB)
        return self.dense(wide, hidden, layer + ".output.dense", layer + ".output.LayerNorm", shifted=True)

    def pool(self, hidden: str) -> None:
        add, graph = self.graph.add, self.graph
        weights = add("Unsqueeze", add("Cast", self.mask, to=TensorProto.FLOAT), graph.shape(1))
        summed = add("MatMul", weights, add("Reshape", hidden, self.sized(WIDTH)))
        add("LpNormalization", add("Squeeze", summed, graph.shape(1)), axis=1, p=2, output="embedding")

    def model(self) -> onnx.ModelProto:
        hidden = self.embed()
        for number in range(LAYERS):
            hidden = self.layer(hidden, number)
        self.pool(hidden)
        ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["texts", "tokens"])
        embedding = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["texts", WIDTH])
        constants = list(self.graph.constants.values())
        graph = helper.make_graph(self.graph.nodes, "all-MiniLM-L6-v2", [ids], [embedding], constants)
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid(CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="brainops-minilm")


def checked(path: Path, sha256: str) -> Path:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        raise SystemExit(f"{path} has sha256 {found}, expected {sha256}: these are not the published weights")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description="Build model.onnx and vocab.txt of brainops-minilm.")
    parser.add_argument("weights", type=Path, help="model.safetensors of all-MiniLM-L6-v2")
    parser.add_argument("vocabulary", type=Path, help="vocab.txt of bert-base-uncased")
    parser.add_argument("--out", type=Path, default=PACKAGE, help="folder to write to")
    arguments = parser.parse_args()
    tensors = read_safetensors(checked(arguments.weights, WEIGHTS_SHA256))
    vocabulary = checked(arguments.vocabulary, VOCABULARY_SHA256).read_bytes()
    model = Encoder(tensors).model().SerializeToString(deterministic=True)
    for name, content in (("model.onnx", model), ("vocab.txt", vocabulary)):
        (arguments.out / name).write_bytes(content)
        print(f"{name} {len(content)} bytes sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
