"""The words by which a sentence says that something must be, must not be, or is merely told.

No sentence is understood here.  A short table of cue words is looked up, and what it does not hold is information.  MUST,
SHOULD and MAY are read as in RFC 2119 (Bradner 1997); a sentence that begins with a verb of the table commands.  Words in
code, between double quotes or in addresses are spoken of, not said; words of a clause that limits (`If they don't match, …`)
say when, not what.  `do not` forbids at the beginning of its clause or where its subject is addressed, `cannot` in the latter
case only: `the answers don't match` forbids nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

Kind = Literal["must", "must not", "prefer", "prefer not", "ask first", "may", "unclear", "information"]

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
    bare = [word.strip(".,;:!?()[]\"'*_~") for word in _SPOKEN_OF.sub(" ", text).casefold().split()]
    english, other = (len(known.intersection(bare)) for known in (_ENGLISH, _OTHERS))
    letters = [] if text.isascii() else [char for word in bare for char in word if char.isalpha()]
    strange = sum(ord(char) > 0x24F for char in letters)  # what follows the Latin letters
    return -1 if 2 * strange > len(letters) or other > max(english, 1) else min(english, 1)
