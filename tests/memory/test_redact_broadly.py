"""Are the secrets of many makers, commands and languages taken out, and do lines that only speak of secrets stay?"""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given, strategies

from brainops.memory.redaction.redact import redact, redact_json
from brainops_core.redaction.public_rules import PUBLIC_RULES
from brainops_core.redaction.secrets import every_rule, find_tokens

LOWER, WORD = string.ascii_lowercase + string.digits, string.ascii_letters + string.digits
HEX, UPPER = string.digits + "abcdef", string.ascii_uppercase + string.digits
drawn = random.Random(20)


def some(characters: str, length: int) -> str:
    """Return made-up characters: no secret of anybody stands in these tests."""
    return "".join(drawn.choice(characters) for _ in range(length))


TOKENS = {
    "openshift": f"sha256~{some(WORD, 43)}",
    "pulumi": f"pul-{some(HEX, 40)}",
    "prefect": f"pnu_{some(WORD, 36)}",
    "1password": f"ops_eyJ{some(WORD, 260)}",
    "fly": f"fm2_{some(WORD, 120)}",
    "brevo": f"xkeysib-{some(HEX, 64)}-{some(WORD, 16)}",
    "artifactory": f"AKCp{some(WORD, 69)}",
    "sourcegraph": f"sgp_{some(HEX, 40)}",
    "octopus": f"API-{some(UPPER, 26)}",
    "infracost": f"ico-{some(WORD, 32)}",
    "dynatrace": f"dt0c01.{some(UPPER, 24)}.{some(UPPER, 64)}",
    "gitlab runner": f"GR1348941{some(WORD, 20)}",
    "grafana": f"eyJrIjoi{some(WORD, 90)}",
    "alibaba": f"LTAI{some(WORD, 20)}",
    "harness": f"pat.{some(WORD, 22)}.{some(WORD, 24)}.{some(WORD, 20)}",
    "shippo": f"shippo_live_{some(HEX, 40)}",
    "readme": f"rdme_{some(LOWER, 70)}",
    "clojars": f"CLOJARS_{some(LOWER, 60)}",
}


@pytest.mark.parametrize("made", TOKENS)
@pytest.mark.parametrize("around", ["call refused: {} giving up", "[{}]", "x={},y", '{{"a": "{}"}}', "see {}."])
def test_a_token_is_known_by_the_form_that_its_maker_gives_it(made: str, around: str) -> None:
    assert TOKENS[made] not in redact(around.format(TOKENS[made])).text


@pytest.mark.parametrize("made", [*TOKENS, "github"])
@pytest.mark.parametrize("before", ["“", "\uff1a", "→", "—", "é", "\u200b", "key…", "«", "\u3000"])
def test_a_token_is_known_behind_any_character_that_is_none_of_it(made: str, before: str) -> None:
    token = TOKENS.get(made) or f"ghp_{some(WORD, 36)}"
    assert token not in redact(f"{before}{token}").text


@given(strategies.sampled_from([*TOKENS.values(), f"AKIA{some(UPPER, 16)}"]), strategies.text(max_size=12))
def test_no_rule_is_passed_over_that_knows_a_token_alone(token: str, before: str) -> None:
    text = f"{before}{token}"
    alone = [span for rule in every_rule() for span in rule.found_in(text)]
    assert sorted(alone) == sorted(find_tokens(text))


def test_of_the_public_rules_each_says_what_must_stand_in_a_text_before_it_is_compiled() -> None:
    assert len(PUBLIC_RULES) > 40
    for kind, literals, _, form in PUBLIC_RULES:
        assert literals and all(len(literal) > 1 and literal == literal.lower() for literal in literals), kind
        assert "(?i)" not in form[1:], kind


COMMANDS = (
    "htpasswd -b users ann {}",
    "htpasswd -bBC 10 users ann {} && reload",
    "htpasswd -nb ann {}",
    "openssl enc -aes-256-cbc -k {} -in a",
    "openssl pkcs12 -in a.p12 -passin pass:{}",
    "zip -P {} backup.zip data",
    "7z a -p{} backup.7z data",
    "keytool -list -keystore ks.jks -storepass {}",
    "snmpwalk -v3 -l authPriv -A {} host",
    "smbclient //files/share -U ann%{}",
    "lftp -u ann,{} files",
    "http -a ann:{} https://api.shop.test/orders",
    "rabbitmqctl add_user ann {}",
    "net user ann {} /add",
    "echo 'ann:{}' | sudo chpasswd",
    "sqlplus -s ann/{}@shop",
    "mc alias set shop https://s3.shop.test ann {}",
    "aws configure set aws_secret_access_key {}",
    "ConvertTo-SecureString '{}' -AsPlainText -Force",
    "db.shop.test:5432:orders:ann:{}",
    "cqlsh -u ann -p {} db",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_a_command_takes_as_a_password_is_taken_out(command: str) -> None:
    said = redact(command.format("Wint3r-Wald7")).text
    assert "Wint3r-Wald7" not in said
    assert said.split()[0] == command.split()[0].format("[redacted:password]")


@pytest.mark.parametrize(
    "name",
    ["contraseña", "senha", "Passwort", "mot de passe", "wachtwoord", "пароль", "密码", "パスワード", "비밀번호"],
)
@pytest.mark.parametrize("form", ["{}: {}", "{}={}", "{}\uff1a{}", '"{}": "{}"'])
def test_a_password_has_its_name_in_many_languages(name: str, form: str) -> None:
    assert "Wint3r-Wald7" not in redact(form.format(name, "Wint3r-Wald7")).text
    assert "Wint3r-Wald7" not in str(redact_json({name: "Wint3r-Wald7"}).value)


def test_keys_of_a_kubeconfig_and_of_an_alert_are_taken_out() -> None:
    for name in ("client-key-data", "routing_key", "storage_key", "integration_key"):
        secret = some(HEX, 32)
        assert secret not in redact(f'"{name}": "{secret}"').text


STAY = (
    "login failed: invalid credentials: user_is_locked",
    "refresh token: expired_by_policy",
    'secret: "orders-db" was not found in namespace shop',
    "Image pull secrets:  regcred-x7k2p",
    "Mountable secrets:   default-token-8hq2z",
    "Tokens:              builder-token-4kd9s",
    "existingSecret: shop-postgres-login",
    "Create an API key: https://console.shop.test/settings/keys",
    "clientSecret: process.env.SHOP_CLIENT_SECRET!",
    "accessToken: config.tokens.access!",
    "dbCredentials: {",
    "secrets: [",
    'storageKey="sidebar-width"',
    "routing_key: orders.created",
    '{ service_key: "<integration_key>" }',
    "max_tokens: 4096 is too large",
    'secret "db-credentials" not found',
    "sourcegraph: 3f786850e387550fdab836ed7e6dc881de23001b was indexed",
    "API-REQUEST-FAILED-FOR-ORDERS-SERVICE",
    "zip -r backup.zip data && unzip -P",
    "openssl x509 -in cert.pem -noout -enddate",
    "host:8080:upstream:shop: connection refused",
    "la contraseña no es válida",
    "contraseña: incorrecta",
    "senha: inválida",
    "密码: 错误",
    "пароль: неверный",
    "Passwort: falsch",
    "PASS: tests/checkout.sh 3 of 3",
)


@pytest.mark.parametrize("line", STAY)
def test_a_line_that_only_speaks_of_secrets_stays_as_it_is(line: str) -> None:
    assert redact(line).text == line
