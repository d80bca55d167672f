"""Which parts of a text are secrets by their form: issued tokens, key blocks, credentials in URLs or headers? (pure)"""

from __future__ import annotations

from brainops_core.redaction.secret_names import is_harmless, looks_random
from brainops_core.regex import Regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Span(tuple[int, int, str, int, bool]):
    """A part of the text to be replaced; `rank` orders overlapping finds, the smallest names the kind."""

    __slots__ = ()

    def __new__(cls, start: int, end: int, kind: str, rank: int = 0, quoted: bool = False) -> Span:
        return tuple.__new__(cls, (start, end, kind, rank, quoted))

    start = property(lambda self: self[0])
    end = property(lambda self: self[1])
    kind = property(lambda self: self[2])
    rank = property(lambda self: self[3])
    quoted = property(lambda self: self[4])


class TokenRule:
    """A secret that is known by its shape.

    A text that holds none of the `triggers` is not searched. The group "s" of the expression, if any, is the
    secret; it looks like the output of a generator where `random` asks so, and has `entropy` bits a character or more.
    """

    __slots__ = ("entropy", "expression", "kind", "random", "rank", "triggers")

    def __init__(
        self,
        kind: str,
        triggers: tuple[str, ...],
        expression: str,
        *,
        random: bool = False,
        entropy: float = 0.0,
        rank: int = 0,
    ) -> None:
        self.kind = kind
        self.triggers = triggers
        self.expression = Regex(expression)
        self.random = random
        self.entropy = entropy
        self.rank = rank

    def found_in(self, text: str) -> Iterator[Span]:
        """Yield the secrets of this shape."""
        group = "s" if "(?P<s>" in self.expression.source else 0
        for match in self.expression.finditer(text):
            secret = match.group(group)
            if (not self.random or looks_random(secret)) and (not self.entropy or entropy(secret) >= self.entropy):
                yield Span(match.start(group), match.end(group), self.kind, self.rank)


def _rule(kind: str, triggers: str, pattern: str, *, random: bool = False) -> TokenRule:
    boundary = "(?<![A-Za-z0-9])"
    return TokenRule(kind, tuple(triggers.split()), boundary + pattern, random=random)


# Every run is either of fixed length or has nothing required behind it, so no pattern can look at a character often.
TOKEN_RULES: tuple[TokenRule, ...] = (
    _rule("aws-access-key", "AKIA ASIA ABIA ACCA", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _rule("gcp-api-key", "AIza", r"AIza[0-9A-Za-z_-]{35}"),
    _rule("gcp-oauth-token", "ya29.", r"ya29\.[0-9A-Za-z_-]{20,}"),
    _rule("gcp-oauth-secret", "GOCSPX-", r"GOCSPX-[0-9A-Za-z_-]{20,}"),
    _rule("gcp-refresh-token", "1//0", r"1//0[0-9A-Za-z_-]{30,}"),
    _rule("azure-client-secret", "8Q~ 7Q~", r"[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}"),
    _rule("azure-sas", "sig=", r"sig=(?P<s>[A-Za-z0-9%/+_-]{30,}={0,2})"),
    _rule("brainops-key", "bok_ boa_ boi_ bov_", r"bo(?:[aik]_[0-9a-f]{32}|v)_[A-Za-z0-9_-]{43}"),
    _rule("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{36,}"),
    _rule("github-token", "github_pat_", r"github_pat_[A-Za-z0-9_]{22,}"),
    _rule(
        "gitlab-token",
        "glpat- gldt- glrt- glcbt- glptt- glft- glimt- glagent- glsoat- gloas-",
        r"gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|oas)-[A-Za-z0-9_-]{20,}",
    ),
    _rule("slack-token", "xoxb- xoxp- xoxa- xoxr- xoxs- xoxe- xapp-", r"(?:xox[abeprs]|xapp)-[A-Za-z0-9-]{15,}"),
    _rule(
        "slack-webhook",
        "hooks.slack.com",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<s>[A-Za-z0-9/]{20,})",
    ),
    _rule(
        "discord-webhook", "/api/webhooks/", r"discord(?:app)?\.com/api/webhooks/[0-9]{10,20}/(?P<s>[A-Za-z0-9_-]{30,})"
    ),
    _rule("stripe-key", "sk_live_ sk_test_ rk_live_ rk_test_", r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    _rule("webhook-secret", "whsec_", r"whsec_[A-Za-z0-9+/]{20,}={0,2}"),
    _rule("anthropic-key", "sk-ant-", r"sk-ant-[A-Za-z0-9_-]{20,}"),
    _rule("openrouter-key", "sk-or-", r"sk-or-[A-Za-z0-9_-]{20,}"),
    _rule("openai-key", "sk-", r"sk-(?!ant-|or-)[A-Za-z0-9_-]{20,}", random=True),
    _rule("groq-key", "gsk_", r"gsk_[A-Za-z0-9]{40,}"),
    _rule("xai-key", "xai-", r"xai-[A-Za-z0-9]{60,}"),
    _rule("perplexity-key", "pplx-", r"pplx-[A-Za-z0-9]{40,}"),
    _rule("replicate-token", "r8_", r"r8_[A-Za-z0-9]{37,}"),
    _rule("huggingface-token", "hf_", r"hf_[A-Za-z0-9]{30,}", random=True),
    _rule("npm-token", "npm_", r"npm_[A-Za-z0-9]{36,}"),
    _rule("pypi-token", "pypi-AgE", r"pypi-AgE[A-Za-z0-9_-]{40,}"),
    _rule("rubygems-token", "rubygems_", r"rubygems_[0-9a-f]{48}"),
    _rule("docker-token", "dckr_", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}"),
    _rule("twilio-key", "SK", r"SK[0-9a-f]{32}(?![A-Za-z0-9])"),
    _rule("sendgrid-key", "SG.", r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{30,}"),
    _rule("mailgun-key", "key-", r"key-[0-9a-f]{32}(?![A-Za-z0-9])"),
    _rule("mailchimp-key", "-us", r"[0-9a-f]{32}-us[0-9]{1,2}(?![A-Za-z0-9])"),
    _rule("telegram-token", ":AA", r"[0-9]{8,10}:AA[A-Za-z0-9_-]{32,}"),
    _rule("digitalocean-token", "dop_v1_ doo_v1_ dor_v1_", r"do[opr]_v1_[0-9a-f]{64}"),
    _rule("shopify-token", "shpat_ shpca_ shppa_ shpss_", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    _rule("square-token", "sq0", r"sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{22,}"),
    _rule("databricks-token", "dapi", r"dapi[0-9a-f]{32}(?![A-Za-z0-9])"),
    _rule("vault-token", "hvs. hvb. hvr.", r"hv[bsr]\.[A-Za-z0-9_-]{24,}"),
    _rule("grafana-token", "glsa_ glc_", r"(?:glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}|glc_[A-Za-z0-9+/]{32,}={0,2})"),
    _rule("newrelic-key", "NRAK- NRJS-", r"NR(?:AK|JS)-[A-Z0-9a-f]{19,}"),
    _rule("atlassian-token", "ATATT3", r"ATATT3[A-Za-z0-9_=-]{50,}"),
    _rule("linear-key", "lin_api_", r"lin_api_[A-Za-z0-9]{32,}"),
    _rule("notion-token", "ntn_", r"ntn_[A-Za-z0-9]{40,}"),
    _rule("heroku-key", "HRKU-", r"HRKU-[A-Za-z0-9_-]{30,}"),
    _rule("doppler-token", "dp.", r"dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9_.-]{40,}"),
    _rule("planetscale-token", "pscale_", r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{32,}"),
    _rule("supabase-token", "sbp_ sb_secret_", r"(?:sbp_[0-9a-f]{40}|sb_secret_[A-Za-z0-9_-]{20,})"),
    _rule("postman-key", "PMAK-", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    _rule("sentry-token", "sntrys_ sntryu_", r"sntry[su]_[A-Za-z0-9+/_=-]{40,}"),
    _rule("tailscale-key", "tskey-", r"tskey-[a-z]{2,12}-[A-Za-z0-9-]{16,}"),
    _rule("terraform-token", ".atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,}"),
    _rule("figma-token", "figd_", r"figd_[A-Za-z0-9_-]{30,}"),
    _rule("age-secret-key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    # The tail is optional, since a log may have cut it; the look-behind holds that one run is started on only once.
    _rule("jwt", "eyJ", r"(?<![_-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)?"),
)


SHORTEST_TOKEN = 20
"""No rule matches fewer characters, so shorter words need not be searched for triggers."""

_WORD = Regex("[a-z0-9]+")


class _Triggers:
    """By which words of a text do we know which rules to look at? Hundreds of searches for a trigger take longer."""

    def __init__(self, rules: tuple[TokenRule, ...]) -> None:
        self.words: dict[str, list[int]] = {}
        self.beginnings: dict[str, list[tuple[str, int]]] = {}
        self.anywhere: list[int] = []
        self.rules = rules
        for number, rule in enumerate(rules):
            for trigger in rule.triggers:
                lower = trigger.lower()
                word = _WORD.findall(lower)[0]
                if trigger in WITHIN_A_WORD:
                    self.anywhere.append(number)
                elif lower.endswith(word):
                    self.beginnings.setdefault(word[:2], []).append((word, number))
                else:
                    self.words.setdefault(word, []).append(number)

    def rules_for(self, runs: str) -> Iterator[TokenRule]:
        """Yield the rules of which a trigger stands in these words."""
        lower, found = runs.lower(), set(self.anywhere)
        for word in set(_WORD.findall(lower)):
            if word in self.words:
                found.update(self.words[word])
            for beginning, number in self.beginnings.get(word[:2], ()):
                if word.startswith(beginning):
                    found.add(number)
        for number in sorted(found):
            if any(trigger.lower() in lower for trigger in self.rules[number].triggers):
                yield self.rules[number]


WITHIN_A_WORD = ("8Q~", "7Q~", "t3blbkfj")
_triggers: list[_Triggers] = []


def find_tokens(text: str) -> Iterator[Span]:
    """Yield every token that is known by its shape, to a rule of our own or to a public one."""
    runs = "\n".join([run for run in text.split() if len(run) >= SHORTEST_TOKEN])
    if not runs:
        return
    if not _triggers:
        from brainops_core.redaction.public_rules import PUBLIC_RULES

        public = (
            TokenRule(kind, literals, form, entropy=least, rank=1) for kind, literals, least, form in PUBLIC_RULES
        )
        _triggers.append(_Triggers((*TOKEN_RULES, *public)))
    for rule in _triggers[0].rules_for(runs):
        yield from rule.found_in(text)


def every_rule() -> tuple[TokenRule, ...]:
    """Return the rules of our own, and the public ones."""
    from brainops_core.redaction.public_rules import PUBLIC_RULES

    public = (TokenRule(kind, literals, form, entropy=least, rank=1) for kind, literals, least, form in PUBLIC_RULES)
    return (*TOKEN_RULES, *public)


def entropy(text: str) -> float:
    """Return the Shannon entropy of a text's characters, in bits a character."""
    from math import log2

    shares = [text.count(character) / len(text) for character in set(text)]
    return -sum(share * log2(share) for share in shares)


_KEY_HEADER = Regex(r"-----BEGIN ((?:[A-Z0-9]{1,12} ){0,4})PRIVATE KEY(?: BLOCK)?-----")
_KEY_LINE = Regex(r"(?:\s|\\[nr]){0,8}[A-Za-z0-9+/=]{16,}")
_KEY_KINDS = {"OPENSSH": "openssh-private-key", "PGP": "pgp-private-key"}


def find_key_blocks(text: str) -> Iterator[Span]:
    """Yield private key blocks (PEM, OpenSSH, PGP), also those that a log has cut off or put on one line."""
    if "-----BEGIN " not in text:
        return
    position, closed = 0, True
    while header := _KEY_HEADER.search(text, position):
        end = text.find("-----END", header.end()) if closed else -1
        closed = end >= 0
        if closed:
            tail = text.find("-----", end + 8, end + 80)
            position = tail + 5 if tail >= 0 else end + 8
        else:
            position = header.end()
            while line := _KEY_LINE.match(text, position):
                position = line.end()
        words = header.group(1).split()
        yield Span(header.start(), position, _KEY_KINDS.get(words[0] if words else "", "private-key"), 0)


_AUTHORITY = Regex(r"[^\s\"'<>`\\/?#]{1,512}")
_CREDENTIALS_WITH_SLASH = Regex(r"[^\s:/@\"'<>`\\?#]{0,64}:(?P<s>[^\s\"'<>`\\@]{1,256})@")
_PORT_AND_PATH = Regex(r"[0-9]{1,5}/")


def find_url_credentials(text: str) -> Iterator[Span]:
    """Yield the password (or the lone long token) before the @ of a URL; user, host and database stay."""
    if "://" not in text or "@" not in text:
        return
    position = text.find("://")
    while position >= 0:
        start = position + 3
        authority = _AUTHORITY.match(text, start)
        at = authority.group().rfind("@") if authority else -1
        if at >= 0:
            user, colon, password = text[start : start + at].partition(":")
            if colon and not is_harmless(password):
                yield Span(start + len(user) + 1, start + at, "password", 2)
            elif not colon and len(user) >= 20 and looks_random(user):
                yield Span(start, start + at, "token", 2)
        elif not text.startswith(("http", "ttp", "tp"), max(position - 5, 0)):
            yield from _credentials_with_slash(text, start)
        position = text.find("://", start)


def _credentials_with_slash(text: str, start: int) -> Iterator[Span]:
    match = _CREDENTIALS_WITH_SLASH.match(text, start)
    if match and not _PORT_AND_PATH.match(match.group("s")) and not is_harmless(match.group("s")):
        yield Span(match.start("s"), match.end("s"), "password", 2)


_ORACLE = r"jdbc:oracle:[a-z]{2,8}:[^\s/@\"']{1,64}/(?P<s>[^\s@\"']{1,128})@"
_AUTHORIZATION = Regex(
    r"(?i)authorization(?P<q>[\"'\]\\]{0,4})[ \t]{0,4}[:=][ \t]{0,4}[\[\"'\\]{0,4}"
    r"(?P<scheme>(?:basic|bearer|token|apikey|api-key|negotiate|ntlm|key|ghost|splunk|genie)[ \t]{1,4})?"
    r"(?P<s>[^\s\"'\\,;<>{}]{4,})",
)
_BEARER = Regex(r"(?i)bearer[ \t]{1,4}(?P<s>[A-Za-z0-9._~+/=-]{16,})")
_COOKIE = Regex(r"(?i)cookie2?[\"'\]\\]{0,4}[ \t]{0,4}[:=][ \t]{0,4}[\"'\\]{0,4}(?=[A-Za-z0-9_.\-]{1,64}=)")
_COOKIE_PAIR = Regex(r"[A-Za-z0-9_.\-]{1,64}(?:=(?:\"[^\"\r\n]{0,4096}\"|[^\s;\"',\\]{0,4096}))?(?:;[ \t]{0,4})?")


def _positions(lower: str, word: str) -> Iterator[int]:
    position = lower.find(word)
    while position >= 0:
        yield position
        position = lower.find(word, position + len(word))


def find_header_credentials(text: str, lower: str) -> Iterator[Span]:
    """Yield what Authorization and Cookie headers and bare bearer tokens carry; the scheme stays."""
    for position in _positions(lower, "authorization"):
        match = _AUTHORIZATION.match(text, position)
        if not match or is_harmless(match.group("s")):
            continue
        if match.group("scheme") or looks_random(match.group("s")):
            yield Span(match.start("s"), match.end("s"), "authorization", 3)
    for position in _positions(lower, "bearer"):
        match = _BEARER.match(text, position)
        if match and looks_random(match.group("s")):
            yield Span(match.start("s"), match.end("s"), "bearer-token", 2)
    end = 0
    for position in _positions(lower, "cookie"):
        match = _COOKIE.match(text, position) if position >= end else None
        if match:
            end = match.end()
            while (pair := _COOKIE_PAIR.match(text, end)) and end < match.end() + 16_384:
                end = pair.end()
            yield Span(match.end(), end, "cookie", 3)


class CommandRule:
    """A password that a well-known command takes; a text without its option and one of its words is not searched."""

    __slots__ = ("expression", "option", "words")

    def __init__(self, option: str, words: str, expression: str) -> None:
        self.option = option
        self.words = tuple(words.split())
        self.expression = Regex(expression)


def _command(option: str, words: str, programs: str, form: str) -> CommandRule:
    return CommandRule(option, words, rf"(?<![\w-])(?:{programs})(?![\w-])[^\n|;&]{{0,120}}?[ \t]{form}")


_VALUE = r"(?P<q>['\"]?)(?P<s>[^\s'\"]{1,256})"
_FLAGS = r"(?:-[a-zA-Z]{1,4}(?:[ ]+[0-9]{1,3})?[ ]+){0,4}"
_USER = r"['\"]?[^\s:'\"]{1,64}:"
_COMMANDS: tuple[CommandRule, ...] = (
    _command(" -p", "sshpass login", "sshpass|(?:docker|podman|helm registry|oras|az|oc) login", rf"-p[ =]?{_VALUE}"),
    _command(" -p", "mysql mariadb", r"mysql[a-z]{0,8}|mariadb(?:-[a-z]{1,10})?", rf"-p(?!['\"]?\s){_VALUE}"),
    _command(" -a", "redis-cli", "redis-cli", rf"-a[ =]?{_VALUE}"),
    _command(" -w", "ldap", "ldap[a-z]{2,8}", rf"-w[ ]?{_VALUE}"),
    _command(" -P", "sqlcmd bcp isql", "sqlcmd|bcp|isql", rf"-P[ ]?{_VALUE}"),
    _command(" -p", "mongo", "mongo(?:sh|dump|restore|export|import)?", rf"-p[ =]?{_VALUE}"),
    _command("-u", "curl http", "curl|http|https", rf"-[uU][ ]?{_USER}{_VALUE}"),
    _command("-a", "http", "http|https|xh", rf"(?:-a|--auth)[ =]{_USER}{_VALUE}"),
    _command("openssl", " -k", "openssl", rf"-k[ ]{_VALUE}"),
    _command("openssl", "pass:", "openssl", rf"-pass(?:in|out)?[ ]pass:{_VALUE}"),
    _command(" -P", "zip ipmi", "zip|unzip|ipmitool", rf"-P[ ]{_VALUE}"),
    _command(" -", "7z rar", "7z[ar]?|rar|unrar", rf"-h?p(?!['\"]?\s){_VALUE}"),
    _command("-", "keytool jarsigner", "keytool|jarsigner", rf"-[a-z]{{0,12}}pass(?:wd)?[ ]{_VALUE}"),
    _command("snmp", "-A -X", "snmp[a-z]{1,10}", rf"-[AX][ ]{_VALUE}"),
    _command("%", "smb rpc net", "smbclient|rpcclient|smbget|net", rf"-U[ =]?['\"]?[^\s%'\"]{{1,64}}%{_VALUE}"),
    _command("lftp", "-u", "lftp", rf"-u[ ][^\s,]{{1,64}},{_VALUE}"),
    _command(" -p", "cqlsh psexec useradd usermod", "cqlsh|psexec|useradd|usermod", rf"-p[ ]{_VALUE}"),
    _command("/p:", "rdp", "[a-z]{0,4}freerdp[0-9]?|rdesktop", rf"/p:{_VALUE}"),
    CommandRule(
        "htpasswd",
        "-",
        rf"htpasswd[ ]+{_FLAGS}-[a-zA-Z]{{0,6}}b[a-zA-Z]{{0,6}}(?:[ ]+[0-9]{{1,2}})?[ ]+{_FLAGS}"
        rf"[^\s-]\S*[ ]+\S+[ ]+{_VALUE}",
    ),
    CommandRule(
        "htpasswd",
        "n",
        rf"htpasswd[ ]+-(?=[a-zA-Z]{{0,8}}n)[a-zA-Z]{{0,8}}b[a-zA-Z]{{0,4}}[ ]+{_FLAGS}[^\s-]\S*[ ]+{_VALUE}",
    ),
    CommandRule(
        "rabbitmqctl",
        "user password",
        rf"rabbitmqctl[^\n|;&]{{0,60}}?[ ](?:add_user|change_password)[ ]+\S{{1,64}}[ ]+{_VALUE}",
    ),
    CommandRule("net user ", "/", rf"net user[ ]+[^\s/]{{1,64}}[ ]+(?!/){_VALUE}"),
    CommandRule(
        "chpasswd",
        "echo",
        r"echo[ ]+(?:-n[ ]+)?['\"]?[\w.-]{1,64}:(?P<s>[^\s'\"|]{1,256})['\"]?[ ]*\|[ ]*(?:sudo[ ]+)?chpasswd",
    ),
    CommandRule("sqlplus", "/", r"sqlplus[ ]+(?:-\S+[ ]+){0,4}['\"]?[\w.$#-]{1,64}/(?P<s>[^\s'\"@/]{1,128})@"),
    CommandRule(
        "mc ", "alias config", rf"mc[ ]+(?:alias[ ]+set|config[ ]+host[ ]+add)[ ]+\S+[ ]+\S+[ ]+\S+[ ]+{_VALUE}"
    ),
    CommandRule(
        " set ",
        "secret token password",
        rf"(?:config|configure)[ ]+set[ ]+[\w./:-]{{0,64}}(?:secret|token|password)\w{{0,32}}[ ]+{_VALUE}",
    ),
    CommandRule("SecureString", "AsPlainText", rf"ConvertTo-SecureString[ ]+(?:-String[ ]+)?{_VALUE}"),
    CommandRule(
        ":", ":5432: :5433: :6432:", r"(?m)^[\w.*-]{1,128}:[0-9]{2,5}:[\w*.-]{1,64}:[\w*.@-]{1,64}:(?P<s>\S{1,256})$"
    ),  # .pgpass
    _command("user", "curl wget", "curl|wget", rf"--(?:proxy-)?user[ =]{_USER}{_VALUE}"),
    CommandRule("'", "i I", r"(?i:identified (?:by|with \w{1,40} by)) '(?P<s>[^'\n]{1,256})'"),
    CommandRule(
        "login ", "password", rf"login[ \t\n]{{1,8}}[^\s]{{1,128}}[ \t\n]{{1,8}}password[ \t\n]{{1,8}}{_VALUE}"
    ),
    CommandRule("jdbc:oracle:", "@", _ORACLE),
)


def find_command_credentials(text: str) -> Iterator[Span]:
    """Yield passwords behind the short options of well-known commands, in .netrc and in Oracle's JDBC addresses."""
    for rule in _COMMANDS:
        if rule.option in text and any(word in text for word in rule.words):
            for match in rule.expression.finditer(text):
                if not is_harmless(match.group("s")):
                    yield Span(match.start("s"), match.end("s"), "password", 3)


_SECRET_40 = Regex(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])")
_AWS_PAIR_REACH = 120


def find_aws_pairs(text: str, tokens: list[Span]) -> Iterator[Span]:
    """Yield the 40-character secret that stands close behind an AWS access key id."""
    for token in tokens:
        if token.kind == "aws-access-key":
            for match in _SECRET_40.finditer(text, token.end, min(token.end + _AWS_PAIR_REACH, len(text))):
                if looks_random(match.group(), mixed_case=True):
                    yield Span(match.start(), match.end(), "aws-secret-key", 1)
