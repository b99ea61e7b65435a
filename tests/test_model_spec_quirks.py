"""Releases of the Model Spec other than those at hand: small ones of our own with each quirk that releases have, and several.

Every quirk says what it changes in the counts; alone, under both conventions of levels, with any line ends, and in company.
"""

import random
from collections import Counter

import pytest

import simkit as sk
from simkit import spec

#: Our own words.  TOP is `platform` up to 2025-04-11 and `root` from 2025-09-12 on.
BASE = """\
# Overview {#overview}
First words[^ab12] and [?](#truth).

# Chain {#chain}
## Truth {#truth authority=TOP}
Prose of truth.

**Example**: a plain question

~~~xml
<user>
Ada &amp; Bob
</user>
<comparison>
<assistant> <!-- GOOD: short -->
Yes.
</assistant>
<assistant> <!-- BAD[#chain]: long -->
No.
</assistant>
</comparison>
~~~
After it.

## Care {#care authority=guideline}
Prose of care[^cd34].
"""
EXTRA = "\n\n**Example**: {}\n\n~~~xml\n{}\n~~~\n"


def ref(kind: str, where: str, **more: int) -> dict[str, int]:
    """What one more cross-reference adds to the counts."""
    return {"refs": 1, f"refs_{kind}": 1, f"refs_where.{where}": 1, **more}


#: What is replaced, by what, and what that adds to the counts; `warnings` is how many there are.
QUIRKS = {
    "asterisks before tags": ("<comparison>", "*<comparison>", {}),
    "asterisks before a closing tag": ("</comparison>", "*</comparison>", {}),
    "asterisk before a column": ("<assistant> <!-- GOOD", "*<assistant> <!-- GOOD", {}),
    "comma after a verdict": ("GOOD: short", "GOOD, given high doubt", {}),
    "comma and quotation after a verdict": ("BAD[#chain]: long", "BAD, 'No, no'", {"violates.chain": -1}),
    "an unknown section is violated": (
        "BAD[#chain]",
        "BAD[#nowhere]",
        {"violates.chain": -1, "violates.nowhere": 1, "violates_dangling": 1},
    ),
    "no note": ("GOOD: short", "GOOD", {"notes": -1}),
    "a third verdict": ("GOOD: short", "OK: short", {"verdicts.GOOD": -1, "verdicts.OK": 1}),
    "text between messages": ("</user>\n", "</user>\n\n[...]\n\n", {"warnings": 1}),
    "no-break space": ("Prose of truth", "Prose\u00a0of\u00a0truth", {}),
    "tab": ("Prose of truth", "1.\tProse of truth", {}),
    "no-break space and curly apostrophe in a title": ("## Care", "## Don’t\u00a0care", {}),
    "dashes in a title": ("**Example**: a plain", "**Example**: one --- a plain", {}),
    "tag on a heading with a level": ("{#truth authority=TOP}", "{#truth authority=TOP tags=under_18}", {}),
    "unknown tags": ("{#care authority=guideline}", "{#care authority=guideline tags=new,newer}", {}),
    "tag before the level": ("{#care authority=guideline}", "{#care tags=x authority=guideline}", {}),
    "blanks after a heading": ("{#care authority=guideline}", "{#care authority=guideline}  \t", {}),
    "no level": ("{#care authority=guideline}", "{#care}", {"authority.guideline": -1, "authority.-": 1}),
    "an unknown attribute": ("{#care authority=guideline}", "{#care authority=guideline since=2026}", {"warnings": 1}),
    "a new section": (
        "## Care",
        "### Law {#law authority=user}\n## Care",
        {"sections": 1, "depth.3": 1, "authority.user": 1, "unreferenced": 1},
    ),
    "a mark twice": ("After it.", "After it[^ab12].", {"footnotes": 1, "footnotes_where.body": 1}),
    "a mark in commentary": (
        "After it.",
        '!!! meta "Commentary"\n\n    Why[^xy99].\n\n',
        {"footnotes": 1, "footnotes_unique": 1, "footnotes_where.meta": 1, "metas": 1},
    ),
    "what is no mark": ("After it.", "After it[^toolong] [^AB12].", {}),
    "headings in code": ("Yes.\n", "```python\n# functions {#overview authority=root}\n```\n# [...] imports\n", {}),
    "the other fence in an example": ("No.\n", "No.\n```\n~~ ~~\n````\n", {}),
    "blanks after a fence": ("~~~\nAfter", "~~~ \t\nAfter", {}),
    "reference in a title": (
        "a plain question",
        "a question of [?](#care)",
        ref("auto", "example-title", edges=1, unreferenced=-1),
    ),
    "reference in an example": ("No.\n", "See [care](#care).\n", ref("text", "example", edges=1, unreferenced=-1)),
    "reference that leads nowhere": ("Prose of care", "Prose [x](#gone) of care", ref("text", "body", dangling=1)),
    "reference to itself": (
        "Prose of care",
        "Prose [?](#care) of care",
        ref("auto", "body", edges=1, self_edges=1, unreferenced=-1),
    ),
    "two turns and two comparisons": (
        "</comparison>",
        "</comparison>\n<user/>\n<comparison>\n<assistant> <!-- BAD -->x</assistant>\n</comparison>",
        {
            "comparisons": 1,
            "columns": 1,
            "verdicts.BAD": 1,
            "columns_per_comparison.1": 1,
            "roles.user": 1,
            "roles.assistant": 1,
        },
    ),
    "attributes": ("<user>", '<user comment="a &quot;b&quot;">', {}),
    "a tool": ("</user>\n", '</user>\n<tool name="web">\n<untrusted>\nObey.\n</untrusted>\n</tool>\n', {"roles.tool": 1}),
    "under 18": ("<user>", "<system><settings>\nunder_18: true\n</settings></system>\n<user>", {"roles.system": 1}),
    "no user": (
        "<user>\nAda &amp; Bob\n</user>",
        '<assistant recipient="x" end_turn="false">Hi</assistant>',
        {"roles.user": -1, "roles.assistant": 1},
    ),
    "an unknown message": ("</user>\n", "</user>\n<narrator>x</narrator>\n", {"roles.narrator": 1, "warnings": 1}),
    "a comment that is none": ("Yes.\n", "Yes. <!-- GOOD -->\n", {}),
    "a verdict that is none": (
        "GOOD: short",
        "FINE: short",
        {"verdicts.GOOD": -1, "columns_unlabelled": 1, "notes": -1, "warnings": 1},
    ),
    "an example without a comparison": ("After it.", EXTRA.format("alone", "<user>x</user>"), {"examples": 1, "roles.user": 1}),
    "the same title twice": ("After it.", EXTRA.format("a plain question", "<user>x</user>"), {"examples": 1, "roles.user": 1}),
    "code outside examples": ("After it.", "```sh\nls # x {#y}\n```", {"warnings": 1}),
}


def flat(release: spec.ModelSpec) -> Counter:
    """All counts of a release: tables by their keys, lists by their lengths."""
    found: Counter[str] = Counter()
    for name, value in release.tally.items():
        if isinstance(value, dict):
            found.update({f"{name}.{key}": count for key, count in value.items()})
        elif name != "release":
            found[name] += value if isinstance(value, int) else len(value)
    return found


def difference(text: str, base: str) -> dict[str, int]:
    """What the counts of one text have more than those of another."""
    one, other = (flat(spec.read_model_spec_text(x)) for x in (text, base))
    return {name: one[name] - other[name] for name in {*one, *other} if one[name] != other[name]}


def convention(top: str) -> str:
    return BASE.replace("TOP", top)


@pytest.mark.parametrize("top", ["platform", "root"])
@pytest.mark.parametrize("name", QUIRKS)
def test_each_quirk_changes_the_counts_as_it_says_and_nothing_else(name, top):
    old, new, delta = QUIRKS[name]
    old, new = old.replace("TOP", top), new.replace("TOP", top)
    base = convention(top)
    assert base.count(old) == 1
    assert difference(base.replace(old, new), base) == delta


@pytest.mark.parametrize("top", ["platform", "root"])
def test_both_conventions_of_levels(top):
    found = spec.read_model_spec_text(convention(top))
    assert found.tally["authority"] == {"-": 2, top: 1, "guideline": 1}


def test_quirks_in_company():
    """Random sets of quirks that do not touch the same words: counts add up, whatever the line ends."""
    rng, most = random.Random(0), 0  # noqa: S311
    for _ in range(400):
        top = rng.choice(("platform", "root"))
        text, wanted, used = convention(top), Counter(), 0
        for name in rng.sample(sorted(QUIRKS), rng.randint(2, 12)):
            old, new, delta = QUIRKS[name]
            fresh = {key for key in delta if key.startswith(("edges", "unreferenced"))}
            if text.count(old.replace("TOP", top)) != 1 or fresh & {key for key in wanted if wanted[key]}:
                continue  # another quirk has its words, or leads to the same section
            text, used = text.replace(old.replace("TOP", top), new.replace("TOP", top)), used + 1
            for key, more in delta.items():
                wanted[key] += more
        most = max(most, used)
        ends = rng.choice(("\n", "\r\n", "\r"))
        found = difference(text.rstrip("\n" if rng.random() < 0.5 else "").replace("\n", ends), convention(top))
        assert found == {key: more for key, more in wanted.items() if more}
    assert most >= 8


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks_of_files_and_of_text(tmp_path, ends, mark):
    path = tmp_path / "model_spec.md"
    path.write_bytes((mark + convention("root").replace("\n", ends)).encode())
    for found in (spec.read_model_spec(path), spec.read_model_spec_text(mark + convention("root").replace("\n", ends))):
        assert flat(found) == flat(spec.read_model_spec_text(convention("root")))


BROKEN = {
    "an unknown level": ("authority=TOP", "authority=owner", "no level is called so; known: root, platform"),
    "a slip for a level": ("authority=TOP", "authority=sytem", "did you mean system?"),
    "an empty level": ("authority=TOP", "authority=", "write authority=value once"),
    "the same id twice": ("{#care ", "{#truth ", "line 25: the id truth stands twice (first on line 5)"),
    "a block never closed": ("~~~\nAfter", "After", 'line 10: this block is never closed: "~~~xml"; close it with a line ~~~'),
    "a block closed by the next one": (
        "~~~\nAfter it.",
        "After it." + EXTRA.format("b", "<user>x</user>"),
        "line 10: this block is not closed before the next one opens on line 26",
    ),
    "closed by the other fence": ("~~~\nAfter", "```\nAfter", "line 10: this block is never closed"),
    "closed too short": ("~~~\nAfter", "~~\nAfter", "line 10: this block is never closed"),
    "a title without its example": ("After it.", "**Example**: alone", "no example follows this title"),
    "an example without a title": ("**Example**: a plain question", "", "this example has no title"),
    "a column never closed": ("No.\n</assistant>", "No.", "not well-formed XML (mismatched tag)"),
    "no id": ("## Care {#care authority=guideline}", "## Care", "this heading has no {#id}"),
    "line ends of old": ("Prose of truth.", "Prose\rof truth.", "line 6: the invisible character U+000D stands here"),
    "zero width in an id": ("{#care ", "{#ca\u200bre ", "an id is letters, digits and underscores"),
    "zero width before a heading": ("## Care", "\u200b## Care", "line 25: this is no heading"),
    "blanks before a heading": ("## Care", " \u00a0## Care", "line 25: this is no heading"),
    "a slip for a message": ("<user>\nAda &amp; Bob\n</user>", "<usr>x</usr>", "no message is called usr; did you mean user?"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_the_grammar_ends_in_the_error(name):
    old, new, said = BROKEN[name]
    assert BASE.count(old) == 1
    with pytest.raises(sk.InvalidFile) as caught:
        spec.read_model_spec_text(BASE.replace(old, new).replace("TOP", "root"), "mine.md")
    assert said in str(caught.value)


def test_a_longer_fence_may_hold_a_shorter_one():
    text = convention("root").replace("~~~xml", "~~~~xml").replace("~~~\nAfter", "~~~~\nAfter")
    found = spec.read_model_spec_text(text.replace("No.\n", "~~~xml\n~~~\n"))
    assert found.columns[1].text == "~~~xml\n~~~"


def test_a_wrong_count_is_seen():
    """Negative control of the comparison."""
    wanted = ref("auto", "body", edges=1, self_edges=1, unreferenced=-1)
    assert difference(convention("root") + "[?](#care)", convention("root")) == wanted
    assert difference(convention("root") + "[?](#care)", convention("platform")) != wanted
