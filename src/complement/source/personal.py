"""Which columns hold what belongs to one person: e-mail, phone, card and bank account numbers, names and addresses."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SAMPLE = 500  # different values that are looked at
MOST = 0.8  # of them must have the form; real columns hold a few broken entries
NAMED = re.compile(
    r"(first|last|full|middle|given|family|birth|maiden|user|patient|customer|client)[ _.-]?name|sur[ _.-]?name|^name$"
    r"|street|address|passport|social[ _.-]?security|^ssn$|e[ _.-]?mail|phone|^iban$|credit[ _.-]?card[ _.-]?(no|number|nr)",
    re.IGNORECASE,
)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
PHONE = re.compile(r"(\+|00|\(?0)[\d\s()./-]{6,22}\d")
IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
CARD = re.compile(r"\d(?:[ -]?\d){12,18}")


def find_personal(name: str, column: pa.Array) -> tuple[str, float] | None:
    """The reason (one sentence) and how sure it is, or None. Looks at the form of values and at the column's name."""
    if not (pa.types.is_string(column.type) or pa.types.is_integer(column.type)):
        return None
    values = pc.unique(column.drop_null().slice(0, 20 * SAMPLE)).slice(0, SAMPLE).cast(pa.string()).to_pylist()
    words = [str(value).strip() for value in values]
    if len(words) < 3:
        return None
    forms = (
        ("e-mail addresses", lambda word: EMAIL.fullmatch(word) is not None),
        ("bank account numbers (IBAN, with sound check digits)", _is_iban),
        ("card numbers (with sound check digits)", _is_card),
        ("phone numbers", lambda word: PHONE.fullmatch(word) is not None),
    )
    for what, has_form in forms:
        share = float(np.mean([has_form(word) for word in words]))
        if share >= MOST:
            return f"{share:.0%} of its different values look like {what}", share
    # Few values that repeat are categories (the name of a station), not the names of persons.
    many = pa.types.is_string(column.type) and pc.count_distinct(column).as_py() > max(20, len(column) / 20)
    if NAMED.search(name) and many:
        return "its name says so and its values are many and different", 0.7
    return None


def _is_iban(word: str) -> bool:
    word = word.replace(" ", "")
    if not IBAN.fullmatch(word):
        return False
    moved = word[4:] + word[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1  # ISO 13616


def _is_card(word: str) -> bool:
    if not CARD.fullmatch(word):
        return False
    digits = [int(digit) for digit in re.sub(r"\D", "", word)]
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0  # Luhn 1960 (ISO/IEC 7812-1)
