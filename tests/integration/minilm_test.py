"""The real all-MiniLM-L6-v2, as a new user meets it. Skipped where it is not in the cache."""

import json
import os
import pathlib
import subprocess
import sys

from harness import MERLE, SKIPPED, SOURCE, CommandTest, json_lines, main


def default_model_is_here():
    return subprocess.run([MERLE, "models", "show", "-q"], capture_output=True, check=False).returncode == 0


# The cache of this machine, which harness.environment() hides.
CACHE = {name: value for name, value in os.environ.items() if name.startswith(("HF_", "XDG_"))}
CACHE.setdefault("HF_HUB_CACHE", "")  # Empty is as unset.
STS = pathlib.Path(os.environ.get("MERLE_DATA", "/nonexistent")) / "sts" / "stsbenchmark" / "sts-dev.csv"


class MiniLM(CommandTest):
    def merle(self, *words, **options):
        return self.succeed(*words, env=CACHE, **options)

    def test_cat_is_near_dog_and_far_from_hamburger(self):
        pairs = json_lines(self.merle("similarity", "cat", "dog", "hamburger", "--json"))
        self.assertAlmostEqual(pairs[0]["score"], 0.6606, delta=1e-3)
        self.assertGreater(pairs[0]["score"], pairs[1]["score"] + 0.2)

    def test_the_sample_answers_a_question(self):
        hits = json_lines(self.merle("search", "Why is the sea salty?", "--json", "-q", "-i",
                                     SOURCE / "sample" / "wikipedia.jsonl"))
        self.assertEqual(len(hits), 5)
        self.assertIn("Sea", " ".join(hit["title"] for hit in hits))

    def test_tokens_of_the_post(self):
        line = json_lines(self.merle("tokenize", "unbelievable", "--json"))[0]
        self.assertEqual(line["tokens"][0], "[CLS]")
        self.assertEqual(line["tokens"][-1], "[SEP]")

    def test_explain_shows_six_layers(self):
        page = json.loads(self.merle("explain", "The cat sat on the mat.", "--json"))
        self.assertEqual(len(page["vector"]), 384)
        self.assertEqual({len(token["layer_cosines"]) for token in page["tokens"]}, {6})

    def test_sts_b_dev_is_86_72(self):
        if not STS.exists():
            self.skipTest(f"{STS} is not here: name the folder with sts/ in MERLE_DATA")
        self.assertEqual(self.merle("eval", "sts", STS, "-q"), "86.72\n")


if __name__ == "__main__":
    if not default_model_is_here():
        print("skipped: all-MiniLM-L6-v2 is not in the Hugging Face cache (make run puts it there)")
        sys.exit(SKIPPED)
    main()
