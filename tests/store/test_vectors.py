"""Does the vector map find the nearest vectors, under filters and while it changes?"""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from brainops.errors import InvalidInput, StoreCorrupt
from brainops.store import vectors
from brainops.store.vector_file import BLOCK_ROWS, sign_planes
from brainops.store.vectors import VectorMap, closest, decode_many, encode
from tests.store.maps import DIMENSION, clustered, filled, opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.vec"


def exact(data: numpy.ndarray, query: numpy.ndarray, k: int, allowed: numpy.ndarray | None = None) -> set[int]:
    keys = numpy.arange(1, len(data) + 1) if allowed is None else allowed
    return set(keys[numpy.argsort(-(data[keys - 1] @ query))[:k]].tolist())


def recall(found: VectorMap, data: numpy.ndarray, allowed: numpy.ndarray | None = None) -> float:
    queries = clustered(40, seed=7)
    hits = [
        len(exact(data, query, 10, allowed) & set(found.search(query, 10, allowed)[0].tolist())) for query in queries
    ]
    return sum(hits) / (10 * len(queries))


# Encoding


def test_a_vector_of_384_dimensions_takes_388_bytes() -> None:
    assert len(encode(clustered(1, dimension=384)[0])) == 388


@given(arrays.arrays(numpy.float32, (4, 8), elements=st.floats(-1e6, 1e6, width=32)))
def test_encoding_keeps_the_direction_and_is_stable(data: numpy.ndarray) -> None:
    data[:, 0] += 2e6  # none is all zeros
    blobs = [encode(row) for row in data]

    decoded = decode_many(blobs)

    directions = data / numpy.linalg.norm(data, axis=1, keepdims=True)
    assert numpy.linalg.norm(decoded, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert ((decoded * directions).sum(axis=1) > 0.9998).all()
    assert [encode(row) for row in decoded] == blobs


@pytest.mark.parametrize("value", [0.0, float("nan"), float("inf")])
def test_a_vector_without_direction_is_refused(value: float, path: Path) -> None:
    bad = numpy.full(DIMENSION, value, numpy.float32)

    with pytest.raises(InvalidInput, match="no direction"):
        encode(bad)
    with pytest.raises(InvalidInput, match="no direction"):
        opened(path).append([1], bad[None])
    with pytest.raises(InvalidInput, match="query"):
        opened(path).search(bad, 3)


def test_stored_vectors_of_different_sizes_are_refused() -> None:
    with pytest.raises(StoreCorrupt, match="reembed"):
        decode_many([b"x" * 20, b"x" * 21])


def test_no_blobs_decode_to_no_rows() -> None:
    assert len(decode_many([])) == 0


@given(arrays.arrays(numpy.bool_, st.tuples(st.integers(1, 5), st.integers(1, 200))))
def test_sign_planes_count_the_differing_signs(signs: numpy.ndarray) -> None:
    planes = sign_planes(signs)

    distances = numpy.bitwise_count(planes ^ planes[:, :1]).sum(axis=0)

    assert distances.tolist() == (signs != signs[0]).sum(axis=1).tolist()


# Searching


def test_an_empty_map_finds_nothing(path: Path) -> None:
    found = opened(path)

    keys, scores = found.search(clustered(1)[0], 5)

    assert (len(keys), len(scores), len(found), found.mark) == (0, 0, 0, None)


def test_the_nearest_come_first_with_their_cosines(path: Path) -> None:
    found, data = filled(path)

    keys, scores = found.search(data[41] * 3, 5)

    assert keys[0] == 42
    assert scores[0] == pytest.approx(1.0, abs=1e-3)
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)
    assert scores == pytest.approx(data[keys - 1] @ data[41], abs=0.01)


def test_few_rows_are_compared_exactly(path: Path) -> None:
    found, data = filled(path, 1000)

    assert recall(found, data) >= 0.99


def test_signs_and_codes_together_find_what_float32_finds(path: Path) -> None:
    found, data = filled(path, 3 * BLOCK_ROWS + 5)

    assert recall(found, data) >= 0.99


@pytest.mark.parametrize("share", [0.002, 0.05, 0.3, 0.9])
def test_a_filter_acts_inside_the_search(share: float, path: Path) -> None:
    found, data = filled(path, 2 * BLOCK_ROWS + 5)
    allowed = numpy.flatnonzero(numpy.random.default_rng(3).random(len(data)) < share) + 1

    keys, _ = found.search(data[0], 10, allowed)

    assert len(keys) == 10
    assert set(keys.tolist()) <= set(allowed.tolist())
    assert recall(found, data, allowed) >= 0.99


def test_a_filter_that_allows_nothing_or_strangers_finds_nothing(path: Path) -> None:
    found, data = filled(path)

    assert len(found.search(data[0], 5, numpy.array([], numpy.int64))[0]) == 0
    assert len(found.search(data[0], 5, numpy.array([-4, 999]))[0]) == 0


def test_a_filter_may_name_keys_twice_and_in_any_order(path: Path) -> None:
    found, data = filled(path)

    keys, _ = found.search(data[0], 5, numpy.array([9, 3, 9, 1, 3]))

    assert sorted(keys.tolist()) == [1, 3, 9]


@pytest.mark.parametrize("k", [0, 1, 299, 300, 1000])
def test_as_many_are_found_as_there_are(k: int, path: Path) -> None:
    found, data = filled(path)

    assert len(found.search(data[0], k)[0]) == min(k, 300)


def test_equal_vectors_come_in_the_order_of_their_keys(path: Path) -> None:
    found = opened(path)
    found.append(range(1, 2 * BLOCK_ROWS), numpy.repeat(clustered(1), 2 * BLOCK_ROWS - 1, axis=0))

    keys, scores = found.search(clustered(1)[0], 50)

    assert len(keys) == 50
    assert (numpy.diff(keys) > 0).all()
    assert (scores == scores[0]).all()


def test_many_ties_are_cut_to_a_bounded_number() -> None:
    distances = numpy.array([7] * 10_000 + [2] * 3 + [99], numpy.uint16)

    kept = closest(distances, 10, 99)

    assert len(kept) == 10 * vectors.KEPT_TIES + 3
    assert {10_000, 10_001, 10_002} <= set(kept.tolist())


def test_rows_newer_than_the_map_are_searched_beside_it(path: Path) -> None:
    found, _ = filled(path)
    newer = clustered(3, seed=5)

    keys, scores = found.search(newer[1], 3, extra=([301, 302, 303], newer))

    assert keys[0] == 302
    assert scores[0] == pytest.approx(1.0, abs=1e-3)


def test_rows_that_the_map_has_got_in_the_meantime_count_once(path: Path) -> None:
    found, data = filled(path)

    keys, _ = found.search(data[299], 400, extra=([299, 300, 301], data[[298, 299, 0]]))

    assert sorted(keys.tolist()) == list(range(1, 302))


def test_a_filter_holds_for_rows_newer_than_the_map(path: Path) -> None:
    found, data = filled(path)

    keys, _ = found.search(data[0], 5, numpy.array([300, 302]), extra=([301, 302], data[[0, 1]]))

    assert sorted(keys.tolist()) == [300, 302]


def test_a_query_of_another_size_is_refused(path: Path) -> None:
    with pytest.raises(InvalidInput, match="96 numbers"):
        opened(path).search(numpy.ones(4), 1)


# Appending and removing


def test_keys_up_to_the_mark_are_left_out(path: Path) -> None:
    found, data = filled(path)

    added = found.append([299, 300, 305], clustered(3, seed=2))

    assert (added, found.mark, len(found)) == (1, 305, 301)
    assert found.search(data[299], 1)[0].tolist() == [300]


@pytest.mark.parametrize("keys", [[2, 1], [1, 1]])
def test_keys_that_do_not_ascend_are_refused(keys: list[int], path: Path) -> None:
    with pytest.raises(InvalidInput, match="ascend"):
        opened(path).append(keys, clustered(2))


def test_keys_without_vectors_are_refused(path: Path) -> None:
    with pytest.raises(InvalidInput, match="as many vectors"):
        opened(path).append([1, 2, 3], clustered(2))


def test_encoded_vectors_are_appended_as_they_are(path: Path) -> None:
    found, data = opened(path), clustered(20)

    found.append_encoded(range(20), [encode(row) for row in data])

    assert found.search(data[7], 1)[0].tolist() == [7]
    assert found.verify() == []


@settings(max_examples=25)
@given(sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=6))
def test_any_sequence_of_appends_gives_the_same_rows(
    sizes: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    found, data = opened(tmp_path_factory.mktemp("map") / "memory.vec"), clustered(sum(sizes))
    start = 0
    for size in sizes:
        found.append(range(start, start + size), data[start : start + size])
        start += size

    assert len(found) == len(data)
    assert found.verify() == []
    assert found.search(data[-1], 1, numpy.array([len(data) - 1]))[1][0] == pytest.approx(1.0, abs=1e-3)


def test_removed_vectors_are_found_no_more(path: Path) -> None:
    rows = BLOCK_ROWS + 3000
    found, data = filled(path, rows)
    other = opened(path)

    gone = found.remove(range(1, rows, 2))

    assert gone == len(range(1, rows, 2))
    assert len(found) == len(other) == rows - gone
    for searcher in (found, other):
        assert (searcher.search(data[0], 100)[0] % 2 == 0).all()
        assert (searcher.search(data[0], 100, numpy.arange(1, 200))[0] % 2 == 0).all()
        assert len(searcher.search(data[0], 100)[0]) == 100


def test_removed_vectors_do_not_come_before_unlike_ones(path: Path) -> None:
    found, rows = opened(path), BLOCK_ROWS + 1
    found.append(range(rows), numpy.abs(clustered(rows)) + 0.1)
    found.remove([1, 2, 3])

    keys, scores = found.search(-numpy.ones(DIMENSION), 3)

    assert not {1, 2, 3} & set(keys.tolist())
    assert (scores < 0).all()


def test_removing_twice_or_what_is_not_there_changes_nothing(path: Path) -> None:
    found, _ = filled(path)

    assert [found.remove([5, 999]), found.remove([5]), found.remove([])] == [1, 0, 0]
    assert len(found) == 299
