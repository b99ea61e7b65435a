"""Dots: whole numbers of people that say what the exact numbers say."""

import numpy as np
import pytest
from worlds import choice, random_case, random_policy

import simkit as sk
from simkit.icon_array import dots


@pytest.mark.parametrize("asks", [False, True])
def test_dots_round_the_exact_numbers(rng, asks):
    for _ in range(60):
        case = random_case(rng, question=asks)
        policy = random_policy(case, rng, (4,))
        found, exact = dots(case, policy), 1000 * sk.exposure(case, policy)
        assert (found.count >= 0).all()
        assert (found.count.sum(-1) == 1000).all()
        assert not found.count[found.expected == 0].any(), "nobody stands where nobody can be"
        assert np.abs(found.by_segment() - exact.sum(-1)).max() < 1
        assert np.abs(found.by_response() - exact.sum(-2)).max() < 5
        assert np.abs(found.count - found.expected).max() < 4


def test_expected_adds_up_to_the_means(rng):
    """A second route: chances of events weighed by their mean sizes are the means that `expect` gives."""
    for _ in range(30):
        case = random_case(rng)
        policy = random_policy(case, rng)
        found, outcome = dots(case, policy, 1), sk.expect(case, policy)
        for event, events in enumerate((case.harm_events, case.neglect_events), start=1):
            size = np.array([kind.mean for kind in case.severities])[events.severity[found.segment, found.response]]
            exact = outcome.harm if event == 1 else outcome.neglect
            assert (found.expected * size)[found.event == event].sum() == pytest.approx(float(exact), rel=1e-12)


def test_rare_events_are_rounded_as_a_total():
    """Three harms spread over cells of less than half an event each are three dots, not none."""
    case = choice(0.6, 1.0, 1.0)
    everyone = dots(case, sk.policy.constant(case, case.responses[1]), 5)
    assert everyone.by_event().tolist() == [2, 3, 0]
    xstest = sk.load("xstest")
    found = dots(xstest, sk.policy.observed(xstest, "mistral"))
    harmed, left_alone = (found.expected[found.event == event].sum() for event in (1, 2))
    assert found.by_event().tolist() == [1000 - round(harmed) - round(left_alone), round(harmed), round(left_alone)]
    assert harmed > 1.5


def test_moving_the_dial_moves_dots_one_at_a_time():
    case = sk.load("medication-threshold")
    riskiest = sk.policy.declining(case, np.linspace(0, 1, 1001), below="full-with-care", above="refuse-with-reason")
    found = dots(case, riskiest)
    declined = found.by_response()[:, case.response("refuse-with-reason")]
    assert np.abs(declined - np.arange(1001)).max() <= 1
    assert np.abs(np.diff(found.by_segment(), axis=0)).max() == 0
    assert found.segment[-1] == case.segments.index("at-risk"), "harmful segments stand last"


def test_what_makes_no_sense_is_refused():
    case = sk.load("santa")
    with pytest.raises(ValueError, match="at least one sender"):
        dots(case, sk.policy.bayes(case), 0)


def test_repr_says_who_gets_what():
    case = sk.load("medication-threshold")
    text = repr(dots(case, sk.policy.constant(case, "full-with-care")))
    assert "patient: full-with-care, no event" in text
    assert "at-risk: full-with-care, harm" in text, "an event that is expected is shown, however rare"
    assert "refuse" not in text
