"""Policies in files: what is written is read again to the last bit, and what is wrong is said with its line and a fix."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simkit as sk

CASE = sk.load("medication-threshold")
SIGNALS, RESPONSES = CASE.population.signal_names, CASE.responses
HEAD = "signal,refuse,full-with-care\n"
ROWS = "".join(f"{signal},0.25,0.75\n" for signal in SIGNALS)


def problems(tmp_path, text, ending="csv"):
    path = tmp_path / f"mine.{ending}"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(sk.InvalidFile) as found:
        sk.policy.read(CASE, path)
    return str(found.value)


@pytest.mark.parametrize("ending", ["csv", "json"])
@given(seed=st.integers(0, 10**6), names=st.lists(st.text("aZ9 é'\",;\n%$_<", min_size=1, max_size=9), min_size=1, max_size=4))
@settings(deadline=None, max_examples=25)
def test_what_is_written_is_read_again(tmp_path_factory, ending, seed, names):
    names = list(dict.fromkeys(f"p{name}q" for name in names))
    answer = np.random.default_rng(seed).dirichlet(np.full(len(RESPONSES), 0.2), (len(names), len(SIGNALS)))
    batch = sk.policy.from_array(CASE, answer, name="family", axis=sk.policy.Axis("policy", tuple(names)))
    path = tmp_path_factory.mktemp("files") / f"family.{ending}"
    sk.policy.write(batch if len(names) > 1 else batch[0], path)
    again = sk.policy.read(CASE, path)
    assert np.array_equal(again.answer, batch.answer if len(names) > 1 else batch.answer[0])
    assert again.labels == tuple(names)
    assert len(names) == 1 or again.axis.name == "policy"


def test_a_small_table_by_hand(tmp_path):
    path = tmp_path / "careful.csv"
    path.write_text("\ufeff" + HEAD + "\n" + ROWS.replace("0.25", "").replace("0.75", "1"), encoding="utf-8")
    mine = sk.policy.read(CASE, str(path))
    assert mine.name == "careful"
    assert not mine.batch
    assert np.array_equal(mine.answer, sk.policy.constant(CASE, "full-with-care").answer), "what is left out is 0"
    path.write_text((HEAD + ROWS).replace(",", ";"), encoding="utf-8")
    assert sk.policy.read(CASE, path).answer[0, 0] == 0.25, "as spreadsheets with a decimal comma write it"
    one = '{"answer": {' + ", ".join(f'"{signal}": {{"refuse": 1}}' for signal in SIGNALS) + "}}"
    (tmp_path / "hard.json").write_text(one, encoding="utf-8")
    assert sk.policy.read(CASE, tmp_path / "hard.json").name == "hard"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + ROWS.replace("0.25", "40%", 1), 'line 2: policies[0].answer.bare+plain.refuse is "40%": it should be a number'),
        (HEAD + ROWS.replace("0.25", "40%", 1), "write 0.4"),
        (HEAD + ROWS.replace("0.25", "40", 1), "if 40% is meant, write 0.4"),
        (HEAD + ROWS.replace("0.25", "-0.25", 1), "it should be at least 0"),
        (HEAD + ROWS.replace("0.25", "nan", 1), "it should be a number"),
        (HEAD + ROWS.replace("0.25", "0.5", 1), "the probabilities of a signal should add up to 1, not to 1.25"),
        ((HEAD + ROWS).replace(",", ";").replace("0.25", "0,25"), "write 0.25, with a point"),
        (HEAD + ROWS.replace("0.25", "0,25", 1), "line 2: 4 cells stand in a table of 3 columns"),
        (HEAD + ROWS.replace("painless", "painles", 1), "did you mean bare+painless?"),
        (HEAD.replace("refuse", "refuze") + ROWS, 'line 1: no response of this case is called "refuze"; did you mean refuse?'),
        (HEAD.replace("signal", "message") + ROWS, "line 1: the first line has no column `signal`"),
        (HEAD.replace("full-with-care", "refuse") + ROWS, 'two columns are called "refuse"'),
        (HEAD + ROWS.split("\n", 2)[2], "there is no row for bare+plain, bare+painless"),
        (HEAD + ROWS + ROWS, f"line {len(SIGNALS) + 2}: policies[0].answer.bare+plain: this signal has a row already"),
        (HEAD, "too few stand here"),
        ("", "no column `signal`"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_a_fix(tmp_path, text, said):
    assert said in problems(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "too few stand here"),
        ("{}", "answer: this name is missing"),
        ("3", "it should be a block of names and values"),
        ('{"name": "a", "name": "b", "answer": {}}', "line 1"),
        ('{"answers": {}}', "did you mean answer"),
        ("{", "not YAML"),
        ('[{"name": "a", "answer": {}}, {"name": "a", "answer": {}}]', "another policy has this name"),
    ],
)
def test_json_is_checked_as_well(tmp_path, text, said):
    assert said in problems(tmp_path, text, "json")


def test_files_are_bounded(tmp_path):
    assert "larger than" in problems(tmp_path, HEAD + "x" * 600_000)
    with pytest.raises(sk.InvalidFile, match="no such file"):
        sk.policy.read(CASE, tmp_path / "none.csv")


def test_what_is_no_table_is_not_written(tmp_path):
    asks = sk.policy.bayes(sk.load("medication-threshold"), harm_weight=1)
    assert asks.after is not None
    with pytest.raises(ValueError, match="is no table"):
        sk.policy.write(asks, tmp_path / "asks.csv")
    with pytest.raises(ValueError, match="names of signals"):
        sk.policy.write(sk.Policy(answer=[[1.0, 0.0]]), tmp_path / "nameless.json")
