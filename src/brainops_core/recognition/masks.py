"""What stays the same in a message when the same thing happens again: which parts vary from one time to the next?"""

from __future__ import annotations

from brainops_core.regex import Regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from re import Match

MESSAGE_REACH = 8192
"""How many characters of a message are read; what identifies an error stands at its beginning."""

TEMPLATE_REACH = 1024

MASKS_AT_HAND = 64  # of the latest messages: one error is asked about a dozen times while it is dealt with
_masks: dict[str, str] = {}

EPHEMERAL_PORT = 32_768
"""Ports from here on are handed out by the kernel (Linux, ip_local_port_range); below they name a service."""

_SERVICE_PORTS = frozenset(
    "22 25 53 80 110 143 389 443 465 587 636 993 1433 1521 2181 2375 2379 3000 3306 3389 4222 5000 5432 5601 5671 5672 "
    "5984 6379 6443 7000 7474 8000 8080 8081 8086 8123 8200 8443 8500 8888 9000 9042 9090 9092 9093 9200 9300 10250 "
    "11211 15672 25565 26379 27017 50051".split()
)
_TECHNICAL = frozenset(
    "sha128 sha224 sha256 sha384 sha512 aes128 aes192 aes256 rs256 rs384 rs512 es256 es384 hs256 hs384 hs512 ed25519 "
    "p256 p384 x25519 x509 pkcs11 pkcs12 tls10 tls11 tls12 tls13 cp437 cp850 cp1250 cp1251 cp1252 cp65001 utf16 utf32 "
    "utf8mb3 utf8mb4 crc16 crc32 crc32c base16 base32 base58 base64 base64url base85 int16 int32 int64 int128 uint16 "
    "uint32 uint64 uint128 float16 float32 float64 float128 i16 i32 i64 u16 u32 u64 f32 f64 win32 win64 win32api x64 "
    "x86 x86_64 amd64 arm64 aarch64 ppc64le s390x log4j2 h11 h264 h265 rfc3339 rfc5424 iso8601 py27 py39 py310 py311 "
    "py312 py313 java11 java17 java21 c99 c11 cpp11 cpp17 cpp20 es2015 es2020 pg8000 i18next l10n".split()
)
_INSTANCES = frozenset(
    "node worker host server web db disk thread task job pod shard replica partition broker core cpu gpu eth rank slot "
    "device dev instance agent runner executor master slave primary secondary follower subdir dir part chunk segment "
    "file queue vm tmp rack zone client conn connection session pool proc process consumer producer batch bucket "
    "rc alpha beta build volume".split()
)
"""Words that are counted through: worker1 and worker2 do the same, while psycopg2 and psycopg3 are two things."""

_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_ZONE = r"(?:[AP]M|Z|UTC|GMT|CES?T|[A-Z][a-z]+/[A-Z][A-Za-z_]+|[+-]\d{2}:?\d{2})"
_CLOCK = rf"\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:[.,]\d{{1,9}})?)?(?:\s?{_ZONE})?"
_CLOCK_BEHIND = rf"(?:,? {_CLOCK}(?: [A-Z]{{3,4}})?)?(?:,? \d{{4}}(?!\w))?"
STAMP = "|".join(
    (
        rf"\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}(?:[T _-]{{1,2}}{_CLOCK})?(?![\w.]*\w)",
        rf"\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{2,4}}[T ,]{{1,2}}{_CLOCK}",
        r"\d{2}/\d{2}/\d{4}(?!\w)",
        rf"\d{{1,2}}/{_MONTH}/\d{{4}}:\d{{2}}:\d{{2}}:\d{{2}}(?: [+-]\d{{4}})?",
        rf"(?:{_DAY}[a-z]{{0,6}},? )?\d{{1,2}}[ -]{_MONTH}[ -]\d{{2,4}}(?:[ T]{_CLOCK})?",
        rf"(?:{_DAY}[a-z]{{0,6}},? )?{_MONTH} {{1,2}}\d{{1,2}}{_CLOCK_BEHIND}",
        r"\d{1,2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?:\s?[AP]M)?(?![\w:])",
        r"20\d{6}[T_-]\d{6}(?:Z|\.\d{1,6})?(?!\w)",
    )
)
_STAMP_WORDS = frozenset("Mon Tue Wed Thu Fri Sat Sun Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())


def may_begin_with_stamp(line: str) -> bool:
    """Say cheaply whether a line could begin with a time, also in a bracket: that expression is long to compile."""
    begin = line[1:] if line.startswith(("[", "(", "<")) else line
    return begin[:1].isdecimal() or begin[:1] == " " or begin[:3] in _STAMP_WORDS


_UNIT_TIME = (
    r"(?:ns|nanoseconds?|[µu]s|microseconds?|ms|msecs?|millis(?:econds?)?|s|secs?|seconds?|mins?|minutes?|hrs?|hours?|"
    r"days?|weeks?)"
)
_UNIT_SIZE = r"(?:[KMGTPE]i?B|[kmgt]i?b|bytes?|octets?|B)"
_CODE_NAMES = (
    r"(?:\[?errno|winerror|error(?: code| number| no\.?)?|err(?:or)?[_ ]?(?:code|no|num)|"
    r"exit(?:ed)?(?: with)?[ _]?(?:code|status|value)?|non-zero(?: exit)? (?:status|code)|"
    r"return(?:ed)?[ _]?(?:code|status)|rc|retval|status(?:[ _-]?(?:code|line))?|(?:reason|completion|result|minor)"
    r"(?:[ _-]?code)?|code|data(?= [0-9a-f]{3}\b)|"
    r"killed by signal|signal|sqlstate|hresult|ntstatus)"
)
_REASON = (
    "Client Error|Server Error|Internal Server|Bad Gateway|Service Unavailable|Service Temporarily|Gateway Time|"
    "Not Found|Forbidden|Unauthorized|Bad Request|Conflict|Too Many|Unprocessable|Payload Too|Request Entity|"
    "Method Not|Gone|Request Time|Precondition|Not Implemented|Not Acceptable|OK(?![a-z])|Created|Moved|Found"
)
_IDENTITY = (
    r"(?:user(?:name|[_-]?id)?|uid|euid|gid|pid|tid|id|[a-z]{1,20}[_-]id|[a-z]{1,20}Id|session|sid|trace|span|request|"
    r"correlation|transaction|txn|email|login|logname|ruser|rhost|pod|client|tenant|cust(?:omer)?)"
)
_ID_STATE = frozenset(
    "required missing unknown expired revoked invalid duplicate duplicated empty null none not must cannot can is was "
    "are should already field value has does may no in too unexpected wrong malformed deleted disabled locked denied "
    "blank conflicting ambiguous unset immutable reserved mismatch".split()
)
"""Words behind "order_id:" that say what is wrong with it, instead of which it is."""
_ENTITIES = frozenset(
    "ORD ORDER INV TXN TRX REQ JOB USER CUST ACC ACCT TKT TICKET INC REF SKU PAY CASE DOC EMP PO SO SN ID TASK RUN MSG "
    "BATCH CART SHIP PKG ITEM".split()
)
"""What is numbered in capitals as error codes are, and is none."""

_DATA_BEFORE = (
    r"(?:[Dd]uplicate entry|with base \d{1,2}:|could not convert string to [a-z]{1,12}:|"
    r"invalid input (?:syntax|value) for (?:type |enum )?[\w ]{1,30}:|[Ff]or input string:|input_value=)"
)

# In this order; the first that matches at a place wins. Runs are bounded, and none is nested in another.
_FORMS = (
    r"(?P<marker>\[(?:redacted:[a-z0-9-]{1,40}|(?:email|phone|ipv4|ipv6|card|iban|ssn):[0-9a-f]{12})\]|<[a-z]{1,12}>)",
    rf"(?P<data>{_DATA_BEFORE}\s?)(?:'[^'\n]{{0,400}}'|\"[^\"\n]{{0,400}}\")",
    r"(?P<dup>dup key: ?)\{[^{}\n]{0,400}\}",
    r"(?P<column>Key \([^()\n]{1,200}\)=)\([^()\n]{0,400}\)",
    r"(?P<url>(?<![A-Za-z])[a-z][a-z0-9+.\-]{1,15}://[^\s\"'<>()\[\]{},;|]{1,600})",
    r"(?P<email>(?<![\w.+\-])[\w.+\-]{1,64}@[A-Za-z0-9\-]{1,63}\.[A-Za-z0-9.\-]{1,120}[A-Za-z])",
    r"(?P<uuid>(?<![0-9A-Za-z])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9A-Za-z]))",
    r"(?P<mac>(?<![\w:\-])(?:[0-9a-fA-F]{2}[:\-]){5,19}[0-9a-fA-F]{2}(?![\w:\-]))",
    rf"(?P<stamp>(?<![\w.])(?:{STAMP}))",
    r"(?P<ip>(?<![\w.])/?(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)(?::(?P<ipport>\d{1,5})(?!\w))?)",
    (
        r"(?P<ipv6>(?<![\w:.])\[?(?=[0-9a-fA-F:]{0,39}\d)(?=[0-9a-fA-F:]{0,39}::|(?:[0-9a-fA-F]{1,4}:){7})"
        r"(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}(?:\](?::(?P<v6port>\d{1,5}))?)?(?!\w|:\w))"
    ),
    (
        rf"(?P<code>(?<![A-Za-z0-9])(?i:{_CODE_NAMES})[\"']?(?:\s?[:=]\s?|\s|\[|\(|#)[\"'(\[]?"
        r"(?:-?\d{1,7}|0x[0-9a-fA-F]{4,16}|[0-9A-Z]{5}|[A-Z]{1,6}-?\d{1,6})(?!\w|[.,:/\-]\d)(?:\s?\([0-9A-Z]{5}\))?)"
    ),
    (
        r"(?P<http>(?<![A-Za-z0-9])(?:(?i:HTTP(?:/\d(?:\.\d)?)?(?: error| status| code| response)?|got|returned|"
        r"received|responded(?: with)?|response|answered(?: with)?|replied(?: with)?)[:\s]{1,2}(?:an? )?[1-5]\d\d"
        rf"(?!\w|\.\d)|(?:->|=>|(?i:failed|failure|error):) ?[45]\d\d(?![\w.,]*\d| \w)|[1-5]\d\d (?={_REASON})))"
    ),
    r"(?P<smtp>(?<![\w.])[245]\d\d[ -][245]\.\d{1,3}\.\d{1,3}(?![\w.]))",
    r"(?P<hresult>(?<![0-9A-Za-z])0x[8CDE][0-9A-F]{7}(?![0-9A-Za-z]))",
    r"(?P<protocol>(?<![A-Za-z0-9])(?:TLS|SSL|DTLS)[ _v]{0,2}\d(?:[._]\d)?(?!\w))",
    r"(?P<tuple>(?<![\w)])\(\d{3,5}, (?=['\"]))",
    r"(?P<port>(?<![A-Za-z0-9])(?i:port)[ :=]{1,2}(?P<portnumber>\d{1,5})(?!\w))",
    (
        rf"(?P<pair>(?<![A-Za-z0-9])(?P<pairname>{_IDENTITY})[\"']?(?:=|: ?)(?:\"[^\"\n]{{0,200}}\"|'[^'\n]{{0,200}}'|"
        r"[^\s,;()\[\]{}\"'<>]{1,200})(?![\w(]))"
    ),
    r"(?P<address>(?<![0-9A-Za-z])0[xX][0-9a-fA-F]{1,40}(?![0-9A-Za-z]))",
    r"(?P<windows>(?<![A-Za-z0-9])[A-Za-z]:\\[^\s\"'<>|:*?]{1,400})",
    r"(?P<path>(?<![\w/<>])[~.]{0,2}/[\w.@+%~=/\-]{2,400})",
    (
        rf"(?P<duration>(?<![\w.])(?:[-+]?\d[\d.,]{{0,20}}\s?{_UNIT_TIME}|"
        r"(?:\d{1,9}(?:\.\d{1,9})?(?:ms|us|µs|ns|[dhms])){1,5})(?!\w))"
    ),
    rf"(?P<size>(?<![\w.])\d[\d.,]{{0,20}}\s?{_UNIT_SIZE}(?!\w)|(?<![\w.])\d[\d.]{{0,20}}[KMGTk](?!\w))",
    r"(?P<percent>(?<![\w.])[-+]?\d[\d.,]{0,20}\s?%)",
    r"(?P<number>(?<![\w.])[-+]?\d[\d.,]{0,40}(?:[eE][-+]?\d{1,4})?(?![\w]))",
    (
        r"(?P<image>(?P<repository>[a-z0-9][\w.\-]{0,100}(?:/[\w.\-]{1,100}){0,5}):v?\d{1,5}(?:\.\d{1,6}){1,3}"
        r"(?:[-+.]\w[\w.\-]{0,40})?(?![\w:]))"
    ),
    r"(?P<hostport>(?P<host>(?=\d{0,12}[A-Za-z])\w[\w.\-]{0,120}):(?P<hostportnumber>\d{1,6})(?::\d{1,5})?(?![\w]))",
    r"(?P<word>[\w$][\w$.\-]{0,200})",
)


class _TextShape:
    """A text, and what is asked of it before an expression is compiled for it."""

    __slots__ = ("lower", "shape", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.lower = text.lower()
        self.shape = text.translate(_AS_ZERO)

    @property
    def digits(self) -> bool:
        return "0" in self.shape

    def has(self, *literals: str) -> bool:
        return any(literal in self.text for literal in literals)

    def says(self, *words: str) -> bool:
        return any(word in self.lower for word in words)

    def shaped(self, *shapes: str) -> bool:
        return any(shape in self.shape for shape in shapes)


_AS_ZERO = dict.fromkeys(range(ord("1"), ord("9") + 1), "0")
_MONTHS = tuple("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
_CODE_WORDS = tuple(
    "err exit non-zero return rc retval status reason completion result minor code data signal sqlstate".split()
)
_IDENTITY_WORDS = tuple(
    "id user session trace span request correlation transaction txn email login logname rhost pod client tenant"
    " cust".split()
)
_ASKED: Sequence[Callable[[_TextShape], bool]] = (
    lambda t: t.has("[", "<"),  # marker
    lambda t: t.has("ntry", "with base", "could not convert", "invalid input", "nput string:", "input_value="),  # data
    lambda t: t.has("dup key"),  # dup
    lambda t: t.has("Key ("),  # column
    lambda t: t.has("://"),  # url
    lambda t: t.has("@"),  # email
    lambda t: t.text.count("-") >= 4,  # uuid
    lambda t: t.text.count("-") + t.text.count(":") >= 5,  # mac
    lambda t: t.shaped("0-0", "0/0", "0.0", "0:0", "0T0", "0_0") or (t.digits and t.has(*_MONTHS)),  # stamp
    lambda t: t.shaped("0.0"),  # ip
    lambda t: t.has("::") or t.text.count(":") >= 7,  # ipv6
    lambda t: t.says(*_CODE_WORDS),  # code
    lambda t: t.shaped("000"),  # http
    lambda t: t.shaped("000"),  # smtp
    lambda t: t.has("0x"),  # hresult
    lambda t: t.has("TLS", "SSL"),  # protocol
    lambda t: t.shaped("(000"),  # tuple
    lambda t: t.says("port"),  # port
    lambda t: t.has("=", ":") and t.says(*_IDENTITY_WORDS),  # pair
    lambda t: t.says("0x"),  # address
    lambda t: t.has(":\\"),  # windows
    lambda t: t.has("/"),  # path
    lambda t: t.digits,  # duration
    lambda t: t.digits,  # size
    lambda t: t.has("%"),  # percent
    lambda t: t.digits,  # number
    lambda t: t.shaped("0.0") and t.has(":"),  # image
    lambda t: t.shaped(":0"),  # hostport
    lambda t: True,  # word
)
"""What a text must hold for each of these forms to match in it: a form that cannot match is not compiled."""

assert len(_ASKED) == len(_FORMS)
_WHOLE = Regex("|".join(_FORMS))
_PARTS: dict[tuple[int, ...], Regex] = {}
MOST_PARTS = 8
"""Expressions that are compiled for what some texts hold; who reads more kinds of text than that compiles the whole."""


def _scan(text: str) -> str:
    """Return the text with what varies masked.

    To compile all forms takes a hook as long as three starts of the interpreter, and most errors hold few. Beyond
    ASCII, where case and digits are more than these literals, all are compiled.
    """
    if not text.isascii():
        return _WHOLE.sub(_masked, text)
    said = _TextShape(text)
    held = tuple(number for number, asked in enumerate(_ASKED) if asked(said))
    expression = _PARTS.get(held)
    if expression is None:
        if len(_PARTS) >= MOST_PARTS:
            return _WHOLE.sub(_masked, text)
        expression = _PARTS[held] = Regex("|".join(_FORMS[number] for number in held))
    return expression.sub(_masked, text)


_SIMPLE = {
    "email": "<email>",
    "uuid": "<uuid>",
    "mac": "<mac>",
    "stamp": "<time>",
    "address": "<n>",
    "duration": "<duration>",
    "size": "<size>",
    "percent": "<n>%",
}
_SAME_AGAIN = Regex(r"(<[a-z]{1,12}>)(?:[ ]?[,;:.\-_|/][ ]?\1|[ ]\1)+")
_SPACE = Regex(r"\s+")
_SPEAKS_HTTP = Regex(
    r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \S|\bHTTP/\d",
    *("GET ", "POST ", "PUT ", "PATCH ", "DELETE ", "HEAD ", "OPTIONS ", "HTTP/"),
)
_STATUS = Regex(r"(?i)(?<=[\s\"'(\[])([45]\d\d)(?=[,;)\]\"']|\s+(?!(?:%|[kmgt]?i?b|bytes?|[mun]?s|rows?)\b)|$)")
"""In what speaks of HTTP, a number by itself from 400 to 599 is a status."""
_CLIENT_PORT = Regex(r"(from <ip> port )\d{1,5}", "from <ip> port ")


_COLOUR = Regex(r"\x1b\[[0-9;]{0,20}[A-Za-z]")


def without_colour(text: str) -> str:
    """Return the text without the escape sequences by which terminals colour it."""
    return _COLOUR.sub("", text) if "\x1b" in text else text


def mask(message: str) -> str:
    """Return the template of a message: what varies replaced by <n>, <id>, <time> and the like, on one line.

    Words, error codes, exit codes, HTTP statuses, signals and service ports stay, for they say which error it is.
    """
    found = _masks.get(message)
    if found is None:
        if len(_masks) >= MASKS_AT_HAND:
            _masks.clear()
        found = _masks[message] = _template(message)
    return found


def _template(message: str) -> str:
    text = without_colour(message[:MESSAGE_REACH])
    text = _scan(_STATUS.sub(r"status \1", text) if _SPEAKS_HTTP.search(text) else text)
    text = _CLIENT_PORT.sub(r"\1<port>", text)
    text = _SPACE.sub(" ", text).strip()
    return _without_repeats(_SAME_AGAIN.sub(r"\1", text))[:TEMPLATE_REACH].rstrip()


def _without_repeats(text: str) -> str:
    """Return the text with a list of masked words reduced to one, for lists differ in length from time to time."""
    kept: list[str] = []
    for word in text.split(" "):
        if not (kept and "<" in word and word.rstrip(",;") == kept[-1].rstrip(",;")):
            kept.append(word)
        else:
            kept[-1] = word
    return " ".join(kept)


def _masked(match: Match[str]) -> str:
    kind = match.lastgroup or ""
    found = match.group()
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    match kind:
        case "word":
            return mask_word(found)
        case "number":
            return "<n>" + found[len(found.rstrip(".,")) :]
        case "data" | "dup":
            return f"{match[kind]}<value>"
        case "column":
            return f"{match['column']}(<value>)"
        case "marker":
            return found if found.startswith(("<", "[redacted")) else f"<{found[1:].partition(':')[0]}>"
        case "ipv6":
            if match["v6port"]:
                return "<ip>" + _port(match["v6port"])
            last = found.rpartition(":")[2]  # of "::1:5432", as programs print it without brackets
            return f"<ip>:{last}" if len(last) > 3 and last in _SERVICE_PORTS else "<ip>"
    return _masked_place(kind, match, found)


def _masked_place(kind: str, match: Match[str], found: str) -> str:
    match kind:
        case "url":
            return _url(found)
        case "ip":
            return "<ip>" + (_port(match["ipport"]) if match["ipport"] else "")
        case "image":
            return f"{mask_word(match['repository'])}:<n>"
        case "port":
            return f"port {_port(match['portnumber'])[1:]}"
        case "pair":
            return _pair(match["pairname"], found)
        case "windows" | "path":
            return mask_path(found)
        case "hostport":
            host = match["host"]
            number = match["hostportnumber"]
            if _SOURCE_FILE.search(host):
                return mask_word(host)
            named = "." in host or host == "localhost" or number in _SERVICE_PORTS
            return mask_word(host) + (_port(number) if named and len(number) < 6 else ":<n>")
    return _SPACE.sub(" ", found)  # code, http, protocol, tuple: what says which error it is


_SAID = Regex(r": ?([a-z]+)")


def _pair(name: str, found: str) -> str:
    told = found[len(name) :].lstrip("\"'")
    # "session: expired" says what is wrong with it, "session: 17" and "session=x" say which one.
    said = _SAID.match(told)
    is_state = said is not None and said[1] in _ID_STATE if name.endswith(("id", "Id")) else told.startswith(":")
    if is_state and not any(map(str.isdigit, told)):
        return name + found[len(name) : len(found) - len(told) + 1] + _scan(told[1:])
    return f"{name}=<id>"


def _port(number: str) -> str:
    return f":{number}" if int(number) < EPHEMERAL_PORT else ":<port>"


_SOURCE_FILE = Regex(
    r"\.(?:py|pyx|js|mjs|cjs|ts|jsx|tsx|java|kt|scala|go|rs|rb|php|"
    r"c|cc|cpp|h|hpp|cs|ex|erl|swift|sh|sql|ya?ml|json)$"
)


_AUTHORITY = Regex(r"(\[[^\]]*\]|[^:]*)(?::(\d{1,5})$)?")


def _url(url: str) -> str:
    body = url.rstrip(".:!")
    scheme, _, rest = body.partition("://")
    place = rest.partition("#")[0].partition("?")[0]
    authority, slash, path = place.partition("/")
    host, port = _AUTHORITY.match(authority.rpartition("@")[2]).groups()  # type: ignore[union-attr]
    shown = mask(host) if host[:1].isdigit() or host.startswith("[") else mask_word(host)
    shown += _port(port) if port else ""
    return f"{scheme}://{shown}{slash}{_segments(path.split('/'))}"


_POD = Regex(r"-[bcdfghjklmnpqrstvwxz2456789]{8,10}-[bcdfghjklmnpqrstvwxz2456789]{5}$")
_POD_OF_SET = Regex(r"-(?=[a-z]{0,4}\d)[bcdfghjklmnpqrstvwxz2456789]{5}$")
_ERROR_CODE = Regex(r"[A-Z]{1,8}[-_]?\d{3,5}[A-Z]?$|(?P<entity>[A-Z]{2,8})\d{6,7}$")
_UUID = Regex(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEX = Regex(r"[0-9a-fA-F]{8,}$")
_NAME_NUMBER = Regex(r"([A-Za-z_$]+)(\d+)$")
_NUMBER_NAME = Regex(r"\d+([A-Za-z]{1,3})$")
_PART = Regex(r"[.\-_:+=,@%~]+|[^.\-_:+=,@%~]+")
_SIGN = Regex(r"(?<=[_.:])-(?=<n>)")
_LETTER_BETWEEN = Regex(r"<n>[_-][a-zA-Z](?=[_-]<n>)")
_CHANGE = Regex(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])")
_LONGEST_VERSION = 1
_SHORTEST_ID = 5


def mask_word(word: str) -> str:
    """Return a word with the parts that are made up each time replaced; a word without digits stays."""
    body = word.rstrip(".-")
    tail = word[len(body) :]
    if "-" in body:
        pod = _POD.search(body) or _POD_OF_SET.search(body)
        if pod:
            return f"{mask_word(body[: pod.start()])}-<pod>{tail}"
    if not any(map(str.isdigit, body)):
        return word
    code = _ERROR_CODE.match(body)
    if body.lower() in _TECHNICAL or (code and code["entity"] not in _ENTITIES):
        return word
    if glued := _UUID.search(body):
        return f"{mask_word(body[: glued.start()])}<uuid>{mask_word(body[glued.end() :])}{tail}"
    masked = _SIGN.sub("", "".join(map(_part, _PART.findall(body))))
    return _SAME_AGAIN.sub(r"\1", _LETTER_BETWEEN.sub("<n>", masked)) + tail


def _part(part: str) -> str:
    if not any(map(str.isdigit, part)) or part.lower() in _TECHNICAL:
        return part
    if part.isdigit():
        return "<n>"
    if _HEX.match(part):
        return "<n>"
    if named := _NAME_NUMBER.match(part):
        counted_through = len(named[2]) > _LONGEST_VERSION or named[1].lower() in _INSTANCES
        return f"{named[1]}<n>" if counted_through else part
    if counted := _NUMBER_NAME.match(part):
        return f"<n>{counted[1]}"
    return "<n>" if len(part) >= _SHORTEST_ID and len(_CHANGE.findall(part)) > 1 else part


_TEMPORARY = Regex(
    r"(?i)^(?:/private)?(?:/var)?/tmp(?=/|$)|^/dev/shm(?=/|$)|^(?:/private)?/var/folders/[^/]+/[^/]+/[A-Z](?=/|$)|"
    r"^[A-Z]:/(?:Windows/Temp|Temp|Users/[^/]+/AppData/Local/Temp)(?=/|$)"
)
_HOME = Regex(r"^(?:/home/[^/]+|/Users/[^/]+|/root|~[\w-]*|[A-Za-z]:/Users/[^/]+)(?=/|$)")
_LIBRARY = Regex(r".*/(?:site-packages|dist-packages|node_modules|lib/python\d(?:\.\d{1,3})?)(?=/)")
_PLAIN_FILE = Regex(r"[A-Za-z][\w.\-]*\.[A-Za-z]\w{0,9}$")
_MADE_UP_NAME = Regex(r"tmp[\w]{6,10}$|tmp\.\w{6,12}$")


def mask_path(path: str) -> str:
    """Return a path without what differs from machine to machine: temporary folders, homes, library versions, ids."""
    body = path.rstrip(".:")
    tail = path[len(body) :]
    place = body.replace("\\", "/")
    lower = place.lower()
    named = "tmp" in lower or "temp" in lower or "hm" in lower or "/folders" in lower
    if named and (temporary := _TEMPORARY.match(place)):
        name = place[temporary.end() :].rpartition("/")[2]
        plain = _PLAIN_FILE.match(name) and not _MADE_UP_NAME.match(name.partition(".")[0])
        return ("<tmp>/" + _segments([name]) if plain else "<tmp>") + tail
    if library := _LIBRARY.match(place):
        return "<lib>" + _segments(place[library.end() :].split("/")) + tail
    if home := _HOME.match(place):
        return "~" + _segments(place[home.end() :].split("/")) + tail
    return _segments(place.split("/")) + tail


def _segments(segments: list[str]) -> str:
    return "/".join("<tmp>" if _MADE_UP_NAME.match(segment) else mask_word(segment) for segment in segments)
