"""Is a file written whole, over nothing that somebody may still want, and never over a store?"""

from __future__ import annotations

import ast
import os
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from brainops import authoring
from brainops.brain import Brain
from brainops.errors import Conflict, InvalidInput
from brainops.procedures.consent.automatic import put_stop_file
from brainops.store import files
from brainops.store.files import digest_file, expected_digest, is_store, new_file

SOURCE = Path(authoring.__file__).parent

# Who writes files besides `new_file`, and why that replaces nothing of anybody's.
OWN_FILES = {
    "brainops.store.files": "is where it is done",
    "brainops.store.sqlite": "makes an empty store where there is none",
    "brainops.store.sqlite_restore": "restores, which keeps what it replaces",
    "brainops.store.vector_file": "makes the index of its own, under a name made up here",
    "brainops.store.vectors": "writes the index of its own anew",
    "brainops.learning.sharing.signing": "makes the key once; where one stands, that one holds",
    "brainops.learning.code.worktree": "makes a lock file of its own in a folder of its own",
    "brainops.config": "marks a git folder by a file of its own, which is moved over what is there",
    "brainops.agents.adapters.program": "hands a task over in a temporary folder",
    "brainops.hooks.drain": "moves the spool of hooks aside before it is read, under its lock",
    "brainops.remote.spool": "appends what waits for a server to a file of its own, and moves that once it is sent",
    "brainops.server.service": "opens the log of the server that it begins, and says beside it which process that is",
    "brainops.cli.service": "writes the unit or the log where it is told to",
}
MOVING = ("replace", "rename", "mkstemp", "copyfile", "move", "link")


def writes(tree: ast.Module) -> bool:
    """Say whether a module has a call that writes, moves or makes a file."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called, text = node.func, ast.unparse(node)
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        owner = ast.unparse(called.value) if isinstance(called, ast.Attribute) else ""
        if name in ("write_text", "write_bytes") and owner not in ("", "formatter", "unfinished", "authoring"):
            return True
        if owner in ("os", "shutil", "tempfile") and name in MOVING:
            return True
        if name in ("open", "fdopen") and owner in ("", "os") and ("'w" in text or "O_CREAT" in text or "'x" in text):
            return True
    return False


def test_nothing_writes_a_file_but_by_the_one_helper() -> None:
    found = {
        ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts)
        for path in SOURCE.rglob("*.py")
        if writes(ast.parse(path.read_text(encoding="utf-8")))
    }

    assert found == set(OWN_FILES)


@pytest.fixture
def brain(tmp_path: Path) -> Brain:
    brain = Brain.open(tmp_path / "memory.db", namespace="a", model="none", background=False)
    brain.establish(authoring.skeleton("deploy-api"))
    brain.capture("gateway")
    return brain


def write_skill(brain: Brain, place: Path) -> None:
    """Export a skill so that its file is the place: DIR/deploy-api/SKILL.md, by a link."""
    folder = place.parent / "skills" / "deploy-api"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "SKILL.md").exists():
        os.link(place, folder / "SKILL.md")
    authoring.export_skills([brain.procedures.get("deploy-api").procedure], folder.parent, force=True)


WRITERS: dict[str, Callable[[Brain, Path], object]] = {
    "export": lambda brain, place: brain.upkeep.export_to(place, force=True),
    "share export": lambda brain, place: brain.sharing.export_to(place, force=True),
    "backup": lambda brain, place: brain.upkeep.backup(place),
    "skill": write_skill,
    "text": lambda brain, place: authoring.write_text(place, "report", force=True),
}


def as_itself(store: Path) -> Path:
    return store


def as_symbolic_link(store: Path) -> Path:
    other = store.with_name("elsewhere.jsonl")
    other.symlink_to(store)
    return other


def as_hard_link(store: Path) -> Path:
    other = store.with_name("other.jsonl")
    os.link(store, other)
    return other


def as_its_log(store: Path) -> Path:
    return store.with_name(store.name + "-wal")


def as_a_link_to_its_log(store: Path) -> Path:
    other = store.with_name("log.jsonl")
    os.link(store.with_name(store.name + "-wal"), other)
    return other


def as_a_link_to_the_index_of_its_log(store: Path) -> Path:
    other = store.with_name("index.jsonl")
    os.link(store.with_name(store.name + "-shm"), other)
    return other


NAMES = [
    as_itself, as_symbolic_link, as_hard_link, as_its_log, as_a_link_to_its_log, as_a_link_to_the_index_of_its_log,
]  # fmt: skip


@pytest.mark.parametrize(
    ("named", "open_here"), [*((each, True) for each in NAMES), *((each, False) for each in NAMES[:3])]
)
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_store_is_never_written_over(
    brain: Brain,
    tmp_path: Path,
    write: Callable[[Brain, Path], object],
    named: Callable[[Path], Path],
    open_here: bool,
) -> None:
    pytest.importorskip("cryptography")
    other = Brain.open(tmp_path / "other.db", namespace="b", model="none", background=False)
    other.capture("kept")
    place = named(tmp_path / "other.db")
    if not open_here:
        other.close()

    with pytest.raises(Conflict, match="never written over"):
        write(brain, place)

    brain.close()
    if open_here:
        assert [hit.memory.title for hit in other.retrieve("kept")] == ["kept"]
        other.close()
    with closing(Brain.open(tmp_path / "other.db", namespace="b", model="none", background=False)) as again:
        assert [hit.memory.title for hit in again.retrieve("kept")] == ["kept"]


@pytest.mark.parametrize("write", [WRITERS["export"], WRITERS["share export"]], ids=["export", "share export"])
def test_a_file_that_is_there_is_replaced_only_where_that_is_said(
    brain: Brain, tmp_path: Path, write: Callable[[Brain, Path], object]
) -> None:
    pytest.importorskip("cryptography")
    place = tmp_path / "notes.txt"
    place.write_text("mine", encoding="utf-8")

    unforced = brain.upkeep.export_to if write is WRITERS["export"] else brain.sharing.export_to
    with brain, pytest.raises(Conflict, match="--force"):
        unforced(place)
    assert place.read_text(encoding="utf-8") == "mine"

    with Brain.open(tmp_path / "memory.db", namespace="a", model="none", background=False) as again:
        write(again, place)
    assert place.read_text(encoding="utf-8") != "mine"


def test_skills_that_somebody_changed_stay_and_nothing_is_written(brain: Brain, tmp_path: Path) -> None:
    procedure = brain.procedures.get("deploy-api").procedure
    [path] = authoring.export_skills([procedure], tmp_path / "skills")
    assert authoring.export_skills([procedure], tmp_path / "skills") == []
    Path(path).write_text("mine", encoding="utf-8")

    with brain, pytest.raises(Conflict, match="--force"):
        authoring.export_skills([procedure], tmp_path / "skills")

    assert Path(path).read_text(encoding="utf-8") == "mine"
    assert authoring.export_skills([procedure], tmp_path / "skills", force=True) == [path]


def test_a_first_procedure_leaves_the_schema_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "procedure.schema.json").write_text("mine", encoding="utf-8")

    authoring.start("deploy-api", tmp_path)
    with pytest.raises(Conflict):
        authoring.start("deploy-api", tmp_path)

    assert (tmp_path / "procedure.schema.json").read_text(encoding="utf-8") == "mine"


def test_the_file_that_stops_everything_is_written_again_but_over_no_store(brain: Brain, tmp_path: Path) -> None:
    put_stop_file(tmp_path, "once")
    put_stop_file(tmp_path, "twice")
    assert (tmp_path / "stop-automatic").read_text(encoding="utf-8") == "twice\n"
    (tmp_path / "stop-automatic").unlink()
    os.link(tmp_path / "memory.db", tmp_path / "stop-automatic")

    with brain, pytest.raises(Conflict):
        put_stop_file(tmp_path, "over the store")


def test_a_file_that_appears_meanwhile_stays(tmp_path: Path) -> None:
    def meet() -> None:
        with new_file(tmp_path / "one") as unfinished:
            unfinished.write_text("ours", encoding="utf-8")
            (tmp_path / "one").write_text("theirs", encoding="utf-8")

    with pytest.raises(Conflict):
        meet()

    assert [path.name for path in tmp_path.iterdir()] == ["one"]
    assert (tmp_path / "one").read_text(encoding="utf-8") == "theirs"


def test_a_name_taken_in_the_last_moment_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "refuse_replacing", lambda path, force=False: None)
    (tmp_path / "one").write_text("theirs", encoding="utf-8")

    with pytest.raises(Conflict), new_file(tmp_path / "one") as unfinished:
        unfinished.write_text("ours", encoding="utf-8")

    assert (tmp_path / "one").read_text(encoding="utf-8") == "theirs"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_what_is_no_file_is_not_replaced(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "one")

    with pytest.raises(InvalidInput, match="is no file"), new_file(tmp_path / "one", force=True):
        pytest.fail("nothing is written")


def test_a_link_is_followed_and_a_mode_is_kept(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old", encoding="utf-8")
    real.chmod(0o640)
    link.symlink_to(real)

    with new_file(link, force=True, mode=files.ORDINARY) as unfinished:
        unfinished.write_text("new", encoding="utf-8")

    assert link.is_symlink()
    assert (real.read_text(encoding="utf-8"), stat.S_IMODE(real.stat().st_mode)) == ("new", 0o640)


def test_a_log_may_not_be_put_beside_a_store_that_has_none(brain: Brain, tmp_path: Path) -> None:
    brain.close()

    assert not (tmp_path / "memory.db-wal").exists()
    assert is_store(tmp_path / "memory.db-wal")
    assert not is_store(tmp_path / "other-wal")


def test_the_digest_of_a_backup_stands_beside_it_as_sha256sum_reads_it(brain: Brain, tmp_path: Path) -> None:
    with brain:
        digest = brain.upkeep.backup(tmp_path / "copy.backup")

    assert (tmp_path / "copy.backup.sha256").read_text(encoding="utf-8") == f"{digest}  copy.backup\n"
    assert expected_digest(tmp_path / "copy.backup", None) == digest
    digest_file(tmp_path / "copy.backup").write_text("nonsense", encoding="utf-8")
    with pytest.raises(InvalidInput, match="no SHA-256"):
        expected_digest(tmp_path / "copy.backup", None)
