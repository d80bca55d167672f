"""Are memories found by a part of what they say, also in scripts that put no blank between words?"""

from __future__ import annotations

import pytest

from tests.conformance.conftest import OpenBrain

UNSPACED = (
    "网关证书过期导致握手失败",
    "日志分区磁盘已满无法写入",
    "消息队列积压超过阈值",
    "本番データベースの接続数が上限に達した",
    "バッチ処理が夜間に停止する",
    "배포스크립트실행권한오류",
    "ฐานข้อมูลเชื่อมต่อไม่ได้หลังอัปเดต",
    "ดิสก์เต็มทำให้เขียนไฟล์ไม่ได้",
)


@pytest.mark.parametrize(
    ("part", "title"),
    [
        ("证书过期", 0),
        ("磁盘已满", 1),
        ("队列积压", 2),
        ("接続数", 3),
        ("夜間に停止", 4),
        ("실행권한", 5),
        ("เชื่อมต่อไม่ได้", 6),
        ("เขียนไฟล์", 7),
    ],
)
def test_a_part_finds_what_is_written_without_blanks(open_brain: OpenBrain, part: str, title: int) -> None:
    brain = open_brain()
    for each in UNSPACED:
        brain.capture(each, "-")
        brain.capture(f"{each[:1]} {each[-1:]} of another", "shares a first and a last character")

    assert brain.retrieve(part)[0].memory.title == UNSPACED[title]
    assert brain.retrieve(f"{part}?")[0].why.terms
