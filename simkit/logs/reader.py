"""A log as rows, one per sample, epoch and score: Inspect logs, label tables, JSON lines.  Nothing but zstd is needed for it.

Logs come from strangers and may be large: a log is read one sample at a time, every size is bounded before anything is built,
and what is wrong is an `InvalidFile` with its place.  Format: Inspect AI (UK AI Security Institute), log schema version 2.
"""

from __future__ import annotations

import csv
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from importlib import import_module
from io import TextIOWrapper
from itertools import count, pairwise
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from ..files import InvalidFile, Path_, Problem, given_path, opened
from ..text import Printable, Printed, shown
from .json_values import NotJson, Values, json_value

MAX_SAMPLE = 64 * 2**20  # bytes of one sample, or of the header
MAX_LINE = 4 * 2**20  # characters of one line of a table
MAX_DIRECTORY = 32 * 2**20  # bytes of a zip's list of members: some 400 000 samples
MAX_RATIO = 500  # what a log may grow by when it is unpacked
CUT = "a log that is still being written or copied is cut off: wait, or copy it again"
BOMB = "this is no log, but a zip made to do harm"
LARGE = "leave events and attachments out of the log"


@dataclass(frozen=True, slots=True)
class Scored:
    """One score of one epoch of one sample; a sample without a score is a row with an empty `scorer`.

    `value` is a number, text, truth, list or mapping.  `error` says why the sample ended early.  In a table each line is a row,
    and its other columns are `metadata`.
    """

    id: int | str
    epoch: int = 1
    scorer: str = ""
    value: Any = None
    answer: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Log(Printed):
    """The rows of a log, and what its header says: status, task, model, how many samples the task has (0: not said)."""

    name: str
    rows: tuple[Scored, ...]
    status: str = ""
    task: str = ""
    model: str = ""
    samples: int = 0

    def _parts(self) -> Iterator[Printable]:
        about = ", ".join(filter(None, (self.task, self.model, self.status)))
        yield f"{Path(self.name).name}{f': {about}' if about else ''}"
        seen, failed = ({(row.id, row.epoch) for row in rows} for rows in (self.rows, [r for r in self.rows if r.error]))
        of = f"; the task has {self.samples} samples" if self.samples else ""
        yield f"{len(self.rows)} rows of {len(seen)} samples and epochs, {len(failed)} of which ended in an error{of}"
        scorers = sorted({row.scorer for row in self.rows if row.scorer})
        fields = sorted({str(name) for row in self.rows[:1000] for name in row.metadata})
        yield f"scores: {', '.join(scorers) or 'none'}; fields: {', '.join(fields) or 'none'}"


def read(path: str | Path, *, keep: Collection[str] | None = None, progress: Callable[[float], object] | None = None) -> Log:
    """The rows of a log: an Inspect log (.json, .eval), a table (.csv, .tsv), or JSON lines (any other ending).

    `keep` names the fields of metadata that are kept (None: all); `progress` is told which fraction has been read.  An
    `InvalidFile` names the sample or line, the value, the rule and the likely fix.
    """
    place = given_path(path)
    with opened(place) as stream:
        reader = _Reader(place, stream, keep, progress or (lambda _: None))
        return Log(
            str(place), tuple(row for at, sample in reader.samples() for row in reader.scores(at, sample)), **reader.about
        )


#: What a sample has, of which type, and how that is said.
SAMPLE: Mapping[str, tuple[Any, str]] = {
    "id": (int | str, "a whole number or text"),
    "epoch": (int, "a whole number"),
    "scores": (dict | None, "a block of scores"),
    "metadata": (dict | None, "a block of fields"),
    "error": (dict | None, "a block that holds a message"),
}
#: A sample as Inspect writes it, with its place in the file.
Samples = Iterator[tuple[Path_, Any]]


class _Reader:
    """One log while it is read: each format gives samples as Inspect writes them, and `scores` checks them into rows."""

    def __init__(self, path: Path, stream: BinaryIO, keep: Collection[str] | None, progress: Callable[[float], object]) -> None:
        self.path, self.stream, self.keep, self.progress = path, stream, keep, progress
        self.size = max(path.stat().st_size, 1)
        self.about: dict[str, Any] = {}

    def refuse(self, rule: str, fix: str = "", at: Path_ = (), value: str = "", line: int = 0) -> NoReturn:
        raise InvalidFile(str(self.path), [Problem(at, rule, fix, value, line)])

    def samples(self) -> Samples:
        ends, start = self.path.suffix.lower(), self.stream.read(2)
        self.stream.seek(0)
        if start == b"PK" or ends == ".eval":
            yield from self.zipped()
        elif ends in (".csv", ".tsv"):
            yield from map(self.row, count(1), self.table(separator="\t" if ends == ".tsv" else ""))
        else:
            values = Values(self.stream, MAX_SAMPLE, lambda done: self.progress(done / self.size))
            try:
                yield from self.whole(values) if ends == ".json" else map(self.row, count(1), self.lines(values))
            except NotJson as error:
                self.refuse(str(error), LARGE if error.large else CUT, line=error.line)

    def scores(self, at: Path_, sample: Any) -> Iterator[Scored]:
        """The rows of one sample."""
        told = sample if isinstance(sample, dict) else {}
        for name, (kind, words) in SAMPLE.items():
            if not isinstance(told.get(name), kind) or isinstance(told.get(name), bool):
                self.refuse(f"it should be {words}", at=(*at, name), value=shown(told.get(name)))
        fields, error = told.get("metadata") or {}, str((told.get("error") or {}).get("message", ""))
        metadata = {sys.intern(str(k)): _once(v) for k, v in fields.items() if self.keep is None or k in self.keep}
        for scorer, score in (told.get("scores") or {"": {}}).items():
            if not isinstance(score, dict) or not isinstance(score.get("answer"), str | None):
                self.refuse("a score should be {value, answer, …}", at=(*at, "scores", scorer), value=shown(score))
            value, answer = _once(score.get("value")), score.get("answer")
            yield Scored(told["id"], told["epoch"], sys.intern(scorer), value, answer, metadata, error)

    # --- Inspect logs ---

    def take_header(self, head: Any, at: Path_ = ()) -> None:
        """Keep what the header says, as far as it is well formed."""
        run = head.get("eval") if isinstance(head, dict) else None
        if not isinstance(run, dict):
            self.refuse("no `eval` stands here, as in every Inspect log", "write tables as .csv, or as .jsonl", at)
        data = run.get("dataset")
        said = {"status": head.get("status"), "task": run.get("task"), "model": run.get("model")}
        self.about |= {name: value for name, value in said.items() if isinstance(value, str)}
        if isinstance(data, dict) and isinstance(data.get("samples"), int):
            self.about["samples"] = data["samples"]

    def whole(self, values: Values) -> Samples:
        """A log as one JSON object, of which samples are read one by one."""
        head: dict[str, Any] = {}
        if not values.take("{"):
            self.refuse("this is no log: an Inspect log is a JSON object", "write one object a line in a .jsonl file")
        for name in map(str, values.items("}")):
            values.take(":", needed=True)
            if name == "samples" and values.take("["):
                yield from (((name, number), sample) for number, sample in enumerate(values.items("]")))
            else:
                head[name] = values.value()
        self.take_header(head)

    def zipped(self) -> Samples:
        """A log as a zip of one JSON file a sample; without a header, the run goes on or was cut off."""
        archive = self.archive()
        members = archive.NameToInfo  # the last of a name counts
        first = next((members[name] for name in ("header.json", "_journal/start.json") if name in members), None)
        if first is None:
            self.refuse("this zip is no Inspect log: it has neither header.json nor _journal/start.json")
        self.about["status"] = "started"
        self.take_header(self.unpacked(archive, first), (first.filename,))
        samples = [info for name, info in members.items() if name.startswith("samples/") and name.endswith(".json")]
        for done, info in enumerate(samples, start=1):
            yield (info.filename,), self.unpacked(archive, info)
            self.progress(done / len(samples))

    def archive(self) -> zipfile.ZipFile:
        """The zip, in which nothing is absurdly large."""
        self.stream.seek(max(0, self.size - 70_000))
        if _directory_size(self.stream.read()) > MAX_DIRECTORY:
            self.refuse(f"the names of its members take more than {MAX_DIRECTORY >> 20} MB", "split the log")
        try:
            archive = zipfile.ZipFile(self.stream)
        except Exception:  # what a broken zip ends in: no list of it would be complete
            self.refuse("this is no zip that can be read", CUT)
        members = archive.NameToInfo.values()
        grown = sum(info.file_size for info in members)
        if grown > MAX_RATIO * self.size:
            self.refuse(f"it would grow from {self.size} to {grown} bytes", BOMB)
        spans = sorted((info.header_offset, info.compress_size) for info in members)
        if any(start + size > end for (start, size), (end, _) in pairwise(spans)):
            self.refuse("members of this zip share their bytes", BOMB)
        return archive

    def unpacked(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Any:
        """What the JSON of a member holds."""
        at: Path_ = (info.filename,)
        if max(info.file_size, info.compress_size) > MAX_SAMPLE:
            self.refuse(f"it is larger than {MAX_SAMPLE >> 20} MB", LARGE, at)
        unpack, packed = self.codec(info), copy(info)
        packed.compress_type, packed.file_size = zipfile.ZIP_STORED, info.compress_size
        del packed.CRC  # as stored, without a checksum, its bytes are read as they are: `zipfile` knows zstd from 3.14 on
        try:
            raw = unpack(archive.open(packed).read(), info.file_size + 1)
        except Exception:  # each codec has its own
            self.refuse("it is encrypted or damaged", CUT, at)
        if len(raw) != info.file_size or zlib.crc32(raw) != info.CRC:
            self.refuse("it is not what the list of members says", CUT, at)
        try:
            return json_value(raw)
        except NotJson as error:
            self.refuse(str(error), at=at, line=error.line)

    def codec(self, info: zipfile.ZipInfo) -> Callable[[bytes, int], bytes]:
        """What unpacks a member: a function of its bytes and of the most that may come out."""
        if info.compress_type == zipfile.ZIP_STORED:
            return lambda raw, most: raw[:most]
        if info.compress_type == zipfile.ZIP_DEFLATED:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress
        if info.compress_type != 93:
            self.refuse(f"it is packed by method {info.compress_type}", "inspect log convert --to json", (info.filename,))
        try:
            zstd = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
        except ImportError:
            fix = 'pip install "policy-simkit[logs]", or write it as .json: inspect log convert --to json'
            self.refuse("the log is packed with zstd, which Python knows from 3.14 on", fix)
        window = {zstd.DecompressionParameter.window_log_max: MAX_SAMPLE.bit_length() - 1}
        return lambda raw, most: zstd.ZstdDecompressor(options=window).decompress(raw, most)

    # --- tables ---

    def row(self, number: int, data: dict[str, Any]) -> tuple[Path_, Any]:
        """A row of a table as a sample with one score; what is not of a score is its metadata."""
        own = {name: data.pop(name, None) for name in ("id", "epoch", "scorer", "value", "answer", "error")}
        told = {name: usual if own[name] in (None, "") else own[name] for name, usual in (("id", number), ("epoch", 1))}
        if isinstance(told["epoch"], str) and told["epoch"].isdecimal() and len(told["epoch"]) < 10:
            told["epoch"] = int(told["epoch"])
        answer = None if own["answer"] is None else str(own["answer"])
        score = {str(own["scorer"] or ""): {"value": own["value"], "answer": answer}}
        return (f"row {number}",), {**told, "scores": score, "metadata": data, "error": {"message": own["error"] or ""}}

    def table(self, separator: str) -> Iterator[dict[str, Any]]:
        """A label table: its first line names the columns; lines above it that begin with # are left out."""
        lines = self.table_lines()
        try:
            first = next((line for line in lines if not line.startswith("#")), "")
            separator = separator or (";" if first.count(";") > first.count(",") else ",")
            names = next(csv.reader([first], delimiter=separator), [])
            if len({*names}) < len(names):
                self.refuse(f"two columns are called {shown(next(n for n in names if names.count(n) > 1))}", "rename one")
            for number, cells in enumerate(filter(None, csv.reader(lines, delimiter=separator)), start=1):
                if len(cells) != len(names):
                    rule = f"row {number} has {len(cells)} cells, and the table {len(names)} columns"
                    self.refuse(rule, "put text that holds a separator in quotes")
                yield dict(zip(names, cells, strict=True))
        except UnicodeDecodeError:
            self.refuse("it is not UTF-8 text", "save it as UTF-8")
        except csv.Error as error:
            self.refuse(f"this is not a table ({error})", "leave long texts out")

    def table_lines(self) -> Iterator[str]:
        """Lines of bounded length."""
        done = 0
        with TextIOWrapper(self.stream, encoding="utf-8-sig", newline="") as text:
            while line := text.readline(MAX_LINE):
                if len(line) == MAX_LINE:
                    self.refuse(f"a line has more than {MAX_LINE >> 20} million characters", "leave long texts out")
                yield line
                done += len(line)
                self.progress(min(1.0, done / self.size))

    def lines(self, values: Values) -> Iterator[dict[str, Any]]:
        """JSON objects, one after the other."""
        for data in values.items(""):
            if not isinstance(data, dict):
                self.refuse("a row should be a JSON object", "an Inspect log ends in .json or .eval", line=values.line)
            yield data


def _once(value: Any) -> Any:
    """The same value; a short text that stands in many samples is held once."""
    return sys.intern(value) if type(value) is str and len(value) < 100 else value


def _directory_size(end: bytes) -> int:
    """The size that a zip says its list of members has, read off its last bytes; 0 if it says none."""
    short, long = end.rfind(b"PK\5\6"), end.rfind(b"PK\6\6")
    if not 0 <= short <= len(end) - 16:
        return 0
    size: int = struct.unpack_from("<I", end, short + 12)[0]
    return int(struct.unpack_from("<Q", end, long + 40)[0]) if 0 <= long <= len(end) - 48 else size
