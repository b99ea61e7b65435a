"""The form for a scenario: it follows the schema, what it writes is read back, and what is wrong is said at the field."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("anywidget", reason="instruments need the extra `lab`")

from ipywidgets.widgets import widget

import simkit as sk
from simkit import drafts
from simkit.files import InvalidFile, library, parse, read_text
from simkit.scenario import Scenario
from simkit.schema import json_schema
from simkit.widgets import build

SCHEMA = json_schema(Scenario)
LIBRARY = sorted(library("scenarios").glob("*.yaml"))
SHARE = ("segments", 0, "share", "value")


def data_of(name: str = "template/new"):
    return parse(read_text(library("scenarios") / f"{name}.yaml")).data


names = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
texts = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f\xad", exclude_categories=["Cc", "Cf"])
)
leaves = st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False) | texts
trees = st.dictionaries(
    texts.filter(bool),
    st.recursive(leaves, lambda x: st.lists(x, max_size=3) | st.dictionaries(texts.filter(bool), x, max_size=3), max_leaves=9),
    min_size=1,
    max_size=4,
)


# --- data beside a schema ---------------------------------------------------------------------------------------------


@given(trees)
def test_what_is_written_is_read_back(tree):
    assert parse(drafts.as_yaml(tree)).data == tree
    assert drafts.unshared(drafts.shared(tree)) == tree


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.stem)
def test_every_scenario_goes_through_the_form(path):
    """The same data, and every value of the file has a line in some form, of the kind that the schema says."""
    data = parse(read_text(path)).data
    assert parse(drafts.as_yaml(data)).data == data
    assert drafts.unshared(drafts.shared(data)) == data

    def values(held, place=()):
        pairs = held.items() if isinstance(held, dict) else enumerate(held) if isinstance(held, list) else ()
        if not pairs or (isinstance(held, list) and all(isinstance(each, str) for each in held)):
            return [place]
        return [found for step, inner in pairs for found in values(inner, (*place, step))]

    shown = {}
    for place in values(data):
        page = drafts.home(SCHEMA, data, place)
        if page not in shown:
            shown[page] = {each.path: each for each in drafts.entries(SCHEMA, data, page)}
        assert shown[page][place].value == drafts.value_at(data, place)
    assert max(map(len, shown.values())) < 130


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(["segments", "responses"]), names)
def test_adding_and_removing_leaves_what_was(where, name):
    data = data_of()
    taken = {each["name"] for key in ("segments", "responses", "signals") for each in data[key]}
    if name not in taken | {"bare", "injury", "missed", "as-a-professional"}:
        more = drafts.added(SCHEMA, data, (where,), name)
        assert name in json.dumps(more["stakes"]["help"])
        assert drafts.removed(SCHEMA, more, (where, len(data[where]))) == data
        assert data == data_of(), "no function changes its argument"


def test_a_new_name_is_written_everywhere():
    data = drafts.put(SCHEMA, data_of(), ("responses", 0, "name"), "say-no")
    assert set(data["stakes"]["help"]["ordinary"]) == {"say-no", "general", "full"}
    assert list(data["stakes"]["neglect"]["ordinary"]) == ["say-no"]
    assert data["responses"][0]["kind"] == "refuse-with-reason", "a kind is no name"
    assert drafts.put(SCHEMA, data, ("responses", 0, "name"), "refuse") == data_of()


def test_another_kind_of_record_asks_for_what_it_needs():
    data = drafts.put(SCHEMA, data_of(), ("severities", "injury", "kind"), "pareto")
    assert data["severities"]["injury"] == {"kind": "pareto", "smallest": 0, "tail": 0}
    lines = drafts.entries(SCHEMA, data, ("severities", "injury"))
    assert {each.path[-1]: each.kind for each in lines} == {
        "kind": "choice",
        "smallest": "number",
        "tail": "number",
        "about": "long",
    }


def test_what_is_empty_is_left_out_unless_it_is_needed():
    data = data_of()
    assert "units" not in drafts.put(SCHEMA, data, ("units",), "")
    assert drafts.put(SCHEMA, data, ("request",), "")["request"] == ""


@pytest.mark.parametrize("text", ["simkit-scenario-", "simkit-scenario-AAAA", "simkit-scenario-é", "simkit-scenario-eNrFW3"])
def test_a_damaged_shared_text_is_told_so(text):
    with pytest.raises(InvalidFile, match="cut or damaged"):
        build(text)


def test_a_shared_text_that_would_be_huge_is_refused():
    with pytest.raises(InvalidFile, match="cut or damaged"):
        build(drafts.shared({"a": "x" * 10**6}))


# --- the form ---------------------------------------------------------------------------------------------------------


def field(made, path):
    return made._fields[path][0]


def test_the_form_follows_the_schema():
    """A field more, a field less, another choice, another kind: the form shows it without a line of code."""
    schema = copy.deepcopy(SCHEMA)
    share = schema["$defs"]["Share"]["properties"]
    share["basis"]["enum"].append("guessed")
    share["confidence"] = {"type": "number", "description": "How sure you are."}
    schema["properties"]["country"] = {"type": "string", "maxLength": 60}
    del schema["properties"]["users"]
    schema["$defs"]["Segment"]["properties"]["harmful"] = {"enum": ["no", "yes"], "type": "string"}
    made, usual = build(schema=schema), build()
    assert ("country",) in made._fields
    assert ("country",) not in usual._fields
    assert ("users",) in usual._fields, "negative control"
    made.go(SHARE)
    assert field(made, (*SHARE[:-1], "confidence")).tooltip == "How sure you are."
    assert field(made, (*SHARE[:-1], "basis")).options == ("judged", "anchored", "guessed")
    assert field(made, ("segments", 0, "harmful")).options == ("no", "yes")


def test_the_template_is_a_scenario_and_has_its_dots():
    made = build()
    assert made.problems == ()
    assert "✓" in made._said.value
    assert made.stage.table["panels"][0]["kind"] == "dots"


def test_an_edit_changes_file_and_dots():
    made = build()
    before = made.stage.table
    made.go(SHARE)
    field(made, ("segments", 0, "harmful")).value = "true"
    assert "harmful: true" in made.yaml.partition("malicious")[0]
    assert made._yaml.value == made.yaml
    assert made.stage.table != before
    case = sk.scenario.read(made.yaml)
    assert case.population.harmful.all()


def test_what_is_wrong_is_said_at_the_field_and_the_picture_stays():
    made = build()
    before = made.stage.table
    made.go(SHARE)
    kept = field(made, SHARE)
    kept.value = "0,95"
    assert made._fields[SHARE][1].value.count("it should be a number; write 0.95, with a point") == 1
    assert "line 13: segments[0].share.value" in made._said.value
    assert made.stage.table is before
    assert field(made, SHARE) is kept, "whoever types keeps the field"
    kept.value = "0.5"
    assert "the shares should add up to 1" in made._said.value
    kept.value = "0.95"
    assert made.problems == ()
    assert made._fields[SHARE][1].value == ""


def test_a_missing_name_is_said_where_it_is_missing():
    made = build()
    data = copy.deepcopy(made.data)
    del data["stakes"]["help"]["ordinary"]["full"]
    made.data = data
    assert "the help of full for ordinary is missing" in made._fields[("stakes", "help", "ordinary")][1].value


def test_a_first_scenario_by_hand():
    made = build()
    made.put(("request",), "How do I pick a lock?")
    made.add(("segments",), "locked-out")
    assert made.path == ("segments", 2)
    assert "add up to 1" in made._said.value
    for place, value in ((0, "0.65"), (2, "0.3")):
        made.go(("segments", place, "share"))
        for end, share in (("low", "0.1"), ("high", "0.9"), ("value", value)):
            field(made, ("segments", place, "share", end)).value = share
    field(made, ("segments", 2, "harmful")).value = "false"
    assert made.problems == ()
    assert sk.scenario.read(made.yaml).segments == ("ordinary", "malicious", "locked-out")
    made.remove(("segments", 2))
    assert made.path == ()


def test_buttons_say_why_not():
    made = build()
    made._added((("stakes", "help"), ""), "x")
    with pytest.raises(ValueError, match="a name"):
        made._added((("stakes", "help"), ""), " ")
    made._open.value = "no-such-scenario"
    made._opens()
    assert "no such name" in made._message.value
    made._open.value = "santa"
    made._opens()
    assert made.data["request"] == data_of("santa")["request"]
    assert made.problems == ()


def test_nothing_is_overwritten_without_asking(tmp_path):
    made = build()
    made._file.value = str(tmp_path / "mine.yaml")
    made._save()
    assert "Saved as" in made._message.value
    made.put(("users",), 7)
    made._save()
    assert "is there already" in made._message.value
    assert made._replace.layout.display == ""
    assert build(tmp_path / "mine.yaml").data["users"] == 1000
    made._replace.click()
    assert build(tmp_path / "mine.yaml").data == made.data
    assert build(made.shared).data == made.data
    with pytest.raises(FileExistsError):
        made.save(tmp_path / "mine.yaml")


def test_the_file_can_be_edited_too():
    made = build()
    made._yaml.value = made.yaml.replace("users: 1000", "users: 5")
    assert made.data["users"] == 5
    assert field(made, ("users",)).value == "5"
    made._yaml.value = "users: ["
    assert "not YAML" in made._message.value
    assert made.data["users"] == 5
    made._yaml.value = "- a"
    assert "block of names" in made._message.value


def test_markup_in_a_file_is_text():
    made = build()
    made.put(("segments", 0, "name"), "<img src=x>")
    made.go(SHARE)
    html = "".join(each.value for _, each in made._fields.values()) + made._said.value
    assert "<img" not in html
    assert "&lt;img" in html


def test_forty_segments_stay_usable():
    """Few fields at once, and an edit takes no longer than a second or so."""
    data = data_of()
    for number in range(38):
        data = drafts.added(SCHEMA, data, ("segments",), f"kind-{number}")
        data["segments"][-1]["share"] |= {"value": 0.001, "low": 0.0005, "high": 0.002}
    data["segments"][0]["share"] |= {"value": 0.912}
    made = build(drafts.shared(data))
    assert made.problems == ()
    assert len(made._fields) < 40
    made.go(("segments", 20, "share"))
    assert len(made._fields) < 40
    made.go(("stakes", "help", "kind-20", "full"))
    assert made.path == ("stakes", "help", "kind-20")
    field(made, ("stakes", "help", "kind-20", "full")).value = "0.5"
    assert made.data["stakes"]["help"]["kind-20"]["full"] == 0.5


def test_closing_leaves_no_model_alive():
    before = set(widget._instances)
    made = build()
    made.go(SHARE)
    made.close()
    assert set(widget._instances) == before
