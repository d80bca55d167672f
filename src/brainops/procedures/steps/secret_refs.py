"""Where is a secret, and how does what was said with it read without it?

A reference is kept, never the value: it is resolved in the step that needs it, and taken out of everything that the
step says, in each form that programs commonly write a value in.
"""

from __future__ import annotations

import base64
import html
import json
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from brainops.errors import StepFailed
from brainops.types import JSON

MAX_SECRET_BYTES = 65_536  # a key file with its chain of certificates; what is larger is no secret but a file
MIN_MASKED_CHARACTERS = 4  # a shorter value stands in too many texts by chance; none is accepted as a secret
MIN_LINE_CHARACTERS = 8  # of one line of a longer secret that is masked by itself: "}" or "-----" say nothing
MIN_BASE64_CHARACTERS = 6  # fewer stand in other words
MAX_BROKEN_CHARACTERS = 512  # of a secret that is looked for across line ends; a longer one is looked for by its lines
COMMAND_SECONDS = 20.0  # a password manager that asks nobody answers at once


def resolve(reference: str, allowed: Callable[[list[str]], None] = lambda _: None) -> str:
    """Return the value that a reference stands for: "env:NAME", "file:PATH", or "command:ARGV" (a JSON list of texts).

    `allowed` raises where a command may not run: that of a procedure is no other way round what its namespace allows.
    One line end at its end is left off. Raises StepFailed, which names the reference and never a value.
    """
    kind, _, rest = reference.partition(":")
    match kind:
        case "env":
            value = os.environ.get(rest)
            if value is None:
                raise _failed(f"the environment variable {rest} is not set where this step runs; set it there")
        case "file":
            try:
                with open(os.open(os.path.expanduser(rest), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
                    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                        raise _failed(f"the secret file {rest} is no plain file")
                    data = file.read(MAX_SECRET_BYTES + 3)
            except OSError as error:
                raise _failed(f"the secret file {rest} cannot be read: {error.strerror}") from None
            value = _text(data, f"file:{rest}")
        case "command":
            value = _of_command(rest, allowed)
        case _:
            raise _failed(f"a secret is env:NAME, file:PATH or command:[...], not {kind!r:.20}:...")
    value = value.removesuffix("\n").removesuffix("\r")
    if len(value) < MIN_MASKED_CHARACTERS:
        raise _failed(
            f"the secret at {kind}:{_shown(kind, rest)} has fewer than {MIN_MASKED_CHARACTERS} characters; it could "
            "not be kept out of what is recorded, so it is not used"
        )
    if len(value.encode(errors="surrogatepass")) > MAX_SECRET_BYTES:
        raise _failed(f"the secret at {kind}:{_shown(kind, rest)} has more than {MAX_SECRET_BYTES:,} bytes")
    return value


def _shown(kind: str, rest: str) -> str:
    return rest if kind != "command" else "[...]"  # a command's arguments may hold a secret themselves


def _failed(message: str, retryable: bool = False) -> StepFailed:
    return StepFailed(message, kind="SecretUnavailable", retryable=retryable)


def _of_command(rest: str, allowed: Callable[[list[str]], None]) -> str:
    from brainops.procedures.steps.processes import ProcessLimits, run_process

    try:
        arguments = json.loads(rest)
    except ValueError:
        arguments = None
    if not isinstance(arguments, list) or not arguments or not all(isinstance(each, str) for each in arguments):
        raise _failed('a secret by command is written command:["program", "argument"]')
    allowed(arguments)
    limits = ProcessLimits(timeout_seconds=COMMAND_SECONDS, output_bytes=MAX_SECRET_BYTES + 3)
    try:
        ended = run_process(arguments, environment=dict(os.environ), limits=limits)
    except StepFailed as failure:
        raise _failed(f"the secret's command did not start or end: {failure.kind}", retryable=True) from None
    if ended.exit_code != 0:
        how = ended.why or f"exit status {ended.exit_code}"
        raise _failed(f"the secret's command {arguments[0]} gave nothing: {how}", retryable=True)
    return _text(ended.stdout.head + ended.stdout.tail, "command:[...]")


def _text(data: bytes, where: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _failed(f"the secret at {where} is no UTF-8 text; keep it base64-encoded") from None


def mask(value: Any, secrets: Mapping[str, str]) -> Any:
    """Return a value of JSON without the secrets (name -> value): each form of each becomes [secret NAME]."""
    if not secrets:
        return value
    known = [(form, f"[secret {name}]") for name, text in secrets.items() for form in forms(text)]
    known.sort(key=lambda each: -len(each[0]))
    broken = [_broken(text, name) for name, text in secrets.items() if len(text) <= MAX_BROKEN_CHARACTERS]
    return _masked(value, known, [each for each in broken if each is not None])


Broken = tuple[re.Pattern[str], str]


def _masked(value: Any, known: list[tuple[str, str]], broken: list[Broken]) -> JSON:
    match value:
        case str():
            return _masked_text(value, known, broken)
        case Mapping():
            return {_masked_text(str(key), known, broken): _masked(part, known, broken) for key, part in value.items()}
        case list() | tuple():
            return [_masked(part, known, broken) for part in value]
        case int() | float() if not isinstance(value, bool):
            return next((shown for form, shown in known if form == str(value)), value)
        case _:
            kept: JSON = value
            return kept


def _masked_text(text: str, known: list[tuple[str, str]], broken: list[Broken]) -> str:
    for form, shown in known:
        if form in text:
            text = text.replace(form, shown)
    if "\n" in text or "\\n" in text:
        for pattern, shown in broken:
            text = pattern.sub(shown, text)
    return text


def forms(value: str) -> set[str]:
    """Return each form of a secret that is taken out: plain, by line, escaped, for URLs and shells, base64, hex."""
    found: set[str] = set()
    lines = [line.strip() for line in value.splitlines() if len(line.strip()) >= MIN_LINE_CHARACTERS]
    for text in {value, value.strip(), *lines}:
        data = text.encode(errors="surrogatepass")
        once = json.dumps(text)
        escaped = {once[1:-1], json.dumps(once)[3:-3], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1]}
        web = {quote(data, safe=""), quote(data), quote_plus(data), quote(data, safe="").lower(), html.escape(text)}
        shell = {text.replace("'", "'\\''"), text.replace("'", "'\"'\"'")}
        found |= {text, data.hex(), data.hex().upper(), *escaped, *web, *shell, *_base64(data)}
    return {form for form in found if len(form) >= MIN_MASKED_CHARACTERS}


def _base64(data: bytes) -> Iterator[str]:
    """Yield what base64 makes of the bytes wherever they begin in a longer text: `user:secret` is encoded as one."""
    shifted: list[str] = []
    for before, start in ((0, 0), (1, 2), (2, 3)):
        padded = base64.b64encode(b"\0" * before + data).decode()[start:]
        inner = padded.rstrip("=")
        shifted += [padded, inner, inner[: len(inner) - bool((before + len(data)) % 3)]]
    for text in shifted:
        if len(text) >= MIN_BASE64_CHARACTERS:
            yield from (text, text.replace("+", "-").replace("/", "_"))


def _broken(value: str, name: str) -> Broken | None:
    """Return what finds a secret that was broken over lines: by a terminal's width, or by base64 at 76 characters."""
    data = value.encode(errors="surrogatepass")
    texts = {value, *_base64(data)}
    between = r"(?:\r?\n[ \t>|]*|\\n)?"
    patterns = [between.join(map(re.escape, text)) for text in texts if len(text) >= MIN_LINE_CHARACTERS]
    return (re.compile("|".join(sorted(patterns, key=len, reverse=True))), f"[secret {name}]") if patterns else None
