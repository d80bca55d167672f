"""What does a page of the network hold, where its host was allowed?"""

from __future__ import annotations

import urllib.error
import urllib.request
from urllib.parse import urlsplit

from brainops.errors import InvalidInput, StoreUnavailable
from brainops.memory.context import MemoryContext
from brainops.procedures.steps.limits import host_allowed, limits_of

TIMEOUT_SECONDS = 30.0
PORTS = {"http": 80, "https": 443}


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows nowhere: a host that was allowed must not lead to one that was not."""

    def redirect_request(self, *_: object) -> None:
        return None


def page(context: MemoryContext, url: str, most_bytes: int) -> bytes:
    """Return the body of an http(s) page.

    Raises InvalidInput for an address that is none, is not allowed here or answers more than `most_bytes`, and
    StoreUnavailable where it does not answer.
    """
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname or parts.username is not None:
        raise InvalidInput(f"{url[:80]!r} is no http(s) address without credentials")
    port = parts.port or PORTS[parts.scheme]
    if not host_allowed(limits_of(context), parts.hostname, port):
        raise InvalidInput(
            f"{parts.hostname}:{port} is not allowed here: brainops allow --host {parts.hostname}:{port}"
        )
    request = urllib.request.Request(url, headers={"user-agent": "brainops", "accept": "*/*"})
    opener = urllib.request.build_opener(_Stay, urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            body = response.read(most_bytes + 1)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise StoreUnavailable(f"{parts.hostname}:{port} did not answer ({type(error).__name__})") from None
    if len(body) > most_bytes:
        raise InvalidInput(f"{url[:80]} answers more than {most_bytes:,} bytes")
    return bytes(body)
