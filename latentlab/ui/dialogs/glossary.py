"""The words of the field as this window uses them, each in a sentence or two."""

from __future__ import annotations

import html

from PySide6.QtCore import QCoreApplication


def _(text: str) -> str:
    """Mark a text for the translators."""
    return text


WORDS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        _("Playing"),
        (
            (
                _("z, latent"),
                _("The hundred numbers or so that a picture is drawn from. Another z, another picture."),
            ),
            (_("Seed"), _("A number that z is drawn from by chance: the same seed gives the same picture everywhere.")),
            (
                _("Direction"),
                _("A way to move z that changes one thing in the picture: what a slider is for. Ctrl+D finds some."),
            ),
            (
                _("σ, sigma"),
                _(
                    "The unit of the sliders: how far apart chance itself puts pictures along a direction. Within 2 of "
                    "either side pictures are usual, beyond 3 they tend to break."
                ),
            ),
            (
                _("Typicality"),
                _(
                    "How long z is, against what chance gives. About 1 is usual; far from it the model has never been "
                    "and draws badly (White 2016, arXiv:1609.04468)."
                ),
            ),
            (
                _("Truncation, ψ"),
                _(
                    "A factor on z: below 1 pictures are safer and more alike, above 1 rarer and more often broken "
                    "(Brock et al. 2019, arXiv:1809.11096)."
                ),
            ),
            (_("Renormalise"), _("Scale z back to the length that chance gives, after edits or sums have changed it.")),
            (
                _("slerp, lerp"),
                _(
                    "Two ways from one z to another: along the arc, which keeps to usual pictures, or straight across, "
                    "which passes through paler ones (White 2016)."
                ),
            ),
            (
                _("Inversion"),
                _("Seeking the z whose picture comes nearest to an image (Latent > Find the latent of an image)."),
            ),
        ),
    ),
    (
        _("Training"),
        (
            (
                _("G, D"),
                _(
                    "The generator draws; the discriminator tells drawn pictures from real ones. They are trained "
                    "against each other (Goodfellow et al. 2014, arXiv:1406.2661)."
                ),
            ),
            (_("kimg"), _("Thousands of real pictures that D has been shown: how far a run is, whatever its batch.")),
            (_("Tick"), _("A stop every so many kimg at which the model, its sheet and its log are written.")),
            (
                _("D(x), D(G(z))"),
                _(
                    "How sure D is that real and drawn pictures are real, 0 to 1. Both near a half: neither wins. Near "
                    "1 and 0: D wins, and G learns little."
                ),
            ),
            (
                _("EMA, averaging"),
                _("The model that is kept is an average of G over its last steps, which draws better than each."),
            ),
            (
                _("R1, class term, spectral"),
                _("Ways to hold D back so that G keeps learning; each has its explanation and paper in New run."),
            ),
            (_("Mode collapse"), _("G draws the same few pictures whatever z is; the sheet's spread falls.")),
        ),
    ),
    (
        _("Judging"),
        (
            (
                _("Fréchet distance"),
                _(
                    "How far drawn pictures as a crowd are from real ones, in what a network sees of them; 0 is as "
                    "good as real. Comparable within one network and one number of pictures only (Heusel et al. 2017, "
                    "arXiv:1706.08500)."
                ),
            ),
            (_("KID"), _("The same question asked another way, without a bias where there are few pictures.")),
            (
                _("Precision, recall"),
                _(
                    "The share of drawn pictures that look real, and of real pictures that the model could draw "
                    "(Kynkäänniemi et al. 2019, arXiv:1904.06991)."
                ),
            ),
            (
                _("Density, coverage"),
                _("Steadier forms of these two, less moved by a single odd picture (Naeem et al. 2020)."),
            ),
        ),
    ),
)


def glossary_page() -> str:
    """Write the words down as a page."""
    parts = []
    for title, words in WORDS:
        rows = "".join(
            f"<tr><td style='padding-right:12px'><b>{html.escape(_translated(word))}</b></td>"
            f"<td>{html.escape(_translated(meaning))}</td></tr>"
            for word, meaning in words
        )
        parts.append(f"<h3>{html.escape(_translated(title))}</h3><table cellspacing='6'>{rows}</table>")
    return "".join(parts)


def _translated(text: str) -> str:
    return QCoreApplication.translate("Glossary", text)
