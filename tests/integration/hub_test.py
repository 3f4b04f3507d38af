"""Fetching models: merle pull and what loads a model, against a hub that also misbehaves."""

import concurrent.futures
import email.utils
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import time
import unittest

import hub_stand_in as stand_in
from harness import MERLE, MODEL, CommandTest, environment, main, run

NAME = "org/tiny"
FILES = {name: content for name, content in stand_in.files_below(MODEL).items() if name != "cases.jsonl"}
UNWANTED = {"pytorch_model.bin": b"PK", "onnx/model.onnx": b"o", ".gitattributes": b"g", "tf_model.h5": b"h",
            "onnx/config.json": b"{}", "model.fp16.safetensors": b"f"}
MIB = 1 << 20


class HubTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.hub = self.enterContext(stand_in.HubStandIn())
        self.commit = self.hub.add(NAME, {**FILES, **UNWANTED, "README.md": b"# tiny\n"})
        self.cache = self.folder / "cache"
        self.model = self.cache / "models--org--tiny"
        self.snapshot = self.model / "snapshots" / self.commit

    def env(self, **variables):
        return {"HF_HUB_CACHE": str(self.cache), "HF_HUB_OFFLINE": "0", "HF_ENDPOINT": self.hub.endpoint,
                "HF_HUB_DOWNLOAD_TIMEOUT": "2", "no_proxy": "*", **variables}

    def merle(self, *words, **variables):
        return run(*words, env=self.env(**variables))

    def pull(self, *words, **variables):
        done = self.merle("pull", NAME, *words, **variables)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def assert_fails(self, words, *parts, name=NAME, **variables):
        done = self.merle("pull", name, *words, **variables)
        self.assertEqual(done.returncode, 3, done.stderr + done.stdout)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for part in parts:
            self.assertIn(part, done.stderr)

    def assert_whole(self, files=None):
        """The cache holds the model's files and nothing damaged or left over."""
        self.assertEqual((self.model / "refs" / "main").read_text(), self.commit)
        wanted = {**(files or FILES), **({} if files else {"README.md": b"# tiny\n"})}
        self.assertEqual(stand_in.files_below(self.snapshot), wanted)
        for blob in (self.model / "blobs").iterdir():
            content = blob.read_bytes()
            self.assertIn(blob.name, (hashlib.sha256(content).hexdigest(),
                                      hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()))


class APull(HubTest):
    def test_lays_the_cache_out_as_other_tools_do(self):
        self.pull()
        self.assert_whole()
        weights = self.snapshot / "model.safetensors"
        sha256 = hashlib.sha256(FILES["model.safetensors"]).hexdigest()
        self.assertEqual(os.readlink(weights), f"../../blobs/{sha256}")
        pooling = os.readlink(self.snapshot / "1_Pooling" / "config.json")
        self.assertTrue(pooling.startswith("../../../blobs/"), pooling)
        self.assertTrue((self.cache / ".locks" / "models--org--tiny" / f"{sha256}.lock").is_file())
        self.assertTrue((self.cache / "CACHEDIR.TAG").is_file())
        no_exist = self.model / ".no_exist" / self.commit
        self.assertEqual((no_exist / "adapter_config.json").read_bytes(), b"")
        self.assertFalse((no_exist / "config.json").exists())

    def test_says_first_what_it_will_fetch(self):
        page = self.pull()
        total = sum(map(len, FILES.values())) + 7
        for part in (NAME, self.commit, f"{len(FILES) + 1} files", f"{total / 1000:.1f} kB", "model.safetensors",
                     str(self.snapshot)):
            self.assertIn(part, page)
        self.assertLess(page.index("model.safetensors"), page.index("Fetched"))
        self.assertIn("All of it was here", self.pull())

    def test_answers_programs_in_json_and_quietly(self):
        facts = json.loads(self.pull("--json"))
        self.assertEqual((facts["name"], facts["revision"], facts["path"]), (NAME, self.commit, str(self.snapshot)))
        self.assertEqual(facts["bytes"], sum(file["bytes"] for file in facts["files"]))
        self.assertEqual(facts["fetch_bytes"], facts["bytes"])
        self.assertEqual(self.pull("-q"), f"{self.snapshot}\n")
        self.assertEqual(json.loads(self.pull("--json"))["fetch_bytes"], 0)

    def test_with_dry_run_writes_nothing(self):
        self.assertEqual(json.loads(self.pull("--dry-run", "--json"))["revision"], self.commit)
        self.assertFalse(self.cache.exists())
        self.assertEqual(self.hub.paths("storage"), [])

    def test_takes_all_files_from_one_commit_though_the_branch_moves(self):
        def move(handler, _):
            self.hub.add(NAME, {**FILES, "config.json": b"{}"})
            handler.refuse(500, "")
        self.hub.fault("hub", "HEAD /org/tiny/resolve", move)
        self.pull()
        self.assert_whole()

    def test_of_a_revision_leaves_main_alone(self):
        commit = self.hub.add(NAME, {**FILES, "README.md": b"two"}, ref="refs/pr/2")
        self.hub.requests.clear()
        done = self.merle("pull", f"{NAME}@refs/pr/2", "-q")
        self.assertEqual(done.stdout, f"{self.model / 'snapshots' / commit}\n", done.stderr)
        self.assertEqual((self.model / "refs" / "refs" / "pr" / "2").read_text(), commit)
        self.assertFalse((self.model / "refs" / "main").exists())
        self.assertEqual(self.merle("pull", f"{NAME}@{commit}").returncode, 0)

    def test_fetches_only_what_a_newer_commit_changed(self):
        self.pull()
        self.hub.requests.clear()
        self.commit = self.hub.add(NAME, {**FILES, "README.md": b"# tiny\n", "config.json": FILES["config.json"] + b"\n"})
        self.pull()
        self.assertEqual(self.hub.paths("storage"), [])
        self.assertEqual((self.model / "refs" / "main").read_text(), self.commit)

    def test_sends_the_token_to_the_hub_and_never_along_a_redirect(self):
        self.hub.tokens[NAME] = "hf_secret"
        self.assert_fails([], "org/tiny", "HF_TOKEN")
        done = self.merle("pull", NAME, "-v", HF_TOKEN="hf_secret")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("hf_secret", done.stdout + done.stderr)
        seen = {(server, authorization) for server, _, _, authorization, _ in self.hub.requests}
        self.assertIn(("hub", "Bearer hf_secret"), seen)
        self.assertEqual({authorization for server, authorization in seen if server == "storage"}, {None})

    def test_finds_the_token_where_other_tools_keep_it(self):
        self.hub.tokens[NAME] = "hf_file"
        self.write("home/token", "hf_file\n")
        self.pull(HF_HOME=str(self.folder / "home"))
        self.assert_fails([], "HF_TOKEN", HF_HOME=str(self.folder / "home"), HF_HUB_DISABLE_IMPLICIT_TOKEN="1",
                          HF_HUB_CACHE=str(self.folder / "other"))

    def test_sends_no_token_where_that_is_forbidden(self):
        self.pull(HF_TOKEN="hf_secret", HF_HUB_DISABLE_IMPLICIT_TOKEN="1")
        self.assertEqual({authorization for _, _, _, authorization, _ in self.hub.requests}, {None})

    def test_of_a_commit_takes_no_other(self):
        other = self.hub.add(NAME, {**FILES, "README.md": b"other"}, ref="other")
        self.hub.refs[NAME, self.commit] = other  # A hub that answers with what it likes.
        self.assert_fails([], "another commit", name=f"{NAME}@{self.commit}")

    def test_says_where_only_the_size_could_be_checked(self):
        self.hub.extra_headers = {"config.json": {"ETag": '"md5-abc"'}}
        self.assertIn("of 1 files only the size", self.pull())

    def test_counts_and_fetches_files_of_equal_content_once(self):
        weights = b"w" * 1000
        self.hub.add("org/equal", {**FILES, "modules.json": json.dumps([
            {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for i, (path, kind) in enumerate((("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Dense", "Dense"),
                                              ("3_Dense", "Dense")))]).encode(),
            "2_Dense/model.safetensors": weights, "3_Dense/model.safetensors": weights})
        plan = json.loads(self.merle("pull", "org/equal", "--json", "--dry-run").stdout)
        self.assertEqual(plan["bytes"] - plan["fetch_bytes"], len(weights))
        done = self.merle("pull", "org/equal")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.hub.paths("storage")), 2)

    def test_mends_a_ref_that_is_no_commit(self):
        self.write("cache/models--org--tiny/refs/main", "x" * 5000)
        self.pull()
        self.assert_whole()

    def test_keeps_shards_and_leaves_other_forms(self):
        shards = {"model-00001-of-00002.safetensors": b"1" * 9, "model-00002-of-00002.safetensors": b"2" * 9,
                  "model.safetensors.index.json": b"{}", "config.json": b"{}", "tokenizer.json": b"{}"}
        self.commit = self.hub.add(NAME, {**shards, **UNWANTED})
        self.snapshot = self.model / "snapshots" / self.commit
        self.pull()
        self.assert_whole(shards)


class AModelWithoutOrganisation(HubTest):
    NAME = "bert-base-uncased"

    def test_is_pulled_used_listed_shown_and_removed_by_its_name(self):
        commit = self.hub.add(self.NAME, FILES)
        snapshot = self.cache / "models--bert-base-uncased" / "snapshots" / commit
        done = self.merle("pull", self.NAME, "-q")
        self.assertEqual(done.stdout, f"{snapshot}\n", done.stderr)
        offline = {"HF_HUB_OFFLINE": "1"}
        self.assertEqual(self.merle("models", "list", "-q", **offline).stdout, f"{self.NAME}\n")
        self.assertEqual(self.merle("models", "show", self.NAME, "-q", **offline).stdout, f"{snapshot}\n")
        self.assertEqual(self.merle("embed", "-m", self.NAME, "hello", **offline).returncode, 0)
        self.assertEqual(self.merle("models", "remove", self.NAME, **offline).returncode, 0)
        self.assertFalse(snapshot.parents[1].exists())

    def test_is_of_the_reference_unless_its_name_is_older(self):
        self.hub.add("sentence-transformers/tiny", FILES)
        done = self.merle("pull", "tiny", "-q")
        self.assertIn("models--sentence-transformers--tiny", done.stdout, done.stderr)


class ADamagedFile(HubTest):
    """The size is right, so that only the checksum tells."""

    def damage(self, name):
        path = self.snapshot / name
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    def test_is_found_and_fetched_again(self):
        self.pull()
        for name in ("model.safetensors", "1_Pooling/config.json", "tokenizer.json"):
            with self.subTest(name):
                self.damage(name)
                plan = json.loads(self.pull("--dry-run", "--json"))
                self.assertEqual([file["name"] for file in plan["files"] if file["damaged"]], [name])
                self.assertEqual(plan["fetch_bytes"], len(FILES[name]))
                self.assertIn("damaged", self.pull())
                self.assert_whole()
        self.assertIn("All of it was here", self.pull())

    def test_that_is_no_link_is_fetched_again(self):
        self.pull()
        weights = self.snapshot / "model.safetensors"  # As where links can't be had.
        blob = os.path.realpath(weights)
        weights.unlink()
        os.rename(blob, weights)
        self.damage("model.safetensors")
        self.pull()
        self.assert_whole()

    def test_stays_until_its_replacement_is_there(self):
        self.pull()
        self.damage("model.safetensors")
        self.hub.fault("storage", "GET", stand_in.always(stand_in.status(404)))
        self.assert_fails([], "model.safetensors")
        self.assertTrue((self.snapshot / "model.safetensors").exists())

    def test_is_named_without_a_network(self):
        self.pull()
        for variables in ({"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": "http://127.0.0.1:9"}):
            self.assert_fails([], "right checksums", **variables)
        self.damage("model.safetensors")
        for variables in ({"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": "http://127.0.0.1:9"}):
            self.assert_fails([], "checksum is wrong of model.safetensors", **variables)

    def test_is_replaced_by_two_processes_at_once(self):
        self.pull()
        self.damage("model.safetensors")
        self.hub.bytes_per_second = 100_000
        processes = [subprocess.Popen([MERLE, "pull", NAME], env=environment(**self.env()), stdout=subprocess.DEVNULL)
                     for _ in range(2)]
        self.assertEqual([process.wait(timeout=60) for process in processes], [0, 0])
        self.assert_whole()


class AModelThatIsNamed(HubTest):
    def test_is_fetched_once_and_then_used_without_a_network(self):
        done = self.merle("embed", "-m", NAME, "hello", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("fetching org/tiny", done.stderr)
        self.hub.requests.clear()
        again = self.merle("embed", "-m", NAME, "hello", "--json")
        self.assertEqual((again.stdout, again.stderr, self.hub.requests), (done.stdout, "", []))

    def test_is_not_fetched_offline(self):
        for variables in ({"HF_HUB_OFFLINE": "1"}, {"HF_HUB_OFFLINE": "", "TRANSFORMERS_OFFLINE": "1"}):
            for words in (("embed", "-m", NAME, "hello"), ("pull", NAME)):
                done = self.merle(*words, **variables)
                self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(self.hub.requests, [])
        self.assertFalse(self.cache.exists())

    def test_that_lacks_a_file_is_incomplete_offline_and_mended_online(self):
        self.pull()
        for name in ("model.safetensors", "config.json", "tokenizer.json", "1_Pooling/config.json"):
            os.remove(os.path.realpath(self.snapshot / name))
            done = self.merle("embed", "-m", NAME, "hello", HF_HUB_OFFLINE="1")
            self.assertEqual(done.returncode, 3)
            self.assertIn(f"incomplete, it lacks {name}", done.stderr)
            self.assertEqual(self.merle("embed", "-m", NAME, "hello").returncode, 0)
            self.assert_whole()

    def test_without_modules_json_asks_the_hub_for_it(self):
        self.pull()
        whole = self.merle("embed", "-m", NAME, "hello", "--json").stdout
        os.remove(self.snapshot / "modules.json")  # As if transformers alone had fetched it.
        offline = self.merle("embed", "-m", NAME, "hello", "--json", HF_HUB_OFFLINE="1")
        self.assertIn("no modules.json", offline.stderr)
        unreachable = self.merle("embed", "-m", NAME, "hello", "--json", HF_ENDPOINT="http://127.0.0.1:9")
        self.assertEqual((unreachable.returncode, unreachable.stdout), (0, offline.stdout))
        self.assertEqual(self.merle("embed", "-m", NAME, "hello", "--json").stdout, whole)
        self.assert_whole()

    def test_offline_needs_no_other_variable_to_be_right(self):
        self.pull()
        wrong = {"HF_ENDPOINT": "nonsense", "HF_TOKEN": "a b", "HF_HUB_ETAG_TIMEOUT": "soon"}
        self.assertEqual(self.merle("embed", "-m", NAME, "hello", HF_HUB_OFFLINE="1", **wrong).returncode, 0)
        self.assertEqual(self.merle("models", "list", "-q", **wrong).stdout, f"{NAME}\n")

    def test_by_the_begin_of_its_commit_is_that_of_the_cache(self):
        self.pull()
        short = f"{NAME}@{self.commit[:8]}"
        for variables in ({}, {"HF_HUB_OFFLINE": "1"}):
            self.assertEqual(self.merle("models", "show", short, "-q", **variables).stdout, f"{self.snapshot}\n")
        self.assertEqual(self.merle("pull", short, "-q").stdout, f"{self.snapshot}\n")
        self.assertEqual(self.merle("models", "remove", short).returncode, 0)
        self.assertFalse(self.snapshot.exists())

    def test_as_a_folder_needs_no_hub(self):
        done = self.merle("embed", "-m", MODEL, "hello", HF_ENDPOINT="nonsense", HF_TOKEN="a b")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_that_does_not_exist_says_so(self):
        done = self.merle("embed", "-m", "org/none", "hello")
        self.assertEqual(done.returncode, 3)
        self.assertIn("org/none is not on", done.stderr)


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


def strace(*rules):
    """What runs a command so that its system calls go wrong. The search for leaks can't run under strace."""
    return ["strace", "-E", "ASAN_OPTIONS=detect_leaks=0", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + rules[0].split(":")[0],
            *(word for rule in rules for word in ("-e", "inject=" + rule))]


CAN_TRACE = shutil.which("strace") is not None and subprocess.run(
    ["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode == 0


class AnInterruptedPull(HubTest):
    def assert_no_litter(self):
        """What other programs list has nothing that they would take for a fault."""
        if not self.cache.exists():
            return
        self.assertLessEqual({path.name for path in self.cache.iterdir()}, {".locks", "CACHEDIR.TAG", self.model.name})
        self.assertLessEqual({path.name for path in (self.model / "refs").rglob("*")}, {"main"})
        self.assertEqual([path for path in (self.model / ".no_exist").rglob("*")
                          if path.is_file() and not path.name.endswith((".json", ".txt", ".jinja", ".safetensors"))], [])
        if (self.model / "refs" / "main").exists():
            self.assertEqual((self.model / "refs" / "main").read_text(), self.commit)
        if (self.model / "blobs").exists():
            self.assertTrue((self.model / "snapshots").exists())
        if (self.cache / "CACHEDIR.TAG").exists():
            self.assertTrue((self.cache / "CACHEDIR.TAG").read_text().startswith("Signature: "))

    def assert_whole_or_not_used(self):
        """By name and by commit, which needs no ref."""
        for name in (NAME, f"{NAME}@{self.commit}"):
            done = self.merle("embed", "-m", name, "hello", HF_HUB_OFFLINE="1")
            self.assertIn(done.returncode, (0, 3), done.stderr)  # All of it, or a clear no.
            if done.returncode == 0:
                self.assertEqual(done.stderr, "")
                self.assertEqual(stand_in.files_below(self.snapshot), {**FILES, "README.md": b"# tiny\n"})

    @unittest.skipUnless(CAN_TRACE, "strace can't be used")
    def test_killed_at_each_change_of_a_name_leaves_nothing_that_could_be_used(self):
        for call in ("symlink", "rename", "mkdir"):
            for moment in range(1, 100):
                shutil.rmtree(self.cache, ignore_errors=True)
                done = subprocess.run([*strace(f"{call}:signal=KILL:when={moment}"), MERLE, "pull", NAME],
                                      env=environment(**self.env()), capture_output=True, check=False)
                with self.subTest(call=call, moment=moment):
                    self.assert_no_litter()
                    self.assert_whole_or_not_used()
                    self.pull()
                    self.assert_whole()
                    self.assertEqual(list((self.model / "blobs").glob("*.incomplete")), [])
                if done.returncode == 0:
                    break
            self.assertGreater(moment, 3, call)

    def test_leaves_what_the_next_one_takes_away(self):
        locks = self.cache / ".locks" / "models--org--tiny"
        locks.mkdir(parents=True)
        for name, age in (("main.1.1.tmp", 7200), ("main.2.1.tmp", 0), ("x.lock", 7200)):
            (locks / name).write_text("")
            os.utime(locks / name, (time.time() - age,) * 2)
        self.pull()
        self.assertFalse((locks / "main.1.1.tmp").exists())
        self.assertTrue((locks / "main.2.1.tmp").exists() and (locks / "x.lock").exists())

    def ranges(self):
        return [wanted for server, _, _, _, wanted in self.hub.requests if server == "storage"]

    def test_goes_on_when_the_connection_breaks(self):
        self.hub.fault("storage", "GET", stand_in.drop_after(10000))
        self.pull()
        self.assert_whole()
        self.assertEqual(self.ranges(), [None, "bytes=10000-"])

    def test_goes_on_in_the_next_run(self):
        self.hub.fault("storage", "GET", stand_in.drop_after(10000))
        self.hub.fault("storage", "GET", stand_in.always(stand_in.status(404)))
        self.assert_fails([])
        self.assertEqual(len(list((self.model / "blobs").glob("*.incomplete"))), 1)
        self.hub.faults.clear()
        self.hub.requests.clear()
        self.pull()
        self.assert_whole()
        self.assertEqual(self.ranges(), ["bytes=10000-"])

    def test_starts_again_where_the_server_cannot_go_on(self):
        self.hub.fault("storage", "GET", stand_in.drop_after(10000),
                       stand_in.always(stand_in.other_content(lambda all_of_it: all_of_it)))
        self.pull()
        self.assert_whole()

    def test_starts_again_when_what_was_left_is_damaged(self):
        self.hub.fault("storage", "GET", stand_in.drop_after(10000), stand_in.always(stand_in.status(404)))
        self.assert_fails([])
        (left,) = (self.model / "blobs").glob("*.incomplete")
        left.write_bytes(bytes(10000))
        self.hub.faults.clear()
        self.pull()
        self.assert_whole()

    def test_is_not_harmed_by_a_stall(self):
        self.hub.fault("hub", "GET /org/tiny/resolve", stand_in.hang(4))
        self.pull()
        self.assert_whole()

    def test_killed_at_20_random_moments_finishes_each_time(self):
        whole = time.monotonic()
        self.hub.bytes_per_second = 100_000
        self.pull()
        whole = time.monotonic() - whole
        moments = random.Random(20)
        for trial in range(20):
            self.assertEqual(self.merle("models", "remove", NAME).returncode, 0)
            with subprocess.Popen([MERLE, "pull", NAME], env=environment(**self.env()), stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) as process:
                time.sleep(moments.uniform(0, whole))
                process.send_signal(signal.SIGKILL)
            if not self.model.exists():
                self.model.mkdir(parents=True)  # So that the next trial finds something to remove.
            self.assert_no_litter()
            self.assert_whole_or_not_used()
            self.pull()
            self.assert_whole()
            self.assertEqual(list((self.model / "blobs").glob("*.incomplete")), [], trial)


class TwoProcesses(HubTest):
    def test_fetch_a_model_once_between_them(self):
        self.hub.bytes_per_second = 50_000
        processes = [subprocess.Popen([MERLE, "pull", NAME, "-v"], env=environment(**self.env()),
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        outputs = [process.communicate(timeout=60) for process in processes]
        self.assertEqual([process.returncode for process in processes], [0, 0], outputs)
        self.assert_whole()
        self.assertEqual(len(self.hub.paths("storage")), 1)
        self.assertTrue(any("waiting for another process" in error for _, error in outputs), outputs)


class ProcessesWithoutLocks(HubTest):
    """A file system such as NFS may have none."""

    @unittest.skipUnless(CAN_TRACE, "strace can't be used")
    def test_that_pull_at_once_do_not_spoil_each_others_files(self):
        def all_of_it(handler, content):
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(content)))
            handler.end_headers()
            handler.send_slowly(content)
        self.hub.bytes_per_second = 50_000
        for trial in range(2):
            if trial == 1:  # A server without ranges makes each start again.
                self.hub.fault("storage", "GET", stand_in.always(stand_in._with_content(all_of_it)))
            shutil.rmtree(self.cache, ignore_errors=True)
            processes = []
            for _ in range(3):
                processes.append(subprocess.Popen([*strace("flock:error=ENOLCK"), MERLE, "pull", NAME],
                                                  env=environment(**self.env()), text=True,
                                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
                time.sleep(0.2)
            errors = [process.communicate(timeout=60)[1] for process in processes]
            self.assertEqual([process.returncode for process in processes], [0, 0, 0], errors)
            self.assert_whole()
            self.assertEqual(list((self.model / "blobs").glob("*.incomplete")), [])


def grows(content):
    return content + b"more"


def in_seconds(seconds):
    """An HTTP date."""
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


def changes(content):
    return content[:-1] + bytes([content[-1] ^ 1])


class AHubThatMisbehaves(HubTest):
    """Each row has a hub and a cache of its own, and all run side by side: most of their time is waiting."""

    # server, part of the request, faults, words of the message (none: the pull succeeds all the same)
    FAULTS = {
        "asks to wait": ("hub", "/api/models", [stand_in.status(429, Retry_After="1")], ()),
        "has a passing fault": ("storage", "GET", [stand_in.status(503)], ()),
        "has a lasting fault": ("hub", "/api/models", [stand_in.always(stand_in.status(500))], ("500", "later")),
        "asks to wait until a time that is past": (
            "hub", "/api/models", [stand_in.status(503, Retry_After="Sun, 06 Nov 1994 08:49:37 GMT")], ()),
        "asks to wait until tomorrow": ("hub", "/api/models", [stand_in.status(429, Retry_After=in_seconds(86400))],
                                        ("too many requests",)),
        "refuses in its storage": ("storage", "GET", [stand_in.always(stand_in.status(403))],
                                   ("model.safetensors", "127.0.0.2", "403", "storage")),
        "has a lasting fault in its storage": ("storage", "GET", [stand_in.always(stand_in.status(503))],
                                               ("model.safetensors", "storage of the hub", "127.0.0.2", "503")),
        "is behind a proxy that wants a password": ("hub", "/api/models", [stand_in.status(407)],
                                                    ("proxy", "user", "407")),
        "asks to wait for an hour": ("hub", "/api/models", [stand_in.status(429, Retry_After="3600")],
                                     ("too many requests",)),
        "is not there": ("hub", "/api/models", [stand_in.always(stand_in.hang(0))], ("/api/models",)),
        "sends other bytes": ("storage", "GET", [stand_in.always(stand_in.other_content(changes))],
                              ("model.safetensors", "checksum")),
        "sends more than it said": ("storage", "GET", [stand_in.always(stand_in.other_content(grows))],
                                    ("model.safetensors", "more than")),
        "sends less than it said": ("storage", "GET",
                                    [stand_in.always(stand_in.other_content(lambda all_of_it: all_of_it[:100]))],
                                    ("model.safetensors", "announced")),
        "sends another part": ("storage", "GET", [stand_in.always(stand_in.part_from(5))], ("another part",)),
        "sends a file without end": ("storage", "GET", [stand_in.always(stand_in.endless())], ("more than",)),
        "sends a list without end": ("hub", "/api/models", [stand_in.endless()], ("larger than",)),
        "sends an error without end": ("hub", "/api/models", [stand_in.always(stand_in.endless(404))], ("org/tiny",)),
        "sends no JSON": ("hub", "/api/models", [stand_in.text(b"<html>")], ("JSON",)),
        "redirects in a circle": ("hub", "GET /org/tiny/resolve",
                                  [stand_in.always(stand_in.redirect("/org/tiny/resolve/x/y"))], ("redirects",)),
        "redirects to a file": ("hub", "GET /org/tiny/resolve", [stand_in.redirect("file:///etc/passwd")],
                                ("http",)),
    }

    def try_fault(self, number, server, part, faults, words):
        """Returns what is wrong, or nothing."""
        cache = self.folder / str(number)
        model = cache / "models--org--tiny"
        with stand_in.HubStandIn() as hub:
            hub.add(NAME, FILES)
            hub.fault(server, part, *faults)
            start = time.monotonic()
            done = self.merle("pull", NAME, HF_HUB_CACHE=str(cache), HF_ENDPOINT=hub.endpoint)
            if time.monotonic() - start > 30:
                return "it takes too long"
        if not words:
            return done.stderr if done.returncode else None
        if done.returncode != 3 or done.stderr.count("\n") != 1 or not all(word in done.stderr for word in words):
            return f"exit code {done.returncode}, {done.stderr}"
        if (model / "refs").exists() or (model / "blobs" / hashlib.sha256(FILES["model.safetensors"]).hexdigest()).exists():
            return "it keeps what it should not"
        return None

    def test_gives_one_clear_line_or_no_harm(self):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        with concurrent.futures.ThreadPoolExecutor(len(self.FAULTS)) as threads:
            tries = {name: threads.submit(self.try_fault, number, *row)
                     for number, (name, row) in enumerate(self.FAULTS.items())}
        for name, tried in tries.items():
            with self.subTest(name):
                self.assertIsNone(tried.result())
        grown = (resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - before) * 1024
        self.assertLess(grown, 512 * MIB)

    REFUSALS = {
        "no such model": ("org/none", {}, ("org/none", "HF_TOKEN")),
        "no such revision": (NAME + "@v9", {}, ("org/tiny@v9", "no such branch")),
        "a gated model": ("org/gated", {"HF_TOKEN": "t"}, ("gated", "accept its terms")),
        "no weights": ("org/pickle", {}, ("model.safetensors",)),
        "a name that climbs": ("org/..", {}, ("org/name",)),
        "a token with a line end": (NAME, {"HF_TOKEN": "a\r\nX: y"}, ("HF_TOKEN",)),
        "a password in the address": (NAME, {"HF_ENDPOINT": "http://u:secret@127.0.0.1"}, ("HF_ENDPOINT", "password")),
        "a folder": (MODEL, {}, (str(MODEL), "is a folder")),
        "no address": (NAME, {"HF_ENDPOINT": "ftp://x"}, ("HF_ENDPOINT",)),
        "nobody there": (NAME, {"HF_ENDPOINT": "http://127.0.0.1:9"}, ("127.0.0.1", "check the network")),
    }

    def test_refusals_say_what_to_do(self):
        self.hub.add("org/gated", FILES)
        self.hub.gated.add("org/gated")
        self.hub.add("org/pickle", {"config.json": b"{}", "pytorch_model.bin": b"PK"})
        for name, (model, variables, words) in self.REFUSALS.items():
            with self.subTest(name):
                done = self.merle("pull", model, **variables)
                self.assertIn(done.returncode, (2, 3), done.stdout)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                for word in words:
                    self.assertIn(word, done.stderr)

    def test_where_no_connection_can_be_made_that_is_said_at_once(self):
        port = self.hub.endpoint.rsplit(":", 1)[1]
        for name, variables in {
                "no TLS": {"HF_ENDPOINT": f"https://127.0.0.1:{port}"},
                "a proxy that refuses": {"HF_ENDPOINT": "https://hub.invalid", "no_proxy": "",
                                         "https_proxy": f"http://127.0.0.1:{port}"}}.items():
            with self.subTest(name):
                start = time.monotonic()
                self.assert_fails([], "check the network", **variables)
                self.assertLess(time.monotonic() - start, 3)

    def test_a_password_in_a_redirect_is_not_shown(self):
        for place in ("http://user:pa55@127.0.0.1:9/x?sig=pa55", "ftp://user:pa55@127.0.0.1/x?sig=pa55"):
            self.hub.faults.clear()
            self.hub.fault("hub", "GET /org/tiny/resolve", stand_in.always(stand_in.redirect(place)))
            done = self.merle("pull", NAME, "-v")
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertNotIn("pa55", done.stderr)

    def test_a_list_of_many_files_is_read(self):
        many = {f"data/{i:06}-{'x' * 90}.txt": b"" for i in range(50_000)}  # 5.5 MB.
        self.commit = self.hub.add(NAME, {**FILES, **many, "README.md": b"# tiny\n"})
        self.snapshot = self.model / "snapshots" / self.commit
        self.pull()
        self.assert_whole()

    def test_without_checksums_on_this_machine_says_so(self):
        settings = self.write("openssl.cnf", "openssl_conf = init\n[init]\nalg_section = algs\n"
                                             "[algs]\ndefault_properties = fips=yes\n")
        self.assert_fails([], "OpenSSL", "OPENSSL_CONF", OPENSSL_CONF=str(settings))

    LIES = {
        "an ETag that climbs": ("config.json", {"ETag": '"../../../x"'}, ("config.json", "ETag")),
        "no ETag": ("config.json", {"ETag": ""}, ("ETag",)),
        "another commit": ("config.json", {"X-Repo-Commit": "1" * 40}, ("another commit",)),
        "a file larger than the disk": ("model.safetensors", {"X-Linked-Size": str(10 ** 18)}, ("free",)),
        "a size that would wrap": ("model.safetensors", {"X-Linked-Size": str(2 ** 64 - 1)}, ("too large",)),
        "a size that is no number": ("model.safetensors", {"X-Linked-Size": "-1"}, ("size",)),
    }

    def test_lies_about_a_file_are_found_before_anything_is_kept(self):
        for name, (file, headers, words) in self.LIES.items():
            with self.subTest(name):
                self.hub.extra_headers = {file: headers}
                self.assert_fails([], *words)
                self.assertFalse(self.model.exists())

    def test_names_and_folders_outside_the_model_are_not_taken(self):
        evil = {"../../evil.json": b"{}", "/etc/evil.json": b"{}", "a/../../evil.json": b"{}", "..\\evil.json": b"{}"}
        self.commit = self.hub.add(NAME, {**FILES, **evil, "README.md": b"# tiny\n"})
        self.snapshot = self.model / "snapshots" / self.commit
        self.pull()
        self.assert_whole()
        self.assertEqual(list(self.folder.rglob("evil*")), [])
        many = [{"idx": i, "name": "0", "path": "a", "type": "x"} for i in range(12000)]
        self.hub.add("org/many", {**FILES, **{f"a/{i}.json": b"{}" for i in range(5000)},
                                  "modules.json": json.dumps(many).encode()})
        self.assert_fails([], "more than 64 modules", name="org/many")
        modules = [{"idx": 0, "name": "0", "path": "../..", "type": "sentence_transformers.models.Transformer"}]
        self.hub.add("org/climbs", {**FILES, "modules.json": json.dumps(modules).encode()})
        self.assert_fails([], "modules.json", name="org/climbs")


if __name__ == "__main__":
    main()
