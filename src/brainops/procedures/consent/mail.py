"""How does a notice leave by e-mail? Over TLS, to people who are named, with a link that opens and never approves."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Collection, Mapping
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

from brainops.errors import InvalidInput, StepFailed
from brainops.net import connect, private_hosts

if TYPE_CHECKING:
    from brainops.types import JSON

PORTS = {"starttls": 587, "tls": 465}
MAX_RECIPIENTS = 50
SUBJECT_CHARACTERS = 150

_ADDRESS = re.compile(r"[^\s@<>,;:\x00-\x1f]{1,64}@[A-Za-z0-9.-]{1,190}")
_HOST = re.compile(r"[A-Za-z0-9.:-]{1,253}")
_REFERENCE = re.compile(r"(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)")
_LINK = re.compile(r"https?://[^\s]*\{approval\}[^\s]*")
_SETTINGS = {"host", "port", "security", "from", "to", "username", "password", "link", "private"}


def checked_settings(settings: Mapping[str, Any]) -> tuple[dict[str, JSON], set[str]]:
    """Return the settings of a channel as they are stored, and the names that there are. Raises InvalidInput."""
    host, security = settings.get("host"), settings.get("security", "starttls")
    to, sender, link = settings.get("to"), settings.get("from"), settings.get("link")
    user, password = settings.get("username"), settings.get("password")
    if not isinstance(host, str) or not _HOST.fullmatch(host) or security not in PORTS:
        raise InvalidInput("an e-mail's host is the server that sends it, its security starttls or tls")
    port = settings.get("port", PORTS[security])
    if type(port) is not int or not 0 < port < 65_536:
        raise InvalidInput(f"an e-mail's port is a number below 65,536, such as {PORTS[security]}")
    people = [to] if isinstance(to, str) else to
    if not isinstance(people, (list, tuple)) or not 0 < len(people) <= MAX_RECIPIENTS:
        raise InvalidInput(f"an e-mail goes `to` addresses, at most {MAX_RECIPIENTS}")
    if not all(isinstance(each, str) and _ADDRESS.fullmatch(each) for each in (*people, sender)):
        raise InvalidInput("an e-mail's `from` and `to` are addresses, such as ops@example.com")
    if (user is None) != (password is None) or not (
        password is None or (isinstance(user, str) and isinstance(password, str) and _REFERENCE.fullmatch(password))
    ):
        raise InvalidInput("username comes with password, a reference: env:NAME or file:PATH; it is not stored itself")
    if link is not None and not (isinstance(link, str) and _LINK.fullmatch(link)):
        raise InvalidInput("link is where an approval is opened, such as https://ops.example/approvals/{approval}")
    said = {"host": host, "port": port, "security": security, "from": sender, "to": list(people)}
    maybe = {"username": user, "password": password, "link": link, "private": private_hosts(settings.get("private"))}
    kept = {name: value for name, value in maybe.items() if value}
    return {**said, **kept}, _SETTINGS


def send(
    settings: Mapping[str, JSON], document: Mapping[str, JSON], resolved: Callable[[str], str], seconds: float
) -> str | None:
    """Send a notice, and return which addresses were refused, None for none of them.

    Raises StepFailed, without a secret, where it was taken for nobody: only then it is sent again, to everybody.
    """
    host, port = str(settings["host"]), int(str(settings["port"]))
    server = (_Tls if settings["security"] == "tls" else _StartTls)(settings.get("private") or (), seconds)
    try:
        with server:
            server.connect(host, port)
            if settings["security"] == "starttls":
                server.starttls(context=ssl.create_default_context())
            if settings.get("username"):
                server.login(str(settings["username"]), resolved(str(settings["password"])))
            refused = server.send_message(message(settings, document))
    except smtplib.SMTPResponseException as error:  # its text may repeat what was sent
        raise StepFailed(f"{host} answered {error.smtp_code}", kind="NotTaken") from None
    except (smtplib.SMTPException, OSError) as error:
        raise StepFailed(f"{host} did not take the e-mail: {type(error).__name__}", kind="NotTaken") from None
    return f"{host} refused {', '.join(sorted(refused))}; the others have it" if refused else None


def message(settings: Mapping[str, JSON], document: Mapping[str, JSON]) -> EmailMessage:
    """Return a notice as an e-mail; the same notice has the same id at every attempt."""
    body, made = document["body"], EmailMessage()
    said = " ".join(str(document["text"]).split())
    made["Subject"] = said if len(said) <= SUBJECT_CHARACTERS else f"{said[: SUBJECT_CHARACTERS - 1]}…"
    made["From"] = str(settings["from"])
    made["To"] = [str(each) for each in settings["to"]]  # type: ignore[union-attr]
    made["Message-ID"] = f"<{document['id']}@{str(settings['from']).rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    lines = [said, "", f"Namespace: {document['namespace']}"]
    approval = body.get("approval") if isinstance(body, dict) else None
    if approval and settings.get("link"):
        lines += ["", str(settings["link"]).replace("{approval}", str(approval)), "Opening it approves nothing."]
    made.set_content("\n".join(lines))
    return made


class _StartTls(smtplib.SMTP):
    """A connection that is encrypted once the server said that it can; its address is resolved once."""

    def __init__(self, private: Any, seconds: float) -> None:
        super().__init__(timeout=seconds, local_hostname="brainops")
        self._private: Collection[str] = private

    def connect(self, host: str = "localhost", port: int = 0, source_address: Any = None) -> tuple[int, bytes]:
        """Connect, and keep the name: the certificate is to be of it."""
        self._host = host
        return super().connect(host, port, source_address)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return connect(host, port, timeout, self._private)


class _Tls(_StartTls):
    """A connection that is encrypted from the start."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return ssl.create_default_context().wrap_socket(super()._get_socket(host, port, timeout), server_hostname=host)
