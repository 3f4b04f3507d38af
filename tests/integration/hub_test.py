"""Fetching models: merle pull and what loads a model, against a hub that also misbehaves."""

import concurrent.futures
import email.utils
import hashlib
import json
import os
import resource
import subprocess
import time

import hub_stand_in as stand_in
from harness import MERLE, MODEL, environment, run, main
from hub_case import FILES, HubTest, MIB, NAME, UNWANTED


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
