"""A data folder in the layout of the public sets, with made-up content of a few kilobytes."""

from __future__ import annotations

import gzip
import json
import random
from datetime import datetime, timedelta
from pathlib import Path

NUCLEOTIDES = "ACGT"


def write(path: Path, text: str, encoding: str = "utf-8") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = text.encode(encoding)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def nucleotides(draws: random.Random, count: int, of: str = NUCLEOTIDES) -> str:
    return "".join(draws.choice(of) for _ in range(count))


def splice(folder: Path, rows: int = 30) -> None:
    draws = random.Random(0)
    lines = ["class,name,sequence"]
    for row in range(rows):
        label = ("N", "EI", "IE")[row % 3]
        lines.append(f"{label}, N{row},   {nucleotides(draws, 12, {'N': 'ACGT', 'EI': 'AC', 'IE': 'GT'}[label])}")
    write(folder / "dna_splice" / "splice.csv.gz", "\n".join(lines) + "\n")


def promoters(folder: Path) -> None:
    draws = random.Random(1)
    for name, of in (("Mouse_tata", "AT"), ("Mouse_nonprom", "CG")):
        records = [f"> {place}\n{nucleotides(draws, 20, of)}\n" for place in range(10)]
        write(folder / "dna_promoter" / f"{name}.fa.gz", "".join(records))


def rna(folder: Path) -> None:
    """Twelve transcripts of one class and ten of the other; one is too short for a window."""
    draws = random.Random(2)
    for name, of, count in (("coding_mRNA", "ACG", 12), ("noncoding_RNA", "CGT", 10)):
        whole = [f">{name}{place}\n{nucleotides(draws, 700, of)}\n" for place in range(count)]
        records = [*whole, f">short\n{nucleotides(draws, 50)}\n"]
        write(folder / "rna_coding_cpat" / f"Human_test_{name}.fa.gz", "".join(records))


def sentences(folder: Path) -> None:
    lines = "".join(f"{place % 2} {'good' if place % 2 else 'bad'} café no {place}\n" for place in range(20)) + "1 \n"
    for name in ("custrev", "TREC.train", "TREC.test"):
        write(folder / "sentence_classification" / f"{name}.all.gz", lines, "latin-1")


def series(folder: Path) -> None:
    for part, rows in (("TRAIN", 12), ("TEST", 6)):
        lines = [f"{row % 2}.0,{row % 2}.5,0.{row}:{row % 2 + 1}" for row in range(rows)]
        head = "@problemName GunPoint\n@timeStamps false\n@univariate true\n@classLabel true 1 2\n@data\n"
        write(folder / "ts_classification" / "GunPoint" / f"GunPoint_{part}.ts.gz", head + "\n".join(lines) + "\n")


def digits(folder: Path) -> None:
    rows = ["  0,100, 21, 73, 50, 52, 84, 67,100,100, 89, 69, 88, 35, 86,  0, 4", ",".join(["5"] * 16) + ",0"]
    for part in ("tra", "tes"):
        write(folder / "ts_classification" / "PenDigits" / f"pendigits.{part}.gz", "\n".join(rows) + "\n\n")


def streams(folder: Path, rows: int = 420) -> None:
    """Two streams with a jump in a window of theirs, one of each folder that is rerun, and one of another folder."""
    draws = random.Random(3)
    start = datetime(2020, 1, 1)
    table, windows = ["file,timestamp,value"], {}
    for name in ("realAWSCloudwatch/b.csv", "realKnownCause/a.csv", "realTraffic/c.csv"):
        moments = [start + timedelta(hours=row) for row in range(rows)]
        for row, moment in enumerate(moments):
            value = draws.gauss(0, 1) + (30 if 250 <= row < 255 else 0)
            table.append(f"{name},{moment:%Y-%m-%d %H:%M:%S},{value}")
        windows[name] = [[f"{moments[place]:%Y-%m-%d %H:%M:%S}.000000" for place in (240, 260)]]
    write(folder / "nab" / "nab.csv.gz", "\n".join(table) + "\n")
    write(folder / "nab" / "combined_windows.json", json.dumps(windows))


def beijing(folder: Path) -> None:
    """Every sixth hour from a few days before 2013 to a few days of 2014; some levels are missing."""
    draws = random.Random(4)
    lines = ["No,year,month,day,hour,pm2.5,DEWP,TEMP,PRES,cbwd,Iws,Is,Ir"]
    moment, level = datetime(2012, 12, 20), 50.0
    while moment < datetime(2014, 1, 8):
        level = 0.9 * level + draws.gauss(5, 5)
        when = f"{len(lines)},{moment.year},{moment.month},{moment.day},{moment.hour}"
        dust = "NA" if draws.random() < 0.05 else f"{level:.0f}"
        weather = ",".join(f"{draws.gauss(mean, 5):.0f}" for mean in (0, 10, 1013))
        lines.append(f"{when},{dust},{weather},NW,{draws.gauss(9, 2):.1f},{len(lines) % 5},{len(lines) % 7}")
        moment += timedelta(hours=6)
    write(folder / "beijing_pm25" / "pollution.csv.gz", "\r\n".join(lines))
