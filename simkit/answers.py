"""What a policy is: for each signal combination, the chance of each response.  Checked tables; `policy` makes them.

A policy is `answer (…, K, R)`; leading axes are a batch of policies.  With a clarifying question it also has `after (…, K, J,
R)`: on signal k the question is asked with chance 1 − Σ_r answer[k, r], and on reply j the response r is then given.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Floats, frozen
from .tables import html_lines, html_table, percent, text_table


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Policy:
    """A checked policy, or a batch of them.

    Shapes: answer (…, K, R), after (…, K, J, R) or None.  A policy that differs by state has `states` and one more axis:
    answer (…, Z, K, R).  `counts` (…, K, R) is the evidence behind observed policies.  `names` has one name for each policy
    of the batch; a single name is numbered.  A ValueError says what is no policy.
    """

    names: tuple[str, ...]
    answer: Floats
    after: Floats | None = None
    states: tuple[str, ...] = ()
    counts: Floats | None = None
    signals: tuple[str, ...] = ()
    responses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "answer", frozen(self.answer))
        if self.after is not None:
            object.__setattr__(self, "after", frozen(self.after))
        if self.after is not None and self.after.shape[:-2] != self.answer.shape[:-1]:
            lead = np.broadcast_shapes(self.after.shape[:-2], self.answer.shape[:-1])
            object.__setattr__(self, "answer", frozen(np.broadcast_to(self.answer, (*lead, self.answer.shape[-1]))))
            object.__setattr__(self, "after", frozen(np.broadcast_to(self.after, (*lead, *self.after.shape[-2:]))))
        count = int(np.prod(self.batch))
        if isinstance(self.names, str) or len(self.names) not in (1, count):
            raise ValueError(f"give a tuple with one name, or with one for each of {count} policies")
        if count != len(self.names):
            object.__setattr__(self, "names", tuple(f"{self.names[0]} {i}" for i in range(count)))
        if self.states and (self.answer.ndim < 3 or self.answer.shape[-3] != len(self.states)):
            raise ValueError(f"a policy that differs by state needs one table per state: answer ({len(self.states)}, K, R)")
        if self.states and self.after is not None:
            raise ValueError("a policy that differs by state cannot ask: give each state's policy its own evaluation")
        final = self.answer if self.after is None else self.answer[..., None, :] + self.after
        if not (
            np.isfinite(final).all() and self.answer.min() >= -1e-12 and (self.after is None or self.after.min() >= -1e-12)
        ):
            raise ValueError("the chances of a policy are finite and never negative")
        totals = final.sum(-1)
        if (np.abs(totals - 1) > 1e-9).any():
            worst = totals.ravel()[np.abs(totals - 1).argmax()]
            raise ValueError(f"on each signal (and reply) the chances of a policy add up to 1, not to {worst:g}")

    @property
    def name(self) -> str:
        """The name, or the names of a batch (of many, the first and the last)."""
        return ", ".join(self.names) if len(self.names) < 12 else f"{self.names[0]} … {self.names[-1]}"

    @property
    def batch(self) -> tuple[int, ...]:
        """The shape of the batch; () for one policy."""
        return self.answer.shape[: -3 if self.states else -2]

    @property
    def asks(self) -> Floats:
        """The chance that the question is asked, (…, K)."""
        return frozen(1 - self.answer.sum(-1)) if self.after is not None else frozen(np.zeros(self.answer.shape[:-1]))

    def __getitem__(self, index: int | slice) -> Policy:
        """One policy of a batch, or a slice of it."""
        if not self.batch:
            raise TypeError(f"{self.name} is one policy, not a batch")
        names = np.array(self.names, dtype=object).reshape(self.batch)[index]
        return Policy(
            names=tuple(np.ravel(names)),
            answer=self.answer[index],
            after=None if self.after is None else self.after[index],
            states=self.states,
            counts=None if self.counts is None else self.counts[index],
            signals=self.signals,
            responses=self.responses,
        )

    def in_state(self, state: str) -> Policy:
        """What a policy that differs by state does in one of them; any other policy is the same in all."""
        if not self.states:
            return self
        answer = self.answer[..., self.states.index(state), :, :]
        return Policy(names=self.names, answer=answer, signals=self.signals, responses=self.responses)

    def _table(self) -> tuple[list[str], list[list[str]]]:
        signals = self.signals or tuple(f"signal {k}" for k in range(self.answer.shape[-2]))
        responses = self.responses or tuple(f"response {r}" for r in range(self.answer.shape[-1]))
        asks = self.after is not None
        rows = [
            [signal, *(percent(float(x)) for x in row), *([percent(float(ask))] if asks else [])]
            for signal, row, ask in zip(signals, self.answer, self.asks, strict=True)
        ]
        return ["signal", *responses, *(["asks first"] if asks else [])], rows

    def __repr__(self) -> str:
        if self.batch or self.states:
            return f"<{'Policies' if self.batch else 'Policy'} {self.name}: answer {self.answer.shape}>"
        return f"policy {self.name}\n" + text_table(*self._table())

    def _repr_html_(self) -> str:
        if self.batch or self.states:
            return html_lines(repr(self), [])
        return html_table(*self._table(), f"policy {self.name}")
