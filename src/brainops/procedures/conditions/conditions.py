"""Does a condition hold? CEL, checked when it is saved and, where it is portable, evaluated without any extra."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from brainops.errors import ConditionFailed, InvalidInput, MissingExtra
from brainops.procedures.conditions.evaluation import Evaluate, NoValue, bind
from brainops.procedures.conditions.expressions import NotPortable, Refused, Tree, from_data, names, parse, to_data
from brainops.procedures.conditions.types import WORDS, check
from brainops.types import JSON

MAX_SOURCE_BYTES = 2_048  # a condition that is longer is a program, and wants to be a step
KEPT_CONDITIONS = 2_048  # compiled ones that a process keeps: some kilobytes each
MAX_RESULT = 1_000_000  # characters and parts of what CEL gives
MAX_ROUNDS = 10_000  # CEL's own budget of a loop
MAX_COST = 200_000_000  # rounds x words x characters: CEL copies a variable at every mention, and frees it at the end
INSTALL = "pip install 'brainops[policy]'"

VARIABLES: Mapping[str, str] = {
    **dict.fromkeys(("inputs", "steps", "operation", "memory", "run", "procedure", "context"), "map"),
    **dict.fromkeys(("error", "output", "evidence", "env", "agent", "session", "target", "event", "step"), "dyn"),
    **dict.fromkeys(("tool", "command", "path"), "string"),
    "confidence": "double",
}
"""What a condition may speak of, with its type; `dyn` is anything, null too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A condition that was checked. `portable` ones have a standard-library form and are enforced in hooks too."""

    source: str
    portable: bool
    names: frozenset[str]
    tree: Tree | None = field(default=None, repr=False)
    doubles: frozenset[str] = frozenset()
    run: Callable[[Mapping[str, Any]], Any] = field(compare=False, repr=False)

    def evaluate(self, values: Mapping[str, Any]) -> JSON:
        """Return the value over these values. Raises ConditionFailed where there is none: a name or type is amiss."""
        for name in self.doubles:
            if type(values.get(name)) is int:
                values = {**values, name: float(values[name])}
        try:
            value: JSON = self.run(values)
        except (NoValue, RecursionError) as failure:
            why = str(failure) if isinstance(failure, NoValue) else "the values are nested too deeply"
            raise ConditionFailed(f"the condition {self.source!r:.200} cannot be evaluated: {why}") from None
        return value

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Say whether it is true. Raises ConditionFailed where it is neither true nor false: never a silent pass."""
        value = self.evaluate(values)
        if not isinstance(value, bool):
            raise ConditionFailed(f"the condition {self.source!r:.200} gives {value!r:.80}, not true or false")
        return value

    def to_data(self) -> dict[str, JSON]:
        """Write the standard-library form as JSON, for where nothing but that is at hand. Raises InvalidInput."""
        if self.tree is None:
            raise InvalidInput(f"the condition {self.source!r:.200} is not portable: it needs CEL itself")
        return {"source": self.source, "tree": to_data(self.tree), "doubles": sorted(self.doubles)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Compiled:
        """Read what `to_data` wrote. Raises InvalidInput."""
        try:
            source, tree, doubles = str(data["source"]), from_data(data["tree"]), frozenset(data["doubles"])
            return _portable(source, tree, doubles)
        except (KeyError, TypeError, ValueError, RecursionError, NotPortable) as wrong:
            raise InvalidInput(
                f"this is no stored condition: {data!r:.80}; save the procedure or rule again"
            ) from wrong


def compile(source: str, *, declared: Mapping[str, str] | None = None, condition: bool = False) -> Compiled:
    """Check an expression against the declared variables (name -> one of WORDS; VARIABLES by default).

    With `condition` it must give true or false. Raises InvalidInput with the position of what is wrong, MissingExtra
    where it is not portable and CEL is not installed.
    """
    if not isinstance(source, str) or not source.strip():
        raise InvalidInput(f"a condition is text, such as inputs.ready == true, not {source!r:.60}")
    if (size := len(source.encode(errors="replace"))) > MAX_SOURCE_BYTES:
        raise InvalidInput(f"a condition has {MAX_SOURCE_BYTES:,} bytes at most, not {size:,}; move it into a step")
    variables = VARIABLES if declared is None else declared
    unknown = sorted({word for word in variables.values() if word not in WORDS})
    if unknown:
        raise InvalidInput(f"no such type: {', '.join(unknown)}; there is {', '.join(WORDS)}")
    return _compiled(source, tuple(sorted(variables.items())), condition)


@lru_cache(maxsize=KEPT_CONDITIONS)
def _compiled(source: str, declared: tuple[tuple[str, str], ...], condition: bool) -> Compiled:
    variables = dict(declared)
    doubles = frozenset(name for name, word in declared if word == "double")
    cel = _cel()
    checked = _checked_by_cel(cel, source, declared, condition) if cel is not None else None
    try:
        tree = parse(source)
        given = check(tree, variables)
        if condition and given.word not in ("bool", "dyn", "any"):
            raise Refused(f"it gives {given}, where true or false is wanted", 0)
        return _portable(source, tree, doubles)
    except Refused as refused:
        if checked is None:
            raise InvalidInput(_located(source, refused.at, str(refused))) from None
    except NotPortable as beyond:
        if checked is None:
            raise MissingExtra(
                f"{_located(source, beyond.at, f'{beyond} takes CEL itself')}; install it: {INSTALL}"
            ) from None
    used = frozenset(_WORD.findall(source)) & set(variables)
    run = _by_cel(checked, used, source)
    return Compiled(source=source, portable=False, names=used, doubles=doubles & used, run=run)


def _portable(source: str, tree: Tree, doubles: frozenset[str]) -> Compiled:
    run: Evaluate = bind(tree)
    used = names(tree)
    return Compiled(source=source, portable=True, names=used, tree=tree, doubles=doubles & used, run=run)


def _located(source: str, at: int, what: str) -> str:
    line, column = source.count("\n", 0, at) + 1, at - (source.rfind("\n", 0, at) + 1) + 1
    where = f"line {line}, character {column}" if "\n" in source else f"character {column}"
    dashed = _HYPHEN.search(source)
    hint = f"; for a name with a dash write steps['{dashed[1]}']" if dashed else ""
    return f"condition {source!r:.200}, {where}: {what}{hint}"


_WORD = re.compile(r"[A-Za-z_]\w*")
_HYPHEN = re.compile(r"\bsteps\.(\w+(?:-\w+)+)")


# CEL itself


def _cel() -> Any:
    try:
        from cel_expr_python import cel
    except ImportError:
        return None
    return cel


@lru_cache(maxsize=64)
def _environment(cel: Any, declared: tuple[tuple[str, str], ...]) -> Any:
    kinds = cel.Type
    words = {
        "dyn": kinds.DYN,
        "bool": kinds.BOOL,
        "int": kinds.INT,
        "double": kinds.DOUBLE,
        "string": kinds.STRING,
        "list": kinds.List(kinds.DYN),
        "map": kinds.Map(kinds.STRING, kinds.DYN),
    }
    return cel.NewEnv(variables={name: words[word] for name, word in declared})


_LOOP = re.compile(r"\.\s*(?:all|exists|exists_one|existsOne|filter|map)\s*\(")
"""CEL counts the rounds of a loop and stops at its budget, but keeps every text that + makes in one until the end."""

_WHERE = re.compile(r"ERROR: <input>:(?P<line>\d+):(?P<column>\d+): (?P<what>[^\n]*)")


def _checked_by_cel(cel: Any, source: str, declared: tuple[tuple[str, str], ...], condition: bool) -> Any:
    try:
        expression = _environment(cel, declared).compile(source)
    except (RuntimeError, ValueError) as refused:
        raise InvalidInput(_refusal(source, str(refused), dict(declared))) from None
    if _LOOP.search(source) and "+" in source:
        what = "+ and a loop over a list in one condition can fill the memory; move one of them into a step"
        raise InvalidInput(_located(source, source.index("+"), what))
    given = expression.return_type().name()
    if condition and given.lower() not in ("bool", "dyn"):
        raise InvalidInput(_located(source, 0, f"it gives {given.lower()}, where true or false is wanted"))
    return expression


def _refusal(source: str, said: str, declared: Mapping[str, str]) -> str:
    try:
        check(parse(source), declared)  # our own words name the way out, where we can read it
    except Refused as refused:
        return _located(source, refused.at, str(refused))
    except NotPortable:
        pass
    found = _WHERE.search(said)
    if found is None:
        return _located(source, 0, said.split("\n")[0][:300])
    lines = source.split("\n")
    at = sum(len(line) + 1 for line in lines[: int(found["line"]) - 1]) + int(found["column"]) - 1
    return _located(source, min(at, len(source)), found["what"])


def _by_cel(expression: Any, read: frozenset[str], source: str) -> Evaluate:
    words, loops = len(_WORD.findall(source)), len(_LOOP.findall(source))

    def run(values: Mapping[str, Any]) -> Any:
        data = {name: _plain(value) for name, value in values.items() if name in read}
        weight, parts = _weight(data)
        rounds = min(MAX_ROUNDS, (parts + source.count(",") + 1) ** loops)
        if rounds * words * weight > MAX_COST:
            raise NoValue("it goes over too much; read less of it, or look into it in a step")
        try:
            return _Reading().json(expression.eval(data=data))
        except (RuntimeError, ValueError, TypeError) as failure:
            raise NoValue(str(failure)[:300]) from None

    return run


def _plain(value: Any) -> Any:
    match value:
        case str() if "\0" in value:
            raise NoValue("a text holds a null character, at which CEL would cut it")
        case Mapping():
            return {_plain(str(key)): _plain(part) for key, part in value.items()}
        case list() | tuple():
            return [_plain(part) for part in value]
        case _:
            return value


def _weight(value: Any) -> tuple[int, int]:
    """Return how large a value is, in characters and numbers, and how many parts all its lists and maps have."""
    if isinstance(value, str):
        return 1 + len(value), 0
    if not isinstance(value, (dict, list)):
        return 1, 0
    inner = [_weight(part) for part in (value.values() if isinstance(value, dict) else value)]
    return 1 + sum(weight for weight, _ in inner), len(inner) + sum(parts for _, parts in inner)


class _Reading:
    """Reads a value of CEL as JSON, and stops where a loop made more than anybody can want."""

    def __init__(self) -> None:
        self._left = MAX_RESULT

    def json(self, value: Any) -> JSON:
        plain = value.value()
        self._left -= 1 + (len(plain) if isinstance(plain, str) else 0)
        if self._left < 0:
            raise NoValue(f"it gives more than {MAX_RESULT:,} characters")
        if value.type().name() == "ERROR":
            raise NoValue(str(plain).partition(": ")[2] or "it has no value")
        match plain:
            case None | bool() | int() | float() | str():
                return plain
            case dict():
                return {str(key): self.json(part) for key, part in plain.items()}
            case list():
                return [self.json(part) for part in plain]
            case datetime.datetime():
                return plain.isoformat()
            case datetime.timedelta():
                return f"{plain.total_seconds()}s"
        raise NoValue(f"it gives a {type(plain).__name__}, which is no JSON")
