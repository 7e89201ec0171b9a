"""The steps of an explanation in plain words, in the languages we write mail in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from alertd.digest.explain import Step

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "seen": "found in the catalogue {catalogue}",
        "announced": "announced under number {no} (revision {revision}, {cause})",
        "baseline": "it was in the catalogue before we began to watch it, so nobody was told",
        "held": "it is held: one poll brought too many new reports, and an admin has to look",
        "old": "it is dated too long ago to be news, so nobody was told",
        "discarded": "an admin discarded it, so nobody was told",
        "retracted": "it was retracted {reason}",
        "not_announced": "it has not been announced yet",
        "matched": "found by: {queries}",
        "no_match": "none of the queries finds it: {queries}",
        "asked_nothing": "the reader asks for nothing",
        "asked_later": "found by {queries}, but that was asked for only after the report was announced",
        "dropped": "found by {queries}, but the reader had dropped that",
        "paused": "the reader paused; it comes when they resume ({until})",
        "ended": "the reader had left ({reason})",
        "waits": "waits for the next digest ({next})",
        "skipped": "the reader chose to skip what came during a pause",
        "purged": "it was told; the details are older than we keep them",
        "edition": "put into a digest (edition {edition}, due {due})",
        "withdrawn": "put into a digest (edition {edition}, due {due}) that did not leave and was taken back: {reason}",
        "delivery_pending": "the mail waits to be sent (attempts: {attempts}, next {next}) {reply}",
        "delivery_claimed": "the mail is being sent",
        "delivery_in_doubt": "handed over, but the connection broke before the answer; tried again {next}",
        "delivery_sent": "accepted by the next server: {code} {reply}",
        "delivery_failed": "refused: {code} {reply}",
        "delivery_held": "held for an operator: {reply}",
        "delivery_expired": "not sent: {reply}",
    },
    "zh": {
        "seen": "在目录 {catalogue} 中发现",
        "announced": "以编号 {no} 发布（版本 {revision}，{cause}）",
        "baseline": "我们开始关注该目录之前它已存在，因此未通知任何人",
        "held": "暂缓处理：一次抓取的新报告过多，等待管理员确认",
        "old": "日期过早，不算新报告，因此未通知任何人",
        "discarded": "管理员已将其忽略，因此未通知任何人",
        "retracted": "该报告已撤回 {reason}",
        "not_announced": "尚未发布",
        "matched": "匹配的关键词：{queries}",
        "no_match": "没有关键词与之匹配：{queries}",
        "asked_nothing": "读者没有订阅任何内容",
        "asked_later": "{queries} 与之匹配，但订阅时间在报告发布之后",
        "dropped": "{queries} 与之匹配，但读者已删除该关键词",
        "paused": "读者已暂停；恢复后会收到（{until}）",
        "ended": "读者已退订（{reason}）",
        "waits": "等待下一期摘要（{next}）",
        "skipped": "读者选择跳过暂停期间的内容",
        "purged": "已通知；详细记录已超过保存期限",
        "edition": "编入摘要（第 {edition} 期，应发时间 {due}）",
        "withdrawn": "曾编入摘要（第 {edition} 期，应发时间 {due}），但未发出，已撤回：{reason}",
        "delivery_pending": "邮件等待发送（已尝试 {attempts} 次，下次 {next}）{reply}",
        "delivery_claimed": "邮件正在发送",
        "delivery_in_doubt": "已交付，但在收到答复前连接中断；{next} 重试",
        "delivery_sent": "下一台服务器已接收：{code} {reply}",
        "delivery_failed": "被拒收：{code} {reply}",
        "delivery_held": "等待运维处理：{reply}",
        "delivery_expired": "未发送：{reply}",
    },
}

TO_THEM: dict[str, dict[str, str]] = {
    "en": {
        "asked_nothing": "you ask for nothing",
        "dropped": "found by {queries}, but you had dropped that",
        "paused": "you have paused; it comes when you resume ({until})",
        "ended": "you had left ({reason})",
        "skipped": "you chose to skip what came during a pause",
    },
    "zh": {
        "asked_nothing": "您没有订阅任何内容",
        "dropped": "{queries} 与之匹配，但您已删除该关键词",
        "paused": "您已暂停；恢复后会收到（{until}）",
        "ended": "您已退订（{reason}）",
        "skipped": "您选择跳过暂停期间的内容",
    },
}
"""The same where it is said to the reader, in a mail: they are not spoken of as somebody else."""


BOUNCES: dict[str, dict[str, str]] = {
    "zh": {
        "not permitted": "不允许向其投递",
        "unknown user": "用户不存在",
        "rate limited": "发送过于频繁",
        "authentication": "身份验证未通过",
        "relay denied": "拒绝转发",
        "block list": "被列入黑名单",
        "mailbox full": "邮箱已满",
        "too large": "邮件过大",
        "mailbox disabled": "邮箱已停用",
        "unknown domain": "域名不存在",
        "spam": "被视为垃圾邮件",
        "virus": "被视为含有病毒",
        "greylisted": "对方要求稍后再试",
        "policy": "对方的规定不允许",
        "loop": "邮件循环",
        "forwarding failed": "转发失败",
        "server trouble": "服务器故障",
        "mailbox trouble": "邮箱故障",
        "address refused": "地址被拒绝",
        "refused": "被拒收",
        "delayed": "投递延迟",
    }
}
"""Why a mail came back, as `alertd.postmaster.bounces.reasons` names it."""

VALUES: dict[str, dict[str, dict[str, str]]] = {
    "zh": {
        "cause": {"new": "新报告", "released": "解除暂缓", "revised": "修订", "late": "补充匹配"},
        "reason": {
            "left": "本人退订",
            "taken out of the file": "已从管理者的名单中移除",
            "ended by an admin": "由管理者终止",
            "complained": "曾投诉我们的邮件",
            "address does not work": "地址无法送达",
            "paused": "订阅已暂停",
            "stale": "等待过久",
            "forgotten": "数据已删除",
        },
        "reply": {
            "withdrawn": "已撤回",
            "paused": "订阅已暂停",
            "stale": "等待过久",
            "forgotten": "数据已删除",
            "suppressed": "不得向该地址发送邮件",
            "complaint": "曾投诉我们的邮件",
            "bounce": "地址无法送达",
            "the reader is ended": "已退订",
            "the reader is suppressed": "已停止向该地址发送",
            "the reader is gone": "已不再订阅",
            "its time was over before it could be sent": "发出之前已过期",
            **BOUNCES["zh"],
        },
    }
}
"""Facts that are words of ours, by fact; English says them as they are. Of `head: more` each part is looked up."""


def say(steps: Sequence[Step], *, language: str, zone: str, to_them: bool = False) -> list[str]:
    """One line for each step, its time in the reader's zone first; `to_them` when the reader is who reads it."""
    spoken = language if language in WORDS else "en"
    words = WORDS[spoken] | (TO_THEM[spoken] if to_them else {})
    values = VALUES.get(spoken, {})
    return [_line(step, words[step.code], values, ZoneInfo(zone)) for step in steps]


def _line(step: Step, pattern: str, values: Mapping[str, Mapping[str, str]], zone: ZoneInfo) -> str:
    if (
        step.code != "delivery_expired"
    ):  # a reply is a server's, but that of a mail which nobody was asked to take
        values = {name: words for name, words in values.items() if name != "reply"}
    facts = {name: _worded(_shown(value, zone), values.get(name, {})) for name, value in step.facts.items()}
    text = pattern.format_map(facts).strip()
    return f"{_shown(step.at, zone)}  {text}" if step.at else text


def _worded(value: str, words: Mapping[str, str]) -> str:
    """A word of ours in the reader's language; what somebody else wrote, an admin or a server, stays as it is."""
    if value in words:
        return words[value]
    head, colon, more = value.partition(": ")
    return f"{words[head]}：{_worded(more, words)}" if colon and head in words else value


def _shown(value: Any, zone: ZoneInfo) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return str(value)
