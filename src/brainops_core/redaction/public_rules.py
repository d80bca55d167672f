"""Which secrets do the public rules of gitleaks 8.30.1 know by their form? Written by a script. (pure)

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
    (
        "1password-secret-key",
        ("a3-",),
        3.8,
        "(?<![A-Za-z0-9])A3-[A-Z0-9]{6}-(?:(?:[A-Z0-9]{11})|(?:[A-Z0-9]{6}-[A-Z0-9]{5}))-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}(?![A-Za-z0-9])",
    ),
    ("1password-service-account-token", ("ops_",), 4.0, "(?<![A-Za-z0-9])(?:ops_eyJ[a-zA-Z0-9+/]{250,}={0,3})"),
    ("adobe-client-secret", ("p8e-",), 2.0, "(?<![A-Za-z0-9])(?P<s>p8e-(?i:[a-z0-9]{32}))(?![A-Za-z0-9])"),
    (
        "airtable-personnal-access-token",
        ("pat",),
        0.0,
        "(?<![A-Za-z0-9])(?P<s>pat[A-Za-z0-9]{14}\\.[a-f0-9]{64})(?![A-Za-z0-9])",
    ),
    ("alibaba-access-key-id", ("ltai",), 2.0, "(?<![A-Za-z0-9])(?P<s>LTAI(?i:[a-z0-9]{20}))(?![A-Za-z0-9])"),
    ("artifactory-api-key", ("akcp",), 4.5, "(?<![A-Za-z0-9])AKCp[A-Za-z0-9]{69}(?![A-Za-z0-9])"),
    ("artifactory-reference-token", ("cmvmd",), 4.5, "(?<![A-Za-z0-9])cmVmd[A-Za-z0-9]{59}(?![A-Za-z0-9])"),
    (
        "authress-service-client-access-key",
        ("sc_", "ext_", "scauth_", "authress_"),
        2.0,
        "(?<![A-Za-z0-9])(?P<s>(?:sc|ext|scauth|authress)_(?i:[a-z0-9]{5,30}\\.[a-z0-9]{4,6}\\.(?-i:acc)[_-][a-z0-9-]{10,32}\\.[a-z0-9+/_=-]{30,120}))(?![A-Za-z0-9])",
    ),
    (
        "aws-access-token",
        ("a3t", "akia", "asia", "abia", "acca"),
        3.0,
        "(?<![A-Za-z0-9])(?P<s>(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})(?![A-Za-z0-9])",
    ),
    (
        "aws-amazon-bedrock-api-key-long-lived",
        ("absk",),
        3.0,
        "(?<![A-Za-z0-9])(?P<s>ABSK[A-Za-z0-9+/]{109,269}={0,2})(?![A-Za-z0-9])",
    ),
    ("clickhouse-cloud-api-secret-key", ("4b1d",), 3.0, "(?<![A-Za-z0-9])(?P<s>4b1d[A-Za-z0-9]{38})(?![A-Za-z0-9])"),
    ("clojars-api-token", ("clojars_",), 2.0, "(?i)(?<![A-Za-z0-9])(?:CLOJARS_[a-z0-9]{60})"),
    (
        "cloudflare-origin-ca-key",
        ("v1.0-",),
        2.0,
        "(?<![A-Za-z0-9])(?P<s>v1\\.0-[a-f0-9]{24}-[a-f0-9]{146})(?![A-Za-z0-9])",
    ),
    ("duffel-api-token", ("duffel_",), 2.0, "(?<![A-Za-z0-9])(?:duffel_(?:test|live)_(?i:[a-z0-9_\\-=]{43}))"),
    ("dynatrace-api-token", ("dt0c01.",), 4.0, "(?<![A-Za-z0-9])(?:dt0c01\\.(?i:[a-z0-9]{24}\\.[a-z0-9]{64}))"),
    ("easypost-api-token", ("ezak",), 2.0, "(?<![A-Za-z0-9])EZAK(?i:[a-z0-9]{54}(?![A-Za-z0-9]))"),
    ("easypost-test-api-token", ("eztk",), 2.0, "(?<![A-Za-z0-9])EZTK(?i:[a-z0-9]{54}(?![A-Za-z0-9]))"),
    (
        "facebook-page-access-token",
        ("eaam", "eaac"),
        4.0,
        "(?<![A-Za-z0-9])(?P<s>EAA[MC](?i:[a-z0-9]{100,}))(?![A-Za-z0-9])",
    ),
    ("flutterwave-encryption-key", ("flwseck_test",), 2.0, "(?<![A-Za-z0-9])(?:FLWSECK_TEST-(?i:[a-h0-9]{12}))"),
    ("flutterwave-public-key", ("flwpubk_test",), 2.0, "(?<![A-Za-z0-9])(?:FLWPUBK_TEST-(?i:[a-h0-9]{32}-X))"),
    ("flutterwave-secret-key", ("flwseck_test",), 2.0, "(?<![A-Za-z0-9])(?:FLWSECK_TEST-(?i:[a-h0-9]{32}-X))"),
    (
        "flyio-access-token",
        ("fo1_", "fm1", "fm2_"),
        4.0,
        "(?<![A-Za-z0-9])(?P<s>(?:fo1_[\\w-]{43}|fm1[ar]_[a-zA-Z0-9+\\/]{100,}={0,3}|fm2_[a-zA-Z0-9+\\/]{100,}={0,3}))(?![A-Za-z0-9])",
    ),
    ("frameio-api-token", ("fio-u-",), 0.0, "(?<![A-Za-z0-9])(?:fio-u-(?i:[a-z0-9\\-_=]{64}))"),
    ("gitlab-feature-flag-client-token", ("glffct-",), 3.0, "(?<![A-Za-z0-9])(?:glffct-[0-9a-zA-Z_\\-]{20})"),
    ("gitlab-rrt", ("gr1348941",), 3.0, "(?<![A-Za-z0-9])(?:GR1348941[\\w-]{20})"),
    ("gitlab-session-cookie", ("_gitlab_session=",), 3.0, "(?<![A-Za-z0-9])(?:_gitlab_session=[0-9a-z]{32})"),
    (
        "grafana-api-key",
        ("eyjrijoi",),
        3.0,
        "(?i)(?<![A-Za-z0-9])(?P<s>eyJrIjoi[A-Za-z0-9]{70,400}={0,3})(?![A-Za-z0-9])",
    ),
    (
        "harness-api-key",
        ("pat.", "sat."),
        0.0,
        "(?<![A-Za-z0-9])(?:(?:pat|sat)\\.[a-zA-Z0-9_-]{22}\\.[a-zA-Z0-9]{24}\\.[a-zA-Z0-9]{20})",
    ),
    (
        "huggingface-organization-api-token",
        ("api_org_",),
        2.0,
        "(?<![A-Za-z0-9])(?P<s>api_org_(?i:[a-z]{34}))(?![A-Za-z0-9])",
    ),
    ("infracost-api-token", ("ico-",), 3.0, "(?<![A-Za-z0-9])(?P<s>ico-[a-zA-Z0-9]{32})(?![A-Za-z0-9])"),
    (
        "intra42-client-secret",
        ("s-s4t2",),
        3.0,
        "(?<![A-Za-z0-9])(?P<s>s-s4t2(?:ud|af)-(?i:[abcdef0123456789]{64}))(?![A-Za-z0-9])",
    ),
    ("maxmind-license-key", ("_mmk",), 4.0, "(?<![A-Za-z0-9])(?P<s>[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk)(?![A-Za-z0-9])"),
    (
        "microsoft-teams-webhook",
        ("webhook.office.com", "webhookb2", "incomingwebhook"),
        0.0,
        "(?<![A-Za-z0-9])(?:https://[a-z0-9]+\\.webhook\\.office\\.com/webhookb2/[a-z0-9]{8}-(?:[a-z0-9]{4}-){3}[a-z0-9]{12}@[a-z0-9]{8}-(?:[a-z0-9]{4}-){3}[a-z0-9]{12}/IncomingWebhook/[a-z0-9]{32}/[a-z0-9]{8}-(?:[a-z0-9]{4}-){3}[a-z0-9]{12})",
    ),
    ("octopus-deploy-api-key", ("api-",), 3.0, "(?<![A-Za-z0-9])(?P<s>API-[A-Z0-9]{26})(?![A-Za-z0-9])"),
    (
        "openai-api-key",
        ("t3blbkfj",),
        3.0,
        "(?<![A-Za-z0-9])(?P<s>sk-(?:proj|svcacct|admin)-(?:[A-Za-z0-9_-]{74}|[A-Za-z0-9_-]{58})T3BlbkFJ(?:[A-Za-z0-9_-]{74}|[A-Za-z0-9_-]{58})(?![A-Za-z0-9])|sk-[a-zA-Z0-9]{20}T3BlbkFJ[a-zA-Z0-9]{20})(?![A-Za-z0-9])",
    ),
    ("openshift-user-token", ("sha256~",), 3.5, "(?<![A-Za-z0-9])(?P<s>sha256~[\\w-]{43})(?:[^\\w-]|\\Z)"),
    ("prefect-api-token", ("pnu_",), 2.0, "(?<![A-Za-z0-9])(?P<s>pnu_[a-zA-Z0-9]{36})(?![A-Za-z0-9])"),
    ("pulumi-api-token", ("pul-",), 2.0, "(?<![A-Za-z0-9])(?P<s>pul-[a-f0-9]{40})(?![A-Za-z0-9])"),
    ("readme-api-token", ("rdme_",), 2.0, "(?<![A-Za-z0-9])(?P<s>rdme_[a-z0-9]{70})(?![A-Za-z0-9])"),
    ("scalingo-api-token", ("tk-us-",), 2.0, "(?<![A-Za-z0-9])(?P<s>tk-us-[\\w-]{48})(?![A-Za-z0-9])"),
    (
        "sendinblue-api-token",
        ("xkeysib-",),
        2.0,
        "(?<![A-Za-z0-9])(?P<s>xkeysib-[a-f0-9]{64}\\-(?i:[a-z0-9]{16}))(?![A-Za-z0-9])",
    ),
    (
        "settlemint-application-access-token",
        ("sm_aat",),
        3.0,
        "(?<![A-Za-z0-9])(?P<s>sm_aat_[a-zA-Z0-9]{16})(?![A-Za-z0-9])",
    ),
    (
        "settlemint-personal-access-token",
        ("sm_pat",),
        3.0,
        "(?<![A-Za-z0-9])(?P<s>sm_pat_[a-zA-Z0-9]{16})(?![A-Za-z0-9])",
    ),
    (
        "settlemint-service-access-token",
        ("sm_sat",),
        3.0,
        "(?<![A-Za-z0-9])(?P<s>sm_sat_[a-zA-Z0-9]{16})(?![A-Za-z0-9])",
    ),
    (
        "shippo-api-token",
        ("shippo_",),
        2.0,
        "(?<![A-Za-z0-9])(?P<s>shippo_(?:live|test)_[a-fA-F0-9]{40})(?![A-Za-z0-9])",
    ),
    (
        "sidekiq-sensitive-url",
        ("gems.contribsys.com", "enterprise.contribsys.com"),
        0.0,
        "(?i)(?<![A-Za-z0-9])https?://(?P<s>[a-f0-9]{8}:[a-f0-9]{8})@(?:gems.contribsys.com|enterprise.contribsys.com)(?:[\\/|\\#|\\?|:]|$)",
    ),
    (
        "slack-config-access-token",
        ("xoxe.xoxb-", "xoxe.xoxp-"),
        2.0,
        "(?i)(?<![A-Za-z0-9])(?:xoxe.xox[bp]-\\d-[A-Z0-9]{163,166})",
    ),
    ("slack-legacy-token", ("xoxo", "xoxs"), 2.0, "(?<![A-Za-z0-9])(?:xox[os]-\\d+-\\d+-\\d+-[a-fA-F\\d]+)"),
    (
        "sourcegraph-access-token",
        ("sgp_",),
        3.0,
        "(?i)(?<![A-Za-z0-9])(?P<s>(?<![A-Za-z0-9])(?:sgp_(?:[a-fA-F0-9]{16}|local)_[a-fA-F0-9]{40}|sgp_[a-fA-F0-9]{40})(?![A-Za-z0-9]))(?![A-Za-z0-9])",
    ),
    (
        "square-access-token",
        ("sq0atp-", "eaaa"),
        2.0,
        "(?<![A-Za-z0-9])(?P<s>(?:EAAA|sq0atp-)[\\w-]{22,60})(?![A-Za-z0-9])",
    ),
    (
        "stripe-access-token",
        ("sk_test", "sk_live", "sk_prod", "rk_test", "rk_live", "rk_prod"),
        2.0,
        "(?<![A-Za-z0-9])(?P<s>(?:sk|rk)_(?:test|live|prod)_[a-zA-Z0-9]{10,99})(?![A-Za-z0-9])",
    ),
)
"""Kind, what stands in every text that holds one (in lower case), the least entropy in bits a character, and the form;
its group "s", or all of it, is the secret."""
