"""The words by which a sentence says that something must be, must not be, or is merely told.

No sentence is understood here.  A short table of cue words is looked up, and what it does not hold is information.  MUST,
SHOULD and MAY are read as in RFC 2119 (Bradner 1997); a sentence that begins with a verb of the table commands.  Words in
code, or between double quotes, are spoken of, not said, and count for nothing.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Kind = Literal["must", "must not", "prefer", "prefer not", "ask first", "may", "unclear", "information"]

#: Cue words of each kind.  Those of `information` take back what a word in them seems to say; the longest cue counts.
_CUES: dict[Kind, str] = {
    "must": (
        "must, must always, always, required, shall, mandatory, have to, has to, ensure, make sure, do not forget to, "
        "don't forget to, never forget to, without exception, should always"
    ),
    "must not": (
        "must not, mustn't, must never, never, never ever, do not, don't, do not ever, don't ever, shall not, shall "
        "never, may not, may never, should never, not allowed, forbidden, prohibited, not permitted, under no "
        "circumstances, can never, not acceptable"
    ),
    "prefer": ("prefer, prefers, preferred, preferably, should, ideally, try to, recommended, when possible"),
    "prefer not": (
        "prefer not, should not, shouldn't, avoid, avoided, discouraged, try not to, not recommended, should be avoided, "
        "should avoid, rather not"
    ),
    "ask first": (
        "ask first, ask before, ask for approval, ask for permission, get approval, get permission, check "
        "with, confirm with, confirm before, needs approval, need approval, requires approval, require approval, without "
        "asking, without approval, without permission, without confirmation, only after approval"
    ),
    "may": ("may, feel free, allowed, permitted, do not hesitate to, don't hesitate to, it is fine to, it's fine to"),
    "information": (
        "not required, do not have to, don't have to, does not have to, do not need to, don't need to, need not, not mandatory"
    ),
}
CUES: dict[Kind, tuple[str, ...]] = {kind: tuple(words.split(", ")) for kind, words in _CUES.items()}

_VERBS = """
    act add admit allow answer apologise apologize approve ask assume be begin build call cancel check choose cite close
    commit copy create decline delete deny deploy describe disregard document end escalate explain fix follow forget format
    give grant greet hand handle help hide ignore include install keep leave let limit list log make mention merge move name
    obey offer open point prefix pretend promise push put quote read recommend refer refund refuse remove rename reply
    report respond return review run save say send set share show sign speak start stay stick stop store suggest summarise
    summarize tell test thank transfer treat update use validate verify wrap write
"""
#: Verbs that command where a sentence begins with them.
VERBS = frozenset(_VERBS.split())

_OF = {cue: kind for kind, cues in CUES.items() for cue in cues}
_CUE = re.compile(r"(?<![\w-])(?:" + "|".join(sorted(map(re.escape, _OF), key=len, reverse=True)) + r")(?![\w-])")
_SPOKEN_OF = re.compile(r"`[^`]*`|\"[^\"]*\"|“[^”]*”|«[^»]*»")
_ASKED = re.compile(r"(?<![\w-])(ask|check|confirm) [^.;:]{1,80}? (before|first)(?![\w-])")
_FIRST = re.compile(r"[^a-z0-9]*(?:please\W+)?([a-z]+)(?![\w':-])")
_BARE = re.compile(r"[^a-z]*(?:you |agents? |assistants? |the |we )?([a-z' ]*?)(?: do| do this| rules| to| be)?[^a-z]*")
_TITLES: dict[str, Kind] = {"do": "must", "dos": "must", "do's": "must", "don'ts": "must not", "dont's": "must not"}
_OPENING = re.compile(
    r"[\s*_]*((?:if|when|whenever|unless|until|once|for|in|on|before|after|while|within|outside)\b[^,:]{1,300})[,:]", re.I
)
_LATER = re.compile(
    r"(?<!\w)(?:only (?:in|for|when|if|with)|if|when|whenever|unless|until|except)\b(?! (?:possible|in doubt)\b)", re.I
)
_POSITIVE: tuple[Kind, ...] = ("must", "prefer")
_NEGATIVE: tuple[Kind, ...] = ("must not", "prefer not")


class Cue(NamedTuple):
    """What a sentence is, and the words that say so (empty for information)."""

    kind: Kind
    words: str


def plain(text: str) -> str:
    """`text` for comparing: small letters, straight apostrophes, one blank between words, no marks of emphasis."""
    bare = text.replace("’", "'").casefold()
    return " ".join(re.sub(r"[*~`]|(?<!\w)_+|_+(?!\w)", "", bare).split())


def cue(text: str) -> Cue:
    """What a sentence is: by its cue words, or else by the verb that it begins with."""
    said = plain(_SPOKEN_OF.sub(" … ", text))
    opening = _OPENING.match(said)
    first = _FIRST.match(said, opening.end() if opening else 0)
    command = first[1] if first and first[1] in VERBS else ""
    asked = [Cue("ask first", f"{match[1]} … {match[2]}") for match in _ASKED.finditer(said)]
    return _settled([*(Cue(_OF[match[0]], match[0]) for match in _CUE.finditer(said)), *asked], command)


def _settled(found: list[Cue], command: str) -> Cue:
    """One cue of several: asking first, then the stronger of those that point the same way."""
    asks, says = _of(found, "ask first"), _of(found, *_POSITIVE)
    denies, may = _of(found, *_NEGATIVE), _of(found, "may")
    if asks:
        without = asks[0].words.startswith("without")
        if without and not denies:
            return may[0] if may else Cue("unclear", asks[0].words)
        return Cue("unclear", _both(denies[0], asks[0])) if denies and not without else asks[0]
    if denies and (says or command):
        return Cue("unclear", _both(denies[0], says[0] if says else Cue("must", command)))
    for cues in (denies, says, may):
        if cues:
            return next((cue for cue in cues if cue.kind.startswith("must")), cues[0])
    return Cue("must", command) if command else Cue("information", "")


def _of(found: list[Cue], *kinds: Kind) -> list[Cue]:
    return [cue for cue in found if cue.kind in kinds]


def _both(one: Cue, other: Cue) -> str:
    return f"{one.words}, {other.words}"


def led(text: str, leads: tuple[str, ...]) -> Cue:
    """What a sentence is below the words that lead to it (`Never:` above a list), which count unless it contradicts them."""
    own, above = cue(text), next((found for found in map(lead, reversed(leads)) if found.kind != "information"), None)
    if above is None:
        return own
    modal = own.words not in VERBS and own.kind != "information"
    if not modal or own.kind == above.kind:
        return above
    return Cue("unclear", _both(above, own))


def lead(text: str) -> Cue:
    """What words that lead to others say: a verb at their beginning does not count, for it leads nowhere."""
    bare = title_cue(text)
    found = cue(text) if bare.kind == "information" else bare
    return Cue("information", "") if found.words in VERBS else found


def title_cue(title: str) -> Cue:
    """What a title says of all that stands below it, if it is nothing but a cue: `Never`, `Ask first`, `Don'ts`."""
    said = plain(title)
    match = _BARE.fullmatch(said) if len(said) < 60 else None
    words = match[1].strip() if match else ""
    if re.sub(r"[^a-z']", "", said) in _TITLES:
        words = re.sub(r"[^a-z']", "", said)
    kind = _TITLES.get(words) or _OF.get(words, "information")
    return Cue(kind, words if kind != "information" else "")


def condition(text: str) -> str:
    """The clause that limits a sentence (`When …,` at its beginning, `… unless …` at its end); empty if there is none."""
    opening = _OPENING.match(text)
    if opening:
        return opening[1]
    later = _LATER.search(text)
    return text[later.start() :].rstrip(" .;:*_") if later else ""
