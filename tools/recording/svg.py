"""A recording as an animated picture: every frame is drawn once, and shown in its time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from tools.recording.terminal import Cell, Screen

_WIDTH, _HEIGHT, _MARGIN = 8.4, 19, 14  #: of a character, of a line, around all, in pixels
_COLOURS = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "36": "#79c0ff", "2": "#8b949e", "1": "#ffffff"}
_REST = 4.0  #: seconds for which the last frame stands before it all begins again


def picture(frames: Sequence[tuple[float, Screen]], *, columns: int) -> str:
    """Draw frames (seconds since the beginning, what stands there)."""
    rows = max(len(screen) for _, screen in frames)
    width, height = columns * _WIDTH + 2 * _MARGIN, rows * _HEIGHT + 2 * _MARGIN
    length = frames[-1][0] + _REST
    ends = [began for began, _ in frames[1:]] + [length]
    style = [
        "text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#e6edf3;white-space:pre}",
        f".f{{visibility:hidden;animation-duration:{length:.2f}s;animation-iteration-count:infinite}}",
    ]
    drawn = []
    for number, ((began, screen), end) in enumerate(zip(frames, ends, strict=True)):
        first, last = 100 * began / length, 100 * end / length
        style.append(
            f"@keyframes k{number}{{0%{{visibility:hidden}}{first:.3f}%{{visibility:visible}}"
            f"{last:.3f}%{{visibility:hidden}}100%{{visibility:hidden}}}}"
            f".n{number}{{animation-name:k{number};animation-timing-function:step-end}}"
        )
        drawn.append(f'<g class="f n{number}">{"".join(_lines(screen))}</g>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}">\n'
        f"<title>A session with lockenv</title>\n<style>{''.join(style)}</style>\n"
        f'<rect width="100%" height="100%" rx="8" fill="#0d1117"/>\n' + "\n".join(drawn) + "\n</svg>\n"
    )


def _lines(screen: Screen) -> Iterator[str]:
    for number, line in enumerate(screen):
        if line:
            yield f'<text x="{_MARGIN}" y="{_MARGIN + (number + 1) * _HEIGHT - 5}">{"".join(_spans(line))}</text>'


def _spans(line: Sequence[Cell]) -> Iterator[str]:
    for style, cells in groupby(line, key=lambda cell: cell[1]):
        text = escape("".join(character for character, _ in cells))
        yield f'<tspan fill="{_COLOURS[style]}">{text}</tspan>' if style in _COLOURS else text
