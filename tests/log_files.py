"""Logs made for tests: zips as Inspect writes them, packed by any method."""

import io
import json
import zipfile
import zlib
from pathlib import Path

HEAD = {"version": 2, "status": "success", "eval": {"task": "t", "model": "m/1", "dataset": {"samples": 2}}}
LABELS = Path(__file__).parents[1] / "audits" / "xstest-v2-labels.csv"
MAP = LABELS.with_name("xstest-map.yaml")
PLAN = LABELS.with_name("xstest-plan.yaml")


def sample(name=1, epoch=1, scores=None, **more):
    return {"id": name, "epoch": epoch, "input": "?", "scores": scores, "metadata": {}, **more}


def score(value, answer=None):
    return {"value": value, "answer": answer, "explanation": None, "metadata": None}


def zipped(members: dict[str, object], method: str = "deflate") -> bytes:
    """A zip of JSON members; zstd members are packed by hand, as `zipfile` does not know them before 3.14."""
    texts = {name: (each if isinstance(each, bytes) else json.dumps(each).encode()) for name, each in members.items()}
    if method != "zstd":
        out = io.BytesIO()
        how = zipfile.ZIP_DEFLATED if method == "deflate" else zipfile.ZIP_STORED
        with zipfile.ZipFile(out, "w", how) as archive:
            for name, text in texts.items():
                archive.writestr(name, text)
        return out.getvalue()
    from backports import zstd

    body, directory = b"", b""
    for name, text in texts.items():
        packed, title = zstd.compress(text), name.encode()
        fields = (
            b"\x14\0\0\0\x5d\0"
            + b"\0" * 4
            + b"".join(n.to_bytes(4, "little") for n in (zlib.crc32(text), len(packed), len(text)))
        )
        fields += len(title).to_bytes(2, "little") + b"\0\0"
        directory += b"PK\1\2\x14\0" + fields + b"\0" * 10 + len(body).to_bytes(4, "little") + title
        body += b"PK\3\4" + fields + title + packed
    end = b"PK\5\6" + b"\0" * 4 + len(texts).to_bytes(2, "little") * 2
    return body + directory + end + len(directory).to_bytes(4, "little") + len(body).to_bytes(4, "little") + b"\0\0"


def log_of(samples: list[dict], head: dict = HEAD, method: str = "deflate") -> bytes:
    """An Inspect log as a zip; without a header it is one that goes on."""
    parts = {"header.json": head} if "status" in head else {"_journal/start.json": head}
    names = {f"samples/{each['id']}_epoch_{each['epoch']}.json": each for each in samples}
    return zipped(parts | names, method)


def replay(rows: list[dict[str, str]], method: str = "zstd") -> bytes:
    """The labels of one model as a log of Inspect in which a scorer `human_label` says them."""
    return log_of(
        [
            sample(
                int(row["id"]),
                scores={
                    "human_label": score(
                        {"full_compliance": 1.0, "partial_refusal": 0.5}.get(row["final_label"], 0.0), row["final_label"]
                    )
                },
                metadata={"type": row["type"], "label": row["label"]},
            )
            for row in rows
        ],
        method=method,
    )


#: Sound logs of three forms, from which mutations start.
JSON_LOG = json.dumps(
    {**HEAD, "samples": [sample(1, 1, {"s": score("C", "a")}, metadata={"type": "x"}), sample("b", 2, {})]}, indent=1
)
LINES = '{"id": 1, "epoch": 2, "scorer": "s", "value": 0.5, "type": "x"}\n{"id": "b", "answer": "no"}\n'
TABLE = '# about\nid,epoch,type,label\n1,1,x,yes\n2,1,y,"no, not"\n'
