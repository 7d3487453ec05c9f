"""Characters as Unicode 8.0 had them, whatever the version of this Python."""

import unicodedata

# Marks, punctuation and format characters, and letters that decompose, which came after 8.0
# (up to 18.0). What lies between them in a range is plain in either version.
LATER = """
5C8-5C9 61D 7FD 890-8E2 9FD-9FE A76 AFA-AFF B53-B55 C04-C3C C77 C84 D00 D3B-D3C D81 EBA ECE
180F-1886 1ABF-1AF0 1B4E-1B4F 1B7D-1B7F 1DF6-1DFB 2E43-2E63 A82C A8C5 A8FF A9BD 105C9-105E4
10D24-10D6E 10EAB-10F89 11070-11074 110C2-110CD 111CF 1123E-11241 1133B 11383-11391
113BB-1145E 11660-1166C 116B9 1182F-11FFF 12FF1-12FF2 13430-13455 1611E-1612F 16D68-16F4F
16FE2-16FE4 1CF00-1CF46 1D127-1D128 1D25B-1D25C 1E000-1E136 1E2AE-1E2EF 1E4EC-1E6F5
1E944-1E95F
"""
MOVED = {0x166D: "Po", 0x1734: "Mn", 0x111C9: "Po", 0x1171E: "Mn"}  # another category since


def category(character):
    """The general category, 'Mn', 'Po' …; of later characters 'Cn', not assigned."""
    code = ord(character)
    return "Cn" if code in LATER_CODES else MOVED.get(code) or unicodedata.category(character)


def decompose(character):
    """The canonical decomposition (NFD) of one character: é → e and an accent."""
    if ord(character) in LATER_CODES:
        return character
    return unicodedata.normalize("NFD", character)


def codes_in(ranges):
    """The code points that '5C8-5C9 61D' stands for."""
    bounds = [item.split("-") for item in ranges.split()]
    spans = (range(int(pair[0], 16), int(pair[-1], 16) + 1) for pair in bounds)
    return frozenset(code for span in spans for code in span)


LATER_CODES = codes_in(LATER)
