"""Read a plain file of project instructions, an AGENTS.md: `read_instructions(path)` -> sentences, code, what is hidden.

Such a file has no schema: it is Markdown that people write for assistants.  What a page shows of it (`page`) is cut into
sentences.  None is understood: a table of cue words gives each its kind, with the words that lead to it (`Never:` above a
list), and what the table lacks is information.  MUST, SHOULD and MAY are read as in RFC 2119 (Bradner 1997); a sentence that
begins with a verb of the table commands.  Words in code, between double quotes or in addresses are spoken of, not said; words
of a clause that limits (`If they don't match, …`) say when, not what.  `do not` forbids at the beginning of its clause or where
its subject is addressed, `cannot` in the latter case only: `the answers don't match` forbids nothing.

Form of the file: agents.md.  That such a file has no authority of its own, but may be lent some by whoever points at it:
OpenAI's Model Spec (2025-12-18), section ignore_untrusted_data.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from ...files import InvalidFile, Problem, given_path, read_text
from ...text import Printable, Printed, printable, shown
from ..page import (
    COMMENT,
    LESS,
    MAX_BYTES,
    MAX_FOUND,
    MAX_TEXT,
    TITLE,
    Block,
    Code,
    Heading,
    Link,
    Page,
    Suspicious,
    no_markdown,
    sentences,
)

MAX_FOLDERS = 100
MAX_SUSPICIOUS = 200
MAX_ROWS = 60
Kind = Literal["must", "must not", "prefer", "prefer not", "ask first", "may", "unclear", "information"]
#: Where a sentence stands.  What is quoted has no authority; the columns of a table may change what a row says.
Place = Literal["paragraph", "list", "heading", "table", "quote"]

# --- cue words --------------------------------------------------------------------------------------------------------

#: Cue words of each kind.  Those of `information` take back what a word in them seems to say; the longest cue counts.
_CUES: dict[Kind, str] = {
    "must": (
        "must, must always, always, required, shall, mandatory, have to, has to, ensure, make sure, do not forget to, "
        "don't forget to, never forget to, without exception, should always"
    ),
    "must not": (
        "must not, mustn't, must never, never, never ever, do not ever, don't ever, shall not, shall never, may not, may "
        "never, should never, not allowed, forbidden, prohibited, not permitted, under no circumstances, can never, "
        "not acceptable"
    ),
    "prefer": "prefer, prefers, preferred, preferably, should, ideally, try to, recommended, when possible",
    "prefer not": (
        "prefer not, should not, shouldn't, avoid, avoided, discouraged, try not to, not recommended, should be avoided, "
        "should avoid, rather not"
    ),
    "ask first": (
        "ask first, ask before, ask for approval, ask for permission, get approval, get permission, check "
        "with, confirm with, confirm before, needs approval, need approval, requires approval, require approval, without "
        "asking, without approval, without permission, without confirmation, only after approval"
    ),
    "may": "may, feel free, allowed, permitted, do not hesitate to, don't hesitate to, it is fine to, it's fine to",
    "information": (
        "not required, do not have to, don't have to, does not have to, do not need to, don't need to, need not, not mandatory"
    ),
}
CUES: dict[str, Kind] = {cue: kind for kind, cues in _CUES.items() for cue in cues.split(", ")}

_VERBS = """
    act add admit allow answer apologise apologize approve ask assume be begin build call cancel check choose cite close
    commit continue copy create decline delete deny deploy describe disregard document end escalate explain fix follow forget
    format give grant greet hand handle help hide ignore include install keep leave let limit list log make mention merge move
    name obey offer open point prefix pretend promise push put quote read recommend refer refund refuse remove rename reply
    report respond return review run save say send set share show sign speak start stay stick stop store suggest summarise
    summarize tell test thank transfer treat update use validate verify wrap write
"""
#: Verbs that command where a sentence begins with them.
VERBS = frozenset(_VERBS.split())

_ADDRESSED = r"you|agents?|assistants?|ais?|bots?|chatbots?|models?|llms?|claude|codex|copilot|cursor|gemini|gpt"
_ADVERB = r"(?: (?:also|just|still|simply|please|therefore|\w+ly))?"
_DENIED = (  # the auxiliary is a cue of its own only where its clause addresses the agent
    rf"(?:(?:^|[^\w\s'/-]\s*|\b(?:and|but|or|so|then|please|{_ADDRESSED}|we)\b{_ADVERB} ?)(?:do not|don't)"
    rf"|\b(?:{_ADDRESSED}){_ADVERB} (?:cannot|can not|can't))"
)
_WORDS = "|".join(sorted(map(re.escape, CUES), key=len, reverse=True))
_CUE = re.compile(rf"(?<![\w-])(?:{_WORDS})(?![\w-])|(?P<denied>{_DENIED})(?![\w-]| (?:have|need|forget|hesitate) to\b)")
_AUXILIARY = re.compile(r"do not|don't|cannot|can not|can't")
_SPOKEN_OF = re.compile(r"`[^`]*`|\"[^\"]*\"|“[^”]*”|«[^»]*»|<code>[^<]*</code>|(?<=\])\([^()\s]*[^()]{0,300}\)|https?://\S+")
_ASKED = re.compile(r"(?<![\w-])(ask|check|confirm) [^.;:]{1,80}? (before|first)(?![\w-])")
_FIRST = re.compile(r"[^a-z0-9]*(?:please\W+)?([a-z]+)(?![\w':-])")
#: A noun phrase that begins with a word of `VERBS`, up to its own verb: `Build output goes to …`.
_NOUN_PHRASE = re.compile(
    r"\W*\w+(?: (?!(?:an?|the|this|that|these|those|your|our|all|any|each|every|no|only|it|them|to|in|on|of|for|with|from|at|"
    r"by|if|when|what|where|which|who|how|and|or|as)\b)[\w'-]+){0,3} (?:is|are|was|were|has|have|had|goes|go|lives?|lies?|"
    r"happens?|comes?|contains?|needs?|requires?|belongs?|depends?|means?|exists?|stays?|lands?|ends? up|takes?|must|should|"
    r"will|can|cannot|can't|may|does|isn't|aren't|doesn't)\b(?! (?:it|them)\b)"
)
_NOUN_VERBS = "answer build commit document format link list log merge name report review share store test"
_NOUNS = frozenset(_NOUN_VERBS.split())
_LABEL = re.compile(r"\W*[a-z][\w' /-]{0,40}: +(?=\w)")
_BARE = re.compile(r"[^a-z]*(?:you |agents? |assistants? |the |we )?([a-z' ]*?)(?: do| do this| rules| to| be)?[^a-z]*")
_TITLES: dict[str, Kind] = {"do": "must", "dos": "must", "do's": "must", "don'ts": "must not", "dont's": "must not"}
_TITLES |= dict.fromkeys(("do not", "don't", "cannot", "can't"), "must not")
_OPENING = re.compile(
    r"[\s*_]*((?:if|when|whenever|unless|until|once|for|in|on|before|after|while|within|outside)\b[^,:]{1,300})[,:]", re.I
)
_LATER = re.compile(
    r"(?<!\w)(?:only (?:in|for|when|if|with)|if|when|whenever|unless|until|except)\b(?! (?:possible|in doubt)\b)", re.I
)

#: Small words of English, and of languages of which no cue word is known.
_SMALL = "a an the of to and in is are for with on that this it be or not if when from by as at you your we"
_ENGLISH = frozenset(_SMALL.split())
_STRANGE = """
    der das und nicht ist ein eine mit für auf zu von werden sie wir immer nie les une est dans pour avec jamais toujours
    vous ne los las el una para con por que nunca siempre não sempre uma il della sono mai het een niet van och inte att alltid
    nie się jest nigdy zawsze og ikke для и не на в всегда никогда
"""
_OTHERS = frozenset(_STRANGE.split())
_CLAIMS = re.compile(
    r"\b(?:ignore|disregard|forget|override|overrule|bypass|supersede)s?\b.{0,60}?\b(?:previous|prior|above|earlier|preceding|"
    r"system|developer|all|other|any|your|these|existing)\b.{0,40}?\b(?:instructions?|rules?|prompts?|messages?|guidelines?|"
    r"polic(?:y|ies)|restrictions?)\b|\bthis (?:file|document) (?:overrides|supersedes|outranks)\b",
    re.I,
)
_MARKS = re.compile(r"[*~`]|(?<!\w)_+|_+(?!\w)")
_LIMIT = re.compile(rf"(?<=\w )(?:{_LATER.pattern})[^,;:]*")


class Cue(NamedTuple):
    """What a sentence is, and the words that say so (empty for information, and for words of an unknown language)."""

    kind: Kind
    words: str


NO_CUE = Cue("information", "")


def plain(text: str) -> str:
    """`text` for comparing: small letters, straight apostrophes, one blank between words, no marks of emphasis."""
    return " ".join(_MARKS.sub("", text.replace("’", "'").casefold()).split())


@lru_cache(maxsize=1024)
def cue(text: str) -> Cue:
    """What a sentence is: by the cue words of its main clause, or else by the verb that it begins with."""
    said = plain(_SPOKEN_OF.sub(" … ", text))
    opening = _OPENING.match(said)
    said = _LIMIT.sub("…", said[opening.end() :].lstrip() if opening else said)
    label, first = _LABEL.match(said), _FIRST.match(said)
    if label and not (first and first[1] in VERBS - _NOUNS):
        first = _FIRST.match(said, label.end())
    command = first[1] if first and first[1] in VERBS and not _NOUN_PHRASE.match(said, first.start(1)) else ""
    asked = [Cue("ask first", f"{match[1]} … {match[2]}") for match in _ASKED.finditer(said)]
    return _settled([*map(_of_match, _CUE.finditer(said)), *asked], command)


def _of_match(match: re.Match[str]) -> Cue:
    denied = _AUXILIARY.search(match["denied"] or "")
    return Cue("must not", denied[0]) if denied else Cue(CUES[match[0]], match[0])


def _settled(found: list[Cue], command: str) -> Cue:
    """One cue of several: asking first, then the stronger of those that point the same way."""
    asks, says, denies, may = (
        [cue for cue in found if cue.kind in kinds]
        for kinds in (("ask first",), ("must", "prefer"), ("must not", "prefer not"), ("may",))
    )
    if asks and asks[0].words.startswith("without"):
        return asks[0] if denies else may[0] if may else Cue("unclear", asks[0].words)
    if denies and (asks or says or command):
        return Cue("unclear", f"{denies[0].words}, {[*asks, *says, Cue('must', command)][0].words}")
    for cues in (asks, denies, says, may):
        if cues:
            return next((cue for cue in cues if cue.kind.startswith("must")), cues[0])
    return Cue("must", command) if command else NO_CUE


def led(text: str, leads: tuple[str, ...]) -> Cue:
    """What a sentence is below the words that lead to it (`Never:` above a list), which count unless it contradicts them."""
    own, above = cue(text), next((found for found in map(lead, reversed(leads)) if found != NO_CUE), NO_CUE)
    if above == NO_CUE:
        return own
    contradicts = own.words not in ("", *VERBS) and own.kind != above.kind
    return Cue("unclear", f"{above.words}, {own.words}") if contradicts else above


@lru_cache(maxsize=1024)
def lead(text: str) -> Cue:
    """What words that lead to others say: a verb at their beginning does not count, for it leads nowhere."""
    found = title_cue(text)
    found = cue(text) if found == NO_CUE else found
    return NO_CUE if found.words in VERBS else found


@lru_cache(maxsize=1024)
def title_cue(title: str) -> Cue:
    """What a title says of all that stands below it, if it is nothing but a cue: `Never`, `Ask first`, `Don'ts`."""
    said = plain(title)
    letters, match = re.sub(r"[^a-z']", "", said), _BARE.fullmatch(said) if len(said) < 60 else None
    words = letters if letters in _TITLES else match[1].strip() if match else ""
    kind = _TITLES.get(words) or CUES.get(words)
    return Cue(kind, words) if kind and kind != "information" else NO_CUE


def condition(text: str) -> str:
    """The clause that limits a sentence (`When …,` at its beginning, `… unless …` at its end); empty if there is none."""
    opening, later = _OPENING.match(text), _LATER.search(text)
    return opening[1] if opening else text[later.start() :].rstrip(" .;:*_") if later else ""


def tongue(text: str) -> int:
    """Whether words look English (1), like a language of which no cue word is known (-1), or like neither (0)."""
    bare = [word.strip(".,;:!?()[]\"'") for word in plain(_SPOKEN_OF.sub(" ", text)).split()]
    english, other = (len(known.intersection(bare)) for known in (_ENGLISH, _OTHERS))
    letters = [] if text.isascii() else [char for word in bare for char in word if char.isalpha()]
    strange = sum(ord(char) > 0x24F for char in letters)  # what follows the Latin letters
    return -1 if 2 * strange > len(letters) or other > max(english, 1) else min(english, 1)


# --- files ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """One sentence of the file, and what it is: an instruction, or information if no cue word makes it one.

    `text` is what a page shows, at most 2000 characters (`cut`: there were more); `section` the titles above it.  `cue` are the
    words that make its `kind`; of an `unclear` one two that contradict each other, or none where no cue word of its language is
    known.  `condition` holds the clauses that limit it, `leads` the words that lead to it (`Never:` above a list).
    """

    text: str
    file: str
    line: int
    section: tuple[str, ...]
    kind: Kind
    cue: str
    condition: str = ""
    leads: tuple[str, ...] = ()
    place: Place = "paragraph"
    scope: str = ""
    cut: bool = False

    @property
    def where(self) -> str:
        """File and line: `AGENTS.md, line 12`."""
        return f"{self.file}, line {self.line}"


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class InstructionFile(Printed):
    """A plain file of instructions, such as an AGENTS.md; `scope` is the folder for which it speaks, empty for all.

    `instructions` holds every sentence in the order of the file, information included; `front` is the text between two lines
    `---` at the beginning, which instructs nobody.  What `suspicious` lists is no instruction.
    """

    name: str
    sha256: str
    scope: str
    sections: tuple[Heading, ...]
    instructions: tuple[Instruction, ...]
    code: tuple[Code, ...]
    links: tuple[Link, ...]
    suspicious: tuple[Suspicious, ...]
    front: str

    def _parts(self) -> list[Printable]:
        said = [each for each in self.instructions if each.kind != "information"]
        kinds = [f"{n} {kind}" for kind, n in Counter(each.kind for each in self.instructions).items()]
        foreign = sum(each.kind == "unclear" and not each.cue for each in said)
        typed = counted(sum(len(each.commands) for each in self.code), "command")
        code = f"{counted(len(self.code), 'block')} of code with {typed}"
        lines = [
            f"It speaks for the folder {short(self.scope)}." if self.scope else "",
            "What stands between --- and --- at its beginning instructs nobody." if self.front else "",
            f"{counted(len(self.sections), 'section')}; sentences by kind: {', '.join(kinds) or 'none'}.",
            f"{counted(foreign, 'sentence')} in a language of which no cue word is known." if foreign else "",
            f"{code}, {counted(len(self.links), 'link')}; nothing was run or fetched.",
            *(f"Suspicious, {found.said}" for found in self.suspicious[:20]),
            f"… and {len(self.suspicious) - 20} more suspicious places." if len(self.suspicious) > 20 else "",
            f"… and {len(said) - MAX_ROWS} more instructions" if len(said) > MAX_ROWS else "",
        ]
        rows = [[short(i.text), i.kind, i.cue, short(i.condition), str(i.line)] for i in said[:MAX_ROWS]]
        head = ("instruction", "kind", "cue", "condition", "line")
        return [f"Instructions of {printable(self.name, 300)}", *filter(None, lines), (head, rows)]


def counted(count: int, name: str) -> str:
    """`1 link`, `2 links`."""
    return f"{count} {name}{'' if count == 1 else 's'}"


def short(text: str) -> str:
    """`text` on one line, cut to the width of a table, with an escape for each invisible character."""
    return printable(text, 72)


def read_instructions(path: str | Path) -> InstructionFile:
    """The instructions of a plain Markdown file (UTF-8, at most 512 kB).

    `InvalidFile` with the likely fix if the file cannot be opened, is too large or no text, or is another kind of file: a
    release of the Model Spec, a spec or a scenario of simkit, JSON, HTML.  Any Markdown can be read; what is hidden from a
    reader of the page is listed in `suspicious`.
    """
    return _read(given_path(path), str(path), "")


def read_instructions_text(text: str, name: str = "<text>", scope: str = "") -> InstructionFile:
    """The same from text; `name` is what messages and errors call it, `scope` the folder for which it speaks.

    `InvalidFile` as for `read_instructions`.
    """
    rule, fix, line = no_markdown(text)
    if rule:
        raise InvalidFile(name, [Problem((), rule, fix, line=line)])
    return _Walk(name, scope).read(text)


def instructions_for(path: str | Path, root: str | Path, name: str = "AGENTS.md") -> tuple[InstructionFile, ...]:
    """The files called `name` that speak for `path` (a file or a folder), from the folder `root` down: the nearest comes last.

    Each carries the folder that it speaks for as `scope`.  As messages in this order the nearest wins, because at one level the
    last word holds.  `InvalidFile` if `path` is not below `root`, or if a file leads out of it; no file at all is no error.
    """
    top, place = _resolved(root), _resolved(path)
    if not place.is_relative_to(top):
        raise InvalidFile(str(path), [Problem((), f"it is not below {shown(str(root))}", "give the folder of the project")])
    steps = place.relative_to(top).parts[:MAX_FOLDERS]
    files = (top.joinpath(*steps[:n], given_path(name)) for n in range(len(steps) + 1))
    return tuple(_within(file, top) for file in files if _resolved(file).is_file())


def _resolved(path: str | Path) -> Path:
    """Where a path leads in the end; an `InvalidFile` for a circle of links and for a name that is too long."""
    try:
        found = given_path(path).resolve()
        found.exists()
    except (OSError, RuntimeError):
        raise InvalidFile(str(path), [Problem((), "this path leads nowhere", "give the path of a file or a folder")]) from None
    return found


def _within(path: Path, top: Path) -> InstructionFile:
    """A file below `top`, called by its place there."""
    if not path.resolve().is_relative_to(top):
        raise InvalidFile(str(path), [Problem((), "it leads out of the project", "put a file there instead of a link")])
    inside = path.relative_to(top)
    return _read(path, inside.as_posix(), inside.parent.as_posix() if inside.parent.parts else "")


def _read(path: Path, name: str, scope: str) -> InstructionFile:
    if path.suffix.lower() in (".yaml", ".yml"):
        fix = "a spec is read by simkit.spec.load, a scenario by simkit.load"
        raise InvalidFile(name, [Problem((), "this is a YAML file, not Markdown", fix)])
    return read_instructions_text(read_text(path, MAX_BYTES, LESS), name, scope)


class _Walk:
    """One pass over the blocks that a page shows, with the words that lead to lists."""

    def __init__(self, name: str, scope: str) -> None:
        self.page, self.scope = Page(name), scope
        self.found: list[Instruction] = []
        self.odd: list[Suspicious] = []
        self.lead = ""  # words that lead to the list that follows
        self.leads: dict[int, str] = {}  # those of each list

    def read(self, text: str) -> InstructionFile:
        """Walk over all blocks."""
        for block in self.page.read(text):
            self.block(block)
        page = self.page
        odd = sorted([*self.odd, *filter(None, map(_judged, page.hidden))], key=lambda one: one.line)
        more = [Suspicious(one.line, "more from here on is not listed") for one in odd[MAX_SUSPICIOUS:][:1]]
        return InstructionFile(
            name=page.name,
            sha256=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
            scope=self.scope,
            sections=tuple(page.sections),
            instructions=_by_language(self.found),
            code=tuple(page.code),
            links=tuple(page.links),
            suspicious=(*odd[:MAX_SUSPICIOUS], *more),
            front=page.front,
        )

    def block(self, block: Block) -> None:
        """A block becomes sentences; a title one only if it tells what to do by other words than a verb at its beginning."""
        for _, number in block.around:
            if number not in self.leads:
                self.leads[number], self.lead = self.lead, ""
        self.lead = ""
        if block.kind == "paragraph":
            self.paragraph(block)
        elif block.kind == "row" and block.text.strip(" |"):
            self.say(block.line, block.text, "table", self.leading(block))
        if block.kind == "heading" and "{#" in block.text and "authority=" in block.text:
            fix = "read it with simkit.spec.read_model_spec"
            self.page.stop(block.line, "this is a release of the Model Spec", fix)
        titles = block.parts if block.kind == "head" else [[(block.line, block.text)]] if block.kind == "heading" else []
        for [(line, title)] in titles:
            if title_cue(title) == NO_CUE and cue(title).words not in ("", *VERBS):
                self.say(line, title, "table" if block.kind == "head" else "heading")

    def paragraph(self, block: Block) -> None:
        """A paragraph in sentences; its last one may lead to the list that follows."""
        quoted = any(kind == "quote" for kind, _ in block.around)
        place: Place = "quote" if quoted else "list" if block.first else "paragraph"
        found, leads = [sentence for part in block.parts for sentence in sentences(part)], self.leading(block)
        if block.leads and found and found[-1][1].rstrip("*_ ").endswith(":"):
            line, self.lead = found.pop()
            self.doubt(line, self.lead)
        for line, text in found:
            self.say(line, text, place, leads)

    def leading(self, block: Block) -> tuple[str, ...]:
        """The words that lead to a block: a title that is a mere cue, and lines above lists; into a quotation none leads."""
        outer = max((n for n, (kind, _) in enumerate(block.around, 1) if kind == "quote"), default=0)
        title = self.page.above[-1].path[-1] if self.page.above and not outer else ""
        lists = [self.leads[number] for _, number in block.around[outer:] if self.leads[number]]
        return (*([title] if title_cue(title) != NO_CUE else []), *lists)[-5:]

    def say(self, line: int, whole: str, place: Place, leads: tuple[str, ...] = ()) -> None:
        """A sentence becomes a record with its kind and its conditions."""
        if len(self.found) >= MAX_FOUND:
            self.page.stop(line, f"it has more than {MAX_FOUND} sentences", LESS)
        self.doubt(line, whole)
        text, cut = whole[:MAX_TEXT], len(whole) > MAX_TEXT
        kind, words = led(text, leads)
        section = self.page.above[-1].path if self.page.above else ()
        self.found.append(
            Instruction(
                text=text[:-1] + "…" if cut else text,
                file=self.page.name,
                line=line,
                section=section[:-1] if place == "heading" else section,
                kind=kind,
                cue=words,
                condition="; ".join(filter(None, map(condition, (*leads, text)))),
                leads=leads,
                place=place,
                scope=self.scope,
                cut=cut,
            )
        )

    def doubt(self, line: int, text: str) -> None:
        """Words that claim authority are reported; they stay what they are, a sentence of this file."""
        if _CLAIMS.search(text[:MAX_TEXT]):
            self.odd.append(Suspicious(line, "it claims more authority than a file has", text[:300]))


def _judged(found: Suspicious) -> Suspicious | None:
    """Something hidden, with what it is if it is a comment; none if it is the title of a link that tells nobody what to do."""
    instructs = found.what in (COMMENT, TITLE) and cue(found.text[:MAX_TEXT]).kind != "information"
    if found.what == TITLE and not instructs:
        return None
    way = "an instruction in a comment" if instructs else f"{COMMENT}, which a page does not show"
    return Suspicious(found.line, way if found.what in (COMMENT, TITLE) else found.what, found.text[:300])


def _by_language(found: list[Instruction]) -> tuple[Instruction, ...]:
    """All sentences; those in a language of which no cue word is known are unclear, and so is the rest of such a file."""
    tongues = [tongue(said.text) for said in found]
    most = tongues.count(-1) > sum(t > 0 or (t == 0 and said.cue != "") for t, said in zip(tongues, found, strict=True))
    unclear = [t < 0 or (most and not said.cue and t == 0) for t, said in zip(tongues, found, strict=True)]
    return tuple(replace(s, kind="unclear", cue="") if u else s for s, u in zip(found, unclear, strict=True))
