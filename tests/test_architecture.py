"""Does the code keep its shape? Layers, pure modules, sizes, broad excepts, names, cycles and the cost of an import."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from packaging.requirements import Requirement

SOURCE = Path(__file__).parent.parent / "src"
MODULES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(SOURCE.rglob("*.py"))
}
TREES = {name: ast.parse(path.read_text(encoding="utf-8"), str(path)) for name, path in MODULES.items()}

EDGE = 9
LAYERS = (
    ("lazy", "types", "errors", "version", "wire", "pictures"),
    ("config", "net", "statistics"),
    ("embedding", "store"),
    ("memory",),
    ("procedures",),
    ("operations",),
    ("agents",),
    ("learning",),
    ("brain", "engine", "nouns", "once", "services", "health", "hooks", "authoring", "founding", "remote"),
    ("framework", "cli", "server", "dashboard", "mcp", "workers", "integrations", "importers", "__main__"),
)
WIRING = {
    "brain",
    "engine",
    "founding",
    "nouns",
    "once",
    "remote",
    "services",
}  # which bring parts of their layer together
CORE = "brainops_core"  # which hooks run alone: it imports nothing of brainops, and everything may import it
LAYER_OF = {part: number for number, parts in enumerate(LAYERS) for part in parts} | {CORE: -1}

LIBRARY = sys.stdlib_module_names | {"_sha2"}  # which is new in Python 3.12

# Functions of values: what they need of the clock, of ids and of randomness comes in as an argument.
PURE = {name for name, tree in TREES.items() if "(pure)" in (ast.get_docstring(tree) or "").partition("\n")[0]}
IMPURE = set(
    "asyncio glob http importlib io logging multiprocessing onnxruntime os pathlib psycopg random secrets shutil socket"
    " sqlite3 subprocess tempfile threading time urllib.request uuid".split()
)

FILE_LINES = 500
FUNCTION_LINES = 70
MOST_WITH_ONE_CALLER = 0.214  # of all functions, private ones with one caller; set lower whenever it fell

# Where an error of somebody else's code must not stop ours, and is recorded instead: module -> why.
BROAD_EXCEPTS = {
    "brainops_core.hook.answer": "what fails behind a hook's answer is left in its spool, and the answer stands",
    "brainops_core.hook.run": "what fails in a hook is left in its spool, and the agent goes on",
    "brainops.agents.agents": "a subscriber that fails must not fail the task that taught something",
    "brainops.agents.adapters.run": "what an agent's own code raises is that attempt's failure",
    "brainops.agents.adapters.mcp": "what a server's client raises is told as the attempt's failure, without secrets",
    "brainops.mcp.server": "what a tool meets that nobody expected is told as its result, and the server goes on",
    "brainops.agents.language.model": "what a provider's client raises is told as the model's failure, without the key",
    "brainops.agents.time_limit": "what the awaited thread raises is raised again in the one that waits",
    "brainops.store.group": "what fails in a shared transaction is raised again in the thread that it belongs to",
    "brainops.remote.later": "what one record fails with must not keep those after it from being sent",
    "brainops.integrations.python_errors": "reporting an error must never become an error of the program",
    "brainops.procedures.runs.attempts": "what a step's own code raises is that step's failure",
    "brainops.procedures.runs.events": "what a step's own write raises is that step's failure, and it is undone",
    "brainops.procedures.runs.runner": "a run that the interpreter stumbles over is set aside, and somebody is told",
    "brainops.learning.cycles.cycles": "a part of a cycle that fails is kept as an error, and the others go on",
    "brainops.workers.procrastinate": "an engine that fails must not stop the worker, which goes on without it",
    "brainops.procedures.runs.dispatcher": "one run or sweep that fails must not stop the loop that all others need",
}

# Benches that measure a part of a Brain from inside; they do not import the tests' kit. It only gets shorter.
REACHING_BENCHES = {
    f"bench/{name}.py"
    for name in (
        "dispatch/compare dispatch/worker durability/run learning/cycles postgres_latency scale/build speed/capture"
    ).split()
}

IMPORTED_AS = {
    "claude-agent-sdk": "claude_agent_sdk",
    "langgraph-checkpoint": "langgraph",
    "openai-agents": "agents",
    "cel-expr-python": "cel_expr_python",
    "brainops-minilm": "brainops_minilm",
    "opentelemetry-api": "opentelemetry",
    "opentelemetry-exporter-otlp-proto-http": "opentelemetry",
    "opentelemetry-sdk": "opentelemetry",
    "prometheus-client": "prometheus_client",
    "pyyaml": "yaml",
    "pydantic-ai-slim": "pydantic_ai",
}
HEAVY = {
    "cel_expr_python",
    "click",
    "httpx2",
    "jinja2",
    "mcp",
    "numpy",
    "onnxruntime",
    "opentelemetry",
    "procrastinate",
    "psycopg",
    "pydantic_ai",
    "yaml",
}


def part_of(module: str) -> str:
    """Return the top part of a module under brainops: brainops.store.sqlite -> store; brainops itself -> ""."""
    if module.split(".")[0] == CORE:
        return CORE
    return module.split(".")[1] if "." in module else ""


def imports(module: str) -> Iterator[tuple[str, int]]:
    """Yield (imported module, line) for every import of a module, those inside functions and TYPE_CHECKING too."""
    package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            source = ".".join(filter(None, (base, node.module)))
            for alias in node.names:
                whole = f"{source}.{alias.name}"
                yield (whole if whole in MODULES else source), node.lineno


def may_import(importer: str, imported: str) -> bool:
    """Say whether one part may import another: downwards and itself; an edge only L7, L0, the core and edges.

    Wherever something leaves over HTTP, it leaves by the one client.
    """
    above, below = LAYER_OF[importer], LAYER_OF[imported]
    if above == EDGE:
        return below in (-1, 0, EDGE - 1, EDGE) or imported == "net"
    return below < above or importer == imported or (below == above and (above == 0 or importer in WIRING))


def test_every_module_belongs_to_a_layer() -> None:
    unplaced = {name for name in MODULES if part_of(name) and part_of(name) not in LAYER_OF}

    assert not unplaced


def test_a_module_imports_only_from_lower_layers() -> None:
    upwards = [
        f"{module}:{line} imports {name}"
        for module in MODULES
        if part_of(module)
        for name, line in imports(module)
        if name.startswith(("brainops.", CORE)) and not may_import(part_of(module), part_of(name))
    ]

    assert not upwards


def test_types_and_errors_need_the_standard_library_and_msgspec_only() -> None:
    foreign = {
        name
        for module in MODULES
        if part_of(module) in LAYERS[0]
        for name, _ in imports(module)
        if part_of(name) not in LAYERS[0]
        and name.split(".")[0] not in sys.stdlib_module_names | {"msgspec", "numpy"}  # numpy only names a return type
    }

    assert not foreign


def test_the_core_needs_the_standard_library_alone() -> None:
    foreign = {
        (module, name)
        for module in MODULES
        if part_of(module) == CORE
        for name, _ in imports(module)
        if name.split(".")[0] not in LIBRARY | {CORE}
    }

    assert not foreign


def packages_run(module: str) -> set[str]:
    """Return the packages that a module runs by `from package import module`; brainops itself imports when asked."""
    return {
        node.module
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.ImportFrom) and node.module in set(MODULES) - {module, "brainops"}
        if any(f"{node.module}.{alias.name}" in MODULES for alias in node.names)
    }


def test_modules_do_not_import_in_a_circle() -> None:
    graph = {
        name: {other for other, _ in imports(name) if other in MODULES and other != name} | packages_run(name)
        for name in MODULES
    }
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))

    assert len(order) == len(MODULES)


def test_a_pure_module_does_nothing_but_compute() -> None:
    reached = {
        (module, name)
        for module in PURE
        for name, _ in imports(module)
        if any(name == impure or name.startswith(f"{impure}.") for impure in IMPURE)
    }
    called = {
        (module, ast.unparse(node.func))
        for module in PURE
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.Call)
    }
    asked = {
        (module, name) for module, name in called if name == "open" or name.endswith((".now", ".today", ".utcnow"))
    }

    assert not reached | asked


def test_a_file_and_its_functions_stay_readable() -> None:
    long_files = {
        module for module, path in MODULES.items() if path.read_text(encoding="utf-8").count("\n") > FILE_LINES
    }
    long_functions = {
        (module, node.name)
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES
    }

    assert not long_files
    assert not long_functions


def catches_everything(handler: ast.ExceptHandler) -> bool:
    """Say whether an except swallows what it does not know: broad, and not only undoing before it raises again."""
    caught = (
        {"BaseException"} if handler.type is None else {n.id for n in ast.walk(handler.type) if isinstance(n, ast.Name)}
    )
    last = handler.body[-1]
    passed_on = isinstance(last, ast.Raise) and last.exc is None
    return bool(caught & {"Exception", "BaseException"}) and not passed_on


def test_everything_is_caught_only_where_the_reason_is_known() -> None:
    broad = {
        module
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and catches_everything(node)
    }

    assert broad == set(BROAD_EXCEPTS)


def test_names_say_what_a_thing_is() -> None:
    bases = [
        base.id
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for base in node.bases
        if isinstance(base, ast.Name)
    ]
    classes = [node.name for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    vague_modules = {name for name in MODULES if {"util", "utils", "helpers", "common", "misc"} & set(name.split("."))}
    vague_classes = {
        name for name in classes if name.endswith("Manager") or (name.startswith("Base") and bases.count(name) < 2)
    }

    assert not vague_modules | vague_classes


def test_a_module_begins_with_what_it_answers() -> None:
    silent = {module for module, tree in TREES.items() if not ast.get_docstring(tree)}

    assert not silent, "the first line of a module says in one sentence what question it answers"


def test_every_package_that_is_imported_is_declared_and_the_other_way_round() -> None:
    project = tomllib.loads((SOURCE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {
        Requirement(line).name
        for line in project["dependencies"]
        + project["optional-dependencies"]["agents"]
        + project["optional-dependencies"]["anthropic"]
        + project["optional-dependencies"]["claude-agent-sdk"]
        + project["optional-dependencies"]["fastapi"]
        + project["optional-dependencies"]["langgraph"]
        + project["optional-dependencies"]["mcp"]
        + project["optional-dependencies"]["oidc"]
        + project["optional-dependencies"]["openai-agents"]
        + project["optional-dependencies"]["otel"]
        + project["optional-dependencies"]["policy"]
        + project["optional-dependencies"]["postgres"]
        + project["optional-dependencies"]["server"]
        + project["optional-dependencies"]["share"]
        + project["optional-dependencies"]["workers"]
    }
    roots = {name.split(".")[0] for module in MODULES for name, _ in imports(module)}
    imported = roots - LIBRARY - {"brainops", CORE}

    assert imported == {IMPORTED_AS.get(name, name) for name in declared}


def test_importing_brainops_loads_nothing_heavy() -> None:
    program = f"import sys, brainops; print(*sorted({HEAVY!r} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()

    assert loaded == ""


def test_no_write_transaction_opens_without_an_act() -> None:
    opened = {
        f"{module}:{node.lineno}"
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith(("store.write", "database.write", "upkeep.write"))
        and module != "brainops.store.store"
    }

    assert not opened


def test_onnxruntime_is_loaded_in_one_place_which_switches_its_telemetry_off_first() -> None:
    root = SOURCE.parent
    files = [
        path
        for folder in ("src", "models", "bench", "scripts", "compat")
        for path in (root / folder).rglob("*.py")
        if {"onnxruntime", "optimum"} & {name.split(".")[0] for name in _imported_names(path)}
    ]

    assert [str(path.relative_to(root)) for path in files] == ["src/brainops/embedding/runtime.py"]


def test_only_the_kit_reaches_into_a_brain() -> None:
    own = {
        node.attr
        for node in ast.walk(TREES["brainops.brain"])
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self" and node.attr.startswith("_")
    }
    root = SOURCE.parent
    reaches = {
        str(path.relative_to(root))
        for folder in ("tests", "bench")
        for path in (root / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path)))
        if isinstance(node, ast.Attribute) and reaches_in(node, own)
    }

    assert reaches == {"tests/inside.py"} | REACHING_BENCHES


def reaches_in(node: ast.Attribute, own: set[str]) -> bool:
    """Say whether an attribute is private and, as far as names tell, of a Brain or of a part of one."""
    base = ast.unparse(node.value)
    private = node.attr.startswith("_") and not node.attr.endswith("__")
    return (private and "brain" in base.split(".")) or (node.attr in own and base not in ("self", "cls"))


def _imported_names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_one_thing_has_one_name() -> None:
    homes: dict[str, list[str]] = {}
    for module, tree in TREES.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(module)
    shared = {name: modules for name, modules in homes.items() if len(modules) > 1}

    assert not shared


def test_fewer_helpers_serve_one_caller_alone() -> None:
    """A private helper that names no idea is inlined: the share of those with one caller may only fall, to a fifth."""
    functions = helpers = 0
    for tree in TREES.values():
        named = Counter(
            node.id if isinstance(node, ast.Name) else node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Name | ast.Attribute)
        )
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                functions += 1
                helpers += node.name.startswith("_") and not node.name.startswith("__") and named[node.name] == 1

    assert helpers / functions <= MOST_WITH_ONE_CALLER
