"""Each damaged model folder of damaged_folders.py ends merle with exit code 3 and one clear line that
names the file, in no more time and memory than a good one.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time

import damaged_folders as table
from damage import cached, make_model, moved, put, sharded, tensors, with_vocab
from harness import MERLE, CommandTest, environment, main

EXIT_MODEL = 3
MOST_SECONDS = 5
# More memory than the good folder takes. The largest small JSON (4 MiB) takes up to 14 times its bytes.
MOST_GROWTH = 64 << 20
SANITIZED = bool(os.environ.get("MERLE_SANITIZE"))  # Then shadow and quarantine hide what we use.
# What no single file is to blame for.
OF_THE_FOLDER = ("has no model", "is not finite", "weights are damaged", "is all zeros", "the embedding table", "the segment", "no room", "no vocab")


class DamagedFolders(CommandTest):
    def setUp(self):
        super().setUp()
        self.whole = self.folder / "whole"
        make_model(self.whole)

    def embed(self, model, words=()):
        """Runs merle. Returns (exit code, standard output, standard error, seconds, peak bytes)."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as messages:
            start = time.monotonic()
            process = subprocess.Popen([MERLE, "embed", "a cat", "-m", str(model), "--threads", "1", *words], env=environment(),
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=messages)
            timer = threading.Timer(10 * MOST_SECONDS, process.kill)
            timer.start()
            _, status, usage = os.wait4(process.pid, 0)
            timer.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
            seconds = time.monotonic() - start
            for stream in (out, messages):
                stream.seek(0)
            return process.returncode, out.read(), messages.read(), seconds, usage.ru_maxrss << 10

    def embed_damaged(self, damage, words=()):
        """The same on a damaged copy of the good folder, and (…, path of that copy)."""
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            model = pathlib.Path(place) / "model"
            shutil.copytree(self.whole, model)
            damage(model)
            snapshots = list(model.parent.glob("models--*/snapshots/" + "a" * 40))
            return *self.embed(snapshots[0] if snapshots else model, words), str(model)

    def check(self, rows, words=()):
        code, _, messages, _, usual = self.embed(self.whole, words)
        self.assertEqual((code, messages), (0, b""))
        for file, title, damage, says in rows:
            with self.subTest(f"{file} {title}"):
                code, out, messages, seconds, peak, model = self.embed_damaged(damage, words)
                text = messages.decode()  # Fails if it is not UTF-8.
                self.assertEqual((code, out), (EXIT_MODEL, b""), text)
                self.assertTrue(text.startswith("merle: ") and text.endswith("\n"), text)
                self.assertTrue(text[:-1].isprintable(), text)  # So it is one line.
                self.assertLess(len(text), 1000)
                self.assertIn(says, text)
                self.assertIn(model if says.startswith(OF_THE_FOLDER) else file, text)
                self.assertLess(seconds, MOST_SECONDS)
                if not SANITIZED:
                    self.assertLess(peak, usual + MOST_GROWTH)

    def test_safetensors(self):
        self.check(table.safetensors_rows())

    def test_other_weights(self):
        self.check(table.other_weights_rows())

    def test_what_is_tried_while_loading(self):
        for compute in ("int8", "auto"):
            self.check(table.tried_rows(), ("--compute", compute))

    def test_shards(self):
        self.check(table.shard_rows())

    def test_modules(self):
        self.check(table.module_rows())

    def test_config(self):
        self.check(table.config_rows())

    def test_what_is_no_file(self):
        self.check(table.place_rows())

    def test_the_cache(self):
        self.check(table.cache_rows())

    def test_tokenizer(self):
        self.check(table.tokenizer_rows())

    def test_vocab(self):
        self.check(table.vocab_rows())

    def test_small_json(self):
        self.check(table.small_json_rows())

    def test_folders_that_look_odd_and_are_fine(self):
        def code_fields(folder):
            for name in (table.CONFIG, table.TOKENIZER_CONFIG):
                put(name, "auto_map", '{"AutoModel":"evil.Model"}')(folder)
                put(name, "custom_pipelines", '{}')(folder)
            put(table.MODULES, "0/type", '"evil.Transformer"')(folder)

        def hard_link(folder):
            os.link(folder / table.CONFIG, folder.parent / "another name")

        odd = {
            "sharded": sharded, "vocab.txt": with_vocab, "code that is not run": code_fields, "hard link": hard_link,
            "link inside": moved(table.CONFIG, "elsewhere/config.json"), "link up and down": moved(table.POOLING, "config2.json"),
            "tensor more": tensors(lambda h, d: (h.update(more={"dtype": "I64", "shape": [0]}), d.update(more=b""))),
            "zero-size tensors": tensors(lambda h, d: [
                (h.update({n: {"dtype": "F32", "shape": [0, 9]}}), d.update({n: b""})) for n in ("x", "y")]),
            "cache": cached, "integer of 31 digits": put(table.TOKENIZER_CONFIG, "model_max_length", "1" + "0" * 30),
        }
        wanted = self.embed(self.whole)[1]
        for title, change in odd.items():
            with self.subTest(title):
                code, out, messages, *_ = self.embed_damaged(change)
                self.assertEqual((code, out), (0, wanted), messages)


if __name__ == "__main__":
    main()
