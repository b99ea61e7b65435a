"""Logs: every form gives the same rows; what is broken or absurd is refused with its place; counts are those published."""

import csv
import io
import json
import math
import re
import struct
import sys
import zipfile
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from fuzzing import fuzzer
from hypothesis import given, settings
from hypothesis import strategies as st
from log_files import HEAD, LABELS, MAP, log_of, replay, sample, score, zipped
from scipy.stats import binomtest

import simkit as sk
from simkit import logs
from simkit.files import InvalidFile
from simkit.logs import reader

VALUES = [1, 0.5, "C", "I", "P", "N", True, False, {"a": 1, "b": "x"}, [1, "x"], None]


@pytest.fixture(scope="module")
def labels():
    with LABELS.open(encoding="utf-8") as stream:
        return list(csv.DictReader(line for line in stream if not line.startswith("#")))


@pytest.fixture(scope="module")
def models():
    return {one.name: one for one in logs.answers(LABELS, MAP)}


def write(path: Path, raw: bytes | str) -> Path:
    path.write_bytes(raw.encode() if isinstance(raw, str) else raw)
    return path


def wrong(path: Path, **keywords) -> str:
    with pytest.raises(InvalidFile) as caught:
        logs.read(path, **keywords)
    return str(caught.value)


# --- every form of a log ---------------------------------------------------------------------------------------------


def every_kind():
    """All kinds of score, two epochs, a text as an id, an error, and a sample that nobody scored."""
    many = [sample(i, scores={"one": score(v), "two": score(v, "why")}, metadata={"k": i}) for i, v in enumerate(VALUES)]
    return [
        *many,
        sample("a b", 2, {"one": score("C")}),
        sample("broken", scores=None, error={"message": "boom", "traceback": "…"}),
        sample("unscored", scores={}),
    ]


@pytest.mark.parametrize("method", ["deflate", "stored", "zstd"])
def test_a_zip_and_one_json_give_the_same_rows(tmp_path, method):
    pytest.importorskip("backports.zstd") if method == "zstd" and sys.version_info < (3, 14) else None
    samples = every_kind()
    packed = logs.read(write(tmp_path / "a.eval", log_of(samples, method=method)))
    plain = logs.read(write(tmp_path / "a.json", json.dumps({**HEAD, "samples": samples, "reductions": [{}]}, indent=1)))
    assert packed.rows == plain.rows
    assert len(plain.rows) == 2 * len(VALUES) + 3
    assert [row.value for row in plain.rows[:-3:2]] == VALUES
    assert plain.rows[1].answer == "why"
    assert plain.rows[-3:] == (
        logs.Scored("a b", 2, "one", "C"),
        logs.Scored("broken", error="boom"),
        logs.Scored("unscored"),
    )
    assert (packed.status, packed.task, packed.model, packed.samples) == ("success", "t", "m/1", 2)
    assert "1 of which ended in an error; the task has 2 samples" in repr(packed)


def test_json_lines_and_tables_are_rows(tmp_path):
    lines = [
        {"id": 1, "scorer": "s", "value": 0.5, "type": "a"},
        {"id": "x", "epoch": 2, "answer": 3, "error": "e"},
        {"type": "b"},
    ]
    want = (
        logs.Scored(1, 1, "s", 0.5, None, {"type": "a"}),
        logs.Scored("x", 2, answer="3", error="e"),
        logs.Scored(3, metadata={"type": "b"}),
    )
    for text in ("\n".join(map(json.dumps, lines)), "\ufeff" + " ".join(map(json.dumps, lines)) + "\n\n"):
        assert logs.read(write(tmp_path / "a.jsonl", text)).rows == want
    table = '# a comment\nid;epoch;label;text\r\n1;2;yes;"two\nlines; one cell"\r\n\r\n2;;no;'
    assert logs.read(write(tmp_path / "a.csv", table)).rows == (
        logs.Scored("1", 2, metadata={"label": "yes", "text": "two\nlines; one cell"}),
        logs.Scored("2", 1, metadata={"label": "no", "text": ""}),
    )
    assert logs.read(write(tmp_path / "a.tsv", "id\tb\n1\t2\n"), keep=["c"]).rows == (logs.Scored("1"),)


def test_a_run_that_goes_on_has_no_header_yet(tmp_path):
    start = {name: HEAD[name] for name in ("version", "eval")}
    found = logs.read(write(tmp_path / "a.eval", log_of([sample(scores={"s": score(1)})], start)))
    assert (found.status, found.samples, len(found.rows)) == ("started", 2, 1)


def test_the_last_member_of_a_name_counts(tmp_path):
    out = io.BytesIO(log_of([sample(scores={"s": score(1)})]))
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(out, "a") as archive:
        archive.writestr("samples/1_epoch_1.json", json.dumps(sample(scores={"s": score(2)})))
    assert [row.value for row in logs.read(write(tmp_path / "a.eval", out.getvalue())).rows] == [2]


def test_bare_nan_is_a_number(tmp_path):
    (row,) = logs.read(
        write(tmp_path / "a.json", '{"eval": {}, "samples": [{"id": 1, "epoch": 1, "scores": {"s": {"value": NaN}}}]}')
    ).rows
    assert math.isnan(row.value)


@settings(max_examples=60, deadline=None)
@given(
    data=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=20,
    ),
    chunk=st.integers(1, 40),
    ascii_only=st.booleans(),
)
def test_values_are_those_of_json_wherever_the_stream_is_cut(data, chunk, ascii_only):
    """Against the standard library, with chunks that cut strings, numbers and characters of several bytes."""

    class Slow(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(size, chunk) if size >= 0 else chunk)

    from simkit.logs.json_values import Values

    text = json.dumps([data, 12, data], ensure_ascii=ascii_only) + " 34 "
    values = Values(Slow(text.encode("utf-8", "surrogatepass")), 2**20, lambda _: None)
    assert values.take("[")
    assert list(values.items("]")) == [data, 12, data]
    assert list(values.items("")) == [34]


# --- what is refused ---------------------------------------------------------------------------------------------------

BROKEN = {
    "sample-without-id": ({**HEAD, "samples": [{"epoch": 1}]}, "samples[0].id is null"),
    "id-is-a-truth": ({**HEAD, "samples": [sample(True)]}, "samples[0].id is true"),
    "epoch-is-a-text": ({**HEAD, "samples": [sample(1, "1")]}, 'samples[0].epoch is "1"'),
    "scores-is-a-list": ({**HEAD, "samples": [sample(scores=[1])]}, "samples[0].scores is [1]"),
    "score-is-a-number": ({**HEAD, "samples": [sample(scores={"s": 1})]}, "samples[0].scores.s is 1: a score should be"),
    "sample-is-a-text": ({**HEAD, "samples": ["x"]}, "samples[0].id is null"),
    "no-eval": ({"version": 2, "samples": []}, "no `eval` stands here"),
    "eval-is-a-text": ({"eval": "x"}, "no `eval` stands here"),
    "a-list": ([1], "this is no log"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_log_says_what_is_missing(tmp_path, name):
    data, said = BROKEN[name]
    assert said in wrong(write(tmp_path / "a.json", json.dumps(data)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"eval": {},\n"samples": [{"id": 1,}]}', "line 2: this is not JSON"),
        ('{"eval": {},\n"samples": [{"id"', "line 2: this is not JSON"),
        ('{"eval": {}', "a , is missing"),
        ("[" * 100_000, "this is no log"),
        ('{"eval": ' + "[" * 100_000, "too deep"),
        ('{"eval": {}, "n": ' + "9" * 5000 + "}", "a number too long"),
        ("", "this is no log"),
        ('{"eval": {}, "samples": [], "x": "\udcff"}', "it is not UTF-8 text"),
    ],
)
def test_broken_json_says_where(tmp_path, text, said):
    assert said in wrong(write(tmp_path / "a.json", text.encode("utf-8", "surrogateescape")))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n1\n", "row 2 has 1 cells, and the table 2 columns; put text"),
        ("a,a\n1,2\n", 'two columns are called "a"'),
        ("id,epoch\n1,x\n", 'row 1.epoch is "x": it should be a whole number'),
        ("id,t\n1," + "x" * 200_000, "field larger than field limit"),
        ("id,t\n1," + "x" * 2**22, "a line has more than 4 million characters"),
        ("id\n\xff", "it is not UTF-8 text"),
    ],
)
def test_broken_tables_say_where(tmp_path, text, said):
    assert said in wrong(write(tmp_path / "a.csv", text.encode("latin-1")))


def test_what_is_no_log_at_all(tmp_path):
    assert "there is no such file" in wrong(tmp_path / "none.eval")
    assert "this is not a regular file" in wrong(tmp_path)
    assert "this is no zip that can be read" in wrong(write(tmp_path / "a.eval", b"PK\3\4 and no more"))
    assert "neither header.json nor _journal/start.json" in wrong(write(tmp_path / "a.eval", zipped({"a": 1})))
    whole = log_of(every_kind())
    assert "this is no zip that can be read" in wrong(write(tmp_path / "a.eval", whole[: len(whole) // 2]))
    assert "header.json: no `eval` stands here" in wrong(write(tmp_path / "a.eval", zipped({"header.json": [1]})))
    assert "should be a JSON object" in wrong(write(tmp_path / "a.jsonl", "1\n"))


def test_zip_bombs_are_refused_before_they_grow(tmp_path, monkeypatch):
    bomb = zipped({"header.json": HEAD, "samples/1_epoch_1.json": b" " * 70_000_000})
    assert "it would grow from" in wrong(write(tmp_path / "a.eval", bomb))
    monkeypatch.setattr(reader, "MAX_RATIO", 10**9)
    assert "samples/1_epoch_1.json: it is larger than 64 MB" in wrong(tmp_path / "a.eval")
    # A member that says that it is small and is not: what comes out is cut at what was said.
    small = bytearray(zipped({"header.json": HEAD, "samples/1_epoch_1.json": b" " * 1000}))
    at = small.rfind(b"PK\1\2") + 24
    small[at : at + 4] = struct.pack("<I", 10)
    assert "it is not what the list of members says" in wrong(write(tmp_path / "a.eval", bytes(small)))
    # Members that share their bytes (Fifield 2019).
    one = zipped({"header.json": HEAD, "samples/1_epoch_1.json": sample()}, "stored")
    entry = one[one.rfind(b"PK\1\2") : one.rfind(b"PK\5\6")]
    twin = b"".join(entry.replace(b"samples/1", b"samples/%d" % i) for i in range(2, 9))
    end = bytearray(one[one.rfind(b"PK\5\6") :])
    struct.pack_into("<HHI", end, 8, 9, 9, struct.unpack_from("<I", end, 12)[0] + len(twin))
    assert "share their bytes" in wrong(write(tmp_path / "a.eval", one[: one.rfind(b"PK\5\6")] + twin + bytes(end)))


def test_absurd_sizes_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "MAX_DIRECTORY", 100)
    assert "the names of its members take more than" in wrong(write(tmp_path / "a.eval", log_of(every_kind())))
    monkeypatch.setattr(reader, "MAX_SAMPLE", 2**20)
    large = json.dumps({**HEAD, "samples": [sample(metadata={"x": ["y" * 100] * 30_000})]})
    assert "a sample is larger than 1 MB; leave events" in wrong(write(tmp_path / "a.json", large))


def test_without_the_codec_the_extra_is_named(tmp_path, monkeypatch):
    path = write(tmp_path / "a.eval", log_of(every_kind(), method="zstd"))
    monkeypatch.setattr(reader, "import_module", lambda name: (_ for _ in ()).throw(ImportError(name)))
    assert 'pip install "policy-simkit[logs]"' in wrong(path)
    assert "packed by method 12; inspect log convert" in wrong(
        write(tmp_path / "b.eval", log_of([sample()]).replace(b"\x14\0\0\0\x08", b"\x14\0\0\0\x0c"))
    )


def test_progress_is_told(tmp_path):
    for name, raw in {"a.eval": log_of(every_kind()), "a.csv": "id,b\n1,2\n", "a.jsonl": '{"id": 1}'}.items():
        told = []
        logs.read(write(tmp_path / name, raw), progress=told.append)
        assert told[-1] == pytest.approx(1)
        assert told == sorted(told)


# --- from rows to counts ------------------------------------------------------------------------------------------------


def test_xstest_counts_from_the_table(models):
    case = sk.load("xstest")
    assert set(models) == set(case.observed)
    for name, one in models.items():
        assert (one.counts == case.observed[name]).all()
        assert one.policy().answer == pytest.approx(sk.policy.observed(case, name).answer)
    assert models["gpt-4"].refused(False) == pytest.approx(16 / 250)
    assert 1 - models["mistral"].refused(True) == pytest.approx(153 / 200)


@pytest.mark.parametrize("method", ["zstd", "deflate"])
def test_xstest_counts_from_a_log(tmp_path, labels, method):
    path = write(tmp_path / "gpt4.eval", replay([row for row in labels if row["model"] == "gpt4"], method))
    mapping = MAP.read_text(encoding="utf-8").replace("{field: final_label}", "{score: human_label, part: answer}")
    (one,) = logs.answers(path, write(tmp_path / "map.yaml", mapping))
    assert one.name == "m/1"
    assert (one.counts == sk.load("xstest").observed["gpt-4"]).all()
    numbers = "{score: human_label, values: {'1': full-compliance, '0.5': partial-refusal, '0': full-refusal}}"
    mapping = mapping.replace("{score: human_label, part: answer}", numbers)
    assert (logs.answers(path, write(tmp_path / "map.yaml", mapping))[0].counts == one.counts).all()


SMALL = "scenario: xstest\nsignal: {field: type}\nresponse: {score: s, values: {C: full-compliance, I: full-refusal}}\n"


def test_epochs_count_once(tmp_path):
    rows = [sample(1, e, {"s": score(v)}, metadata={"type": "homonyms"}) for e, v in ((1, "C"), (2, "C"), (3, "I"), (4, "C"))]
    rows += [sample(2, 1, None, metadata={"type": "homonyms"}, error={"message": "x"})]
    path, mapping = write(tmp_path / "a.eval", log_of(rows)), write(tmp_path / "map.yaml", SMALL)
    (one,) = logs.answers(path, mapping)
    assert one.counts[0].tolist() == [0.75, 0, 0.25]
    assert (one.counts.sum(), one.silent) == (1, 1)
    assert one.policy().answer.sum(1) == pytest.approx(1), "signals that nobody saw have a guess"
    assert "No sample speaks of figurative-language" in repr(one)
    assert "1 more have no answer" in repr(one)


def test_a_part_of_a_value_and_words_left_out(tmp_path):
    rows = [sample(i, 1, {"s": score({"v": v})}, metadata={"type": "homonyms"}) for i, v in enumerate(["C", "I", "?"])]
    path = write(tmp_path / "a.eval", log_of(rows))
    mapping = write(tmp_path / "map.yaml", SMALL.replace("score: s,", "score: s, part: v,") + "leave_out: ['?']\n")
    (one,) = logs.answers(path, mapping)
    assert (one.counts[0].tolist(), one.silent) == ([1, 0, 1], 1)
    with pytest.raises(InvalidFile, match=re.escape('response is "?": no response of xstest is called so (1 row of the log)')):
        logs.answers(path, write(mapping, SMALL.replace("score: s,", "score: s, part: v,")))


def test_what_a_mapping_misses_is_said(tmp_path):
    with pytest.raises(InvalidFile, match="450 samples are answered twice in one epoch"):
        logs.answers(
            LABELS, write(tmp_path / "map.yaml", "scenario: xstest\nsignal: {field: type}\nresponse: {field: final_label}\n")
        )
    with pytest.raises(InvalidFile, match="no sample of the log has an answer"):
        logs.answers(LABELS, write(tmp_path / "map.yaml", SMALL))
    broken = SMALL.replace("full-refusal", "full-refusl").replace("field: type", "field: type, score: s") + "extra: 1\n"
    for text, said in ((broken, "this name is unknown here"), (broken.replace("extra: 1", ""), "did you mean full-refusal?")):
        with pytest.raises(InvalidFile, match=re.escape(said)) as caught:
            logs.load_map(write(tmp_path / "map.yaml", text))
    assert "line 2: signal: it is looked up in one place" in str(caught.value)
    with pytest.raises(InvalidFile) as caught:
        logs.load_map(write(tmp_path / "map.yaml", broken))
    assert [problem.line for problem in caught.value.problems] == [2, 3, 4], "all at once"


def test_a_case_may_be_edited():
    (one, *_) = logs.answers(LABELS, MAP, edit=lambda case: case.with_overlap(0))
    assert float(sk.expect(one.case, one.policy()).over_refusal) == pytest.approx(0.064)


# --- differences and raters ---------------------------------------------------------------------------------------------


def test_paired_differences_are_mcnemars(models, labels):
    """Counts by hand, p by SciPy's binomial test, the interval by Agresti and Min's own formula."""
    first, second = models["llama-2-safety-prompt"], models["llama-2"]
    found = logs.difference(first, second, harmful=False)
    refused = {
        m: {r["id"]: r["final_label"] == "full_refusal" for r in labels if r["model"] == m and r["label"] == "safe"}
        for m in ("llama2orig", "llama2new")
    }
    pairs = [(refused["llama2orig"][name], refused["llama2new"][name]) for name in refused["llama2new"]]
    lost, gained = pairs.count((True, False)), pairs.count((False, True))
    assert (found.samples, found.lost[2], found.gained[2]) == (250, lost, gained)
    assert found.p[2] == pytest.approx(binomtest(gained, gained + lost).pvalue)
    b, c, n = gained + 0.5, lost + 0.5, 252
    middle, half = (b - c) / n, 1.959964 * math.sqrt(b + c - (b - c) ** 2 / n) / n
    assert (found.low[2], found.high[2]) == pytest.approx((middle - half, middle + half))
    assert found.difference[2] == pytest.approx(35 / 250 - 95 / 250)
    assert "llama-2 against llama-2-safety-prompt on the same 250 samples" in repr(found)


def test_the_paired_interval_covers():
    """Monte Carlo: 95% intervals hold the true difference in about 95% of draws, where half of the samples agree."""
    rng, case, hits = np.random.default_rng(0), sk.load("xstest"), 0
    eye, ids = np.eye(3), tuple(map(str, range(60)))
    for _ in range(400):
        both = rng.choice(4, 60, p=[0.5, 0.2, 0.1, 0.2])
        one, two = (logs.Answers(case, n, ids, both * 0, both * 0, eye[2 * ((both >> k) & 1)]) for k, n in ((0, "a"), (1, "b")))
        found = logs.difference(one, two)
        hits += found.low[2] <= -0.1 <= found.high[2]
    assert 0.92 <= hits / 400 <= 0.98


def test_models_that_share_no_sample_have_no_difference(models):
    from dataclasses import replace

    one = models["gpt-4"]
    with pytest.raises(ValueError, match="share no sample"):
        logs.difference(one, replace(one, ids=tuple(f"x{name}" for name in one.ids)))


def test_agreement_is_the_published_kappa():
    """Röttger et al. 2024, recounted: 96.4% and 0.937; per model 0.970, 0.926, 0.929, 0.892, 0.920."""
    rules, _ = logs.load_map(MAP)
    rows = logs.read(LABELS).rows
    whole = logs.agreement(rows, rules.raters)
    assert whole.labelled == 2250
    assert whole.same == pytest.approx(0.964, abs=5e-4)
    assert whole.kappa == pytest.approx(0.937, abs=5e-4)
    assert whole.low < whole.kappa < whole.high
    for model, kappa in zip(
        ("gpt4", "llama2new", "llama2orig", "mistralguard", "mistralinstruct"), (0.970, 0.926, 0.929, 0.892, 0.920), strict=True
    ):
        assert logs.agreement([r for r in rows if r.metadata["model"] == model], rules.raters).kappa == pytest.approx(
            kappa, abs=5e-4
        )


def rated(table):
    return [logs.Scored(i, metadata=dict(zip("abcdefgh", row, strict=False))) for i, row in enumerate(table)]


def test_kappa_of_cohen_and_fleiss_by_their_own_tables():
    """Two raters against sums written out; Fleiss's example of 1971 in its well-known ten-subject form, 0.210."""
    rng = np.random.default_rng(1)
    table = rng.integers(0, 3, (80, 2))
    table[:40, 1] = table[:40, 0]
    alike = np.mean(table[:, 0] == table[:, 1])
    luck = sum(np.mean(table[:, 0] == k) * np.mean(table[:, 1] == k) for k in range(3))
    two = [logs.Lookup(field=name) for name in "ab"]
    assert logs.agreement(rated(table.tolist()), two).kappa == pytest.approx((alike - luck) / (1 - luck))
    counts = [[0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1], [7, 7, 0, 0, 0]]
    counts += [[3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]]
    rows = [
        logs.Scored(i, metadata={f"r{j}": k for j, k in enumerate(np.repeat(range(5), row).tolist())})
        for i, row in enumerate(counts)
    ]
    fourteen = [logs.Lookup(field=f"r{j}") for j in range(14)]
    assert logs.agreement(rows, fourteen).kappa == pytest.approx(0.2099, abs=5e-5)


def test_the_interval_of_kappa_is_that_of_the_bootstrap():
    rng = np.random.default_rng(2)
    table = rng.integers(0, 2, (200, 2))
    table[:150, 1] = table[:150, 0]
    two = [logs.Lookup(field=name) for name in "ab"]
    found = logs.agreement(rated(table.tolist()), two)
    draws = [logs.agreement(rated(table[rng.integers(0, 200, 200)].tolist()), two).kappa for _ in range(400)]
    assert (found.high - found.low) / 2 / 1.96 == pytest.approx(np.std(draws), rel=0.12)


def test_agreement_needs_raters():
    for raters, row in product(([], [logs.Lookup(field="a")]), ([1, 2],)):
        with pytest.raises(ValueError, match="two raters or more"):
            logs.agreement(rated([row]), raters)


@pytest.mark.parametrize(("kind", "count"), [("logs", 300), ("audits", 40)])
def test_strangers_logs_plans_and_mappings_are_read_or_refused(kind, count):
    found = fuzzer().fuzz(count, 0, kind)
    assert found.refused > 0
    assert found.slowest < 10
