"""Codes of a class: what is damaged is named, nothing is lost; guesses, results and games come out as they went in."""

import csv
import io
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("anywidget", reason="instruments need the extra `lab`")

from simkit import codes
from simkit.codes import MINDS, Game, Guess, Results, find, plain_nickname, question_mark, read, sign, write
from simkit.exercises.exercise import Checks, Exercise
from simkit.widgets import classroom, predict, trust
from simkit.widgets.class_results import gather
from simkit.widgets.questions import library_notebooks, library_questions

KNOWN = next(mark for mark, each in library_questions().items() if each.name == "01.1")

marks = st.integers(0, 2**32 - 1)
nicknames = st.text(max_size=30).map(plain_nickname)
guesses = st.builds(
    Guess,
    mark=marks,
    nickname=nicknames,
    question=st.integers(0, 65535).map("{:04x}".format),
    guess=st.integers(-(10**15), 10**15),
    answer=st.integers(-(10**6), 10**6).map(float),
    mind=st.sampled_from(MINDS),
)
tries = st.lists(st.tuples(st.booleans(), st.integers(0, 99)), min_size=1, max_size=9)
results = st.builds(
    lambda tried, **rest: Results(solved=tuple(a for a, _ in tried), wrong=tuple(b for _, b in tried), **rest),
    tries,
    mark=marks,
    nickname=nicknames,
    notebook=st.sampled_from(sorted(library_notebooks())),
)
games = st.builds(
    Game,
    mark=marks,
    nickname=nicknames,
    line=st.from_regex(r"widgets\.trust\('[a-z-]{1,20}', moves='[ocw]{1,9}'\)", fullmatch=True),
)


# --- a code ------------------------------------------------------------------------------------------------------------


@given(guesses | results | games)
def test_a_code_comes_back(holds):
    code = write(holds)
    assert read(code) == holds
    assert read(code.lower()) == holds
    (found,) = find(f"Anna: `{code}`, see you!")
    assert found.holds == holds


@given(guesses | results, st.data())
def test_one_changed_or_missing_character_is_seen(holds, data):
    """CRC-32 sees every burst of up to 32 bits; a code never turns into another one."""
    code = write(holds)
    place = data.draw(st.integers(7, len(code) - 1))
    letter = data.draw(st.sampled_from(sorted(set("ABCDEFGHIJKLMNOPQRSTUVWXYZ01234567") - {code[place]})))
    for damaged in (code[:place] + letter + code[place + 1 :], code[:place], code[:place] + code[place + 1 :]):
        (found,) = find(damaged)
        assert found.holds in (None, holds), "bits that pad the last letter carry nothing"
        assert found.holds or found.wrong.startswith(("wrong check sum", "cut: "))


def test_what_is_wrong_is_named():
    code = write(Guess(mark=1, question=KNOWN, guess=7, answer=1.0))
    with pytest.raises(ValueError, match=r"^cut: 20 of \d+ characters"):
        read(code[:27])
    with pytest.raises(ValueError, match="no code holds the character 0"):
        read(code[:12] + "0" + code[13:])
    with pytest.raises(ValueError, match="wrong check sum"):
        read(code[:20] + ("A" if code[20] != "A" else "B") + code[21:])
    with pytest.raises(ValueError, match="this is no code"):
        read("hello")
    with pytest.raises(ValueError, match="does not know"):
        read(codes._word("z", 1, "- 1"))
    assert [each.wrong[:22] for each in find(code[7:])] == ["the beginning is cut o"]
    assert [each.holds.guess for each in find(code.replace("-", "–"))] == [7], "a chat makes a dash of a hyphen"
    assert not list(find("No code here. UPPERCASE WORDS, 1234567890 and simkit are no codes."))


@given(st.text(max_size=200))
def test_nothing_that_is_pasted_ends_in_an_error(text):
    for start in ("", "SIMKIT-", "simkit–", "widgets.trust("):
        gather(start + text, library_questions())


def test_codes_are_short_and_hide_the_guess_from_a_glance():
    code = write(Guess(mark=2**32 - 1, question=KNOWN, guess=12, answer=1.0, mind="yes", nickname="annabelle"))
    assert len(code) < 70
    assert "12" not in code


def test_a_class_word_signs_results():
    plain = Results(mark=5, nickname="Anna", notebook="thousand-users", solved=(True, False, True), wrong=(0, 2, 1))
    signed = sign(plain, " Walrus ")
    assert signed.signed_with("walrus")
    assert read(write(signed)).signed_with("WALRUS")
    assert not signed.signed_with("other")
    assert not plain.signed_with("walrus")
    assert sign(plain, "") == plain
    for forged in (replace(signed, solved=(True,) * 3), replace(signed, nickname="Bob"), replace(signed, mark=6)):
        assert not forged.signed_with("walrus")


# --- where codes come from --------------------------------------------------------------------------------------------


def test_every_prediction_of_a_notebook_is_known():
    """An f-string's computed numbers do not count: their words do."""
    asked = library_questions()
    assert len(asked) >= 11
    assert all(each.low < each.high for each in asked.values())
    assert len({each.name for each in asked.values()}) == len(asked), "no two questions share a mark"
    worth = next(each.asks for each in asked.values() if "help units, harm taken off" in each.asks)
    assert question_mark(worth.replace("…", "1,234.5")) in asked


def test_a_prediction_hands_in_a_guess_and_a_changed_mind():
    made = predict(library_questions()[KNOWN].asks, answer=0.5, high=12, unit="of 12")
    assert made.code == ""
    made.commit(7)
    assert read(made.code) == Guess(mark=codes.session_mark(), question=KNOWN, guess=7, answer=0.5)
    made._mind.value, made._name.value = "a little", "Anna <b>"
    assert (read(made.code).mind, read(made.code).nickname) == ("a little", "Anna-b")
    assert made.code in made._hands.value


def test_exercises_hand_in_what_is_solved():
    def exercise():
        return Exercise(lambda answer: "" if answer == 4 else "no")

    check = Checks(exercise(), exercise())
    assert check(1, 3).code == ""
    found = check(1, 4)
    assert found.code in found._repr_html_()
    assert (read(found.code).solved, read(found.code).wrong) == ((True, False), (1, 0))
    assert check(1, 5).right is False
    assert read(check.hand_in()).solved == (True, False), "what was solved stays solved"
    signed = read(check.hand_in("Anna", word="walrus"))
    assert signed.nickname == "Anna"
    assert signed.signed_with("walrus")


def test_results_carry_the_name_of_their_notebook():
    from simkit.exercises import thousand_users, whole_population

    for room in (thousand_users, whole_population):
        assert read(room.check.hand_in()).notebook in library_notebooks()


def test_a_game_is_saved_when_it_is_finished():
    made = trust(seed=3, moves="cc")
    with pytest.raises(ValueError, match="not finished"):
        made.code()
    made._keep()
    assert "not finished" in made._kept.value
    made.reveal()
    made._name.value = "Anna"
    made._keep()
    assert made.code("Anna") in made._kept.value
    assert read(made.code("Anna")).line == made.as_code()
    both = classroom(text=f"{made.code('Anna')}\nand my line: {made.as_code()}").view
    assert list(both.games) == ["Anna", "student 1"]
    assert len(both.pooled().runs) == 2
    misaligned = made.view.model.type > 0
    assert both.scores()["Anna"] == (1, int(misaligned))


# --- the classroom ----------------------------------------------------------------------------------------------------


def guess(mark: int, value: int, **rest) -> Guess:
    return Guess(mark=mark, question=KNOWN, guess=value, answer=1.0, **rest)


def test_two_hundred_codes_ten_of_them_damaged():
    """Each damaged one is named with its line and what is wrong, the other 190 are counted, in at most a second."""
    lines = [f"[10:{i % 60:02}] student{i}: {write(guess(i, i * i % 13))} :)" for i in range(200)]
    code = [line.split()[2] for line in lines]
    damaged = {}
    for i in (3, 20, 41):
        damaged[i] = ("cut: ", lines[i].replace(code[i], code[i][:25]))
    for i in (60, 77, 98):
        other = "A" if code[i][30] != "A" else "B"
        damaged[i] = ("wrong check sum", lines[i].replace(code[i], code[i][:30] + other + code[i][31:]))
    damaged[120] = ("no code holds the character 1", lines[120].replace(code[120], code[120][:14] + "1" + code[120][15:]))
    damaged[140] = ("beginning is cut off", lines[140].replace("SIMKIT-", ""))
    for i in (160, 199):
        damaged[i] = ("unknown question 0bad", lines[i].replace(code[i], write(replace(guess(i, 4), question="0bad"))))
    for i, (_, line) in damaged.items():
        lines[i] = line
    began = time.perf_counter()
    room = classroom(text="\n".join(lines))
    assert time.perf_counter() - began < 1
    assert len(room.view.notes) == 10
    for i, (why, _) in damaged.items():
        (note,) = [note for note in room.view.notes if note.startswith(f"line {i + 1}: ")]
        assert why in note
    assert len(room.view.guesses[KNOWN]) == 190
    assert len(room.view.students) == 192, "an unknown question is named, and kept"
    assert room._picture.value.count("<circle") == 190


def test_the_answer_waits_for_the_button():
    room = classroom(text=" ".join(write(guess(i, i)) for i in range(9)))
    assert "answer" not in room._picture.value
    assert "median 4" in room._picture.value
    room._reveal.click()
    assert "The answer is 1 of 12: 1 exact, 3 near" in room._picture.value
    assert room._picture.value.count("<circle") == 10
    room.text += write(replace(guess(99, 12), question="0bad"))
    room._question.value = "0bad"
    assert "The answer" not in room._picture.value, "each question is revealed by itself"


def test_who_changed_their_mind():
    room = classroom(
        text="\n".join(
            [
                write(guess(1, 3, nickname="Anna")),
                write(guess(1, 3, nickname="Anna", mind="yes")),
                write(guess(2, 5, mind="a little")),
                write(guess(3, 6, mind="no")),
                write(guess(4, 7, nickname="anna")),
            ]
        )
    )
    assert room.view.minds(KNOWN) == {"yes": ["Anna"], "a little": ["student 1"], "no": ["student 2"], "not said": []}
    assert "yes: Anna; a little: student 1; no: 1" in room._rest.value
    assert room.view.notes == ["line 5: Anna had guessed 3 for 01.1 before; 7 is not counted"]
    assert room._picture.value.count("#0072b2") == 2


def test_a_gradebook(tmp_path):
    done = Results(mark=1, notebook="thousand-users", solved=(True, True, False), wrong=(0, 3, 1))
    texts = [
        write(guess(1, 3, nickname="Anna")),
        write(sign(done, "walrus")),
        write(sign(replace(done, mark=2, nickname="Bob", solved=(True,) * 3), "other")),
        write(replace(done, mark=2, nickname="Bob", notebook="elsewhere")),
    ]
    room = classroom(text="\n".join(texts), word="walrus")
    anna, bob = csv.DictReader(io.StringIO(room.save(tmp_path / "class.csv").read_text()))
    assert anna["student"] == "Anna", "a session's nickname holds for all of its codes"
    assert (anna["01.1 guess"], anna["01-thousand-users solved"], anna["01-thousand-users signed"]) == ("3", "2", "yes")
    assert (bob["01.1 guess"], bob["01-thousand-users solved"], bob["01-thousand-users signed"]) == ("", "3", "no")
    assert bob["elsewhere of"] == "3"
    assert [note.partition(": ")[2][:24] for note in room.view.notes] == [
        "signed with another clas",
        "unknown notebook elsewhe",
    ]
    assert "2 of 2" in room._rest.value
    assert "1 of 2" in room._rest.value
    with pytest.raises(FileExistsError):
        room.save(tmp_path / "class.csv")


def test_a_nickname_is_neither_markup_nor_a_formula():
    bad = codes._word("p", 9, f"=<script>1 {KNOWN} 3 1 0")
    room = classroom(text=bad)
    assert list(room.view.students.values()) == ["script-1"]
    assert "<script" not in room._rest.value + room._picture.value


def test_a_question_of_my_own():
    mine = predict("How many <i>eggs</i>?", answer=6, high=9, unit="eggs")
    mine.commit(5)
    assert "unknown question" in classroom(text=mine.code).view.notes[0]
    room = classroom(mine, text=mine.code)
    assert room.view.notes == []
    assert "1 guess: 5 eggs." in room._picture.value
    assert "<i>" not in room._picture.value
    assert classroom().csv() == "student\n"
