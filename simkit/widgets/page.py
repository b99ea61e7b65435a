"""An instrument as one HTML file: the same pixels, slider and buttons without a kernel and without a network.

The file holds the stage's script and style, its table as compressed JSON, and nothing that another host would be asked for: its
Content-Security-Policy allows this script and this style, by their hashes, and nothing else.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from .stage import HERE, Options, Table, script, sent, style


@dataclass(frozen=True)
class Line:
    """A line of code in parts: what is called, with what, and a word for each setting ("" for one that is as usual)."""

    opener: str
    source: str
    words: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.opener}({', '.join(filter(None, [self.source, *self.words.values()]))})"


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a page holds: a table and where its slider and buttons stand, the line of code, the numbers.

    `usual` are the values that settings have if nobody chooses, `fixed` the choices that a page cannot change, by their labels.
    """

    name: str
    table: Table
    at: int
    pressed: tuple[int, ...]
    unfolded: bool
    line: Line
    usual: Mapping[str, Any]
    fixed: Mapping[str, str]
    numbers: str

    @property
    def title(self) -> str:
        """The first picture's title."""
        return next((panel["title"] for panel in self.table.panels if panel), self.name)

    def html(self) -> str:
        """The text of the file."""
        code = "\n".join([script().replace("export ", ""), (HERE / "page.js").read_text(encoding="utf-8"), ""])
        code = code.replace("default { render };", "").replace("</script", r"<\/script").replace("<!--", r"<\!--")
        look = style() + (HERE / "page.css").read_text(encoding="utf-8")
        allowed = f"default-src 'none'; script-src '{_hashed(code)}'; style-src '{_hashed(look)}'; {_NOTHING_ELSE}"
        return _PAGE.format(
            title=escape(self.title),
            allowed=allowed,
            style=look,
            fixed=_fixed(self.fixed),
            state=_compressed(self.state()),
            script=code,
        )

    def state(self) -> dict[str, Any]:
        """What the page's script reads."""
        slider = self.table.slider or Options("", [""])
        return {
            "name": self.name,
            "table": sent(self.table.sent()),
            "at": self.at,
            "pressed": list(self.pressed),
            "unfolded": self.unfolded,
            "peek": {},
            "offers": ["numbers", "code", "link"],
            "numbers": self.numbers,
            "choices": [self._choice(each) for each in (slider, *self.table.toggles)],
            "line": {"opener": self.line.opener, "source": self.line.source, "words": list(self.line.words.items())},
        }

    def _choice(self, options: Options) -> dict[str, Any]:
        """What slider or buttons move: the setting, its values as texts, and the word of code for each."""
        name = options.setting
        usual = {self.usual.get(name), self.table.stands_for.get(name) if self.usual.get(name) in ("", None) else None}
        values = [value.item() if isinstance(value, np.generic) else value for value in options.values]
        words = ["" if value in usual else f"{name}={value!r}" for value in values]
        return {"setting": name, "values": list(map(str, values)), "code": words}


_NOTHING_ELSE = "base-uri 'none'; form-action 'none'"
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy" content="{allowed}">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<style>{style}</style></head>
<body><main id="stage" aria-label="{title}"></main>
{fixed}
<noscript>This page draws with JavaScript, which is switched off.</noscript>
<script type="text/plain" id="state">{state}</script>
<script type="module">{script}</script></body></html>
"""


def _hashed(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _fixed(fixed: Mapping[str, str]) -> str:
    """Which choices were made when the page was saved and cannot be changed in it."""
    if not fixed:
        return ""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in fixed.items())
    said = "<p>They can be changed in a notebook: <em>Copy code</em> gives the line.</p>"
    return f"<details><summary>Fixed on this page ({len(fixed)})</summary><dl>{rows}</dl>{said}</details>"


def _compressed(state: Any) -> str:
    """Plain values as compressed JSON in base64; bytes inside it as {"$bytes": base64}."""
    text = json.dumps(state, default=_plain, allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    return value.item()  # a NumPy number
