"""Does a start pay only for what it uses, and is what comes later the same as before?"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from brainops import lazy

SOURCE = Path(lazy.__file__).parent
PACKAGES = [path for path in sorted(SOURCE.rglob("__init__.py")) if "lazy.names(" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: path.parent.name)
def test_a_package_gives_the_names_that_type_checkers_read(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = import_module(".".join(("brainops", *path.parent.relative_to(SOURCE).parts)))
    told = {
        alias.name: node.module
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    assert set(package.__all__) - {"__version__"} == set(told)
    assert all(getattr(package, name) is getattr(import_module(str(home)), name) for name, home in told.items())
    assert not set(told) & {each.stem for each in path.parent.iterdir()}, "a module of that name would hide it"
    assert set(told) <= set(dir(package))
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = package.nonsense


HEAVY = {"asyncio", "email", "http.client", "importlib.metadata", "jsonschema", "numpy", "onnxruntime", "ssl", "yaml"}
LENT = {
    "gettext",
    "hashlib",
    "inspect",
    "locale",
    "typing_extensions",
}  # what commands do without: brainops.cli.libraries
RUNS = """
import sys
from brainops.cli import main
try:
    main({words!r})
except SystemExit as end:
    assert not end.code, end.code
sys.stderr.write(" ".join(sys.modules))
"""
STARTS = [
    ("import brainops, sys; sys.stderr.write(' '.join(sys.modules))", 60),
    ("from brainops import Brain; import sys; sys.stderr.write(' '.join(sys.modules))", 220),
    *(
        (RUNS.format(words=words), most)
        for words, most in (
            (["--version"], 60),
            (["--help"], 60),
            (["status"], 290),
            (["guard", "check", "deploy api", "--command", "kubectl apply -f ."], 320),
            (["capture", "a note", "its text"], 300),
        )
    ),
]


@pytest.mark.parametrize(
    ("program", "most"),
    STARTS,
    ids=["import brainops", "from brainops import Brain", "--version", "--help", "status", "guard check", "capture"],
)
def test_a_start_imports_nothing_heavy_and_no_more_modules_than_it_uses(
    program: str, most: int, tmp_path: Path, empty_store: Path
) -> None:
    """The count is coarse: it is to see that a part came in by the way, not to hold each module."""
    store = tmp_path / "memory.db"
    store.write_bytes(empty_store.read_bytes())
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "BRAINOPS_STORE": str(store)}
    started = subprocess.run(
        [sys.executable, "-c", program],
        env={**environment, "BRAINOPS_MODEL": "none"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    modules = set(started.stderr.split())
    assert not HEAVY & modules
    assert not LENT & modules or "brainops.cli" not in modules
    assert len(modules) <= most


WITHOUT_LINUX = """
import os, sys
sys.platform = "darwin"
del os.pipe2
def refuse(event, arguments):
    if event in ("open", "os.listdir", "os.scandir") and str(arguments[0]).startswith("/proc"):
        raise FileNotFoundError(2, "there is none", str(arguments[0]))
    if event.startswith("ctypes.") or (event == "import" and arguments[0] == "ctypes"):
        raise ImportError("there is none")
sys.addaudithook(refuse)
from brainops.cli.program import main
for words in (["capture", "a note"], ["search", "note"], ["guard", "check", "deploy"], ["exec", "--", "true"]):
    try:
        main(words)
    except SystemExit as end:
        assert not end.code, (words, end.code)
"""


def test_without_what_linux_alone_has_memory_is_captured_searched_and_guards(tmp_path: Path, empty_store: Path) -> None:
    store = tmp_path / "memory.db"
    store.write_bytes(empty_store.read_bytes())
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "BRAINOPS_STORE": str(store)}

    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_LINUX],
        env={**environment, "BRAINOPS_MODEL": "none"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert "allowed" in run.stdout
