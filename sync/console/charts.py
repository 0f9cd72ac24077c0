"""Pictures of reports: bars as SVG, to stand inside a page without an address outside of it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from io import StringIO

from insight.ratio import Ratio
from insight.reports.document import Document, Row, Value

MOST = 15
"""Rows in one picture."""
COLOURS = ("#3d6fb4", "#c8742b", "#5a9a5a", "#8a63a8")


def bars(document: Document, column: str) -> str:
    """The rows of a report by one column, the first rows only, as an SVG element; empty where nothing is to be seen."""
    rows = [row for row in document.rows if _label(document, row) != "total" and _size(row[column].value) is not None]
    rows = rows[:MOST]
    sizes = [_size(row[column].value) or 0.0 for row in rows]
    if not rows or not any(sizes):
        return ""
    return _drawn([_label(document, row) for row in rows], sizes, column, document.charts.index(column))


def _drawn(labels: Sequence[str], sizes: Sequence[float], title: str, place: int) -> str:
    # A second's work to import, which no sync should pay.
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "smarketing", "font.family": "sans-serif"}):
        figure = Figure(figsize=(8, 0.6 + 0.32 * len(labels)), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        drawn = axes.barh(range(len(labels)), sizes, color=COLOURS[place % len(COLOURS)])
        axes.bar_label(drawn, labels=[f"{size:,.0f}" if size >= 10 else f"{size:.3g}" for size in sizes], padding=3)
        axes.set_yticks(range(len(labels)), labels=[_short(label) for label in labels], parse_math=False)
        axes.invert_yaxis()
        axes.set_title(title.replace("_", " "), loc="left", parse_math=False)
        axes.spines[["top", "right", "bottom"]].set_visible(False)
        axes.xaxis.set_visible(False)
        axes.margins(x=0.12)
        out = StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Format": None})
    text = out.getvalue()
    return text[text.index("<svg") :]


def _label(document: Document, row: Row) -> str:
    words = []
    for name in document.columns:
        if not isinstance(row[name].value, str):
            break
        words.append(str(row[name].value))
    return " · ".join(word for word in dict.fromkeys(words) if word)


def _size(value: Value) -> float | None:
    if isinstance(value, Ratio):
        return None if value.few else value.value
    return float(value) if isinstance(value, int | float | Decimal) else None


def _short(text: str) -> str:
    return text if len(text) <= 48 else f"{text[:20]}…{text[-27:]}"
