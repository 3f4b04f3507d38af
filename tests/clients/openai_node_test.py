"""The official `openai` package of npm, unmodified, against `merle serve`; openai_node.mjs has the tests."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import packages  # noqa: E402
from harness import run  # noqa: E402
from serving import KEY, NAME, TINY, Server, vectors_of_library  # noqa: E402

TEXTS = ["hello world", "Hello", "the first token, the second token", "café 世界 😀 \n\t!", "a " * 40]


def main():
    try:
        node, folder = packages.node_packages()
    except packages.Missing as reason:
        print(f"skipped: {reason}")
        sys.exit(packages.SKIPPED)
    program = folder / "openai_node.mjs"  # Beside node_modules, where Node looks.
    shutil.copy(HERE / program.name, program)
    with tempfile.TemporaryDirectory() as scratch:
        keys, given = pathlib.Path(scratch) / "keys", pathlib.Path(scratch) / "given.json"
        keys.write_text(KEY + "\n", encoding="ascii")
        with Server() as server, Server("--queue-tokens", 2000) as busy, Server("--api-key-file", keys) as locked:
            given.write_text(json.dumps({
                "url": server.url, "busy_url": busy.url, "locked_url": locked.url, "key": KEY, "model": NAME,
                "texts": TEXTS, "vectors": vectors_of_library(TEXTS),
                "ids": [json.loads(run("tokenize", "-m", TINY, text, "--json").stdout)["ids"] for text in TEXTS],
                "cut": {str(dim): vectors_of_library(TEXTS, "--dim", dim) for dim in (1, 5, 16)}}), encoding="utf-8")
            done = subprocess.run([*node, "--test", str(program)], check=False,
                                  env={**os.environ, "MERLE_GIVEN": str(given)})
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
