"""What the scripts that write models for the peers share: their arguments."""

import argparse
import pathlib


def arguments(description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description.split("\n", maxsplit=1)[0])
    parser.add_argument("model", type=pathlib.Path, help="folder of the model")
    parser.add_argument("folder", type=pathlib.Path, help="folder to write to")
    parser.add_argument("--source", type=pathlib.Path, help="folder that export_f32.py wrote")
    parser.add_argument("--sample", type=pathlib.Path, help="JSONL with texts to calibrate with")
    return parser.parse_args()
