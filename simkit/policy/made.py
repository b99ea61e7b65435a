"""What to answer on each signal: constant, threshold, declining, table, bayes, observed, asking; anybody's array.

Hard constraints are filters, never weights: every policy that is *made* here uses allowed responses only (`case.allowed`);
`observed` and `from_array` record what was done, allowed or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import guard
from ..arrays import Bools, Floats, contract, frozen, real_numbers
from ..case import Case
from ..text import percent, suggest
from .batch import Axis, Policy, along

Rules = Mapping[str | tuple[str, ...], str | Mapping[str, float]]

#: Pseudo-observations per response over a whole table of counts: Jeffreys' prior for the pooled table, spread over signals.
JEFFREYS = 0.5


def _policy(case: Case, name: str, answer: Floats, **more: Any) -> Policy:
    return Policy(name=name, answer=answer, signals=case.population.signal_names, responses=case.responses, **more)


def from_array(case: Case, array: ArrayLike, *, name: str = "mine", axis: Axis | None = None) -> Policy:
    """Anybody's table of probabilities, (K, R), or a batch of tables (N, K, R), as a policy for this case.

    Rows are signals, columns responses, in the case's order.  A ValueError says which shape is needed or which row does not
    add up to 1.
    """
    given = np.asarray(array, dtype=float)
    needed = (len(case.population.signal_names), len(case.responses))
    if given.shape[-2:] != needed:
        raise ValueError(
            f"a table of shape {given.shape} is no policy of {case.name}: (signals, responses) = {needed} is needed"
        )
    return _policy(case, name, frozen(given), axis=axis)


def _permitted(case: Case, response: str) -> int:
    """Where an allowed response stands; a ValueError that names the filter if it is not allowed."""
    index, filters = case.response(response), (case.crosses, case.forbidden, case.ruled_out)
    crosses = f"crosses a hard constraint of {case.name}: no policy may choose it"
    reasons = (crosses, f"is ruled out by the operator of {case.context}", "is ruled out by the written spec")
    for ruled_out, reason in zip(filters, reasons, strict=True):
        if ruled_out[index]:
            raise ValueError(f"{response} {reason}")
    return index


def constant(case: Case, response: str) -> Policy:
    """The same response to everybody."""
    rows = np.tile(_one(case, response), (len(case.population.signal_names), 1))
    return _policy(case, response, rows, kind="constant")


def _one(case: Case, response: str) -> Floats:
    return np.eye(len(case.responses))[_permitted(case, response)]


def threshold(case: Case, *, risk: ArrayLike, below: str, above: str) -> Policy:
    """`below` where P(harmful | signal) is under `risk`, else `above`.  An array of risks makes a batch, (…, K, R)."""
    cut = real_numbers("risk", risk)
    low = (case.population.risk < cut[..., None])[..., None]
    answer = np.where(low, _one(case, below), _one(case, above))
    name = f"{below} below risk {cut:g}" if cut.ndim == 0 else f"{below} below a risk, else {above}"
    return _policy(case, name, answer, axis=along("risk", cut))


def declining(case: Case, fraction: ArrayLike, *, below: str, above: str) -> Policy:
    """`above` to the riskiest `fraction` of all senders, `below` to the others; an array of fractions makes a batch.

    Signals are taken in the order of P(harmful | signal), highest first; those of equal risk in the same proportion.  No
    other way to give `above` to so many reaches more harmful senders (Neyman & Pearson 1933).  A ValueError unless the
    fraction lies between 0 and 1.
    """
    part = np.asarray(fraction, dtype=float)
    if not ((part >= 0) & (part <= 1)).all():
        raise ValueError(f"a fraction of senders is a number from 0 to 1, not {part}")
    probability, level = case.population.signal_chance, np.unique(-case.population.risk.round(12), return_inverse=True)[1]
    mass = np.bincount(level, probability)
    riskier = np.cumsum(mass) - mass
    with np.errstate(divide="ignore", invalid="ignore"):
        reached = (part[..., None] - riskier) / mass
    declined = np.where(part[..., None] >= 1, 1.0, np.clip(np.nan_to_num(reached), 0.0, 1.0))[..., level, None]
    answer = (1 - declined) * _one(case, below) + declined * _one(case, above)
    name = f"{above} to the riskiest {percent(float(part))}" if part.ndim == 0 else f"{above} to the riskiest"
    return _policy(case, name, answer, axis=along("declined", part, "of senders"))


def table(case: Case, rules: Rules, *, otherwise: str | Mapping[str, float], name: str = "rule table") -> Policy:
    """Rules in order: the first whose signal values are all present speaks, else `otherwise`.

    A key is a signal value or a tuple of them; a value is a response or a mapping of responses to probabilities.
    """
    wanted = [(_known_parts(case, key), _mix(case, mix)) for key, mix in rules.items()]
    last = _mix(case, otherwise)
    rows = []
    for signal in case.population.signal_names:
        present = set(signal.split("+"))
        rows.append(next((mix for key, mix in wanted if key <= present), last))
    return _policy(case, name, frozen(rows))


def _known_parts(case: Case, key: str | tuple[str, ...]) -> set[str]:
    """The signal values that a key names, or a ValueError that suggests a name."""
    values = {part for signal in case.population.signal_names for part in signal.split("+")}
    parts = {part for item in ((key,) if isinstance(key, str) else key) for part in item.split("+")}
    for part in parts - values:
        raise ValueError(f"no signal of {case.name} reads {part!r}; {suggest(part, values)}")
    return parts


def _mix(case: Case, mix: str | Mapping[str, float]) -> Floats:
    if isinstance(mix, str):
        return _one(case, mix)
    return frozen(sum(probability * _one(case, response) for response, probability in mix.items()))


def bayes(case: Case, *, harm_weight: ArrayLike | None = None, believed: Case | None = None) -> Policy:
    """The best allowed response on each signal: argmax of help − harm_weight · (harm + neglect).

    `believed` is the world that the decision maker has in mind (its shares, signals, stakes); the filter is the real
    case's.  An array of weights makes a batch, (…, K, R).  If there is a clarifying question, it is asked where that is
    strictly better.  Ties go to the response that stands first.  Source: Elkan (2001), "The foundations of cost-sensitive
    learning"; Raiffa & Schlaifer (1961) for the question.
    """
    world, given = believed or case, case.weight(harm_weight)
    weight = np.asarray(given, dtype=float)
    if (world.population.signal_names, world.responses) != (case.population.signal_names, case.responses):
        raise ValueError(f"the believed world has other signals or responses than {case.name}")
    value, axis = world.value(weight), along("harm weight", weight)
    answer, best = _argmax(contract(world.population.joint.T, value), case.allowed)
    name, kind = ("best", "best") if believed is None else ("best for a believed world", "")
    if world.question is None or case.question is None:
        return _policy(case, name, answer, axis=axis, kind=kind)
    after, told = _argmax(contract(world.asked_joint.T, value), case.allowed)
    split = (*best.shape, len(world.question.replies))
    informed = told.reshape(split).sum(-1) - world.question.cost @ world.population.joint
    slack = np.where(np.isfinite(best), 1e-15 * np.abs(best), 0.0)
    ask = (informed > best + slack)[..., None]
    after = after.reshape(*split, -1) * ask[..., None]
    return _policy(case, name, np.where(ask, 0.0, answer), after=after, axis=axis, kind=kind)


def _argmax(score: Floats, allowed: Bools) -> tuple[Floats, Floats]:
    """One-hot choice (…, K, R) and its score (…, K) among the allowed responses."""
    masked = np.where(allowed, score, -np.inf)
    best = np.where(np.isneginf(masked).all(-1), allowed.argmax(), masked.argmax(-1))
    return np.eye(score.shape[-1])[best], np.take_along_axis(masked, best[..., None], -1)[..., 0]


def observed(case: Case, counts: ArrayLike | str, *, smoothing: float = 0.0, name: str = "observed") -> Policy:
    """What a model was seen to do: counts (K, R), or the name of an observed model of the file.

    `smoothing` adds pseudo-observations, that many per response over the whole table, spread evenly over the signals (0.5
    is Jeffreys' prior for the pooled table).  The counts stay with the policy: `plausible` draws from what they leave open.
    """
    if isinstance(counts, str):
        if counts not in case.observed:
            raise ValueError(f"no observed model of {case.name} is called {counts!r}; {suggest(counts, case.observed)}")
        name, counts = counts, case.observed[counts]
    seen = real_numbers("counts", counts, nan=True)
    shape = (len(case.population.signal_names), len(case.responses))
    if seen.shape != shape:
        raise ValueError(f"counts have shape {seen.shape}; (signals, responses) = {shape} is needed")
    if not (np.isfinite(seen).all() and seen.min() >= 0 and 0 <= smoothing < np.inf):
        raise ValueError("counts and smoothing are finite and never negative")
    spread = seen + smoothing / len(seen)
    if not (spread.sum(1) > 0).all():
        empty = case.population.signal_names[int(spread.sum(1).argmin())]
        raise ValueError(f"nothing was observed on {empty}: give counts, or smoothing above 0")
    return _policy(case, name, spread / spread.sum(1, keepdims=True), counts=frozen(seen))


def plausible(policy: Policy, rng: np.random.Generator, count: int, *, smoothing: float = JEFFREYS) -> Policy:
    """`count` policies that the evidence leaves open, (count, K, R): Dirichlet draws around an observed policy's counts.

    A policy that was not observed is certain, and is returned as it is.
    """
    if policy.counts is None:
        return policy
    shape = policy.counts + smoothing / policy.counts.shape[-2]
    size = (count, *shape.shape)
    with np.errstate(divide="ignore"):  # log of a gamma variate with a small shape, without underflow
        logs = np.log(rng.standard_gamma(shape + 1, size)) + np.log(1 - rng.random(size)) / np.maximum(shape, 1e-300)
    weights = np.exp(logs - logs.max(-1, keepdims=True))
    answer = weights / weights.sum(-1, keepdims=True)
    return Policy(name=policy.name, answer=answer, signals=policy.signals, responses=policy.responses)


def asking(case: Case, ask: str | Iterable[str], then: Mapping[str, str], *, otherwise: Policy) -> Policy:
    """Ask the clarifying question on some signals, answer each reply as `then` says; elsewhere follow `otherwise`."""
    if case.question is None:
        raise ValueError(f"{case.name} has no clarifying question")
    if set(then) != set(case.question.replies):
        raise ValueError(f"say what follows each reply: {', '.join(case.question.replies)}")
    wanted = [_known_parts(case, signal) for signal in ([ask] if isinstance(ask, str) else ask)]
    asked = np.array([any(key <= set(signal.split("+")) for key in wanted) for signal in case.population.signal_names])
    rows = np.stack([_one(case, then[reply]) for reply in case.question.replies])
    before = np.zeros((*asked.shape, *rows.shape)) if otherwise.after is None else otherwise.after
    answer = np.where(asked[:, None], 0.0, otherwise.answer)
    return _policy(case, "ask", answer, after=np.where(asked[:, None, None], rows, before))


def candidates(case: Case, harm_weight: float | None = None) -> list[Policy]:
    """What one would compare first: the models that were observed, every allowed response to everybody, and the best."""
    seen = [observed(case, name) for name in case.observed]
    fixed = [constant(case, name) for name, fine in zip(case.responses, case.allowed, strict=True) if fine]
    return [*seen, *fixed, bayes(case, harm_weight=harm_weight)]


guard(__name__)
