"""From typed text to lexemes: words with their field, operators, brackets; one pass, no backtracking."""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass

from alertd.query.document import field_tokens
from alertd.query.folding import BREAK, fold, is_cjk, stem
from alertd.query.tree import EXACT_FIELDS, OPERATORS, Field, Term
from alertd.query.trouble import Limits, Trouble, without

FIELD_NAMES = {
    name: where
    for where, names in {
        Field.TITLE: "title titles 标题 题目 题名",
        Field.ABSTRACT: "abstract summary 摘要",
        Field.KEYWORD: "keyword keywords 关键词 关键字",
        Field.AUTHOR: "author authors 作者",
        Field.DEPARTMENT: "department dept 部门 单位",
        Field.NUMBER: "number no 编号",
        Field.CATALOGUE: "catalogue catalog 目录",
    }.items()
    for name in names.split()
}
_FIELDS = "one of " + ", ".join(where.value for where in Field if where)

_CLOSING = {**dict.fromkeys('"“”„‟＂', '"“”„‟＂'), "「": "」", "『": "』", "«": "»"}
_OPEN, _CLOSE, _MINUS, _STARS = "(（", ")）", "-－−–", "*＊"
_SPACE = re.compile(r"(?:[\s、，。;；]|,(?!\d)|(?<!\d),)+")
# A comma stays between digits: 1,000.
_WORD = re.compile(r'(?:[^\s、，。;；,()（）"“”„‟＂「」『』«»]|(?<=\d),(?=\d))+')
_COLON = re.compile(r"[:：]")
_LONGEST_NAME = 40  # no field has a longer name; what is longer needs no "did you mean"
_MIN_PREFIX = 2


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A piece of a query.

    Attributes:
        kind: the grammar's terminal: TERM, STAR, OR, AND, NOT, FIELD, OPEN or CLOSE.
        start: index of its first character in the typed text.
        end: index after its last.
        term: what a TERM asks for.
    """

    kind: str
    start: int
    end: int
    term: Term | None = None


def scan(text: str, limits: Limits) -> list[Lexeme]:
    """The lexemes of a query.

    Raises:
        Trouble: something cannot be read, or is over a limit.
    """
    if len(text.encode("utf-8", "surrogatepass")) > limits.size:
        raise Trouble(
            f"the query is longer than {limits.size} bytes",
            at=0,
            expected="a shorter query, or several queries",
        )
    return _Scanner(text, limits).run()


class _Scanner:
    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.at = 0
        self.lexemes: list[Lexeme] = []
        self.open: list[tuple[int, Field]] = []
        self.pending: Field | None = None
        self.terms = 0

    def run(self) -> list[Lexeme]:
        while self.at < len(self.text):
            character = self.text[self.at]
            if space := _SPACE.match(self.text, self.at):
                self.at = space.end()
            elif character in _OPEN:
                self._open()
            elif character in _CLOSE:
                self._close()
            elif character in _CLOSING:
                self._phrase()
            elif word := _WORD.match(self.text, self.at):
                self._word(word[0])
            else:
                self.at += 1  # a closing quote without its opening one
        if self.open:
            raise Trouble(
                "a bracket is not closed",
                at=self.open[-1][0],
                expected="a closing bracket )",
                mended=self.text + ")" * len(self.open),
            )
        return self.lexemes

    @property
    def field(self) -> Field:
        """The field that holds here."""
        if self.pending is not None:
            return self.pending
        return self.open[-1][1] if self.open else Field.ANY

    def _add(self, kind: str, end: int, term: Term | None = None) -> None:
        self.lexemes.append(Lexeme(kind, self.at, end, term))
        self.at = end

    def _open(self) -> None:
        if len(self.open) >= self.limits.depth:
            raise Trouble(
                f"brackets are nested more than {self.limits.depth} deep",
                at=self.at,
                expected="fewer brackets",
            )
        self.open.append((self.at, self.field))
        self.pending = None
        self._add("OPEN", self.at + 1)

    def _close(self) -> None:
        if not self.open:
            raise Trouble(
                "this closing bracket has no opening one",
                at=self.at,
                expected="an opening bracket ( before it, or none at all",
                mended=without(self.text, self.at, self.at + 1),
            )
        self.open.pop()
        self.pending = None
        self._add("CLOSE", self.at + 1)

    def _phrase(self) -> None:
        closing = _CLOSING[self.text[self.at]]
        end = next((i for i in range(self.at + 1, len(self.text)) if self.text[i] in closing), -1)
        if end < 0:
            raise Trouble(
                "a quotation mark is not closed",
                at=self.at,
                expected='a closing " at the end of the phrase',
                mended=self.text.rstrip() + closing[0],
            )
        raw, after = self.text[self.at + 1 : end].rstrip(), end + 1
        prefix = raw[-1:] in _STARS and bool(raw)
        if self.text[after : after + 1] in _STARS and after < len(self.text):
            prefix, after = True, after + 1
        term = self._term(raw.rstrip(_STARS), prefix=prefix, end=after)
        if term is None:
            raise Trouble(
                "there is no word between these quotation marks",
                at=self.at,
                expected="at least one word between the quotation marks",
                mended=without(self.text, self.at, after),
            )
        self._add_term(term, after)

    def _word(self, word: str) -> None:
        if word[0] in _MINUS and self._negates(word):
            self._negation(self.at + 1)
            return
        operator = OPERATORS.get(_plain(word))
        if operator == "NOT":
            self._negation(self.at + len(word))
        elif operator:
            self.pending = None
            self._add(operator, self.at + len(word))
        elif not self._field(word):
            self._plain_word(word)

    def _negates(self, word: str) -> bool:
        """A minus is NOT where a word begins and something follows at once."""
        before = self.text[self.at - 1 : self.at]
        after = self.text[self.at + 1 : self.at + 2]
        if before and before not in _OPEN + ":：,、，。;；" and not before.isspace():
            return False
        return (
            bool(after)
            and after not in _MINUS + _CLOSE
            and (len(word) > 1 or after in _OPEN or after in _CLOSING)
        )

    def _negation(self, end: int) -> None:
        if self.lexemes and self.lexemes[-1].kind == "NOT":
            self.lexemes.pop()  # NOT NOT a = a; so a chain of them nests nothing
            self.at = end
        else:
            self._add("NOT", end)

    def _field(self, word: str) -> bool:
        """Read `name:` if the word begins with it."""
        colon = _COLON.search(word)
        name = word[: colon.start()] if colon else ""
        if not colon or not name.isalpha():
            return False
        end = self.at + colon.end()
        where = FIELD_NAMES.get(fold(name).text) if len(name) <= _LONGEST_NAME else None
        if where is None:
            if self.field is not Field.ANY or end == len(self.text) or self.text[end].isspace():
                return False  # "China: a study": a colon like any other punctuation
            raise self._unknown_field(name, end)
        if self.field is not Field.ANY:
            raise Trouble(
                f"{name}: stands inside {self.field}:",
                at=self.at,
                expected=f"the words to look for in {self.field}, without another field",
                mended=without(self.text, self.at, end),
            )
        self.pending = where
        self._add("FIELD", end)
        return True

    def _unknown_field(self, name: str, end: int) -> Trouble:
        shown = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
        near = difflib.get_close_matches(fold(name).text[:_LONGEST_NAME], FIELD_NAMES, n=1)
        rest = _WORD.match(self.text, end)
        quoted = f'"{self.text[self.at : rest.end() if rest else end].rstrip(_STARS)}" '
        return Trouble(
            f"there is no field {shown}:" + (f"; did you mean {near[0]}: ?" if near else ""),
            at=self.at,
            expected=_FIELDS + ", or the words in quotation marks",
            mended=self.text[: self.at]
            + (
                f"{near[0]}:{self.text[end:]}" if near else quoted + self.text[rest.end() if rest else end :]
            ).strip(),
        )

    def _plain_word(self, word: str) -> None:
        end = self.at + len(word)
        bare = word.rstrip(_STARS)
        if not bare:
            if self.field is not Field.ANY:
                raise Trouble(
                    f"{self.field}: needs a word", at=self.at, expected=f"a word after {self.field}:"
                )
            self._add("STAR", end)
            return
        inside = next((i for i, character in enumerate(bare) if character in _STARS), -1)
        if inside >= 0:
            raise Trouble(
                "a * stands inside or before a word",
                at=self.at + inside,
                expected="a * only at the end of a word, or alone for every report",
                mended=self.text[: self.at + inside] + self.text[self.at + inside + 1 :],
            )
        term = self._term(bare, prefix=bare != word, end=end)
        if term is None:
            self.at = end  # punctuation alone says nothing
        else:
            self._add_term(term, end)

    def _add_term(self, term: Term, end: int) -> None:
        self.terms += 1
        if self.terms > self.limits.terms:
            raise Trouble(
                f"the query has more than {self.limits.terms} words and phrases",
                at=self.at,
                expected="fewer words, or several queries",
            )
        self.pending = None
        self._add("TERM", end, term)

    def _term(self, raw: str, *, prefix: bool, end: int) -> Term | None:
        where = self.field
        tokens = field_tokens(where, raw)
        words = [token.text for token in tokens]
        if not words:
            return None
        if prefix and is_cjk(words[-1]) and where is not Field.CATALOGUE:
            prefix = False  # Chinese is found inside longer words anyway
        if prefix and sum(len(word) for word in words if word != BREAK) < _MIN_PREFIX:
            raise Trouble(
                "too little stands before *",
                at=self.at,
                expected=f"at least {_MIN_PREFIX} letters before *",
                mended=without(self.text, self.at, end),
            )
        if not prefix and where not in EXACT_FIELDS:
            stems = stem(words)
            words = [t.text if t.literal else s for t, s in zip(tokens, stems, strict=True)]
        return Term(where, tuple(words), prefix)


def _plain(word: str) -> str:
    """A word as the table of operators has it: its width and traditional characters folded, its case kept."""
    narrow = unicodedata.normalize("NFKC", word)
    return fold(narrow).text if is_cjk(narrow) else narrow
