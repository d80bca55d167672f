"""Does what is said in other languages get found, lose its secrets, and keep its identity as English does?"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from brainops.memory.recognition.error_events import parse_error
from brainops.memory.recognition.fingerprint import fingerprint
from brainops.memory.redaction.policy import RedactionPolicy
from brainops.memory.redaction.redact import redact
from tests.conformance.conftest import OpenBrain

SECRET = "Wq7rT2nVx9KpL4zB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody of a language says: a memory, a part of it as asked for, a secret, a harmless line, errors."""

    title: str
    asked: str
    secret: str
    harmless: str
    error: str
    other_error: str


LANGUAGES = {
    "German": Said(
        title="Zahlungsdienst überlastet: Verbindungen zur Datenbank begrenzen",
        asked="Datenbank uberlastet",
        secret="Das Passwort: {}",
        harmless="Das Passwort wurde gestern geändert",
        error="Auftrag {} konnte nicht gebucht werden",
        other_error="Auftrag {} konnte nicht storniert werden",
    ),
    "French": Said(
        title="Le déploiement échoue quand le disque du serveur est plein",
        asked="deploiement disque plein",
        secret="mot de passe : {}",
        harmless="Le mot de passe a été renouvelé hier",
        error="La commande {} est introuvable",
        other_error="La commande {} est bloquée",
    ),
    "Spanish": Said(
        title="La conexión con el servidor de correo caducó después de la migración",
        asked="conexion servidor de correo",
        secret="contraseña: {}",
        harmless="La contraseña caduca cada noventa días",
        error="El pedido {} no existe",
        other_error="El pedido {} está duplicado",
    ),
    "Portuguese": Said(
        title="A atualização do certificado não reinicia o balanceador",
        asked="atualizacao do certificado",
        secret="senha: {}",
        harmless="A senha expira em noventa dias",
        error="O pedido {} não foi encontrado",
        other_error="O pedido {} não foi enviado",
    ),
    "Japanese": Said(
        title="夜間バッチが接続数の上限に達して停止した",
        asked="接続数の上限",
        secret="パスワード\uff1a{}",
        harmless="パスワードは昨日変更されました",
        error="注文 {} が見つかりません",
        other_error="注文 {} が重複しています",
    ),
    "Chinese": Said(
        title="网关证书过期导致支付服务握手失败",
        asked="支付服务握手",
        secret="密码\uff1a{}",
        harmless="密码已于昨天更改",
        error="订单 {} 不存在",
        other_error="订单 {} 已重复",
    ),
    "Thai": Said(
        title="ฐานข้อมูลเชื่อมต่อไม่ได้หลังอัปเดตใบรับรอง",
        asked="เชื่อมต่อไม่ได้",
        secret="รหัสผ่าน: {}",
        harmless="รหัสผ่านถูกเปลี่ยนเมื่อวาน",
        error="ไม่พบคำสั่งซื้อ {}",
        other_error="คำสั่งซื้อ {} ซ้ำกัน",
    ),
}
EACH = pytest.mark.parametrize("language", LANGUAGES)


def test_a_part_of_a_title_finds_it_with_or_without_its_accents(open_brain: OpenBrain) -> None:
    brain = open_brain()
    for said in LANGUAGES.values():
        brain.capture(said.title, said.harmless)

    found = {language: brain.retrieve(said.asked)[0].memory.title for language, said in LANGUAGES.items()}

    assert found == {language: said.title for language, said in LANGUAGES.items()}


@EACH
def test_a_password_goes_and_a_line_that_speaks_of_one_stays(language: str) -> None:
    said = LANGUAGES[language]

    assert SECRET not in redact(said.secret.format(SECRET), RedactionPolicy()).text
    assert redact(said.harmless, RedactionPolicy()).text == said.harmless


@EACH
def test_an_error_is_the_same_whatever_its_number_and_another_is_another(language: str) -> None:
    said = LANGUAGES[language]
    first, again, other = (
        fingerprint(parse_error(text))
        for text in (said.error.format(8812), said.error.format(99134), said.other_error.format(8812))
    )

    assert first.digest == again.digest
    assert first.digest != other.digest
