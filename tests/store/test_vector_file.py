"""Does the file of a vector map survive damage, death and company?"""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy
import pytest

from brainops.store import vector_file
from brainops.store.vector_file import BLOCK_ROWS, SLOTS
from brainops.store.vectors import VectorMap
from tests.store.maps import DIMENSION, clustered, filled, opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.vec"


def test_the_files_are_readable_by_their_owner_only(path: Path) -> None:
    filled(path)

    assert [stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()] == [0o600, 0o600]


def test_a_map_is_read_again_by_the_next_process(path: Path) -> None:
    _, data = filled(path)

    assert opened(path).search(data[9], 1)[0].tolist() == [10]


def test_a_searcher_sees_what_another_has_appended(path: Path) -> None:
    writer, reader = opened(path), opened(path)
    data = clustered(BLOCK_ROWS + 10)
    reader.search(data[0], 1)

    for start, end in ((0, 5), (5, 6), (6, len(data))):
        writer.append(range(start, end), data[start:end])
        assert reader.search(data[end - 1], 1, numpy.array([end - 1]))[0].tolist() == [end - 1]


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 4096, b"SQLite format 3\x00" + bytes(8192)])
def test_a_foreign_file_is_replaced_by_an_empty_map(content: bytes, path: Path) -> None:
    path.write_bytes(content)

    found = opened(path)

    assert found.mark is None
    assert found.append([1], clustered(1)) == 1


def test_a_map_of_another_model_or_size_is_replaced(path: Path) -> None:
    filled(path)

    assert opened(path, "model-2").mark is None
    assert VectorMap.open(path, "model-2", 64).mark is None


def changed(path: Path, offset: int, content: bytes) -> None:
    descriptor = os.open(path, os.O_RDWR)
    os.pwrite(descriptor, content, offset)
    os.close(descriptor)


def test_a_damaged_header_empties_the_map(path: Path) -> None:
    filled(path)
    changed(path, 9, b"\xff")

    assert opened(path).mark is None


def test_one_torn_slot_leaves_the_state_before(path: Path) -> None:
    found = opened(path)
    found.append([1], clustered(1))  # sequence 1, the second slot
    found.append([2], clustered(1, seed=2))  # sequence 2, the first slot
    changed(path, SLOTS[0], b"\xff\xff")

    again = opened(path)

    assert again.mark == 1
    assert again.append([2], clustered(1, seed=2)) == 1
    assert again.verify() == []


def test_two_torn_slots_empty_the_map(path: Path) -> None:
    filled(path)
    for slot in SLOTS:
        changed(path, slot, b"\xff\xff")

    assert opened(path).mark is None


def test_rows_that_never_reached_the_disk_empty_the_map(path: Path) -> None:
    filled(path)
    layout = vector_file.Layout(DIMENSION)
    changed(path, layout.place("keys", 0, 299, 8), bytes(8))

    assert opened(path).mark is None


def test_a_shortened_file_empties_the_map(path: Path) -> None:
    found, data = filled(path, BLOCK_ROWS + 1)
    layout = vector_file.Layout(DIMENSION)
    os.truncate(path, layout.file_bytes(BLOCK_ROWS))

    assert opened(path).mark is None
    assert len(found.search(data[0], 3)[0]) == 0


def test_a_map_that_was_deleted_begins_anew(path: Path) -> None:
    found, data = filled(path)
    path.unlink()

    assert found.mark is None
    assert found.append([1], data[:1]) == 1


def test_a_writer_that_died_in_the_middle_leaves_the_rows_before(path: Path) -> None:
    found, data = filled(path)
    before = path.read_bytes()
    found.append(range(301, 400), clustered(99, seed=4))
    torn = bytearray(path.read_bytes())
    torn[SLOTS[0] : vector_file.HEADER_BYTES] = before[SLOTS[0] : vector_file.HEADER_BYTES]
    path.write_bytes(torn)

    again = opened(path)

    assert again.mark == 300
    assert again.append([301], data[:1]) == 1
    assert again.verify() == []


def test_verify_names_codes_and_signs_that_were_changed(path: Path) -> None:
    found, _ = filled(path)
    layout = vector_file.Layout(DIMENSION)
    changed(path, layout.place("codes", 0, 3, DIMENSION), bytes([100]) * DIMENSION)

    assert found.verify() == ["block 0: scales do not fit the codes", "block 0: signs do not fit the codes"]


# Several processes and threads

APPENDING = """
import sys, numpy
from pathlib import Path
from brainops.store.vectors import VectorMap
found = VectorMap.open(Path(sys.argv[1]), "model-1", 96)
random = numpy.random.default_rng(int(sys.argv[2]))
for end in range(40, 4001, 40):
    # As the store does: everything after the mark, which another process may be adding too.
    start = (found.mark or 0) + 1
    if start <= end:
        keys = numpy.arange(start, end + 1)
        found.append(keys, numpy.sin(keys[:, None] * numpy.arange(1, 97)))
"""


def test_two_processes_append_without_losing_or_doubling_rows(path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", APPENDING, str(path), str(seed)]) for seed in range(2)]
    reader = opened(path)
    while any(writer.poll() is None for writer in writers):
        query = numpy.sin(7.0 * numpy.arange(1, 97))
        keys, scores = reader.search(query, 1)
        assert len(keys) == 0 or keys[0] != 7 or scores[0] > 0.99
    assert [writer.wait() for writer in writers] == [0, 0]

    found = opened(path)
    assert (len(found), found.mark, found.verify()) == (4000, 4000, [])
    assert found.search(numpy.sin(123.0 * numpy.arange(1, 97)), 1)[0].tolist() == [123]


def test_the_lock_is_exclusive(path: Path) -> None:
    filled(path)

    with (
        vector_file.locked(path),
        path.with_name("memory.vec.lock").open("rb") as other,
        pytest.raises(BlockingIOError),
    ):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


FORKING = """
import os, sys, warnings, numpy
warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside the threads that numpy has
from pathlib import Path
from brainops.store.vectors import VectorMap
found = VectorMap.open(Path(sys.argv[1]), "model-1", 96)
rows = numpy.sin(numpy.arange(1, 7)[:, None] * numpy.arange(1, 97))
found.append([1, 2, 3], rows[:3])
child = os.fork()
if child == 0:
    found.append([4, 5], rows[3:5])
    os._exit(0 if found.search(rows[3], 1)[0][0] == 4 else 1)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
found.append([5, 6], rows[4:])
print(status, len(found), found.search(rows[4], 1)[0][0])
"""


def test_a_forked_child_and_its_parent_both_append(path: Path) -> None:
    answer = subprocess.run([sys.executable, "-c", FORKING, str(path)], capture_output=True, text=True, check=True)

    assert answer.stdout.split() == ["0", "6", "5"]


def test_threads_share_a_map(path: Path) -> None:
    found, data = filled(path, BLOCK_ROWS + 100)
    failures: list[int] = []

    def search(seed: int) -> None:
        positions = numpy.random.default_rng(seed).integers(0, len(data), 30)
        failures.extend(int(place) for place in positions if found.search(data[place], 1)[1][0] < 0.99)

    threads = [threading.Thread(target=search, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for number in range(20):
        found.append([len(data) + 1 + number], clustered(1, seed=number))
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(found) == len(data) + 20
