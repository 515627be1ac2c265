"""Paper: an A4 document of paragraphs, sections, tables and banners, in DejaVu Sans, which comes with matplotlib.

A character that the font lacks is written as its code, [U+4E2D].
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import matplotlib
from fpdf import FPDF
from fpdf.enums import TableBordersLayout, VAlign, XPos, YPos
from fpdf.fonts import FontFace, TTFFont

Colour = tuple[int, int, int]
Cell = tuple[str, Colour, bool]
"""Text, colour, and whether it is bold."""

INK: Colour = (26, 34, 48)
SOFT: Colour = (91, 102, 120)
LINE: Colour = (223, 227, 234)
WHITE: Colour = (255, 255, 255)

MARGIN_MM, WIDTH_MM, KEY_MM = 18.0, 174.0, 40.0
LONG_CHARACTERS = 900


class Paper(FPDF):
    """The pages; ``made`` is the time that the document says. Call ``close_fonts`` at its end."""

    def __init__(self, title: str, creator: str, made: datetime) -> None:
        super().__init__(format="A4")
        fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
        for style, name in (("", "DejaVuSans"), ("B", "DejaVuSans-Bold")):
            self.add_font("sans", style, fonts / f"{name}.ttf")
        self._known = set(self.fonts["sans"].cmap)  # type: ignore[union-attr]
        self.set_creation_date(made)
        self.set_title(self.printable(title))
        self.set_creator(creator)
        self.set_margins(MARGIN_MM, 16, MARGIN_MM)
        self.set_auto_page_break(True, 20)
        self.alias_nb_pages()
        self.add_page()

    def close_fonts(self) -> None:
        """fpdf2 leaves their files open."""
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.close()

    def printable(self, text: str) -> str:
        """What the font lacks, as codes; control characters too."""
        return "".join(one if ord(one) in self._known or one == "\n" else f"[U+{ord(one):04X}]" for one in text)

    def put(
        self,
        text: str,
        size: float = 9,
        colour: Colour = INK,
        style: str = "",
        height: float | None = None,
    ) -> None:
        """A paragraph over the whole width."""
        self.set_font("sans", style, size)
        self.set_text_color(*colour)
        height = size * 0.5 if height is None else height
        self.multi_cell(WIDTH_MM, height, self.printable(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def section(self, title: str) -> None:
        """A heading over a line, not alone at the foot of a page."""
        if self.will_page_break(24):
            self.add_page()
        self.ln(4)
        self.put(title, 11.5, style="B", height=7)
        self.set_draw_color(*LINE)
        self.line(MARGIN_MM, self.get_y(), MARGIN_MM + WIDTH_MM, self.get_y())
        self.ln(1.5)

    def rows(
        self,
        rows: Iterable[Sequence[Cell]],
        widths: Sequence[float],
        heads: Sequence[str] = (),
        align: str | tuple[str, ...] = "LEFT",
    ) -> None:
        """A table of cells, each text, colour and whether it is bold."""
        self.set_font("sans", "", 8)
        self.set_draw_color(*LINE)
        with self.table(
            col_widths=tuple(widths),
            width=WIDTH_MM,
            align="LEFT",
            text_align=align,
            line_height=4.1,
            padding=(0.9, 1.5, 0.9, 0),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            first_row_as_headings=bool(heads),
            headings_style=FontFace(emphasis="", color=SOFT, fill_color=WHITE),
            v_align=VAlign.T,
        ) as table:
            if heads:
                table.row([self.printable(head) for head in heads])
            for cells in rows:
                row = table.row()
                for text, colour, is_bold in cells:
                    style = FontFace(emphasis="B" if is_bold else "", color=colour, fill_color=WHITE)
                    row.cell(self.printable(text), style=style)

    def pairs(self, pairs: Iterable[tuple[str, str]], key_mm: float = KEY_MM, gap_mm: float = 0.9) -> None:
        """Keys and values of any length: no table, whose rows must fit a page. Long lists are set small."""
        for key, value in pairs:
            if self.will_page_break(10):
                self.add_page()
            size = 8.0 if len(value) < LONG_CHARACTERS else 6.5
            self.set_font("sans", "", min(size + 1.5, 8))
            self.set_text_color(*SOFT)
            self.cell(key_mm, 4.2, self.printable(key))
            self.set_font("sans", "", size)
            self.set_text_color(*INK)
            width, height = WIDTH_MM - key_mm, size * 0.525
            self.multi_cell(width, height, self.printable(value), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            self.ln(gap_mm)

    def banner(self, text: str, colour: Colour, back: Colour) -> None:
        """One bold line on a ground of its own."""
        self.set_fill_color(*back)
        self.set_text_color(*colour)
        self.set_font("sans", "B", 8.5)
        self.cell(WIDTH_MM, 7, self.printable(f"  {text}"), fill=True, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(1.5)
