"""What all goldens share: where they go, and how they are written."""

import json
import pathlib

GOLDEN = pathlib.Path("tests/golden")
SEED = 20260101
WEIGHT_DEVIATION = 0.2  # Ten times BERT's own: errors in a layer then show in the result.
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def expand(text):
    """Returns the string that a list of [STRING, COUNT] stands for."""
    return text if isinstance(text, str) or text is None else "".join(piece * count for piece, count in text)


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def write_lines(path, objects):
    """Writes JSONL in ASCII, so that every odd character of a text can be seen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="ascii") as output:
        for value in objects:
            output.write(json.dumps(value, separators=(",", ":")) + "\n")
