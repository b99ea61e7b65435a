"""What the sentences of a plain file mean for the behaviours of a spec: said by a reader, never guessed.

A meaning names words, the kind of sentence in which they stand, and what that does to behaviours.  `as_messages` makes one
message of each sentence that a meaning fits, and lists every other instruction with the reason: nothing is dropped in silence.

With which authority a file speaks depends on who points at it (OpenAI's Model Spec, 2025-12-18, ignore_untrusted_data: files
and tool outputs have none of their own; users lend some to an AGENTS.md).  Here a file is written by developers, and speaks
with the lower of their level and of that of whoever points at it.  It is never the user's own word: it waives no protection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import Field

from ...files import parse, read_text
from ...messages import Level, Message, Span
from ...schema import Name, Note, Text, check, no_entries, record
from ...text import Printable, Printed, suggest
from ..rules import Rules
from .cues import plain
from .reader import Instruction, InstructionFile, counted, short

Said = Literal["must", "must not", "prefer", "prefer not", "ask first", "may"]
_DENIES = re.compile(
    r"(?<![\w-])(?:no|not|nobody|nothing|none|neither|nor|hardly|without|instead|rather than|cannot|\w+n't)(?![\w-])"
)
_EFFECTS = ("sets", "allows", "prefers")
MAX_SHOWN = 40


@record
class Meaning:
    """What a sentence is taken to mean: the words that it holds, its kind, and what it does to behaviours."""

    phrase: Text
    """Words that stand in the sentence, in this order; case, marks of emphasis and line ends do not matter."""
    kind: Said
    """The kind that the sentence must have: the same words after `never` mean the contrary."""
    condition: Note = ""
    """Words of the clause that limits it; a sentence with a limit needs them here.  Whoever gives them says that it is met."""
    sets: Mapping[Name, Name] = no_entries()
    """Behaviours that it fixes, as in `Message.sets`."""
    allows: Mapping[Name, Span] = no_entries()
    """Behaviours that lower levels may choose within a range."""
    prefers: Mapping[Name, Name] = no_entries()
    """Behaviours to which it gives another default."""
    tells: tuple[Name, ...] = ()
    """Situations that it lets the assistant know of."""

    def __post_init__(self) -> None:
        if not plain(self.phrase):
            raise ValueError(f"“{short(self.phrase)}” holds no words; write words of the sentence")
        if not self.said:
            raise ValueError(f"“{short(self.phrase)}” does nothing; add sets, allows, prefers or tells")

    @property
    def effects(self) -> list[tuple[str, str, Any]]:
        """How it acts (`sets`), on which behaviour, and the value or the range."""
        return [(how, name, value) for how in _EFFECTS for name, value in getattr(self, how).items()]

    @property
    def said(self) -> str:
        """The same in words: `sets refunds=explain`."""
        parts = [f"{how} {name}={v if isinstance(v, str) else ' to '.join(v)}" for how, name, v in self.effects]
        return ", ".join([*parts, *(f"tells of {name}" for name in self.tells)])


@record
class Meanings:
    """Everything that a file of meanings says."""

    meanings: Annotated[tuple[Meaning, ...], Field(min_length=1, max_length=1000)]


def load_meanings(path: str | Path) -> tuple[Meaning, ...]:
    """The meanings of a YAML file; `InvalidFile` with every problem of the file, each with its line and likely fix."""
    return read_meanings(read_text(path, fix="give a file of meanings"), str(path))


def read_meanings(text: str, name: str = "<text>") -> tuple[Meaning, ...]:
    """The same from text: `meanings:` and below it entries such as `{phrase: other makers, kind: must not, sets: {…}}`."""
    return check(Meanings, parse(text, name)).meanings


class Left(NamedTuple):
    """An instruction that became no message, and why."""

    instruction: Instruction
    why: str


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Heard(Printed):
    """What is heard of one or more files: messages for `decide` and `classify`, and all that was not understood.

    `messages[i]` is what `understood[i]` says, and `meant[i]` the same in words.  `not_understood` holds every other sentence
    that is an instruction by its cue words, or that holds the words of a meaning; `information` counts the rest.  `unused` are
    the meanings that fit no sentence.
    """

    files: tuple[str, ...]
    level: Level
    messages: tuple[Message, ...]
    understood: tuple[Instruction, ...]
    not_understood: tuple[Left, ...]
    information: int
    suspicious: int
    unused: tuple[Meaning, ...]
    meant: tuple[str, ...]

    def _parts(self) -> list[Printable]:
        names = ", ".join(map(short, self.files[:5])) + (", …" if len(self.files) > 5 else "")
        unused = ", ".join(f"“{short(meaning.phrase)}” ({meaning.kind})" for meaning in self.unused[:10])
        done = f"{counted(len(self.messages), 'sentence')} understood, {len(self.not_understood)} not"
        more = len(self.not_understood) - MAX_SHOWN
        lines = [
            f"{done}; {self.information} hold information only.",
            *([f"{counted(self.suspicious, 'suspicious place')}: see the files."] if self.suspicious else []),
            *([f"No sentence fits these meanings: {unused}{', …' if len(self.unused) > 10 else ''}."] if unused else []),
            *([f"{more} more that were not understood are not shown."] if more > 0 else []),
        ]
        told = [*zip(self.understood, self.meant, strict=True)][:MAX_SHOWN]
        told += [(left.instruction, f"not understood: {left.why}") for left in self.not_understood[:MAX_SHOWN]]
        rows = [[short(i.text), i.where if len(self.files) > 1 else f"line {i.line}", meant] for i, meant in told]
        title = f"{names or 'No file'}, heard at the level {self.level}"
        return [title, *lines, (("sentence", "where", "heard as"), [[*map(short, row[:2]), row[2]] for row in rows])]


def as_messages(
    rules: Rules,
    files: InstructionFile | Sequence[InstructionFile],
    meanings: Sequence[Meaning],
    *,
    level: Level,
    by: str = "developer",
) -> Heard:
    """The messages that `files` (the nearest last) say under `rules`, where `meanings` tell what sentences mean.

    `level` is that of whoever points at the files: `developer` where an operator builds the assistant on them, `user` where a
    user works in their folder, `none` where they merely turned up.  `by` is the principal who wrote them: they speak with the
    lower of both.  Quotations have no authority at any level.

    A ValueError names a behaviour, value, situation, principal or level that does not exist.  Sources: OpenAI's Model Spec
    (2025-12-18), ignore_untrusted_data; that of nested files the nearest wins: agents.md.
    """
    _check(rules, meanings, level, by)
    all_ = (files,) if isinstance(files, InstructionFile) else tuple(files)
    heard: list[tuple[Instruction, list[Meaning]]] = []
    left, used, information = [], set[int](), 0
    phrases = [plain(meaning.phrase) for meaning in meanings]
    for sentence in (sentence for file in all_ for sentence in file.instructions):
        words = plain(sentence.text)
        near = [n for n, phrase in enumerate(phrases) if _stands(phrase, words)]
        fits = [n for n in near if not _misfit(sentence, meanings[n])]
        why = _unclear(sentence, [meanings[n] for n in near], [meanings[n] for n in fits])
        if not why:
            heard.append((sentence, [meanings[n] for n in fits]))
            used.update(fits)
        elif sentence.kind == "information" and not near:
            information += 1
        else:
            left.append(Left(sentence, why))
    return Heard(
        files=tuple(file.name for file in all_),
        level=level,
        messages=tuple(_message(sentence, found, level, by) for sentence, found in heard),
        understood=tuple(sentence for sentence, _ in heard),
        not_understood=tuple(left),
        information=information,
        suspicious=sum(len(file.suspicious) for file in all_),
        unused=tuple(meaning for n, meaning in enumerate(meanings) if n not in used),
        meant=tuple(", ".join(meaning.said for meaning in found) for _, found in heard),
    )


def _unclear(sentence: Instruction, near: Sequence[Meaning], fits: Sequence[Meaning]) -> str:
    """Why a sentence is not understood; empty if it is."""
    if sentence.place == "table" and near:
        return "it stands in a table, whose columns may change what it says"
    if sentence.kind == "unclear":
        said = f"its words contradict each other ({sentence.cue})" if sentence.cue else ""
        return said or "it is in a language of which no cue word is known"
    if not near:
        return "no meaning names its words" + (" (it was cut)" if sentence.cut else "")
    if not fits:
        return _misfit(sentence, near[0])
    found: dict[tuple[str, str], object] = {}
    odds = any(found.setdefault((how, name), value) != value for one in fits for how, name, value in one.effects)
    return "two meanings fit, and they contradict each other" if odds else ""


def _misfit(sentence: Instruction, meaning: Meaning) -> str:
    """Why a meaning whose words stand in a sentence does not fit it; empty if it does."""
    if sentence.kind != meaning.kind:
        told = "no cue word makes it more than information" if sentence.kind == "information" else f"it says: {sentence.kind}"
        return f"{told}; “{short(meaning.phrase)}” has a meaning for {meaning.kind} only"
    if sentence.condition and not (meaning.condition and _stands(plain(meaning.condition), plain(sentence.condition))):
        return f"it holds only “{short(sentence.condition)}”, which its meaning does not name"
    if meaning.condition and not sentence.condition:
        return f"it has no such limit as “{short(meaning.condition)}”"
    # A word that denies, in a sentence that asks for something, outside its cue and the words that the meaning names.
    rest = plain(sentence.text).replace(plain(meaning.phrase), " … ").replace(sentence.cue, " … ")
    denied = _DENIES.search(rest) if sentence.kind in ("must", "prefer", "may") else None
    return f"it also says “{denied[0]}”, which may turn its sense" if denied else ""


def _message(sentence: Instruction, fits: Sequence[Meaning], level: Level, by: str) -> Message:
    """One sentence as a message: what it does is what its meanings say."""
    effects: dict[str, Any] = {how: {n: value for one in fits for n, value in getattr(one, how).items()} for how in _EFFECTS}
    tells = tuple(dict.fromkeys(name for meaning in fits for name in meaning.tells))
    says = f"{sentence.where}: {' '.join((*sentence.leads, sentence.text))}"[:4000]
    return Message(level="none" if sentence.place == "quote" else level, by=by, says=says, tells=tells, **effects)


def _stands(phrase: str, words: str) -> bool:
    """Whether a phrase stands among the words of a text, whole and in this order."""
    return phrase in words and re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", words) is not None


def _check(rules: Rules, meanings: Sequence[Meaning], level: str, by: str) -> None:
    """What a meaning names must exist: `decide` would pass over it in silence."""
    levels = [name for name in get_args(Level) if name not in ("root", "guideline")]
    if level not in levels:
        raise ValueError(f"no file speaks at the level {level!r}; known: {', '.join(levels)}")
    if by not in rules.principals:
        raise ValueError(f"{rules.name} knows no principal called {by!r}; {suggest(by, rules.principals)}")
    for meaning in meanings:
        for _, name, value in meaning.effects:
            known = rules.behaviour(name).places
            for one in (value,) if isinstance(value, str) else value:
                if one not in known:
                    raise ValueError(f"{name} is never {one!r}, and “{short(meaning.phrase)}” says so; {suggest(one, known)}")
        for name in meaning.tells:
            if name not in rules.situations:
                raise ValueError(f"{rules.name} knows no situation called {name!r}; {suggest(name, rules.situations)}")
