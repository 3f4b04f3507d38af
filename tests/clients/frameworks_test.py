"""Programs that use OpenAI's embeddings through LlamaIndex and LangChain, pointed at `merle serve` by their base URL.

Prints what they print. Needs all-MiniLM-L6-v2 in the Hugging Face cache; part of `make test-long`.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import packages  # noqa: E402
from harness import SOURCE, main  # noqa: E402
from serving import KEY, Server  # noqa: E402

packages.use_python_packages("frameworks")
PACKAGES = sys.path[0]
MODEL = "sentence-transformers/all-MiniLM-L6-v2"
QUESTION = "Why is the sea salty?"
CACHE = {name: value for name, value in os.environ.items() if name.startswith(("HF_", "XDG_"))}
CACHE.setdefault("HF_HUB_CACHE", "")  # Empty is as unset; see minilm_test.py.


class Programs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # LlamaIndex puts the title in front, and its passages then are longer than the model takes: so cut.
        cls.server = cls.enterClassContext(Server("--truncate", model=MODEL, env=CACHE))

    def run_program(self, name):
        environment = {"PATH": os.environ["PATH"], "HOME": tempfile.gettempdir(), "PYTHONPATH": PACKAGES,
                       "OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": self.server.url + "/v1",
                       "OPENAI_API_BASE": self.server.url + "/v1"}  # The older name of the same.
        words = [str(HERE / f"{name}.py"), str(SOURCE / "sample" / "wikipedia.jsonl"), QUESTION]
        done = subprocess.run([sys.executable, *words], capture_output=True, text=True, env=environment, check=False,
                              timeout=600)
        self.assertEqual(done.returncode, 0, done.stderr)
        print(f"$ OPENAI_BASE_URL={self.server.url}/v1 python {name}.py wikipedia.jsonl '{QUESTION}'\n{done.stdout}")
        return done.stdout.splitlines()

    def assert_finds_the_sea(self, lines):
        self.assertEqual(len(lines), 3)
        self.assertIn("Sea", " ".join(lines))
        scores = [float(line.split()[0]) for line in lines]
        self.assertEqual(scores, sorted(scores, reverse=True))
        self.assertGreater(scores[0], 0.5)

    def test_llama_index(self):
        self.assert_finds_the_sea(self.run_program("llama_index_program"))

    def test_langchain(self):
        self.assert_finds_the_sea(self.run_program("langchain_program"))


if __name__ == "__main__":
    main()
