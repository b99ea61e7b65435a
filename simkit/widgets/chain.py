"""`chain(case, rules)`: who decides what.  Buttons for operator and user, the path of a decision, the thousand beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..case import Case
from ..policy import Policy
from ..scenario import load
from ..spec.compiler import check_shows
from ..spec.rules import Rules
from ..spec.rules import load as load_rules
from ..spec.trace import Decision
from .chain_view import ChainSettings, ChainView, about, completed, look, offers, stage_table
from .choices import chosen
from .controls import menu
from .instrument import Instrument, peeked


def chain(case: Case | str = "medication-threshold", rules: Rules | str = "general-assistant", **settings: Any) -> Chain:
    """Open the instrument on a case and a spec, or on their names or paths; `settings` are those of `ChainSettings`.

    First view: who decides a behaviour, with buttons for the operator and the user, and what the thousand then get.  `More`
    unfolds other behaviours, trust that is lent, a quoted text, and the trace.  A ValueError names what makes no sense.
    """
    words = ["case" if isinstance(case, Case) else repr(case), "rules" if isinstance(rules, Rules) else repr(rules)]
    case = case if isinstance(case, Case) else load(case)
    rules = rules if isinstance(rules, Rules) else load_rules(rules)
    check_shows(rules, case)
    return Chain(case, rules, ", ".join(words), completed(case, rules, chosen(ChainSettings, settings)))


class Chain(Instrument[ChainSettings, ChainView]):
    """The instrument: set `settings` to choose; go on in code from `case`, `decision` and `policy`."""

    opened_by = "chain"
    toggles = ("operator", "user", "trust", "quoted")

    def __init__(self, case: Case, rules: Rules, source: str, settings: ChainSettings) -> None:
        self._given, self._rules = case, rules
        super().__init__(source, settings, {"behaviour": menu("behaviour", list(rules.behaviours))})

    @property
    def case(self) -> Case:
        """The case in the chosen operator's context."""
        return self._view.contexts[self._at_row()[0]]

    @property
    def decision(self) -> Decision:
        """How the behaviour is decided where the buttons stand: `.text`, `.html`, `.steps`."""
        return self._view.decisions[self._stage.position]

    @property
    def policy(self) -> Policy:
        """The policy that the spec makes where the buttons stand."""
        operator, row = self._at_row()
        return self._view.policies[operator][row]

    def _at_row(self) -> tuple[int, int]:
        return divmod(self._stage.position, len(self._view.decisions) // len(self._view.contexts))

    def _complete(self, settings: ChainSettings) -> ChainSettings:
        """What the buttons say about one behaviour makes no sense for another: then nobody says anything."""
        ready = about(self._given, self._rules, settings)
        if ready.name == self._settings.behaviour:
            return settings
        known, usual = offers(self._given, ready), ChainSettings()
        lost = {name: getattr(usual, name) for name in ("user", "quoted") if getattr(settings, name) not in known[name]}
        return replace(settings, **lost)

    def _put(self, settings: ChainSettings) -> None:
        super()._put(completed(self._given, self._rules, self._complete(settings)))

    def _look(self, settings: ChainSettings) -> ChainView:
        return look(self._given, self._rules, settings)

    def _table(self, view: ChainView, settings: ChainSettings) -> dict[str, Any]:  # noqa: ARG002
        return stage_table(view)

    def _peek(self, settings: ChainSettings) -> dict[str, Any]:
        row = stage_table(look(self._given, self._rules, settings, only=True))
        return peeked(row)

    def _offers(self, toggle: str) -> Sequence[str]:
        return self._view.offers[toggle]

    def _shown(self) -> dict[str, Any]:
        return {"behaviour": self._settings.behaviour}
