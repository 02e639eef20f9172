"""`make conformance`: every collection through the model and all gateways; prints one table and writes docs/conformance.md.

    python -m tools.conformance [--only NAME]... [--host HOST]...

With --only (names of batches or of real documents begin so) or --host nothing is written. Ends with 1 when an answer is not as wanted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tools.conformance import documents, json_schema, json_texts, parameters, random_schemas
from tools.conformance.asking import HOSTS, ask, ask_model
from tools.conformance.counting import Count
from tools.conformance.page import page, table, terminal

PAGE = Path(__file__).resolve().parents[2] / "docs" / "conformance.md"
COLLECTIONS = (json_schema.batches, parameters.batches, json_texts.batches, random_schemas.batches)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.conformance")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--host", action="append", default=[])
    options = parser.parse_args(arguments)
    hosts = tuple(options.host) or HOSTS
    only = tuple(options.only)
    with tempfile.TemporaryDirectory(prefix="gwc-conformance-") as name:
        count = counted(Path(name), hosts, only)
        rows = real_documents(Path(name), only)
    engines = ("model", *hosts)
    print(terminal(table(count, engines)))
    about = documents.page(rows)
    print("\n".join(line for line in about if line.startswith("| ")))
    faults = [*count.faults, *(text for r in rows for text in (*r.unequal, *r.refused.values()))]
    print("\n".join(faults), file=sys.stderr)
    if not only and not options.host:
        PAGE.write_text(page(count, engines, about), encoding="utf-8")
        print(f"wrote docs/{PAGE.name}")
    return 1 if faults else 0


def real_documents(folder: Path, only: tuple[str, ...] = ()) -> list[documents.Row]:
    """What becomes of each real document."""
    chosen = [d for d in documents.documents() if not only or d.name.startswith(only)]
    return [documents.row(d, folder / "documents" / d.name) for d in chosen]


def counted(folder: Path, hosts: tuple[str, ...], only: tuple[str, ...] = ()) -> Count:
    """All batches whose names begin with one of `only` (all without any), on these gateways and the model."""
    count = Count()
    for make in COLLECTIONS:
        for batch in make(folder / "projects"):
            if only and not batch.name.startswith(only):
                continue
            model = ask_model(batch)
            answers = {"model": model}
            for host in hosts:
                place = folder / host / batch.name
                place.mkdir(parents=True)
                answers[host] = ask(batch, host, place, model)
            count.add(batch, answers)
    return count


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
