"""Whom does an OIDC provider say somebody is? The code flow with PKCE: the way there, and what comes back.

The provider's description and keys are asked for at each sign-in: there are few, and so a key that was changed there is
known at once, and no process keeps what another does not know.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from msgspec import Struct

from brainops.errors import ApprovalUnproven, InvalidConfiguration, StepFailed
from brainops.net import Request, ask
from brainops.server.problem import Trouble
from brainops.types import Claims
from brainops.types.people import PROVEN_SECONDS
from brainops.types.times import SECOND_MICROS

ASK_SECONDS = 5.0  # and up to four times for one sign-in: others wait for that meanwhile
MOST_BYTES = 1_000_000
LEEWAY_SECONDS = 60  # by which the clocks of two servers may differ
SIGNED_BY = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]  # never by our own secret
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Provider(Struct, frozen=True, kw_only=True):
    """Who signs people in: its issuer, what this server is there, and where it says in which groups somebody is."""

    issuer: str
    client_id: str
    client_secret: str = ""
    groups: str = "groups"
    scope: str = "openid profile email"

    def __post_init__(self) -> None:
        _require_private(self.issuer)

    def address(self, back: str, *, state: str, nonce: str, verifier: str, again: bool) -> str:
        """Return the address at which somebody signs in there; with `again`, also who is signed in there already.

        It is asked to say when that was, too.
        """
        told = self._described()
        there: str = prepare_grant_uri(
            _require_private(told.get("authorization_endpoint")),
            self.client_id,
            "code",
            redirect_uri=back,
            scope=self.scope,
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
            **({"prompt": "login", "max_age": str(int(PROVEN_SECONDS))} if again else {}),
        )
        return there

    def claims(self, back: str, *, code: str, nonce: str, verifier: str, again: bool, now: float) -> Claims:
        """Return whom a code is of, and since when the provider knows that, where it says so.

        Raises ApprovalUnproven where what comes is wrong, or somebody was to sign in `again` and it does not say that
        they did; Trouble where nothing comes.
        """
        told = self._described()
        token = self._token(told, back, code, verifier)
        found = self._checked(told, str(token.get("id_token", "")), nonce, now)
        if "userinfo_endpoint" in told and not ("email" in found and self.groups in found):
            headers = {"authorization": f"Bearer {token.get('access_token', '')}"}
            more = _json(Request(url=_require_private(told["userinfo_endpoint"]), headers=headers))
            if more.get("sub") == found["sub"]:  # what it says of another is not looked at
                found = {**more, **found}
        groups = found.get(self.groups)
        at = found.get("auth_time")  # not `iat`: a token is new each time, however long ago somebody signed in
        if again and (at is None or now - at > PROVEN_SECONDS + LEEWAY_SECONDS):
            raise ApprovalUnproven(
                "the provider does not say that you signed in again (auth_time): give a passphrase, or a key of your "
                "own, on /sign-in"
            )
        return Claims(
            issuer=self.issuer,
            subject=str(found["sub"]),
            email=str(found.get("email") or "") if found.get("email_verified") is True else "",
            groups=tuple(each for each in groups if isinstance(each, str)) if isinstance(groups, list) else (),
            at=None if at is None else int(min(float(at), now) * SECOND_MICROS),
        )

    def _described(self) -> Mapping[str, Any]:
        told = _json(Request(url=f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"))
        if told.get("issuer") != self.issuer:
            raise _wrong("what describes the provider names another issuer than the one that this server was given")
        return told

    def _token(self, told: Mapping[str, Any], back: str, code: str, verifier: str) -> Mapping[str, Any]:
        taken = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        by = next((each for each in ("client_secret_basic", "client_secret_post") if each in taken), "none")
        body = prepare_token_request("authorization_code", redirect_uri=back, code=code, code_verifier=verifier)
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        auth = ClientAuth(self.client_id, self.client_secret, by if self.client_secret else "none")
        url, signed, body = auth.prepare("POST", _require_private(told.get("token_endpoint")), headers, body)
        lowered = {name.lower(): value for name, value in signed.items()}
        return _json(Request(url=url, method="POST", headers=lowered, body=body.encode()))

    def _checked(self, told: Mapping[str, Any], token: str, nonce: str, now: float) -> dict[str, Any]:
        """Return what an ID token says, once the provider signed it, for this server, this sign-in and now."""
        keys = KeySet.import_key_set(_json(Request(url=_require_private(told.get("jwks_uri")))))  # type: ignore[arg-type]
        options = {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self.client_id},
        }
        try:
            read = jwt.decode(token, keys, algorithms=SIGNED_BY)
            claims = CodeIDToken(
                read.claims, read.header, options=options, params={"nonce": nonce, "client_id": self.client_id}
            )
            claims.validate(now=int(now), leeway=LEEWAY_SECONDS)
        except (JoseError, ValueError) as error:
            raise _wrong(f"its ID token is not right ({type(error).__name__})") from None
        return dict(read.claims)


def _json(request: Request) -> dict[str, Any]:
    try:
        answer = ask(request, seconds=ASK_SECONDS, most_bytes=MOST_BYTES)
    except StepFailed as error:
        raise _away(str(error)) from None
    if answer.status >= 500:
        raise _away(f"it answered {answer.status}")
    try:
        found = json.loads(answer.body) if answer.status == 200 and not answer.cut else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _wrong(f"{urlsplit(request.url).path} answered {answer.status} and nothing that could be used")
    return found


def _require_private(address: object) -> str:
    """Return an address at which nobody between reads what is said; raise InvalidConfiguration."""
    parts = urlsplit(address) if isinstance(address, str) else urlsplit("")
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return str(address)
    raise InvalidConfiguration(f"a provider is asked over https, and {str(address)[:80]!r} is no such address")


def _wrong(why: str) -> ApprovalUnproven:
    return ApprovalUnproven(f"the provider did not say who you are: {why}; sign in again")


def _away(why: str) -> Trouble:
    return Trouble(
        502,
        "ProviderUnavailable",
        f"the provider that signs people in does not answer: {why}",
        "try again a little later",
    )
