"""Is every issued token of the table found by its shape, and is what only looks like one left alone?

All values are made from parts at run time, so that no scanner takes this file for a leak.
"""

from __future__ import annotations

import random
import string

import pytest

from brainops.memory.redaction.redact import redact
from brainops_core.redaction.secrets import TOKEN_RULES

ALNUM = string.ascii_letters + string.digits
UPPER = string.ascii_uppercase + string.digits
HEX = "0123456789abcdef"
URL64 = ALNUM + "_-"

# kind: (what stands before the run, its alphabet, its length, what stands behind it)
SHAPES: dict[str, tuple[str, str, int, str]] = {
    "aws-access-key": ("AKIA", UPPER, 16, ""),
    "gcp-api-key": ("AIza", URL64, 35, ""),
    "gcp-oauth-token": ("ya29" + ".", URL64, 60, ""),
    "gcp-oauth-secret": ("GOCSPX" + "-", URL64, 28, ""),
    "gcp-refresh-token": ("1//" + "0", URL64, 60, ""),
    "azure-client-secret": ("abc8Q" + "~", ALNUM, 34, ""),
    "azure-sas": ("sig" + "=", ALNUM, 43, "%3D"),
    "brainops-key": ("bok" + f"_{'0123456789abcdef' * 2}_", URL64, 43, ""),
    "github-token": ("ghp" + "_", ALNUM, 36, ""),
    "gitlab-token": ("glpat" + "-", URL64, 20, ""),
    "slack-token": ("xoxb" + "-", ALNUM, 50, ""),
    "slack-webhook": ("hooks.slack" + ".com/services/", ALNUM, 40, ""),
    "discord-webhook": ("discord.com/api" + "/webhooks/123456789012345678/", URL64, 68, ""),
    "stripe-key": ("sk" + "_live_", ALNUM, 24, ""),
    "webhook-secret": ("whsec" + "_", ALNUM, 32, ""),
    "anthropic-key": ("sk-" + "ant-api03-", URL64, 80, ""),
    "openrouter-key": ("sk-" + "or-v1-", HEX, 64, ""),
    "openai-key": ("sk-" + "proj-", ALNUM, 48, ""),
    "groq-key": ("gsk" + "_", ALNUM, 52, ""),
    "xai-key": ("xai" + "-", ALNUM, 80, ""),
    "perplexity-key": ("pplx" + "-", ALNUM, 48, ""),
    "replicate-token": ("r8" + "_", ALNUM, 37, ""),
    "huggingface-token": ("hf" + "_", ALNUM, 34, ""),
    "npm-token": ("npm" + "_", ALNUM, 36, ""),
    "pypi-token": ("pypi-" + "AgE", URL64, 80, ""),
    "rubygems-token": ("rubygems" + "_", HEX, 48, ""),
    "docker-token": ("dckr" + "_pat_", URL64, 27, ""),
    "twilio-key": ("S" + "K", HEX, 32, ""),
    "sendgrid-key": ("SG" + ".", ALNUM, 22, "." + "a1B2" * 11),
    "mailgun-key": ("key" + "-", HEX, 32, ""),
    "mailchimp-key": ("", HEX, 32, "-us" + "12"),
    "telegram-token": ("123456789" + ":AA", ALNUM, 33, ""),
    "digitalocean-token": ("dop" + "_v1_", HEX, 64, ""),
    "shopify-token": ("shpat" + "_", HEX, 32, ""),
    "square-token": ("sq0atp" + "-", ALNUM, 22, ""),
    "databricks-token": ("dapi", HEX, 32, ""),
    "vault-token": ("hvs" + ".", ALNUM, 90, ""),
    "grafana-token": ("glsa" + "_", ALNUM, 32, "_" + "0a1b2c3d"),
    "newrelic-key": ("NRAK" + "-", UPPER, 27, ""),
    "atlassian-token": ("ATATT" + "3", ALNUM, 180, ""),
    "linear-key": ("lin" + "_api_", ALNUM, 40, ""),
    "notion-token": ("ntn" + "_", ALNUM, 46, ""),
    "heroku-key": ("HRKU" + "-", URL64, 60, ""),
    "doppler-token": ("dp" + ".pt.", ALNUM, 43, ""),
    "planetscale-token": ("pscale" + "_tkn_", ALNUM, 43, ""),
    "supabase-token": ("sbp" + "_", HEX, 40, ""),
    "postman-key": ("PMAK" + "-", HEX, 24, "-" + "0a" * 17),
    "sentry-token": ("sntrys" + "_", ALNUM, 80, ""),
    "tailscale-key": ("tskey" + "-auth-", ALNUM, 30, ""),
    "terraform-token": ("", ALNUM, 14, ".atlas" + "v1." + "a1B2" * 17),
    "figma-token": ("figd" + "_", ALNUM, 40, ""),
    "age-secret-key": ("AGE-SECRET" + "-KEY-1", UPPER, 58, ""),
    "jwt": ("ey" + "J", ALNUM, 33, ".ey" + "J" + "a1B2" * 10 + "." + "c3D4" * 10),
}
SEEDS = (1, 2, 3)


def token(kind: str, seed: int, *, cut: int | None = None) -> str:
    before, alphabet, length, after = SHAPES[kind]
    source = random.Random(f"{kind}{seed}")
    # Two fixed characters keep the random run from lacking a letter or a digit by chance.
    run = "a7" if alphabet != UPPER else "A7"
    run += "".join(source.choice(alphabet) for _ in range(length - 2))
    return before + run + after if cut is None else before + run[:cut]


def test_the_table_of_shapes_covers_every_rule() -> None:
    assert {rule.kind for rule in TOKEN_RULES} == set(SHAPES)


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_token_in_an_error_text_is_replaced_and_its_kind_said(kind: str, seed: int) -> None:
    secret = token(kind, seed)

    result = redact(f"GET https://api.host/x failed for ({secret}) after 3 tries")

    assert secret not in result.text
    assert f"[redacted:{kind}]" in result.text
    assert result.text.startswith("GET https://api.host/x failed for (")
    assert result.text.endswith(") after 3 tries")
    assert {finding.kind for finding in result.findings} == {kind}


@pytest.mark.parametrize("kind", SHAPES)
def test_a_run_that_is_too_short_for_a_token_stays(kind: str) -> None:
    text = f"see {token(kind, 1, cut=6)} here"

    assert redact(text).text == text


@pytest.mark.parametrize("kind", [kind for kind in SHAPES if SHAPES[kind][0] and kind != "azure-client-secret"])
def test_a_token_whose_prefix_is_another_one_stays(kind: str) -> None:
    before, _, _, _ = SHAPES[kind]
    text = f"see {'QQ' + before[2:]}{token(kind, 1)[len(before) :]} here"

    assert f"[redacted:{kind}]" not in redact(text).text


@pytest.mark.parametrize("kind", SHAPES)
def test_a_token_glued_to_a_longer_word_is_another_word(kind: str) -> None:
    text = f"see Zz9{token(kind, 1)} here"

    assert f"[redacted:{kind}]" not in redact(text).text


@pytest.mark.parametrize(
    "text",
    [
        "task-12345678901234567890abc is queued",
        "risk-assessment-2024-01-01-quarterly-report",
        "sk-learn-contrib-imbalanced-metrics is missing",
        "hf_transformers_pipeline_text_classification",
        "commit 3f9a0c1b2d4e5f60718293a4b5c6d7e8f9001122 broke it",
        "request 550e8400-e29b-41d4-a716-446655440000 timed out",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 not found",
        "fingerprint 9f86d081884c7d659a2feaa0c55ad015 has 3 occurrences",
        "npm_config_registry is not set, npm_lifecycle_event=build",
        "Missing key-value pair in config, see key-rotation-schedule",
        'etag W/"5f3c-17a2b4c6d8e" changed',
        "eyJ is how a token begins",
        "pypi-server-2.1.0-py3-none-any.whl was not found",
        "AKIA is the prefix; ASIA the other one",
    ],
)
def test_hashes_ids_and_words_are_no_tokens(text: str) -> None:
    assert redact(text).text == text


@pytest.mark.parametrize("form", ["API_KEY={}", "password: {}", "Authorization: Bearer {}", '{{"token": "{}"}}'])
def test_a_known_shape_names_the_kind_better_than_the_name_before_it(form: str) -> None:
    result = redact(form.format(token("github-token", 1)))

    assert result.text == form.format("[redacted:github-token]")


KEY_BODY = "\n".join("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7" for _ in range(4))


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("PRIVATE KEY", "private-key"),
        ("RSA PRIVATE KEY", "private-key"),
        ("EC PRIVATE KEY", "private-key"),
        ("ENCRYPTED PRIVATE KEY", "private-key"),
        ("OPENSSH PRIVATE KEY", "openssh-private-key"),
        ("PGP PRIVATE KEY BLOCK", "pgp-private-key"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\\n", "\r\n"])
def test_a_private_key_block_goes_as_a_whole(label: str, kind: str, newline: str) -> None:
    dashes = "-" * 5
    block = f"{dashes}BEGIN {label}{dashes}\n{KEY_BODY}\n{dashes}END {label}{dashes}".replace("\n", newline)

    result = redact(f"loaded {block} from disk")

    assert result.text == f"loaded [redacted:{kind}] from disk"


def test_a_private_key_that_a_log_has_cut_goes_up_to_the_cut() -> None:
    dashes = "-" * 5

    result = redact(f"{dashes}BEGIN PRIVATE KEY{dashes}\n{KEY_BODY}\nthen it failed")

    assert result.text == "[redacted:private-key]\nthen it failed"


@pytest.mark.parametrize("label", ["CERTIFICATE", "PUBLIC KEY", "PGP PUBLIC KEY BLOCK"])
def test_public_blocks_stay(label: str) -> None:
    dashes = "-" * 5
    text = f"{dashes}BEGIN {label}{dashes}\n{KEY_BODY}\n{dashes}END {label}{dashes}"

    assert redact(text).text == text


def test_the_secret_beside_an_aws_access_key_goes_with_it() -> None:
    secret = "wJalrXUtnFEMI/K7MDENG/bPx" + "RfiCY1EXAMPLEKE"
    assert len(secret) == 40

    result = redact(f"{token('aws-access-key', 1)} / {secret} are the pair")

    assert result.text == "[redacted:aws-access-key] / [redacted:aws-secret-key] are the pair"
    assert redact(f"the hash {secret} alone").text == f"the hash {secret} alone"
