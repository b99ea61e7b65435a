"""Real behaviour: a log becomes rows, and a small mapping file turns rows into counts of a scenario.

    rows = logs.read("run.eval")                         # one row per sample, epoch and score
    seen = logs.answers("run.eval", "map.yaml")          # what each model answered, as the names of a scenario
    sk.expect(seen[0].case, seen[0].policy())            # on a population, like any other policy

Inspect logs (`.json`, `.eval`), label tables (`.csv`, `.tsv`) and JSON lines (`.jsonl`).  See `docs/log-files.md`.
"""

from .answers import Agreement as Agreement
from .answers import Answers as Answers
from .answers import Difference as Difference
from .answers import agreement as agreement
from .answers import answers as answers
from .answers import difference as difference
from .mapping import LogMap as LogMap
from .mapping import Lookup as Lookup
from .mapping import load_map as load_map
from .reader import Log as Log
from .reader import Scored as Scored
from .reader import read as read
