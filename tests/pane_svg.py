#!/usr/bin/env python3
"""Draws what `tmux capture-pane -p -e` printed, one screen a file, one below the other:   tests/pane_svg.py FILE... > docs/NAME.svg

The screens of docs/supervise.svg:   BOTTLED_SCREENSHOTS=FOLDER tests/plays/supervise_play.py build/check/bottled"""
import html, pathlib, re, sys

WIDTH, HEIGHT, SIZE = 8.4, 19, 14  # of a cell, of a row, of a letter
COLOURS = {"31": "#ff6b68"}
PLAIN, PAPER = "#d4d4d4", "#1e1e1e"


def runs(line, state):
    """(column, text, SGR parameters that hold) of each piece of a line; state goes on to the next one."""
    column = 0
    for escape, text in re.findall(r"(\x1b\[[0-9;]*m)|([^\x1b]+)", line):
        for code in escape[2:-1].split(";") if escape else ():
            if code in ("", "0"):
                state.clear()
            elif code == "39":
                state -= COLOURS.keys()
            else:
                state.add(code)
        if text:
            yield column, text, set(state)
            column += len(text)


def draw(screen, top):
    state = set()
    for row, line in enumerate(screen):
        for column, text, codes in runs(line, state):
            x, y = column * WIDTH + SIZE, top + row * HEIGHT
            ink = next((COLOURS[code] for code in codes if code in COLOURS), PLAIN)
            if "7" in codes:
                yield f'<rect x="{x:.1f}" y="{y - SIZE}" width="{len(text) * WIDTH:.1f}" height="{HEIGHT}" fill="{ink}"/>'
                ink = PAPER
            weight = ' font-weight="bold"' if "1" in codes else ""
            yield f'<text x="{x:.1f}" y="{y}" textLength="{len(text) * WIDTH:.1f}" fill="{ink}"{weight}>{html.escape(text)}</text>'


screens = [pathlib.Path(name).read_text().rstrip("\n").split("\n") for name in sys.argv[1:]]
columns = max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for screen in screens for line in screen)
parts, top = [], 2 * SIZE
for screen in screens:
    parts += draw(screen, top)
    top += (len(screen) + 1) * HEIGHT
width, height = columns * WIDTH + 2 * SIZE, top - HEIGHT
print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" font-family="monospace" font-size="{SIZE}" xml:space="preserve">')
print(f'<rect width="100%" height="100%" rx="6" fill="{PAPER}"/>', *parts, "</svg>", sep="\n")
