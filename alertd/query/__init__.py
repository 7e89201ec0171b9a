"""What a reader asked for: folding, grammar, tree, canonical form, explanation.

```
typed text ──scan──> lexemes ──reading──> tree ──> canonical text     (a Query)
report fields ──folding──> Document
```
`alertd.matching.naive.evaluate` says whether a tree matches a Document, `explain` says where. The language is described
in docs/query-language.md.
"""

from alertd.query.document import Document, read_report
from alertd.query.explanation import Hit, explain
from alertd.query.reading import GRAMMAR, Query, parse, read_canonical, restrict
from alertd.query.tree import And, Every, Field, Node, Not, Or, Term

__all__ = [
    "GRAMMAR",
    "And",
    "Document",
    "Every",
    "Field",
    "Hit",
    "Node",
    "Not",
    "Or",
    "Query",
    "Term",
    "explain",
    "parse",
    "read_canonical",
    "read_report",
    "restrict",
]
