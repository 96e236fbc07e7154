"""Expressions of the command line: ``mean(3,8,12) - mean(4,9) + 5``, read by hand and never evaluated as code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from latentlab.errors import ValueRangeError

MAX_TERMS = 100
_HOW = "Write, for example, mean(3,8,12) - mean(4,9) + 0.5 * 5."
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<weight>\d+(?:\.\d*)?|\.\d+)\s*\*
      | (?P<mean>mean)\s*\((?P<exemplars>(?:"[^"]*"|'[^']*'|[^()"'])*)\)
      | (?P<latent>z:[A-Za-z0-9+/]+={0,2})
      | "(?P<double>[^"]*)" | '(?P<single>[^']*)'
      | (?P<seed>\d+)(?=\s*(?:[-+]|$))
      | (?P<path>[^\s"'()*+-][^\s"'()*+]*)
      | (?P<sign>[-+])
    )\s*""",
    re.VERBOSE | re.IGNORECASE,
)
_EXEMPLAR = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([^,"']+?))\s*(?:,|$)""")


@dataclass(frozen=True)
class ExpressionTerm:
    """One term of an expression.

    Attributes:
        weight: What its mean is multiplied by, with its sign.
        points: POINTs whose mean is taken; just one without ``mean``.
    """

    weight: float
    points: tuple[str, ...]


def parse_expression(text: str) -> tuple[ExpressionTerm, ...]:
    """Read a sum of POINTs and means of POINTs, each with a sign and, if wanted, a weight.

    A POINT is a seed, a file, or a copied latent; inside ``mean`` a range of seeds (0-63) too. File names with blanks,
    commas or signs in them stand in quotes, and blanks stand around the signs that follow a file or a copied latent.

    Returns:
        At least one term, in the order written.

    Raises:
        ValueRangeError: If it is no such sum; the message shows where reading stopped.
    """
    terms: list[ExpressionTerm] = []
    sign, weight = 1.0, 1.0
    wants_term, is_weighted = True, False
    for match, rest in _tokens(text):
        if match["sign"]:
            if is_weighted or (wants_term and terms) or (wants_term and sign < 0.0):
                raise _refused(rest, "a sign stands where a term is missing")
            sign, wants_term = (-1.0 if match["sign"] == "-" else 1.0), True
            continue
        if not wants_term:
            raise _refused(rest, "a sign is missing before it")
        if match["weight"]:
            if is_weighted:
                raise _refused(rest, "has a second weight")
            weight, is_weighted = float(match["weight"]), True
            continue
        if len(terms) == MAX_TERMS:
            raise ValueRangeError("--expr", f"has more than {MAX_TERMS} terms")
        terms.append(ExpressionTerm(sign * weight, _points(match, rest)))
        sign, weight, wants_term, is_weighted = 1.0, 1.0, False, False
    if wants_term:
        raise ValueRangeError(f"--expr {text.strip()}".strip(), "ends where a term is missing", _HOW)
    return tuple(terms)


def _tokens(text: str) -> Iterator[tuple[re.Match[str], str]]:
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            if not text[place:].strip():
                return
            raise _refused(text[place:], "cannot be read")
        yield match, text[place:]
        place = match.end()


def _points(match: re.Match[str], rest: str) -> tuple[str, ...]:
    if not match["mean"]:
        point = next(match[kind] for kind in ("latent", "double", "single", "seed", "path") if match[kind] is not None)
        if not point.strip():
            raise _refused(rest, "names nothing")
        return (point,)
    inside, place, points = match["exemplars"], 0, []
    while place < len(inside):
        exemplar = _EXEMPLAR.match(inside, place)
        if exemplar is None:
            raise _refused(rest, "its exemplars cannot be read")
        points.append(next(group for group in exemplar.groups() if group is not None).strip())
        place = exemplar.end()
    if not all(points) or not points or inside.rstrip().endswith(","):
        raise _refused(rest, "an exemplar is missing")
    return tuple(points)


def _refused(rest: str, why: str) -> ValueRangeError:
    shown = rest.strip()
    return ValueRangeError(f"--expr at {shown[:40]}{'…' if len(shown) > 40 else ''}", why, _HOW)
