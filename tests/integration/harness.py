"""Runs the built command the way a user does, and reads what it wrote. Standard library only."""

import ast
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

MERLE = os.path.abspath(os.environ.get("MERLE", "build/merle"))
SOURCE = pathlib.Path(__file__).resolve().parents[2]
MODELS = SOURCE / "tests" / "golden" / "embedding"
MODEL = MODELS / "st-short"  # 16 components, at most 16 tokens or so: see its config.
SKIPPED = 77  # SKIP_RETURN_CODE in tests/CMakeLists.txt


def environment(**variables):
    """The environment of a machine with no settings, an empty model cache and no network."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("MERLE", "HF_", "HUGGINGFACE", "OPENAI_", "XDG_")) and name != "NO_COLOR"}
    kept.update({"HF_HUB_CACHE": "/nonexistent", "HF_HUB_OFFLINE": "1", "TERM": "xterm", "MERLE_CACHE": "off"}, **variables)
    return kept


def run(*words, stdin="", env=None, **options):
    """Runs merle; text in, text out, unless bytes go in: then bytes come out."""
    return subprocess.run([MERLE, *map(str, words)], input=stdin, text=isinstance(stdin, str),
                          capture_output=True, env=environment(**(env or {})), timeout=120,
                          check=False, **options)


def run_at_terminal(*words, env=None):
    """Runs merle with a screen as all three standard streams. Returns (exit code, output)."""
    import pty
    process, screen = pty.fork()
    if process == 0:
        os.execve(MERLE, [MERLE, *map(str, words)], environment(**(env or {})))
    output = b""
    while True:
        try:
            piece = os.read(screen, 4096)
        except OSError:  # Linux says EIO when the other side has gone.
            break
        if not piece:
            break
        output += piece
    os.close(screen)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), output.decode()


def golden_cases(model):
    """The cases of a golden model. A text may be written as parts, each with how often it comes."""
    cases = json_lines((MODELS / model / "cases.jsonl").read_text(encoding="utf-8"))
    for case in cases:
        if not isinstance(case["text"], str):
            case["text"] = "".join(part * times for part, times in case["text"])
    return cases


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


def read_npy(path_or_bytes):
    """Returns (dtype as in the header, shape, rows)."""
    data = path_or_bytes
    if not isinstance(data, bytes):
        data = pathlib.Path(data).read_bytes()
    assert data[:8] == b"\x93NUMPY\x01\x00", data[:8]
    (length,) = struct.unpack_from("<H", data, 8)
    header = ast.literal_eval(data[10:10 + length].decode("latin-1"))
    assert header["fortran_order"] is False
    return header["descr"], header["shape"], _rows(data[10 + length:], header["descr"], header["shape"])


def read_safetensors(path):
    """Returns (dtype, shape, rows) of the tensor "embeddings"."""
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    tensor = json.loads(data[8:8 + length])["embeddings"]
    begin, end = tensor["data_offsets"]
    letters = {"F32": "<f4", "I8": "|i1", "U8": "|u1"}[tensor["dtype"]]
    shape = tuple(tensor["shape"])
    return tensor["dtype"], shape, _rows(data[8 + length + begin:8 + length + end], letters, shape)


def _rows(data, descr, shape):
    letter = {"<f4": "f", "|i1": "b", "|u1": "B"}[descr]
    count, cols = shape
    numbers = struct.unpack(f"<{count * cols}{letter}", data)
    return [list(numbers[i * cols:(i + 1) * cols]) for i in range(count)]


class CommandTest(unittest.TestCase):
    """Gives each test an empty folder, `self.folder`."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def succeed(self, *words, **options):
        """Runs merle, expects exit code 0, returns standard output."""
        done = run(*words, **options)
        self.assertEqual(done.returncode, 0, f"{words}\n{done.stderr}")
        return done.stdout

    def assert_rows_near(self, got, expected, tolerance=1e-5):
        self.assertEqual(len(got), len(expected))
        for row, wanted in zip(got, expected):
            self.assertEqual(len(row), len(wanted))
            for number, want in zip(row, wanted):
                self.assertAlmostEqual(number, want, delta=tolerance)


def main():
    if not os.path.exists(MERLE):
        sys.exit(f"{MERLE} is not there: build it, or name it in the variable MERLE")
    unittest.main(verbosity=1)
