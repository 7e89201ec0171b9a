"""Readers that the keyword commands share: what may count as a subject of interest."""

from __future__ import annotations

import re

from alertd.postmaster.prose.lexicon import Part, tokens

SELF = re.compile(
    r"^\s*(?:all |everything |any |of )*(?:me|us|myself|my (?:e-?mail|address|account|name|data|information|personal|profile|subscriptions?))\b|\babout me\b|^\s*(?:与|和)?我(?!国|们国)",
    re.IGNORECASE,
)
_PROSE = re.compile(
    r"\b(?:i|you|we|they|he|she|is|are|was|were|am|been|being|would|could|should|will|can|can't|have|has|had|this|that|don't|do|did|because|since|when|so that|until|till)\b",
    re.IGNORECASE,
)
_SPEAKER = re.compile(
    r"\b(?:i|you|we|they|me|him|them|myself|our)\b|'(?:ll|m|ve|d|re)\b|n't\b|^(?:no|number|nr|report)\.? ?\d+|^#\d|^第?\d+[号期]|^(?:anything|something|everything|nothing|that|this|it|those|them)\b(?! (?:about|on))|\b(?:colleagues?|friends?|thank|bye)\b",
    re.IGNORECASE,
)
"""Who speaks, and a report's number, are nobody's subject of interest."""
_ZH_PROSE = re.compile(
    r"^只|问一下|想问|^(?:要(?!素)|会(?![计展])|是|能(?![源耗力量])|需要)|[我你您他她吗呢吧]|什么|怎么|可以|不要|就是|已经|照旧|等到|等我|每|太多|太频繁|一次"
)
LONGEST = 200


def plausible(found: tuple[str, ...], *, prose: bool = False) -> bool:
    """Whether all of these can be keywords, and none is a piece of a sentence.

    Args:
        found: keywords.
        prose: they were taken out of a sentence, so each must hold a word that is no everyday one.
    """
    if prose and not all(_has_subject(query) for query in found):
        return False
    return not any(
        len(_PROSE.findall(query)) > 1
        or _SPEAKER.search(query)
        or _ZH_PROSE.search(query)
        or "@" in query
        or len(query) > LONGEST
        for query in found
        if not query.startswith('"')
    )


def _has_subject(query: str) -> bool:
    if query[:1] in '"“「『《':
        return True
    if re.fullmatch(r"[\u4e00-\u9fff]|[A-Za-z]{1,2}", query) and not query.isupper():
        return False
    return any(token.part is Part.TOPIC for token in tokens(query))
