"""Write brainops_core/redaction/public_rules.py from the rules of gitleaks: python scripts/write_secret_rules.py FILE

FILE is config/gitleaks.toml of a release. What is taken are the rules that know a secret by its own form. Those that
know one by a vendor's name before it are left, since the names of settings are read here by one rule for all vendors,
and those that need a file's path; so are the forms for which `secrets.TOKEN_RULES` has a rule, which also knows what a
log cut off. Go's expressions become Python's, and each is timed on hostile text: one that is slow ends the script.
"""

from __future__ import annotations

import re
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

from brainops_core.redaction.secrets import TOKEN_RULES

TARGET = Path(__file__).parent.parent / "src/brainops_core/redaction/public_rules.py"
VERSION = "8.30.1"

LEFT = {
    "aws-amazon-bedrock-api-key-short-lived": "names the beginning of a key and not its end",
    "curl-auth-header": "headers and options of commands are read by rules of their own",
    "curl-auth-user": "the same",
    "generic-api-key": "the names of settings are",
    "jwt-base64": "names the beginning of a token and not its end",
    "kubernetes-secret-yaml": "needs a whole document",
    "private-key": "a key that a log cut off has no end",
    "facebook-access-token": "is a number and a word beside the maker's name",
}
LITERALS = {  # which stand in the secret itself
    "airtable-personnal-access-token": ("pat",),
    "cloudflare-origin-ca-key": ("v1.0-",),
    "intra42-client-secret": ("s-s4t2",),
    "sourcegraph-access-token": ("sgp_",),
}
NARROWED = {
    "sourcegraph-access-token": ("|[a-fA-F0-9]{40})", ")"),  # else every commit beside that name is one
    "microsoft-teams-webhook": ("([a-z0-9]{4}-){3}", "(?:[a-z0-9]{4}-){3}"),  # all of it is the secret
}
WITH_NO_DOT = "grafana-api-key"  # which our rule for JSON web tokens asks for

END = """(?:[\\x60'"\\s;]|\\\\[nr]|$)"""  # what follows; in a log it may be anything that is no part of the secret
VENDOR = "(?:=|>|:{1,3}=|"  # stands in every expression that reads a name and its value
HOSTILE_CHARACTERS = 100_000
MOST_SECONDS = 0.5
PIECE = 70  # characters of an expression in a line

HEAD = '''"""Which secrets do the public rules of gitleaks {version} know by their form? Written by a script. (pure)

MIT License

Copyright (c) 2019 Zachary Rice

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""

from __future__ import annotations

PUBLIC_RULES: tuple[tuple[str, tuple[str, ...], float, str], ...] = (
{rules})
"""Kind, what stands in every text that holds one (in lower case), the least entropy in bits a character, and the form;
its group "s", or all of it, is the secret."""
'''


def main(source: Path) -> None:
    """Write the rules; raise where one is not translated, or is slow."""
    rules = tomllib.loads(source.read_text(encoding="utf-8"))["rules"]
    own = [trigger.lower() for rule in TOKEN_RULES for trigger in rule.triggers]
    lines = []
    for rule in rules:
        if why := _left(rule, own):
            print(f"left: {rule['id']}: {why}", file=sys.stderr)
            continue
        old, new = NARROWED.get(rule["id"], ("", ""))
        form = translated(rule["regex"].replace(old, new) if old else rule["regex"])
        literals = LITERALS.get(rule["id"], tuple(rule["keywords"]))
        _time(rule["id"], form, literals)
        pieces = " ".join(repr(form[at : at + PIECE]) for at in range(0, len(form), PIECE))
        lines.append(f"    ({rule['id']!r}, {literals!r}, {float(rule.get('entropy', 0))!r}, {pieces}),\n")
    TARGET.write_text(HEAD.format(version=VERSION, rules="".join(lines)), encoding="utf-8")
    print(f"{len(lines)} rules of {len(rules)}; now: ruff format {TARGET.name}", file=sys.stderr)


def _left(rule: dict[str, Any], own: list[str]) -> str:
    if rule["id"] in LEFT:
        return LEFT[rule["id"]]
    if "path" in rule or "keywords" not in rule:
        return "needs a file's path"
    if VENDOR in rule["regex"]:
        return "reads a name"
    covered = (
        any(keyword.startswith(trigger) or keyword in trigger for trigger in own) for keyword in rule["keywords"]
    )
    if rule["id"] != WITH_NO_DOT and all(covered):
        return "has a rule here"
    return ""


def translated(go: str) -> str:
    """Return an expression of Go as Python spells it; the secret is its group "s" where it named any group."""
    text = go.replace(END, "(?![A-Za-z0-9])").replace("[[:alnum:]]", "[A-Za-z0-9]").replace("\\z", "\\Z")
    # Letters that no token has end it too, which \\b does not see.
    text = re.sub(r"\\b(?=\)|\||$)", "(?![A-Za-z0-9])", text)
    text = text.replace("\\b", "(?<![A-Za-z0-9])")
    parts: list[str] = []
    open_flags = [0]  # of each group that is open, how many flags hold up to its end
    named = False
    for token in re.findall(r"\\.|\[\]?(?:\\.|[^\]\\])*\]|\(\?i\)|\(\?(?:P?<\w+>|[-a-z]*:|<?[=!])|.", text, re.DOTALL):
        if token == "(?i)" and parts:  # in the middle it holds up to the end of its group
            parts.append("(?i:")
            open_flags[-1] += 1
            continue
        if token == "(":
            token, named = "(?:" if named else "(?P<s>", True
        if token[0] == "(" and token != "(?i)":
            open_flags.append(0)
        if token == ")":
            token += ")" * open_flags.pop()
        parts.append(token)
    form = "".join(parts) + ")" * open_flags.pop()
    if "(?<!" not in form:  # texts are looked through by their words: within one nothing begins
        flag = "(?i)" if form.startswith("(?i)") else ""
        form = f"{flag}(?<![A-Za-z0-9])(?:{form.removeprefix(flag)})"
    re.compile(form)
    return form


def _time(name: str, form: str, literals: tuple[str, ...]) -> None:
    compiled = re.compile(form)
    for literal in literals:
        for beginning in (literal, literal.upper()):
            for run in ("a", "0", "A1", "-", "_", ".", "/", "=", " ", f"{beginning}a1", f"{beginning}-"):
                text = (beginning + run * HOSTILE_CHARACTERS)[:HOSTILE_CHARACTERS]
                began = time.process_time()
                for _ in compiled.finditer(text):
                    pass
                if (took := time.process_time() - began) > MOST_SECONDS:
                    raise SystemExit(f"{name}: {took:.2f} s for {text[:40]!r}...")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
