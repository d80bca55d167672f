"""Does this name hold a secret, and is this value one, or only a word, a reference or a placeholder? (pure)"""

from __future__ import annotations

from brainops_core.regex import Regex
from brainops_core.words import words_of

_WORD = Regex(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_PASSWORD = frozenset("password passwd passwort passe passphrase passcode pwd pw pass passw".split())
# A password in other languages, where its word holds none of the English, German and French ones above.
FOREIGN = tuple("senha kennwort wachtwoord contrasena salasana heslo haslo sifre".split())
FOREIGN_MARKED = tuple(
    "contraseña,hasło,lösenord,adgangskode,jelszó,parolă,şifre,пароль,пароля,κωδικός,סיסמה,كلمة المرور,密码,密碼,口令,"
    "パスワード,暗証番号,비밀번호,암호,รหัสผ่าน,mật khẩu".split(",")
)
_COMPOUND_KEY = frozenset(
    "api access secret private auth account encryption encrypt signing sign master shared consumer app application "
    "ssh deploy webhook service client license admin root subscription integration crypt hmac jwt".split()
)
_ORDINARY_KEY = frozenset(
    "primary foreign public cache partition sort idempotency dedup object row hash lookup registry config "
    "unique index map dict shard group natural surrogate candidate composite message event kafka redis s3 issue "
    "project ticket translation i18n metric tag label column field host known press arrow hot short any missing".split()
)
_NOT_THE_SECRET = frozenset(
    "count counts length len size limit limits max min type types url uri endpoint file filename path dir name "
    "names id ids arn expiry expires expiration expired ttl lifetime policy field fields hint prompt label ref "
    "reference version index usage used budget cost rate position format algorithm alg status error errors "
    "required enabled disabled valid reset at in on age days seconds minutes hours ms stdin fd fds manager store "
    "provider class method function handler service server bucket header parser scheme strength rules attempts "
    "retries rotation changed updated created set exists present env var variable placeholder generator validator "
    "regex pattern mount volume".split()
)
_NAMES_ONE = frozenset("existing".split())  # existingSecret: it says which secret, and holds none
_STAGES = frozenset("prod dev staging test new old base64".split())
_PAGING = frozenset("page next continuation cursor sync pagination previous prev last max min total num".split())
_SUFFIXES = (
    ("password", "password"),
    ("passwd", "password"),
    ("passphrase", "password"),
    ("pwd", "password"),
    ("apikey", "api-key"),
    ("secretkey", "secret-key"),
    ("accesskey", "access-key"),
    ("privatekey", "private-key"),
    ("secret", "secret"),
    ("token", "token"),
)


_MOST_KINDS = 4096
_kinds: dict[str, str | None] = {}


def name_kind(name: str) -> str | None:
    """Return the kind of secret that a variable, key, option or header of this name holds, or None.

    "key" stands for names that may hold one (SOMETHING_KEY); only a random-looking value behind them is a secret.
    """
    if name not in _kinds:
        if len(_kinds) >= _MOST_KINDS:
            _kinds.clear()
        _kinds[name] = _kind_of(name[-96:])
    return _kinds[name]


def _kind_of(name: str) -> str | None:
    lower = name.lower()
    if any(word in lower for word in (FOREIGN if name.isascii() else (*FOREIGN, *FOREIGN_MARKED))):
        return "password"
    found = filter(str.isalnum, words_of(name)) if name.isascii() else _WORD.findall(name)
    words = [word.lower() for word in found]
    if words[-2:] == ["key", "data"]:  # of a kubeconfig
        words.pop()
    if not words or words[-1] in _NOT_THE_SECRET or words[0] in _NAMES_ONE:
        return None
    while len(words) > 1 and (words[-1].isdigit() or words[-1] in _STAGES):
        words.pop()
    for kind in (_whole_word_kind(words), _glued_kind(words)):
        if kind:
            return None if kind == "token" and _PAGING.intersection(words) else kind
    return None


def _whole_word_kind(words: list[str]) -> str | None:
    have = set(words)
    if ("aws" in have and "secret" in have) or {"secret", "access", "key"} <= have:
        return "aws-secret-key"
    if have & _PASSWORD:
        return "password"
    last = words[-1]
    if last in ("key", "keys") and len(words) > 1:
        before = words[-2]
        if before in _COMPOUND_KEY:
            return f"{before}-key"
        return None if before in _ORDINARY_KEY else "key"
    if last in ("secret", "token", "credential", "credentials", "secrets"):
        return last.rstrip("s")
    if last in ("auth", "hash") and len(words) == 1:
        return "key" if last == "auth" else None
    if "signature" in have and "shared" in have:
        return "azure-sas"
    return last if last == "tokens" else ("secret" if "secret" in have else None)


def _glued_kind(words: list[str]) -> str | None:
    for suffix, kind in _SUFFIXES:
        if words[-1].endswith(suffix):
            return kind
    return None


_RANDOM_LENGTH = 16
_RANDOM_DISTINCT = 8
_HEAD = 512
"""How much of a value is looked at to judge it; nothing harmless is told from a secret by what comes later."""

_DIGITS = frozenset("0123456789")
_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz")
_UPPER = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def looks_random(value: str, *, mixed_case: bool = False) -> bool:
    """Say whether a value looks generated: 16 characters or more, letters and digits, many different ones.

    A plain measure on purpose: entropy of a single short string tells passwords from words no better.
    """
    head = value[:_HEAD]
    if len(head) < _RANDOM_LENGTH or len(set(head)) < _RANDOM_DISTINCT or _DIGITS.isdisjoint(head):
        return False
    lower, upper = not _LOWER.isdisjoint(head), not _UPPER.isdisjoint(head)
    return lower and upper if mixed_case else lower or upper


_PLACEHOLDER = Regex(r"\[redacted:[a-z0-9-]{1,40}\]")
_TEMPLATE = Regex(
    r"<|\$\{|\$\(|\$[A-Z_][A-Z0-9_]*$|\$[a-z_]+$|\{\{|\{[A-Za-z_][\w.!:]*\}|%[A-Za-z_]\w*%$|%[sdr]$|%\(|@@|#\{|"
    r"(?i:\[(?:your|hidden|masked|filtered|secret|token|password|api)|(?:your|enter|insert|replace)[-_]|"
    r"(?:change[-_]?me|example|dummy|placeholder|todo|hidden|masked|filtered|redacted)(?![A-Za-z0-9]))"
)
_REFERENCES = (
    "arn:", "op://", "vault:", "env:", "file:", "ref+", "secretref:", "keyring:", "projects/", "ssm:", "sops:",
    "!ref", "!sub", "!vault", "!env", "!getatt",
)  # fmt: skip
_MASK_CHARACTERS = frozenset("*.xX-_#?•…·=~+/\\|:;,")
_WORDS = frozenset(
    "a an and are as at be been but by can cannot could did does for from had has have if in into is it must no not of "
    "off on or shall should so than that the their then there this to too true false was were when where which will "
    "with would yes null none nil undefined nan void any auto default empty unset blank missing required optional "
    "invalid valid expired expires incorrect wrong bad denied rejected refused revoked unknown unauthorized failed "
    "failure fails error errors mismatch matches match ok okay success authentication authorization unexpected "
    "unsupported disabled enabled changed updated reset rotated created deleted removed found provided supplied given "
    "set stored encrypted hashed protected plain plaintext redacted hidden masked str string bytes byte int integer "
    "float bool boolean number object array list dict map text varchar char optional union literal await async new "
    "return function lambda self cls this get request response type value key token secret password credential "
    "credentials auth bearer basic digest apikey api_key username user login please enter see use using via like "
    "falsch richtig leer fehlt vergessen geändert abgelaufen ungültig incorrect incorrecte invalide expiré manquant "
    "length minimum maximum only also after before between every each never always prompt input".split()
)
_PUNCTUATION = ".,:;!?)]}"
_NUMBER = Regex(r"[-+]?[0-9][0-9.,_]*(?:[a-zA-Z%]{1,2})?$")
_CODE = Regex(r"[A-Za-z_][\w.]{0,100}[(\[]")


def is_harmless(value: str) -> bool:
    """Say whether a value cannot be a secret: a placeholder, template, reference, mask, or a word of messages."""
    value = value[:_HEAD]
    bare = value.rstrip(_PUNCTUATION)
    if not bare.strip("{[(<"):
        return True
    if bare.lower() in _WORDS or set(bare) <= _MASK_CHARACTERS:
        return True
    match = _PLACEHOLDER.match(value)
    if (
        (match is not None and not value[match.end() :].strip(_PUNCTUATION))
        or _TEMPLATE.match(value)
        or value.lower().startswith(_REFERENCES)
    ):
        return True
    if not bare.startswith(("/", "./", "~/", "../")) or "+" in bare or "=" in bare:
        return False
    parts = [part for part in bare.split("/") if part]
    return len(parts) >= 2 and not any(looks_random(part) for part in parts)


def is_number(value: str) -> bool:
    """Say whether a value is a plain number, perhaps with a unit."""
    return _NUMBER.match(value) is not None


def is_code(value: str, following: str) -> bool:
    """Say whether an unquoted value is a call, an index or a dotted name rather than a literal."""
    call = _CODE.match(value)
    if value.startswith("(") or (call and ("." in call.group() or value.endswith((")", "(", "[", "]")))):
        return True
    if call and following in ("'", '"', ","):
        return True
    parts = value.split(".")
    return len(parts) > 1 and all(part.isidentifier() for part in parts) and not looks_random(value)
