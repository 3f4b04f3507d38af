"""The cache of models: as other programs leave it, without links, listed, and what is removed from it."""

import json
import os
import shutil
import subprocess
import time
import unittest

import hub_stand_in as stand_in
from harness import MERLE, environment, run, main
from hub_case import FILES, HubTest, NAME


class ACacheOfAnotherProgram(HubTest):
    """It may lack files that a model can do without, and nothing tells whether this model does."""

    def setUp(self):
        super().setUp()
        self.pull()
        self.whole = self.embed().stdout
        shutil.rmtree(self.model / ".no_exist")

    def embed(self, **variables):
        done = self.merle("embed", "-m", NAME, "a b c d e f g h i j k l m n", "--json", **variables)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def test_is_completed_where_the_hub_has_more(self):
        for name in ("sentence_bert_config.json", "tokenizer_config.json", "modules.json"):
            with self.subTest(name):
                os.remove(self.snapshot / name)
                shutil.rmtree(self.model / ".no_exist", ignore_errors=True)
                offline = self.embed(HF_HUB_OFFLINE="1")
                self.assertIn(name, offline.stderr)
                self.assertEqual(self.embed().stdout, self.whole)
                self.assert_whole()

    def test_is_asked_for_once_and_nothing_is_fetched_where_the_hub_has_no_more(self):
        self.hub.requests.clear()
        self.assertEqual((self.embed().stdout, len(self.hub.requests)), (self.whole, 1))
        again = self.embed()
        self.assertEqual((again.stdout, self.warnings(again), len(self.hub.requests)), (self.whole, [], 1))
        self.assertEqual(self.warnings(self.embed(HF_HUB_OFFLINE="1")), [])

    def warnings(self, done):
        return [line for line in done.stderr.splitlines() if "the text was cut" not in line]

    def assert_used_with_a_warning(self, done, offline):
        self.assertEqual((done.returncode, done.stdout), (0, offline.stdout), done.stderr)
        (warning,) = self.warnings(done)
        self.assertIn("no modules.json", warning)

    def test_is_used_where_the_hub_cannot_tell(self):
        os.remove(self.snapshot / "modules.json")
        offline = self.embed(HF_HUB_OFFLINE="1")
        for fault in (stand_in.status(401), stand_in.status(403), stand_in.text(b"<html>"), stand_in.status(404)):
            self.hub.fault("hub", "/api/models", fault)
            self.assert_used_with_a_warning(self.embed(), offline)
        self.hub.tokens[NAME] = "hf_gone"
        self.assert_used_with_a_warning(self.embed(), offline)

    @unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
    def test_is_used_where_it_cannot_be_written(self):
        os.remove(self.snapshot / "modules.json")
        offline = self.embed(HF_HUB_OFFLINE="1")
        self.folder.chmod(0o755)
        words = [MERLE, "embed", "-m", NAME, "a b c d e f g h i j k l m n", "--json"]
        done = subprocess.run(words, env=environment(**self.env()), user=65534, group=65534, extra_groups=[],
                              capture_output=True, text=True, check=False)
        self.assert_used_with_a_warning(done, offline)


class ACacheWithoutLinks(HubTest):
    LINKS = {"HF_HUB_DISABLE_SYMLINKS": "1"}

    def links(self):
        return [path for path in self.model.rglob("*") if path.is_symlink()]

    def test_has_plain_files(self):
        self.pull(**self.LINKS)
        self.assert_whole()
        self.assertEqual((self.links(), list((self.model / "blobs").iterdir())), ([], []))
        self.assertIn("All of it was here", self.pull())
        self.assertEqual(self.merle("embed", "-m", NAME, "hello", HF_HUB_OFFLINE="1").returncode, 0)

    def test_keeps_the_blobs_that_others_need(self):
        self.pull()
        first, self.commit = self.snapshot, self.hub.add(NAME, {**FILES, "README.md": b"# tiny\n", "vocab.txt": b"a"})
        self.snapshot = self.model / "snapshots" / self.commit
        self.pull(**self.LINKS)
        self.assert_whole({**FILES, "README.md": b"# tiny\n", "vocab.txt": b"a"})
        self.assertEqual([path for path in self.links() if not path.exists() or first not in path.parents
                          and first not in path.parent.parents], [])


class ModelsRemove(HubTest):
    def setUp(self):
        super().setUp()
        self.pull()
        self.first = self.commit
        self.commit = self.hub.add(NAME, {**FILES, "README.md": b"# tiny, again\n"}, ref="v2")
        self.assertEqual(self.merle("pull", f"{NAME}@v2").returncode, 0)

    def remove(self, *words):
        done = self.merle("models", "remove", *words, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_of_a_revision_keeps_what_another_needs(self):
        removed = self.remove(f"{NAME}@v2")
        self.assertEqual((removed["revisions"], removed["bytes"]), ([self.commit], len(b"# tiny, again\n")))
        self.assertFalse((self.model / "refs" / "v2").exists())
        self.assertFalse((self.model / "snapshots" / self.commit).exists())
        self.commit = self.first
        self.assert_whole()

    def test_of_a_model_takes_all_of_it(self):
        self.assertEqual(self.remove(NAME, "--dry-run")["bytes"], self.remove(NAME)["bytes"])
        self.assertEqual([path.name for path in self.cache.iterdir() if path.name.startswith("models--")], [])
        self.assertEqual(self.merle("models", "remove", NAME).returncode, 3)

    def test_with_dry_run_removes_nothing(self):
        before = stand_in.files_below(self.cache)
        removed = self.remove(NAME, "--dry-run")
        self.assertEqual(sorted(removed["revisions"]), sorted([self.first, self.commit]))
        self.assertEqual(stand_in.files_below(self.cache), before)


    def test_during_a_pull_is_refused(self):
        self.hub.bytes_per_second = 20_000
        with subprocess.Popen([MERLE, "pull", f"{NAME}@main"], env=environment(**self.env(
                HF_HUB_CACHE=str(self.folder / "other"))), stdout=subprocess.DEVNULL) as process:
            blobs = self.folder / "other" / "models--org--tiny" / "blobs"
            while not list(blobs.glob("*.incomplete")):
                time.sleep(0.01)
            done = self.merle("models", "remove", NAME, HF_HUB_CACHE=str(self.folder / "other"))
            self.assertEqual(done.returncode, 3, done.stdout)
            self.assertIn("is being fetched by another process", done.stderr)
            self.assertEqual(process.wait(timeout=60), 0)
        done = self.merle("models", "remove", NAME, HF_HUB_CACHE=str(self.folder / "other"))
        self.assertEqual(done.returncode, 0, done.stderr)


class ModelsList(HubTest):
    def models(self):
        return {model["name"]: model["problem"] for model in map(
            json.loads, self.merle("models", "list", "--json").stdout.splitlines())}

    def test_marks_what_is_incomplete(self):
        self.pull()
        self.hub.add("org/other", FILES)
        self.assertEqual(self.merle("pull", "org/other").returncode, 0)
        self.assertEqual(self.models(), {NAME: None, "org/other": None})
        for name in ("README.md", "1_Pooling/config.json", "model.safetensors"):
            os.remove(os.path.realpath(self.snapshot / name))
            self.assertEqual(self.models(), {NAME: f"lacks {name}", "org/other": None})
        lines = self.merle("models", "list").stdout.splitlines()
        self.assertEqual(["incomplete: lacks model.safetensors" in line for line in lines], [False, False, True])


    def test_says_where_the_cache_cannot_be_read(self):
        self.write("file", "")
        done = self.merle("models", "list", HF_HUB_CACHE=str(self.folder / "file"))
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("can't be read", done.stderr)


if __name__ == "__main__":
    main()
