"""Every sender as a dot: of 1000 who send this message, who they are, what they get, and what comes of it.

People read whole numbers of people better than percentages (Gigerenzer & Hoffrage 1995; icon arrays: Galesic, Garcia-Retamero
& Gigerenzer 2009).  The dots are the exact expectation, rounded so that segments, responses
and kinds of event add up to the exact numbers, rounded, and single cells to within a few dots; nobody is drawn at random.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .arguments import guard
from .arrays import Floats, Ints, whole_numbers
from .case import KINDS, Case
from .evaluate import exposure
from .policy import Policy
from .text import Printable, Printed, number

#: What can come of a request; a cell's event is a number from 0 to 2.
EVENTS = ("no event", "harm", "neglect")


@dataclass(frozen=True, eq=False, repr=False)
class Dots(Printed):
    """Senders counted in whole numbers, cell by cell: segment, response and event.

    `segment`, `response`, `event` (C,) say what a cell is: segments as in the case, harmful ones last, and in each the
    responses from full answers to refusals.  `count` (…, C) are dots, adding up to `senders`; `expected` (…, C) is what they
    round, exactly.
    """

    case: Case
    policy: Policy
    senders: int
    segment: Ints
    response: Ints
    event: Ints
    count: Ints
    expected: Floats

    def by_segment(self) -> Ints:
        """Dots of each segment, (…, S)."""
        return self._sum(self.segment, len(self.case.segments))

    def by_response(self) -> Ints:
        """Dots of each response, (…, R)."""
        return self._sum(self.response, len(self.case.responses))

    def by_event(self) -> Ints:
        """Dots without an event, with harm, with neglect, (…, 3)."""
        return self._sum(self.event, len(EVENTS))

    def events(self, event: int, crowd: float = 1000) -> Floats:
        """Expected events of one kind (1 harm, 2 neglect) in a crowd, exactly, (…,)."""
        return np.ascontiguousarray(self.expected[..., self.event == event]).sum(-1) * (crowd / self.senders)

    @property
    def counted_in(self) -> tuple[int, str]:
        """The crowd in which events are best counted, and its name: 1000 senders, or a million for events that are rare."""
        most = [float(self.events(event).max()) for event in (1, 2)]
        rare = min((number for number in most if number > 0), default=1.0) < 1
        return (1_000_000, "in a million senders") if rare else (1000, "in 1000 senders")

    def _sum(self, key: Ints, size: int) -> Ints:
        return self.count @ np.eye(size, dtype=int)[key]

    def _parts(self) -> Iterator[Printable]:
        if self.count.ndim > 1:
            yield f"<Dots: {self.senders} senders, {self.policy!r}>"
            return
        who, what = self.case.segments, self.case.responses
        shown = (self.count > 0) | ((self.event > 0) & (self.expected > 0))
        cells = (column[shown] for column in (self.segment, self.response, self.event, self.count, self.expected))
        rows = [[f"{who[s]}: {what[r]}, {EVENTS[e]}", str(n), number(x)] for s, r, e, n, x in zip(*cells, strict=True)]
        yield [f"of {self.senders} senders", "dots", "expected"], rows


def dots(case: Case, policy: Policy, senders: int = 1000) -> Dots:
    """What a policy, or each of a batch, does to `senders` people who send this message, in whole numbers.

    A ValueError unless there is at least one sender.
    """
    if senders < 1:
        raise ValueError(f"at least one sender is needed, not {senders}")
    people = np.argsort(case.population.harmful, kind="stable")
    replies = np.argsort([-KINDS.index(kind) for kind in case.kinds], kind="stable")  # from acting to refusing
    table = senders * exposure(case, policy)[..., people, :][..., replies]
    chance = np.stack([events.chance[people][:, replies] for events in (case.harm_events, case.neglect_events)])
    cells, whole = table.reshape(*policy.batch, -1), _whole(table).reshape(*policy.batch, -1)
    events = np.moveaxis(cells[..., None, :] * chance.reshape(2, -1), -2, 0)
    harm = _placed(events[0], whole)
    neglect = _placed(events[1], whole - harm)
    shape = (len(people), len(replies), len(EVENTS))
    return Dots(
        case=case,
        policy=policy,
        senders=senders,
        segment=np.broadcast_to(people[:, None, None], shape).ravel(),
        response=np.broadcast_to(replies[:, None], shape).ravel(),
        event=np.broadcast_to(np.arange(len(EVENTS)), shape).ravel(),
        count=_cells(whole - harm - neglect, harm, neglect),
        expected=_cells(cells - events.sum(0), *events),
    )


def _cells(*columns: Ints | Floats) -> np.ndarray:
    """Cells without an event, with harm, with neglect, side by side, (…, C)."""
    return np.stack(columns, axis=-1).reshape(*columns[0].shape[:-1], -1)


def _whole(table: Floats) -> Ints:
    """Whole numbers for a table (…, S, R), adding up as it does; what is left in a segment goes to its main response."""
    room = whole_numbers(table.sum(-1)).astype(int)
    whole = np.zeros(table.shape, dtype=int)
    for response in reversed(range(table.shape[-1])):
        whole[..., response] = _placed(table[..., response], room)
        room = room - whole[..., response]
    return whole + room[..., None] * (np.arange(table.shape[-1]) == table.argmax(-1)[..., None])


def _placed(expected: Floats, room: Ints) -> Ints:
    """Amounts put on dots: what is left over is carried to the next cell, so that the total is rounded, not each cell.

    As an amount moves steadily so does each border, hence dots change one at a time while a slider moves.
    """
    given, carry = np.zeros_like(room), np.zeros(room.shape[:-1])
    for cell in range(room.shape[-1]):
        carry = carry + expected[..., cell]
        fits = np.minimum(np.floor(carry + 0.5), room[..., cell])
        given[..., cell] = np.where(expected[..., cell] > 0, fits, 0)
        carry = carry - given[..., cell]
    return given


guard(__name__)
