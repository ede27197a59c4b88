"""Graph: what the features come from, in layers from the logs to the table."""

from collections.abc import Iterator, Mapping, Sequence

from featurelib.report.content import Edge, Node
from featurelib.report.words import cut, esc, label, svg

_LINE = 17.0
_GAP = 22.0
_WIDTH = 1000.0
_LANE = 12.0


def graph(nodes: Sequence[Node], edges: Sequence[Edge], name: str) -> str:
    """Return the picture, once with layers side by side and once below each other; style shows one of them."""
    if not nodes:
        return ""
    by_id = {node.id: node for node in nodes}
    title = "Where the features come from"
    says = "; ".join(f"{by_id[edge.start].title} goes into {by_id[edge.end].title}" for edge in edges) + "."
    wide, tall = _wide(nodes, edges), _tall(nodes, edges)
    return svg(f"{name}-w", wide[0], title, says, wide[1], "graph wide") + svg(
        f"{name}-n", tall[0], title, says, tall[1], "graph narrow"
    )


def _height(node: Node) -> float:
    return 32 + _LINE * len(node.lines)


def _wide(nodes: Sequence[Node], edges: Sequence[Edge]) -> tuple[tuple[float, float], str]:
    layers = sorted({node.layer for node in nodes})
    between = 42.0
    width = min((_WIDTH - between * (len(layers) - 1)) / len(layers), 240)
    heights = {layer: sum(_height(n) + _GAP for n in nodes if n.layer == layer) - _GAP for layer in layers}
    total = max(heights.values())
    places: dict[str, tuple[float, float, float]] = {}
    parts = []
    for number, layer in enumerate(layers):
        y = 6 + (total - heights[layer]) / 2
        for node in (node for node in nodes if node.layer == layer):
            places[node.id] = (number * (width + between), y, _height(node))
            parts.append(_box(node, number * (width + between) + 1, y, width - 2))
            y += _height(node) + _GAP
    by_id = {node.id: node for node in nodes}
    lines = list(_arrows(edges, by_id, places, width))
    return (_WIDTH, total + 12), _MARKER.format(id="arrow-w") + "".join([*lines, *parts])


_MARKER = (
    '<defs><marker id="{id}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path class="head" d="M0 0L8 4L0 8z"/></marker></defs>'
)


def _arrows(
    edges: Sequence[Edge],
    nodes: Mapping[str, Node],
    places: Mapping[str, tuple[float, float, float]],
    width: float,
) -> Iterator[str]:
    """Yield the edges: spread over the side of a box, and around the boxes that are between."""
    above = below = 0
    for edge in edges:
        x0, y0, h0 = places[edge.start]
        x1, y1, h1 = places[edge.end]
        leaving = sorted((e.end for e in edges if e.start == edge.start), key=lambda end: places[end][1])
        coming = sorted((e.start for e in edges if e.end == edge.end), key=lambda start: places[start][1])
        start = y0 + h0 * (leaving.index(edge.end) + 1) / (len(leaving) + 1)
        end = y1 + h1 * (coming.index(edge.start) + 1) / (len(coming) + 1)
        between = [
            places[node.id] for node in nodes.values() if nodes[edge.start].layer < node.layer < nodes[edge.end].layer
        ]
        x0 += width
        d = f"M{x0:.1f} {start:.1f}"
        if between:
            top, bottom = min(y for _, y, _ in between), max(y + h for _, y, h in between)
            if start < (top + bottom) / 2:
                lane, above = top - _LANE - 7 * above, above + 1
            else:
                lane, below = bottom + _LANE + 7 * below, below + 1
            near, far = min(x for x, _, _ in between), max(x for x, _, _ in between) + width
            d += _bend(x0, start, near, lane) + f"H{far:.1f}"
            x0, start = far, lane
        yield f'<path class="edge" marker-end="url(#arrow-w)" d="{d}{_bend(x0, start, x1 - 1, end)}"/>'


def _bend(x0: float, y0: float, x1: float, y1: float) -> str:
    half = (x0 + x1) / 2
    return f"C{half:.1f} {y0:.1f} {half:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"


def _tall(nodes: Sequence[Node], edges: Sequence[Edge]) -> tuple[tuple[float, float], str]:
    left, y = 46.0, 4.0
    places: dict[str, tuple[float, float]] = {}
    parts = []
    for node in sorted(nodes, key=lambda node: node.layer):
        places[node.id] = (y, _height(node))
        parts.append(_box(node, left, y, 292))
        y += _height(node) + 16
    lines = []
    for edge in sorted(edges, key=lambda edge: abs(places[edge.end][0] - places[edge.start][0])):
        (y0, h0), (y1, _) = places[edge.start], places[edge.end]
        # NOTE: the further an edge goes, the further out it bends, so that edges cross as little as they can
        out = left - min(42.0, 14 + (y1 - y0) / 14)
        start, end = y0 + h0 - 12, y1 + 14
        lines.append(
            f'<path class="edge" marker-end="url(#arrow-n)" d="M{left} {start:.1f}'
            f'C{out:.1f} {start:.1f} {out:.1f} {end:.1f} {left - 1} {end:.1f}"/>'
        )
    return (340, y), _MARKER.format(id="arrow-n") + "".join([*lines, *parts])


def _box(node: Node, x: float, y: float, width: float) -> str:
    longest = int((width - 20) / 6.2)
    told = " ".join([node.title, *node.lines])
    lines = "".join(
        label(x + 12, y + 39 + _LINE * number, cut(line, longest), "says") for number, line in enumerate(node.lines)
    )
    return (
        f'<g><title>{esc(told)}</title><rect class="box" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{_height(node):.1f}" rx="7"/>{label(x + 12, y + 21, cut(node.title, int(longest * 0.88)), "name")}'
        f"{lines}</g>"
    )
