"""What has the web shop of the demo been through? Its memories and operations, written for the demo."""

from __future__ import annotations

from typing import Any

from brainops.types import MemoryType, Trust

ERROR, PROCEDURE, DECISION = MemoryType.ERROR_PATTERN, MemoryType.OPERATIONAL_PROCEDURE, MemoryType.DECISION_RECORD
DEPLOYED, WORKED, INSIGHT = MemoryType.DEPLOYMENT_LOG, MemoryType.SUCCESS_PATTERN, MemoryType.LEARNING_INSIGHT
METRIC, RULE, BETTER, TALK = (
    MemoryType.PERFORMANCE_METRIC,
    MemoryType.AUTOMATION_RULE,
    MemoryType.SYSTEM_IMPROVEMENT,
    MemoryType.USER_INTERACTION,
)


def _solved(error: str, cause: str, solution: str, service: str, importance: float = 0.7) -> dict[str, Any]:
    return {
        "title": error,
        "content": {"error": error, "service": service, "cause": cause, "solution": solution},
        "type": ERROR,
        "tags": [service],
        "importance": importance,
        "trust": Trust.VERIFIED,
    }


def _told(kind: MemoryType, title: str, content: str, *tags: str, importance: float = 0.5) -> dict[str, Any]:
    return {"title": title, "content": content, "type": kind, "tags": list(tags), "importance": importance}


MEMORIES: tuple[dict[str, Any], ...] = (
    _solved(
        "redis.exceptions.ConnectionError: Error 111 connecting to cache-2:6379. Connection refused.",
        "the cache node had run out of memory and the kernel killed redis-server",
        "set maxmemory to 6gb with allkeys-lru, restart redis on that node; sessions come back by themselves",
        "cart",
        0.8,
    ),
    _solved(
        "psycopg.OperationalError: FATAL: remaining connection slots are reserved for non-replication superuser",
        "every worker of orders opened its own pool of 20 after the autoscaler doubled the workers",
        "route orders through pgbouncer (pool_mode=transaction) and cut its pool_size to 5",
        "orders",
        0.8,
    ),
    _solved(
        "OSError: [Errno 28] No space left on device: '/var/lib/postgresql/wal'",
        "a forgotten replication slot kept the write-ahead log of eleven days",
        "drop the slot with pg_drop_replication_slot('reporting_old'); never delete files in wal by hand",
        "orders-db",
        0.9,
    ),
    _solved(
        "ssl.SSLCertVerificationError: certificate verify failed: certificate has expired (mail.shop.internal)",
        "the renewal ran and the mail relay was never told to load the new certificate",
        "systemctl reload postfix on the relay; the renewal hook does it since",
        "mail",
    ),
    _solved(
        "elasticsearch.exceptions.AuthorizationException: index [products] blocked by: [FORBIDDEN/12/index read-only]",
        "the disk of a search node passed the flood-stage watermark of 95 %",
        "free space, then PUT products/_settings index.blocks.read_only_allow_delete=null",
        "search",
    ),
    _solved(
        "stripe.error.APIConnectionError: Request timed out: POST /v1/payment_intents",
        "the egress proxy of the payments subnet dropped idle connections after 30 s",
        "set the client's max_network_retries to 2 with an idempotency key, keep-alive below 25 s",
        "payments",
        0.9,
    ),
    _solved(
        "kubelet: Failed to pull image registry.shop.internal/web: x509: certificate signed by unknown authority",
        "new nodes came up without the registry's authority in their trust store",
        "run the node bootstrap job again on the new nodes, then delete the waiting pods",
        "web",
    ),
    _told(
        PROCEDURE,
        "Deploy checkout to production",
        "1. Run the migration job first and wait until it says done. 2. Roll out 1 pod, watch the 5xx rate for two "
        "minutes. 3. Roll out the rest. Roll back: kubectl rollout undo deploy/checkout. Last time step 1 was skipped: "
        "UndefinedColumn on every order for six minutes.",
        "checkout",
        "deploy",
        importance=0.9,
    ),
    _told(
        PROCEDURE,
        "Rotate the keys of the payment provider",
        "Create the new key, deploy it beside the old one, watch the calls by key, revoke the old one after a day.",
        "payments",
    ),
    _told(
        PROCEDURE,
        "Fail over the orders database",
        "Stop the writers (feature flag orders.readonly), promote the replica, move the DNS name, lift the flag.",
        "orders-db",
        importance=0.8,
    ),
    _told(
        PROCEDURE,
        "Rebuild the search index without downtime",
        "Fill products_new from the catalogue, compare the counts, switch the alias, keep the old index for a day.",
        "search",
    ),
    _told(
        DEPLOYED,
        "checkout 2.13.0 in production: failed, rolled back",
        "The pods started before the migration had run: UndefinedColumn orders.gift_note for six minutes. Undone with "
        "kubectl rollout undo; the migration job now runs first.",
        "checkout",
        "deploy",
        importance=0.8,
    ),
    _told(
        DEPLOYED, "checkout 2.13.1 in production: fine", "Migration first, one pod, two minutes, the rest.", "checkout"
    ),
    _told(
        DEPLOYED,
        "catalogue 5.2 in production: fine",
        "No migration. The image cache was warm after 4 min.",
        "catalogue",
    ),
    _told(
        DEPLOYED,
        "payments 1.9 in production: slow start",
        "The readiness probe answered before the pool was warm: 2 % of calls timed out in the first minute.",
        "payments",
    ),
    _told(
        DECISION,
        "One database for each service, no shared tables",
        "Orders and checkout shared three tables; two outages came from a lock in the other one's migration.",
        "architecture",
    ),
    _told(
        DECISION,
        "Prices are integers in cents",
        "Rounding of floats lost 0.01 in one basket of 4,000. The database holds bigint; the API says amount_minor.",
        "catalogue",
    ),
    _told(
        DECISION,
        "No deployments after 15:00 on Fridays",
        "Three of the last five weekend calls began with a Friday deployment. Security fixes are the exception.",
        "deploy",
        importance=0.7,
    ),
    _told(
        WORKED,
        "Draining a node before its kernel update kept every session",
        "kubectl drain with a grace period of 120 s; the load balancer needs 90 s to notice.",
        "kubernetes",
    ),
    _told(
        WORKED,
        "Serving stale category pages during an outage of search",
        "stale-if-error=600 at the edge: customers saw pages ten minutes old and no errors.",
        "web",
        "search",
    ),
    _told(
        INSIGHT,
        "Error rate of checkout rises with the queue of mail",
        "Order confirmation was sent inside the request. A slow mail relay made checkout time out; a queue now.",
        "checkout",
        "mail",
    ),
    _told(
        INSIGHT,
        "The nightly export reads from the primary",
        "Latency of orders between 02:00 and 02:40 is the export; it should read from the replica.",
        "orders-db",
    ),
    _told(
        INSIGHT,
        "Bots make up a third of the traffic on sale days",
        "Rate limits by address do little; limits by basket token hold.",
        "web",
    ),
    _told(METRIC, "Checkout p95 before the queue: 1.9 s, after: 0.4 s", "Measured over one week each.", "checkout"),
    _told(METRIC, "Cold start of the search pods is 70 s", "Of these 55 s load the synonyms.", "search"),
    _told(
        RULE,
        "Restart a cart pod when its memory passes 900 MB for 10 minutes",
        "The image library leaks; the restart drops nothing because carts live in redis.",
        "cart",
    ),
    _told(
        BETTER,
        "Readiness of payments waits for a warm pool",
        "/ready answers 200 after ten connections were made; the slow start of 1.9 did not come back.",
        "payments",
    ),
    _told(
        BETTER,
        "Alerts carry a link to their runbook",
        "The mean time to the first sensible action went from 11 to 4 minutes.",
        "alerts",
    ),
    _told(
        TALK,
        "Support asks: why do vouchers fail at midnight?",
        "Vouchers end at midnight UTC, the shop promises local time. Answered; there is a ticket.",
        "vouchers",
    ),
)

UNDEFINED = 'psycopg.errors.UndefinedColumn: column "gift_note" of relation "orders" does not exist'
UNDEFINED_FIX = {
    "cause": "the pods of checkout started before the migration had run",
    "solution": "run the migration job first and wait until it says done; then one pod, two minutes, the rest",
}

# name, target, the error it failed with (None: it went well)
OPERATIONS: tuple[tuple[str, str, str | None], ...] = (
    ("deploy catalogue", "production", None),
    ("deploy checkout", "staging", None),
    ("deploy checkout", "production", UNDEFINED),
    ("deploy checkout", "production", None),
    ("deploy payments", "production", None),
    ("rotate keys", "payments", None),
    ("deploy checkout", "production", None),
    ("rebuild search index", "production", None),
)

PAGED = "redis.exceptions.ConnectionError: Error 111 connecting to cache-7:6379. Connection refused."

NEW_ERROR = "requests.exceptions.ReadTimeout: HTTPConnectionPool(host='tax', port=8080): Read timed out after 2.0 s"
NEW_FIX = {
    "cause": "tax 4.0 loads its rates at the first request, which takes 6 s",
    "solution": "call POST /warm on tax before checkout is rolled out",
}
AGAIN = "requests.exceptions.ReadTimeout: HTTPConnectionPool(host='tax', port=8080): Read timed out after 5.0 s"
