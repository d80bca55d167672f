"""Are secrets that are known by their name, their place or their policy replaced, and is ordinary text left alone?"""

from __future__ import annotations

import json

import pytest

from brainops.errors import InvalidConfiguration
from brainops.memory.redaction.policy import RedactionPolicy
from brainops.memory.redaction.redact import redact, redact_json
from brainops.types import Finding

PW = "hunt" + "er2!x"  # made from parts, so that no scanner takes this file for a leak
HIGH = "q7Rt2LmX9" + "vBn4KpZ8w"

# (text with the secret, the secret, the text afterwards)
NAMED: dict[str, list[tuple[str, str, str]]] = {
    "url": [
        (f"postgres://bob:{PW}@db.prod:5432/shop", PW, "postgres://bob:[redacted:password]@db.prod:5432/shop"),
        (f"mysql+pymysql://root:{PW}@10.0.0.5/x", PW, "mysql+pymysql://root:[redacted:password]@10.0.0.5/x"),
        (f"redis://:{PW}@cache:6379/0 refused", PW, "redis://:[redacted:password]@cache:6379/0 refused"),
        (f"mongodb+srv://u:{PW}@c0.mongodb.net/a?w=1", PW, "mongodb+srv://u:[redacted:password]@c0.mongodb.net/a?w=1"),
        (f"amqp://u:p@{PW}@mq/vhost", f"p@{PW}", "amqp://u:[redacted:password]@mq/vhost"),
        (f"amqp://u:a/{PW}@mq/vhost", f"a/{PW}", "amqp://u:[redacted:password]@mq/vhost"),
        (f"GET https://ci:{PW}@repo.host/x 403", PW, "GET https://ci:[redacted:password]@repo.host/x 403"),
        (f"clone https://{HIGH}ab@git.host/x", f"{HIGH}ab", "clone https://[redacted:token]@git.host/x"),
        (
            f"jdbc:mysql://h/db?user=u&password={PW}&ssl=1",
            PW,
            "jdbc:mysql://h/db?user=u&password=[redacted:password]&ssl=1",
        ),
        (f"jdbc:oracle:thin:scott/{PW}@h:1521:x", PW, "jdbc:oracle:thin:scott/[redacted:password]@h:1521:x"),
        (f"https://h/cb?access_token={HIGH}&x=1", HIGH, "https://h/cb?access_token=[redacted:token]&x=1"),
    ],
    "ado": [
        (
            f"Server=db;User Id=sa;Password={PW};Encrypt=yes",
            PW,
            "Server=db;User Id=sa;Password=[redacted:password];Encrypt=yes",
        ),
        (f"Host=h;Username=u;Pwd={PW};Database=d", PW, "Host=h;Username=u;Pwd=[redacted:password];Database=d"),
        (f"AccountName=a;AccountKey={HIGH}==;X=1", f"{HIGH}==", "AccountName=a;AccountKey=[redacted:account-key];X=1"),
        (f"host=db user=bob password={PW} dbname=x", PW, "host=db user=bob password=[redacted:password] dbname=x"),
    ],
    "env": [
        (f"API_KEY={PW}", PW, "API_KEY=[redacted:api-key]"),
        (f"export SECRET_TOKEN='{PW}'", PW, "export SECRET_TOKEN='[redacted:token]'"),
        (f"  DB_PASSWORD=a,{PW};w&d(x)\nNEXT=1", f"a,{PW};w&d(x)", "  DB_PASSWORD=[redacted:password]\nNEXT=1"),
        (f'ENV APP_SECRET="{PW}"', PW, 'ENV APP_SECRET="[redacted:secret]"'),
        (f"AWS_SECRET_ACCESS_KEY={HIGH}", HIGH, "AWS_SECRET_ACCESS_KEY=[redacted:aws-secret-key]"),
        (f"OPENWEATHER_KEY={HIGH}", HIGH, "OPENWEATHER_KEY=[redacted:secret]"),
        (f"dbpassword={PW}", PW, "dbpassword=[redacted:password]"),
        (f"PGPASSWORD={PW} psql -h db", PW, "PGPASSWORD=[redacted:password] psql -h db"),
        ("DB_PASSWORD=swordfish", "swordfish", "DB_PASSWORD=[redacted:password]"),
    ],
    "config": [
        (f"password: {PW}", PW, "password: [redacted:password]"),
        ("db:\n  password: swordfish\n  port: 1", "swordfish", "db:\n  password: [redacted:password]\n  port: 1"),
        (f'api_key = "{PW}"', PW, 'api_key = "[redacted:api-key]"'),
        (f'{{"clientSecret": "{PW}", "a": 1}}', PW, '{"clientSecret": "[redacted:secret]", "a": 1}'),
        ('{"password": 12345678}', "12345678", '{"password": "[redacted:password]"}'),
        (f"{{'user': 'bob', 'passwd': '{PW}'}}", PW, "{'user': 'bob', 'passwd': '[redacted:password]'}"),
        (f'{{\\"token\\":\\"{PW}\\"}}', PW, '{\\"token\\":\\"[redacted:token]\\"}'),
        (f':password => "{PW}"', PW, ':password => "[redacted:password]"'),
        (f"<password>{PW}</password>", PW, "<password>[redacted:password]</password>"),
        (f'params["password"] = "{PW}"', PW, 'params["password"] = "[redacted:password]"'),
        (f'password: str = "{PW}"', PW, 'password: str = "[redacted:password]"'),
        (f"- name: DB_PASSWORD\n  value: {PW}", PW, "- name: DB_PASSWORD\n  value: [redacted:password]"),
        (f'{{"name": "API_TOKEN", "value": "{PW}"}}', PW, '{"name": "API_TOKEN", "value": "[redacted:token]"}'),
        (f"spring.datasource.password={PW}", PW, "spring.datasource.password=[redacted:password]"),
        (f"secret_key_base: {PW}", PW, "secret_key_base: [redacted:secret]"),
        (f"password: |\n  {PW}\nport: 1", PW, "password: |\n  [redacted:password]\nport: 1"),
        (f"password:\n  {PW}", PW, "password:\n  [redacted:password]"),
        (f"**Password:** {PW}", PW, "**Password:** [redacted:password]"),
        (f"| password | {PW} |", PW, "| password | [redacted:password] |"),
        (f"AWS Secret Access Key [None]: {HIGH}", HIGH, "AWS Secret Access Key [None]: [redacted:access-key]"),
        (f"//registry/:_authToken={PW}", PW, "//registry/:_authToken=[redacted:token]"),
    ],
    "header": [
        (f"Authorization: Bearer {PW}", PW, "Authorization: Bearer [redacted:authorization]"),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz", "Authorization: Basic [redacted:authorization]"),
        (f"curl -H 'Authorization: token {PW}' x", PW, "curl -H 'Authorization: token [redacted:authorization]' x"),
        (f'{{"Authorization": "Bearer {PW}"}}', PW, '{"Authorization": "Bearer [redacted:authorization]"}'),
        (f"sent bearer {HIGH} to it", HIGH, "sent bearer [redacted:bearer-token] to it"),
        (f"X-Api-Key: {HIGH}", HIGH, "X-Api-Key: [redacted:api-key]"),
        (f'Cookie: sid={PW}; theme="da rk"; x=y', PW, "Cookie: [redacted:cookie]"),
        (f"Set-Cookie: sid={PW}; Path=/; HttpOnly\nHost: h", PW, "Set-Cookie: [redacted:cookie]\nHost: h"),
    ],
    "command": [
        (f"tool --password {PW} --verbose", PW, "tool --password [redacted:password] --verbose"),
        (f"tool --api-key={PW} run", PW, "tool --api-key=[redacted:api-key] run"),
        (f'["tool", "--token", "{PW}"]', PW, '["tool", "--token", "[redacted:token]"]'),
        (f"mysql -uroot -p{PW} shop", PW, "mysql -uroot -p[redacted:password] shop"),
        (f"docker login -u bob -p {PW} reg", PW, "docker login -u bob -p [redacted:password] reg"),
        (f"sshpass -p '{PW}' ssh h", PW, "sshpass -p '[redacted:password]' ssh h"),
        (f"curl -u bob:{PW} http://h", PW, "curl -u bob:[redacted:password] http://h"),
        (f"curl --user bob:{PW} http://h", PW, "curl --user bob:[redacted:password] http://h"),
        (f"redis-cli -a {PW} ping", PW, "redis-cli -a [redacted:password] ping"),
        (f"machine h login u password {PW}", PW, "machine h login u password [redacted:password]"),
        (f"Connect-It -Password {PW} -Force", PW, "Connect-It -Password [redacted:password] -Force"),
    ],
    "prose": [
        ("the password is Hunter22x, do not tell", "Hunter22x", "the password is [redacted:password], do not tell"),
        (f"the new token is '{PW}'", PW, "the new token is '[redacted:token]'"),
        (f"Your new API key: {HIGH}", HIGH, "Your new API key: [redacted:api-key]"),
        (f"A temporary password for root@h: {PW}", PW, "A temporary password for root@h: [redacted:password]"),
        (f"CREATE USER u PASSWORD '{PW}'", PW, "CREATE USER u PASSWORD '[redacted:password]'"),
        (f"IDENTIFIED BY '{PW}'", PW, "IDENTIFIED BY '[redacted:password]'"),
        ("user: bob password: swordfish host: h", "swordfish", "user: bob password: [redacted:password] host: h"),
    ],
}

NEAR_MISSES: dict[str, list[str]] = {
    "url": [
        "http://host:8080/path?email=a@b.c",
        "git@github.com:org/repo.git",
        "postgres://bob@db.prod:5432/shop",
        "postgres://bob:${DB_PASSWORD}@db/shop",
        "ssh://git@host/x and mailto:a@b.c",
        "https://host/x@1.2.3/dist/a.js:12:8",
    ],
    "ado": ["Server=db;Password=;Encrypt=yes", "Password={db_password};", "Pwd=%DB_PWD%;Trusted_Connection=True"],
    "env": [
        "API_KEY=${API_KEY}",
        "API_KEY=$API_KEY make deploy",
        "DB_PASSWORD_FILE=/run/secrets/db",
        "TOKEN_COUNT=512 MAX_TOKENS=100",
        "SECRET_NAME=app-secret-prod",
        "SSH_AUTH_SOCK=/tmp/ssh-x/agent.12",
        "CACHE_KEY=user-list-page-2",
        "PASSWORD=",
    ],
    "config": [
        "password: str",
        "token: Optional[str] = None",
        "password: {{ vault_db_password }}",
        "api_key: <your-key>",
        "password: !vault db/prod",
        "password: ********",
        "token: 42",
        "secretKeyRef:\n  name: db\n  key: password",
        "tokens: 1234, cost: 3",
        "nextToken: abcdef1234567890ab",
        "primary_key: id",
        "author: Bob Smith",
        "authority: eu-west",
        "token_type: bearer",
        "expires_at: 2026-01-01, token_expiry: 3600",
        '{"password": null, "token": true}',
        "secret:\n  name: db\n  key: x",
        "token:\n  expired since yesterday",
        "| password | the password of the user |",
        "| token | type | description |",
    ],
    "header": [
        "Authorization: required",
        "Authorization header is missing",
        "Bearer authentication required",
        "WWW-Authenticate: Bearer realm=api",
        "cookie: not set",
        "Authorization: Bearer ${TOKEN}",
        "X-Api-Key: missing",
    ],
    "command": [
        "mkdir -p dir && docker run -p 80:80 -u 1000:1000 image",
        "tool --password --verbose",
        "docker login --password-stdin -u bob",
        "psql -p 5432 -U bob",
        "mysql -p shop",
        "tool --token-file /run/token",
        "the option --password is required",
        "curl -u bob http://h",
    ],
    "prose": [
        "the password was wrong",
        "token: expired",
        "error: token: invalid signature",
        "password: must have 8 characters or more",
        "password authentication failed for user bob",
        "access denied for user 'x'@'h' (using password: YES)",
        "unexpected token: }",
        "Unexpected token < in JSON at position 0",
        "The secret is to keep trying",
        "the token is 2h30m0s old",
        "KeyError: 'password'",
        "tests passed: 12 failed: 3",
        "invalid key: value must be an integer",
        "no such secret: db in namespace prod",
    ],
    "code": [
        'os.environ["API_KEY"]',
        'api_key=os.environ["API_KEY"]',
        "self.token = token",
        "client = Client(api_key=api_key, token=self.token)",
        "token = parser.next_token()",
        "if token == expected:",
        "key=lambda row: row[0]",
        "const token = await getToken();",
        "Token::new(text)",
        "password = getpass.getpass()",
        "passwd = fallback_getpass(prompt, stream)",
        "def ask(prompt='Password: ', stream=None):",
        "'pass': ('pass', ''),",
        "pass 'ignore' to ignore it",
        "run(pass_fds=(), user=None)",
        "process.env.SECRET_TOKEN || config.secret",
    ],
}


@pytest.mark.parametrize(("text", "secret", "after"), [case for cases in NAMED.values() for case in cases])
def test_a_secret_goes_and_its_surroundings_stay(text: str, secret: str, after: str) -> None:
    result = redact(text)

    assert result.text == after
    assert secret not in result.text
    assert sum(finding.count for finding in result.findings) == 1
    assert secret not in repr(result.findings)


@pytest.mark.parametrize("text", [text for texts in NEAR_MISSES.values() for text in texts])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert redact(text).text == text


@pytest.mark.parametrize("text", [case[0] for cases in NAMED.values() for case in cases])
def test_redacting_twice_is_redacting_once(text: str) -> None:
    once = redact(text)

    again = redact(once.text)

    assert again.text == once.text
    assert again.findings == ()


def test_findings_count_by_kind() -> None:
    result = redact(f"password={PW}\npassword={PW}\napi_key={PW}\n")

    assert result.findings == (Finding(kind="api-key", count=1), Finding(kind="password", count=2))


def test_text_goes_through_where_the_policy_allows_secrets() -> None:
    text = f"password={PW} <private>x</private>"

    assert redact(text, RedactionPolicy(secrets=False, private=False)).text == text


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("a <private>b</private> c", "a [redacted:private] c"),
        ("a <PRIVATE>b\nb</Private> c", "a [redacted:private] c"),
        ("a <private>b <private>c</private> d</private> e", "a [redacted:private] e"),
        ("a <private>never closed", "a [redacted:private]"),
        ("a <private reason='x'>b</private> c", "a [redacted:private] c"),
        ("a </private> b", "a </private> b"),
        ("a <privateer>b</privateer>", "a <privateer>b</privateer>"),
        ("a private matter", "a private matter"),
        ("what stands in `<private>` is dropped", "what stands in `<private>` is dropped"),
    ],
)
def test_private_blocks_are_dropped(text: str, after: str) -> None:
    assert redact(text).text == after


def test_json_keeps_its_shape_and_loses_what_stands_under_secret_names() -> None:
    value = {
        "user": "bob",
        "password": PW,
        "pin_password": 123456,
        "max_tokens": 512,
        "token": None,
        "nested": [{"api_key": PW, "note": f"password={PW}"}, 7, True, 1.5],
        "env": [{"name": "DB_PASSWORD", "value": PW}, {"name": "HOME", "value": "/root"}],
        "credentials": {"user": "u", "secret": PW},
    }

    result = redact_json(value)

    assert result.value == {
        "user": "bob",
        "password": "[redacted:password]",
        "pin_password": "[redacted:password]",
        "max_tokens": 512,
        "token": None,
        "nested": [{"api_key": "[redacted:api-key]", "note": "password=[redacted:password]"}, 7, True, 1.5],
        "env": [{"name": "DB_PASSWORD", "value": "[redacted:password]"}, {"name": "HOME", "value": "/root"}],
        "credentials": {"user": "u", "secret": "[redacted:secret]"},
    }
    assert redact_json(result.value).value == result.value
    assert redact_json(result.value).findings == ()


def test_the_data_of_a_kubernetes_secret_goes() -> None:
    result = redact_json({"kind": "Secret", "metadata": {"name": "db"}, "data": {"user": "Ym9i", "x": "cHc="}})

    assert result.value == {
        "kind": "Secret",
        "metadata": {"name": "db"},
        "data": {"user": "[redacted:secret]", "x": "[redacted:secret]"},
    }


def test_keys_that_hold_secrets_are_redacted_and_stay_apart() -> None:
    result = redact_json({f"password={PW}": 1, f"password={PW}a": 2})

    assert result.value == {"password=[redacted:password]": 1, "password=[redacted:password]#2": 2}


def test_json_that_nests_deeper_than_the_limit_is_cut_not_followed() -> None:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]

    assert "[redacted:too-deep]" in json.dumps(redact_json(value).value)


KEYED = RedactionPolicy(personal="hash", key=b"k" * 32)
DROPPED = RedactionPolicy(personal="drop")
IBAN = "DE89 3704 0044 " + "0532 0130 00"
CARD = "4111 1111 " + "1111 1111"

PERSONAL: dict[str, list[str]] = {
    "email": ["bob.smith+x@example.co.uk", "a_b@x.io", "BOB@EXAMPLE.COM"],
    "phone": ["+49 30 1234567", "+14155552671", "(415) 555-2671", "415-555-2671"],
    "ipv4": ["192.0.2.17", "10.1.2.3", "203.0.113.255"],
    "ipv6": ["2001:db8::1", "fe80::1ff:fe23:4567:890a", "2001:0db8:0000:0000:0000:0000:0000:0001"],
    "card": [CARD, CARD.replace(" ", ""), CARD.replace(" ", "-"), "3782 822463 " + "10005"],
    "iban": [IBAN, IBAN.replace(" ", ""), "GB82 WEST 1234 5698 7654 32"],
    "ssn": ["123-45-6789", "219-09-9999", "078-05-1120"],
}
NOT_PERSONAL = [
    "user@localhost",
    "git@github.com:x/y",
    "@decorator and a @ b",
    "2024-01-02 10:00:00",
    "10:20:30",
    "1.2.3",
    "300.1.2.3",
    "127.0.0.1",
    "std::vector::iterator",
    "::1",
    "4111 1111 1111 1112",
    "1700000000000000",
    "000-12-3456",
    "DE89 3704 0044 0532 0130 01",
    "123-456",
    "build 1234567890",
    "port 5432",
]


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in PERSONAL.items() for value in values])
def test_personal_data_stays_goes_or_is_hashed_as_the_policy_says(kind: str, value: str) -> None:
    text = f"seen {value} today"

    assert redact(text).text == text
    assert redact(text, DROPPED).text == f"seen [redacted:{kind}] today"
    hashed = redact(text, KEYED).text
    assert hashed.startswith(f"seen [{kind}:")
    assert value not in hashed
    assert redact(hashed, KEYED).text == hashed


@pytest.mark.parametrize("text", NOT_PERSONAL)
def test_what_only_looks_personal_stays(text: str) -> None:
    assert redact(f"seen {text} today", DROPPED).text == f"seen {text} today"


def test_equal_personal_values_have_equal_digests_under_one_key_only() -> None:
    one, same = redact("a Bob@x.org", KEYED).text[2:], redact("b bob@x.org", KEYED).text[2:]
    other_value = redact("a eve@x.org", KEYED).text[2:]
    other_key = redact("a bob@x.org", RedactionPolicy(personal="hash", key=b"z" * 32)).text[2:]

    assert one == same
    assert len({one, other_value, other_key}) == 3


def test_only_the_kinds_that_were_asked_for_go() -> None:
    policy = RedactionPolicy(personal="drop", personal_kinds=frozenset({"ipv4"}))

    assert redact("bob@x.org from 10.1.2.3", policy).text == "bob@x.org from [redacted:ipv4]"


@pytest.mark.parametrize(
    "wrong",
    [{"personal": "hash"}, {"personal": "burn"}, {"personal_kinds": frozenset({"shoe-size"})}],
)
def test_a_policy_that_cannot_work_says_so(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidConfiguration):
        RedactionPolicy(**wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_a_text_that_held_nothing_under_one_policy_is_looked_at_anew_under_another() -> None:
    text = "ask anna@example.com about it"

    assert redact(text).text == text
    assert redact(text, RedactionPolicy(personal="drop")).text == "ask [redacted:email] about it"
    assert redact(text).text == text
