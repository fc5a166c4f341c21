"""Prints the figures and keeps them in RESULTS.md: one row a figure, each with the run that measured it."""
import datetime
import re

import machine
from figures import FIGURES

HEAD = """# Results
Written by `bench/run`; README.md says what is measured and how. Ratios come from one run on one machine. A row keeps the last
measurement of its figure. "aim", "must": what was reached; MISSED: less than it must be.

| figure | value | must | aim | reached | what | measured | commit | machine |
|---|---|---|---|---|---|---|---|---|
"""


def number(value):
    """Three digits that mean something."""
    if value is None:
        return ""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def limit(figure, value):
    return "" if value is None else ("≥ " if figure.higher else "≤ ") + number(value)


def print_figure(name, value, to):
    figure = FIGURES[name]
    unit = f" {figure.unit}" if figure.unit else ""
    wanted = f"   must {limit(figure, figure.must)}, aim {limit(figure, figure.aim)}: {figure.verdict(value)}" \
        if figure.must is not None else ""
    print(f"{name:30} {number(value):>10}{unit:6}{wanted}", file=to, flush=True)


def _row(name, value, note):
    figure = FIGURES[name]
    unit = f" {figure.unit}" if figure.unit else ""
    return (f"| {name} | {number(value)}{unit} | {limit(figure, figure.must)} | {limit(figure, figure.aim)} | "
            f"{figure.verdict(value)} | {figure.says}{note} | {datetime.date.today()} | {machine.commit()} | "
            f"{machine.description()} |")


def write(path, values, notes):
    """Replaces the rows of the figures in `values`, keeps the others. `notes`: more to say about a figure."""
    rows = {}
    try:
        with open(path, encoding="utf-8") as old:
            for line in old:
                if (found := re.match(r"\| (\w+) \|", line)) and found.group(1) in FIGURES:
                    rows[found.group(1)] = line.rstrip("\n")
    except FileNotFoundError:
        pass
    for name, value in values.items():
        rows[name] = _row(name, value, f" ({notes[name]})" if name in notes else "")
    with open(path, "w", encoding="utf-8") as new:
        new.write(HEAD + "".join(rows[name] + "\n" for name in FIGURES if name in rows))
