"""Two releases of a Model Spec side by side: `compare(old, new)` tells renames from changes of meaning.

Sections are joined on their id, because titles go stale.  A rename leaves the meaning alone: the same section under a new
title or id, or a level's word that one release uses and the other does not (`platform` became `root` for 17 sections, and
three went to `system`: for those the meaning changed).  Ids are judged to be renamed from evidence, which is shown.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import NamedTuple

from ...text import Printable, Printed, html_table, percent, visible
from .records import LEVELS, Example, ModelSpec, Section

#: How much of two sections must agree for their ids to be judged one section's: a judgement, shown with every rename.
ENOUGH = 0.5
#: Fewer pairs of words than this say nothing about whether two sections agree.
FEW = 20
#: Who may change what stands at a level.  (That a section has no level says nothing about it.)
NOBODY = "nobody in particular"
WHO = dict.fromkeys(("root", "platform"), "nobody in a conversation")
WHO |= {"system": "the provider", "developer": "developers", "user": "users", "guideline": "anybody"}


class Change(NamedTuple):
    """One thing of a section that differs: the section's id in the new release, and the two values."""

    id: str
    old: str
    new: str


class Rename(NamedTuple):
    """A section whose id changed: `agrees` is how much of its examples and prose (with facts only: of its id) stayed."""

    old: str
    new: str
    agrees: float


class LevelName(NamedTuple):
    """A level's word that the new release no longer uses, the word that stands in its place, and for how many sections."""

    old: str
    new: str
    sections: int


class ExampleChange(NamedTuple):
    """An example with the same section and title, whose columns have other verdicts or name other violated sections."""

    section: str
    title: str
    old: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Changes(Printed):
    """What differs between two releases.  Ids are those of the new release where a section is in both.

    Renames: `renamed`, `retitled`, `level_names`.  Changes of meaning: `level_changed`, `tags_changed`, `moved` (another
    parent), `added`, `removed`, `edges_added`, `edges_removed`, `examples_changed` and the rest.  `reworded` gives the share
    of word pairs that a section's prose kept.  A new name over prose that kept less than half is shown as a change of
    meaning (`rewritten`): only a reader can say more.  `whole` is False if one of the two has facts only; titles, prose and
    examples cannot be compared then.
    """

    old: str
    new: str
    renamed: tuple[Rename, ...]
    retitled: tuple[Change, ...]
    level_names: tuple[LevelName, ...]
    level_changed: tuple[Change, ...]
    tags_changed: tuple[Change, ...]
    moved: tuple[Change, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    edges_added: tuple[tuple[str, str], ...]
    edges_removed: tuple[tuple[str, str], ...]
    examples_added: tuple[tuple[str, str], ...]
    examples_removed: tuple[tuple[str, str], ...]
    examples_changed: tuple[ExampleChange, ...]
    reworded: Mapping[str, float]
    whole: bool

    @property
    def rewritten(self) -> tuple[str, ...]:
        """The sections whose prose kept less than half of its word pairs."""
        return tuple(name for name, kept in self.reworded.items() if kept < ENOUGH)

    @property
    def sentence(self) -> str:
        """What changed for whom, in one sentence: who may now change the sections that got another level."""
        groups: dict[tuple[str, str], list[str]] = defaultdict(list)
        for name, was, now in self.level_changed:
            groups[WHO.get(now, NOBODY), WHO.get(was, NOBODY)].append(name.replace("_", " "))
        said = [f"“{'”, “'.join(names)}” may now be changed by {now}, before by {was}" for (now, was), names in groups.items()]
        counts = f"{len(self.added)} sections came and {len(self.removed)} went"
        return visible(f"From {self.old} to {self.new} {counts}; " + ("; ".join(said) or "no section changed its level") + ".")

    def rows(self) -> list[list[str]]:
        """Kind of change, how many, and each in words: renames first, then what changes the meaning."""
        ids = {new: f"{old} → {new} ({percent(agrees)} agrees)" for old, new, agrees in self.renamed}
        titles = {name: f"{name}: “{old}” → “{new}”" for name, old, new in self.retitled}
        parts: dict[str, Iterable[str]] = {
            "rename: id": [said for name, said in ids.items() if name not in self.rewritten],
            "rename: title": [said for name, said in titles.items() if name not in self.rewritten],
            "rename: level": [f"{old} → {new} ({n} sections)" for old, new, n in self.level_names],
            "meaning: name and prose": [said for of in (ids, titles) for name, said in of.items() if name in self.rewritten],
            "meaning: level": [f"{name}: {old} → {new}" for name, old, new in self.level_changed],
            "meaning: tags": [f"{name}: {old} → {new}" for name, old, new in self.tags_changed],
            "meaning: place": [f"{name}: {old} → {new}" for name, old, new in self.moved],
            "section added": self.added,
            "section removed": self.removed,
            "reference added": map(" → ".join, self.edges_added),
            "reference removed": map(" → ".join, self.edges_removed),
        }
        if self.whole:  # the kinds of change that only the documents show
            least = sorted(self.reworded.items(), key=lambda item: item[1])
            verdicts = [f"{s}, “{t}”: {' '.join(old)} → {' '.join(new)}" for s, t, old, new in self.examples_changed]
            parts |= {
                "prose reworded": [f"{name} kept {percent(kept)}" for name, kept in least],
                "example added": [f"{section}: “{title}”" for section, title in self.examples_added],
                "example removed": [f"{section}: “{title}”" for section, title in self.examples_removed],
                "verdicts changed": verdicts,
            }
        lists = {kind: list(said) for kind, said in parts.items()}
        return [[kind, str(len(said)), visible("; ".join(said))] for kind, said in lists.items()]

    def _parts(self) -> list[Printable]:
        lines = [f"{kind} ({count}): {words}" for kind, count, words in self.rows() if count != "0"]
        return [self._title(), *lines]

    def _repr_html_(self) -> str:
        return html_table(["change", "count", ""], self.rows(), self._title())

    def _title(self) -> str:
        facts = "" if self.whole else " (facts only: titles, prose and examples are not compared)"
        return visible(f"Model Spec {self.old} → {self.new}{facts}")


def compare(old: ModelSpec, new: ModelSpec) -> Changes:
    """What changed from one release to the next, renames apart from changes of meaning."""
    whole = old.complete and new.complete
    removed = [s for s in old.sections if s.id not in new.by_id]
    added = [s for s in new.sections if s.id not in old.by_id]
    renamed = tuple(_renamed(removed, added, _titles(old), _titles(new)))
    # The id that each section of the old release has now; "" is no section: what has no parent, or stands before the first.
    now = {"": "", **{s.id: s.id for s in old.sections}, **{name.old: name.new for name in renamed}}
    pairs = [(old[was], new[is_]) for was, is_ in now.items() if is_ in new.by_id]
    names = tuple(_level_names(pairs, old, new))
    same = {(name.old, name.new) for name in names}
    levels = [Change(b.id, a.authority or "-", b.authority or "-") for a, b in pairs if a.authority != b.authority]
    places = [Change(b.id, now[a.parent or ""] or "-", b.parent or "-") for a, b in pairs]
    old_edges, new_edges = {(now[a], now[b]) for a, b in old.edges}, set(new.edges)
    examples = _side_by_side(old, new, now) if whole else []
    verdicts = [(b, _verdicts(a, now), _verdicts(b, {})) for a, b in examples if a and b]
    return Changes(
        old=old.release,
        new=new.release,
        renamed=renamed,
        retitled=tuple(Change(b.id, a.title, b.title) for a, b in pairs if a.title and b.title and a.title != b.title),
        level_names=names,
        level_changed=tuple(change for change in levels if change[1:] not in same),
        tags_changed=tuple(Change(b.id, _listed(a.tags), _listed(b.tags)) for a, b in pairs if set(a.tags) != set(b.tags)),
        moved=tuple(change for change in places if change.old != change.new),
        added=tuple(s.id for s in added if s.id not in now.values()),
        removed=tuple(s.id for s in removed if now[s.id] == s.id),
        edges_added=tuple(sorted(new_edges - old_edges)),
        edges_removed=tuple(sorted(old_edges - new_edges)),
        examples_added=tuple((b.section, b.title) for a, b in examples if a is None and b),
        examples_removed=tuple((a.section, a.title) for a, b in examples if b is None and a),
        examples_changed=tuple(ExampleChange(b.section, b.title, was, is_) for b, was, is_ in verdicts if was != is_),
        reworded=_reworded(pairs) if whole else {},
        whole=whole,
    )


def _listed(tags: Iterable[str]) -> str:
    return ",".join(tags) or "-"


# --- sections ---------------------------------------------------------------------------------------------------------


def _renamed(
    removed: list[Section], added: list[Section], old: Mapping[str, set[str]], new: Mapping[str, set[str]]
) -> Iterator[Rename]:
    """Pairs that agree enough, the surest first; each section is used once."""
    scores = [(_agreement(a, b, old[a.id], new[b.id]), a.id, b.id) for a in removed for b in added]
    gone, come = set[str](), set[str]()
    for agrees, was, is_ in sorted(scores, key=lambda score: (-score[0], score[1:])):
        if agrees >= ENOUGH and was not in gone and is_ not in come:
            gone.add(was)
            come.add(is_)
            yield Rename(was, is_, agrees)


def _agreement(a: Section, b: Section, old: set[str], new: set[str]) -> float:
    """How much two sections agree: the mean over examples and prose; with facts only, the words of ids under one parent."""
    if a.text is None or b.text is None:
        words = [Counter(section.id.split("_")) for section in (a, b)]
        return _kept(*words) if a.parent == b.parent else 0.0
    before, after = _word_pairs(a), _word_pairs(b)
    prose = _inside(before, after) if min(before.total(), after.total()) >= FEW else 0.0
    return (_inside(Counter(old), Counter(new)) + prose) / 2 if old and new else prose


def _kept(a: Counter[str], b: Counter[str]) -> float:
    """What two bags have in common over both together (Jaccard); 1 if both are empty."""
    return (a & b).total() / (a | b).total() if a or b else 1.0


def _inside(a: Counter[str], b: Counter[str]) -> float:
    """What two bags have in common over the smaller of them: a section that grew still holds all that it held."""
    return (a & b).total() / min(a.total(), b.total()) if a and b else 0.0


def _word_pairs(section: Section) -> Counter[str]:
    """Neighbouring words of a section's prose: their order counts a little, a moved paragraph does not."""
    return Counter(map(" ".join, pairwise((section.text or "").split())))


def _reworded(pairs: Iterable[tuple[Section, Section]]) -> dict[str, float]:
    """The share of word pairs kept, for each section whose words differ."""
    changed = [(a, b) for a, b in pairs if (a.text or "").split() != (b.text or "").split()]
    return {b.id: _kept(_word_pairs(a), _word_pairs(b)) for a, b in changed}


def _level_names(pairs: list[tuple[Section, Section]], old: ModelSpec, new: ModelSpec) -> Iterator[LevelName]:
    """A word that only the old release uses stands for one that only the new one uses, if most of its sections got that."""
    before, after = ({section.authority or "-" for section in spec.sections} for spec in (old, new))
    counts = Counter((a.authority or "-", b.authority or "-") for a, b in pairs)
    of, taken = Counter(a.authority or "-" for a, _ in pairs), set[str]()
    for (word, level), count in counts.most_common():
        if word not in after and level not in {*before, *taken} and 2 * count > of[word]:
            taken.add(level)
            yield LevelName(word, level, count)


# --- examples ---------------------------------------------------------------------------------------------------------


def _titles(spec: ModelSpec) -> dict[str, set[str]]:
    """The titles of each section's examples."""
    found: dict[str, set[str]] = defaultdict(set)
    for example in spec.examples:
        found[example.section].add(_plain(example.title))
    return found


def _plain(title: str) -> str:
    """A title but for dashes, quotes, blanks and the words for levels: in these, titles change without a reason."""
    title = re.sub(r"-{2,3}|[—–]", "-", title).translate({ord("’"): "'", ord("“"): '"', ord("”"): '"'})
    return re.sub(rf"\b(?:{'|'.join(LEVELS)})\b", "level", " ".join(title.split()))


def _side_by_side(old: ModelSpec, new: ModelSpec, now: Mapping[str, str]) -> list[tuple[Example | None, Example | None]]:
    """Examples with the same section and title beside each other, in order where several have it; None where there is none."""
    groups: dict[tuple[str, str], tuple[list[Example], list[Example]]] = defaultdict(lambda: ([], []))
    for example in old.examples:
        groups[now[example.section], _plain(example.title)][0].append(example)
    for example in new.examples:
        groups[example.section, _plain(example.title)][1].append(example)
    return [pair for group in groups.values() for pair in zip_longest(*group)]


def _verdicts(example: Example, now: Mapping[str, str]) -> tuple[str, ...]:
    """`GOOD`, `BAD[#id]` … for each column, with the ids of the new release."""
    named = [(column.verdict or "-", now.get(column.violates or "", column.violates)) for column in example.columns]
    return tuple(verdict + (f"[#{section}]" if section else "") for verdict, section in named)
