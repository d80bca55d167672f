"""Which procedures do the property tests draw? Any that the file's vocabulary can say."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

WORDS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
LINES = st.lists(
    st.one_of(
        WORDS,
        st.sampled_from(
            ["## s1", "# s2", "\\## s1", "\\\\# x", "```", "~~~", "```sh", "---", "- a", "  deep", "## Other", ""]
        ),
    ),
    max_size=8,
).map("\n".join)
TEXTS = st.lists(WORDS.filter(str.strip), max_size=4, unique=True)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    WORDS.filter(lambda text: "${{" not in text),
    st.sampled_from(
        ["on", "yes", "1:30", "1e3", "0o17", "~", "null", "2024-01-01", "0x1f", ".5", "+1", "-", "[", "a: b"]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS.filter(str.strip), inner, max_size=3)),
    max_leaves=6,
)
CONDITIONS = st.sampled_from(["inputs.service == 'api'", "inputs.count > 3", "true", 'inputs.service != "it\'s"'])


@st.composite
def steps(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw steps whose needs lead back only."""
    every: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 5))):
        before = [each["id"] for each in every]
        step: dict[str, Any] = {"id": f"s{number + 1}"}
        step |= draw(actions())
        optional: dict[str, Any] = {
            "name": WORDS,
            "text": LINES,
            "if": CONDITIONS,
            "needs": st.lists(st.sampled_from(before), unique=True) if before else st.just([]),
            "timeout-seconds": st.floats(0.001, 1e6),
            "retry": st.one_of(
                st.integers(1, 100),
                st.fixed_dictionaries({}, optional={"attempts": st.integers(1, 9), "factor": st.floats(1, 100)}),
            ),
            "continue-on-error": st.booleans(),
            "verify": st.one_of(st.just("output != null"), actions(acting=True)),
            "compensate": actions(acting=True),
            "satisfies": TEXTS,
            "secrets": st.just(["token"]),
        }
        step |= {key: draw(value) for key, value in optional.items() if draw(st.integers(0, 3)) == 0}
        every.append(step)
    return every


def actions(acting: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    """Draw what a step does."""
    runs = st.lists(WORDS.filter(lambda text: text != "" and "${{" not in text), min_size=1, max_size=3)
    kinds: list[st.SearchStrategy[dict[str, Any]]] = [
        st.fixed_dictionaries(
            {"run": runs}, optional={"env": st.dictionaries(st.sampled_from(["A", "B"]), SCALARS, max_size=2)}
        ),
        st.fixed_dictionaries({"run": st.just("make a | less"), "shell": st.just(True)}),
        st.fixed_dictionaries(
            {
                "uses": st.just("call"),
                "with": st.fixed_dictionaries({"function": st.just("f"), "arguments": st.just({}) | _mappings()}),
            }
        ),
    ]
    if not acting:
        kinds.append(st.fixed_dictionaries({"uses": st.sampled_from(["manual", "approval"]), "with": _mappings()}))
    return st.one_of(kinds)


def _mappings() -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(WORDS.filter(str.strip), VALUES, max_size=3)


def procedures() -> st.SearchStrategy[dict[str, Any]]:
    """Draw whole procedures as mappings."""
    triggers = st.fixed_dictionaries(
        {"operations": TEXTS.filter(bool)}, optional={"intents": TEXTS, "when": st.just("target != 'x'")}
    )
    return st.fixed_dictionaries(
        {"name": st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,5}){0,3}", fullmatch=True), "steps": steps()},
        optional={
            "description": WORDS,
            "mode": st.sampled_from(["advisory", "required", "strict"]),
            "on": st.lists(triggers, max_size=2),
            "outputs": st.dictionaries(WORDS.filter(str.strip), st.just("${{ steps.s1.output }}"), max_size=2),
            "expected_outcomes": st.lists(CONDITIONS, max_size=2),
            "concurrency": st.fixed_dictionaries({}, optional={"on-conflict": st.sampled_from(["queue", "drop"])}),
            "tags": TEXTS,
            "license": WORDS.filter(str.strip),
            "metadata": _mappings(),
            "prose": LINES,
            "tests": st.lists(
                st.fixed_dictionaries(
                    {"expect": st.just({"state": "succeeded"})}, optional={"name": WORDS, "inputs": _mappings()}
                ),
                max_size=2,
            ),
        },
    ).map(
        lambda value: {
            **value,
            "secrets": {"token": "env:TOKEN"},
            "inputs": {"service": {"type": "string", "default": "api"}, "count": {"type": "integer"}},
        }
    )
