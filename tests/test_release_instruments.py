"""The instruments of notebook 04: two releases side by side, and one section's references."""

import numpy as np
import pytest

pytest.importorskip("anywidget", reason="instruments need the extra `lab`")

import simkit as sk
from simkit import spec
from simkit.widgets import references, releases
from simkit.widgets.release_changes import PLACES, flows

BEFORE, MIDDLE, AFTER = spec.releases()


def test_every_pair_of_releases_has_its_sentence():
    made = releases()
    assert (made.view[made.row].old, made.view[made.row].new) == (BEFORE, AFTER)
    assert [(each.old, each.new) for each in made.view] == [(a, b) for a in spec.releases() for b in spec.releases()]
    same = [said for each, said in zip(made.view, made.table.sentences, strict=True) if each.old == each.new]
    assert same == [f"Both sides show the release {name}." for name in spec.releases()]
    others = [each for each in made.view if each.old != each.new]
    assert {each.sentence for each in others} == set(made.table.sentences) - set(same)
    assert any("platform → root counts as a new name: 17 of its 20" in line for line in made.how_sure)


@pytest.mark.parametrize("old", spec.releases())
@pytest.mark.parametrize("new", spec.releases())
def test_flows_add_up_to_the_counts_of_both_releases(old, new):
    """By another route: the tallies that ship."""
    a, b = spec.facts(old), spec.facts(new)
    changes = spec.compare(a, b)
    counts = flows(a, b, changes)
    for found, release in ((counts.sum(1), a), (counts.sum(0), b)):
        told = {"root" if level == "platform" else level: n for level, n in release.tally["authority"].items()}
        assert dict(zip(PLACES, found.tolist(), strict=True)) == dict.fromkeys(PLACES, 0) | {
            "no level" if level == "-" else level: n for level, n in told.items()
        } | {"not there": found[-1]}
    assert (counts[-1].sum(), counts[:, -1].sum()) == (len(changes.added), len(changes.removed))
    assert counts[:-1, :-1].sum() - np.trace(counts[:-1, :-1]) == len(changes.level_changed)


def test_a_release_of_your_own_joins_them(tmp_path):
    text = "# Top {#top authority=root}\n## Mine {#mine authority=user}\nSee [?](#top).\n"
    mine = spec.read_model_spec_text(text, release="2030-01-01")
    made = releases(mine)
    assert made.table.moved == ("left", "right")
    assert made.view[made.row].new == "2030-01-01"
    path = tmp_path / "model_spec_2030-01-01.md"
    path.write_text(text)
    assert releases(str(path), left=AFTER).sentences == releases(mine, left=AFTER).sentences
    assert references(mine).view[0].edges == (("mine", "top"),)
    with pytest.raises(sk.InvalidFile, match="there is no such file"):
        releases("2025-12-19")
    with pytest.raises(ValueError, match="left cannot be"):
        releases(left="2025-12-19")


def test_what_strangers_wrote_is_shown_as_escapes():
    text = "# To\u200bp {#top authority=root}\n# M<b> {#mine}\nSee [?](#top).\n"
    mine = spec.read_model_spec_text(text, release="\u202enow")
    for made in (releases(mine), references(mine)):
        page = made.page().html() + made.sentences + "".join(made.table.sentences) + str(made.table.panels)
        assert "\u200b" not in page
        assert "\u202e" not in page


def test_a_neighbourhood_for_each_section_and_one_step_more():
    facts, made = spec.facts(), references(section="do_not_lie")
    cited = {end for edge in facts.edges for end in edge}
    assert made.table.slider.values == [section.id for section in facts.sections if section.id in cited]
    cut = made.view[made.row]
    assert set(cut.edges) == {edge for edge in facts.edges if "do_not_lie" in edge}
    assert made.sentences.startswith("“do not lie” (user) is cited by 1 section and cites 7.")
    made.stage.pressed = [1]
    grown = made.view[made.row]
    assert set(grown.edges) == {edge for edge in facts.edges if set(edge) & set(cut.by_id)}
    assert "steps=2" in made.as_code()


def test_without_references_there_is_a_clear_error():
    with pytest.raises(ValueError, match="no section of this release refers to another"):
        references(spec.read_model_spec_text("# A {#a authority=root}\n", release="1"))
