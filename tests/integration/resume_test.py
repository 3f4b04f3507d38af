"""Large inputs: shards, memory that does not grow, and runs that are killed at any moment and go on."""

import json
import os
import random
import resource
import shutil
import signal
import struct
import subprocess
import time

from harness import MERLE, MODEL, MODELS, CommandTest, environment, json_lines, main, read_npy, run

# Then all is slow, and memory is not that of the program alone.
STRANGE = bool(os.environ.get("MERLE_SANITIZE") or os.environ.get("MERLE_EMULATED"))
ROWS = 20_000 if STRANGE else 200_000
OTHER_MODEL = MODELS / "st-pooling-max"


def record(i):
    return json.dumps({"id": f"row {i}", "text": f"Hello token {i % 9973} of world {i % 17}"}) + "\n"


def change_last_row_of_words(model):
    """Changes a row of the embedding table that no probe meets."""
    (length,) = struct.unpack_from("<Q", model)
    header = json.loads(model[8:8 + length])
    (name,) = (name for name in header if name.endswith("word_embeddings.weight"))
    end = 8 + length + header[name]["data_offsets"][1]
    return model[:end - 4] + struct.pack("<f", 0.5) + model[end:]


class LargeInputs(CommandTest):
    def setUp(self):
        super().setUp()
        self.input = self.write("in.jsonl", "".join(map(record, range(ROWS))))
        self.model = MODEL

    def words(self, *words):
        return ["embed", "-q", "-m", self.model, "--on-long", "cut", *words]

    def embed(self, name, *words):
        """Runs to the end. Returns the bytes of the file."""
        self.succeed(*self.words("-i", self.input, "-o", self.folder / name, *words))
        return (self.folder / name).read_bytes()

    def kill_after(self, seconds, name, *words):
        """Returns whether it was killed before its end."""
        command = [MERLE, *map(str, self.words("-i", self.input, "-o", self.folder / name, *words))]
        with subprocess.Popen(command, env=environment()) as process:
            time.sleep(seconds)
            process.kill()
        return process.returncode != 0

    def assert_same(self, got, expected, form=None):
        self.assertTrue(got == expected, form)  # assertEqual would print megabytes.

    def leftovers(self):
        return sorted(path.name for path in self.folder.iterdir() if ".partial" in path.name)

    def kill_when_something_is_done(self, process, name):
        journal = self.folder / f"{name}.partial.journal"
        deadline = time.monotonic() + 60
        written = False
        while not written and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
            written = journal.exists() and journal.read_bytes().count(b"\n") > 1
        process.kill()
        self.assertTrue(written, "it ended before it had written its journal")

    def interrupt_midway(self, name, *words):
        """Leaves a run behind that has done something, but not all."""
        command = [MERLE, *map(str, self.words("-i", self.input, "-o", self.folder / name, "--resume", *words))]
        with subprocess.Popen(command, env=environment()) as process:
            self.kill_when_something_is_done(process, name)


class Resume(LargeInputs):
    FORMS = (("v.npy",), ("v.safetensors",), ("v.jsonl",), ("v.txt",), ("v.npy", "--precision", "binary"),
             ("v.jsonl", "--precision", "int8"), ("v.safetensors", "--precision", "uint8"),
             ("v.jsonl", "--shard", "2/3"), ("v.npy", "--dim", "7"), ("v.npy", "--normalize", "--threads", "1"))

    def test_killed_at_20_random_moments_gives_the_same_bytes(self):
        moments = random.Random(20)
        midway = 0
        for form in self.FORMS:
            begun = time.monotonic()
            expected = self.embed(*form)
            whole = time.monotonic() - begun
            output = self.folder / form[0]
            output.unlink()
            for _ in range(2):
                killed = self.kill_after(moments.uniform(0, whole), *form, "--resume")
                if output.exists():
                    self.assert_same(output.read_bytes(), expected, form)  # Whole, or not there.
                elif killed and len(self.leftovers()) == 2:
                    midway += 1
                    with open(f"{output}.partial", "ab") as partial:  # As the loss of power may leave it.
                        partial.write(b"\0" * 1000)
            self.assert_same(self.embed(*form, "--resume"), expected, form)
            self.assertEqual(self.leftovers(), [], form)
            output.unlink()
        self.assertGreater(midway, 4)  # Else the moments were badly chosen.

    def test_an_interrupt_keeps_what_is_done_and_says_so(self):
        expected = self.embed("whole.npy")
        self.interrupt_midway("v.npy")
        again = run(*self.words("-v"), "-i", self.input, "-o", self.folder / "v.npy", "--resume")
        self.assertEqual((again.returncode, again.stderr), (0, ""))  # -q wins.
        self.assert_same((self.folder / "v.npy").read_bytes(), expected)
        command = [MERLE, "embed", "-m", MODEL, "-o", "w.npy", "--resume"]
        with subprocess.Popen(command, env=environment(), cwd=self.folder, stdin=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            process.stdin.write(b"hello\nworld\n" * 5000)
            process.stdin.flush()
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            messages = process.stderr.read().decode()
        self.assertEqual(process.returncode, 130)
        self.assertRegex(messages, r"^merle: [\d,]+ texts are kept in \S*w\.npy\.partial; .*--resume goes on\n$")

    def test_standard_input_is_read_again(self):
        text = "".join(f"line {i}\n" for i in range(3 * ROWS))
        words = self.words("-o", self.folder / "v.npy")
        self.succeed(*words, stdin=text)
        expected = (self.folder / "v.npy").read_bytes()
        (self.folder / "v.npy").unlink()
        with subprocess.Popen([MERLE, *map(str, words), "--resume"], env=environment(), stdin=subprocess.PIPE) as process:
            process.stdin.write(text[:len(text) // 2].encode())
            process.stdin.flush()
            self.kill_when_something_is_done(process, "v.npy")
            process.stdin.close()
        self.assertEqual(self.leftovers(), ["v.npy.partial", "v.npy.partial.journal"])
        done = run("embed", *words[2:], "--resume", "-v", stdin=text)
        self.assertRegex(done.stderr, r"going on behind [\d,]+ texts")
        self.assert_same((self.folder / "v.npy").read_bytes(), expected)

    def test_an_error_in_a_row_can_be_mended(self):
        good = self.input.read_text(encoding="utf-8")
        expected = self.embed("whole.jsonl")
        place = good.index(record(ROWS - 10))
        self.input.write_text(good[:place] + "broken\n" + good[place + len(record(ROWS - 10)):], encoding="utf-8")
        output = self.folder / "v.jsonl"
        done = run("embed", "-m", MODEL, "-i", self.input, "-o", output, "--resume")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"texts are kept in .*\nmerle: .*in\.jsonl:\d+: .*\n$")
        self.assertFalse(output.exists())
        self.input.write_text(good, encoding="utf-8")
        self.assert_same(self.embed("v.jsonl", "--resume"), expected)

    def test_a_text_that_is_too_long_can_be_cut_afterwards(self):
        self.input.write_text('{"text":"hello"}\n' * ROWS + '{"text":"%s"}\n' % ("long " * 500), encoding="utf-8")
        expected = self.embed("whole.npy")
        words = ["embed", "-q", "-m", MODEL, "-i", self.input, "-o", self.folder / "v.npy", "--resume"]
        self.assertEqual(run(*words, "--on-long", "error").returncode, 1)
        self.assertIn("v.npy.partial.journal", self.leftovers())
        self.succeed(*words, "--on-long", "cut")
        self.assert_same((self.folder / "v.npy").read_bytes(), expected)

    def test_bad_rows_are_counted_once(self):
        rows = self.input.read_text(encoding="utf-8").splitlines(keepends=True)
        rows[5] = rows[ROWS - 5] = "broken\n"
        self.input.write_text("".join(rows), encoding="utf-8")
        words = ["embed", "-m", MODEL, "-i", self.input, "--skip-bad", "-o"]
        self.assertEqual(run(*words, self.folder / "whole.jsonl").returncode, 4)
        self.interrupt_midway("v.jsonl", "--skip-bad")
        done = run(*words, self.folder / "v.jsonl", "--resume")
        self.assertEqual(done.returncode, 4)
        self.assertIn("left out 2 bad rows", done.stderr)
        self.assert_same((self.folder / "v.jsonl").read_bytes(), (self.folder / "whole.jsonl").read_bytes())

    def test_without_it_the_leftovers_are_replaced(self):
        expected = self.embed("whole.npy", "--dim", "4")
        self.interrupt_midway("v.npy")
        done = run("embed", "-m", MODEL, "-i", self.input, "-o", self.folder / "v.npy", "--dim", "4")
        self.assertIn("v.npy.partial of an interrupted run is replaced", done.stderr)
        self.assert_same((self.folder / "v.npy").read_bytes(), expected)
        self.assertEqual(self.leftovers(), [])

    def test_what_would_not_fit_is_refused_and_stays(self):
        self.interrupt_midway("v.npy", "--normalize")
        partial = self.folder / "v.npy.partial"
        done_bytes = json_lines((self.folder / "v.npy.partial.journal").read_text())[-1]["bytes"]
        kept = partial.read_bytes()[:done_bytes]
        other = self.write("other.jsonl", self.input.read_text(encoding="utf-8").replace("token 3 ", "token 4 "))
        shutil.copytree(MODEL, self.folder / "same")  # Elsewhere, it is the same model.
        short = self.write("short.jsonl", "".join(map(record, range(3))))
        words = ("--normalize", "--resume", "-m", MODEL)
        for changed, problem in (
                ((*words, "-i", self.input, "--dim", "8"), "--dim was '16', now it is '8'"),
                ((*words, "-i", self.input, "--precision", "binary"), "--precision was 'float32', now it is 'binary'"),
                ((*words, "-i", self.input, "--format", "safetensors"), "the form was 'npy'"),
                ((*words, "-i", self.input, "--prompt", "query: "), "the prompt was '', now it is 'query: '"),
                ((*words, "-i", self.input, "--on-long", "error"), "--on-long was 'cut', now it is 'error'"),
                ((*words, "-i", self.input, "--compute", "int8"), "--compute was 'f32', now it is 'int8'"),
                ((*words, "-i", self.input, "--shard", "1/2"), "--shard was '1/1', now it is '1/2'"),
                (("--resume", "-m", MODEL, "-i", self.input), "--normalize was 'on', now it is 'off'"),
                ((*words[:2], "-m", OTHER_MODEL, "-i", self.input), "the length limit was '8', now it is '64'"),
                ((*words[:2], "-m", self.folder / "same", "-i", short), "are not those of this input"),
                ((*words, "-i", other), "are not those of this input"),
                ((*words, "-i", short), "are not those of this input")):
            with self.subTest(changed=changed):
                done = run("embed", *changed, "-o", self.folder / "v.npy")
                self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertIn(problem, done.stderr)
                self.assertIn("leave --resume out", done.stderr)
                self.assertEqual(partial.read_bytes()[:done_bytes], kept)
        self.embed("v.npy", "--normalize", "--resume")

    def test_a_model_of_other_files_is_refused(self):
        self.model = self.folder / "model"
        shutil.copytree(OTHER_MODEL, self.model)
        self.interrupt_midway("v.npy")
        for name, change, problem in (
                ("tokenizer_config.json", lambda text: text.replace(b'"model_max_length": 64', b'"model_max_length": 50'),
                 "the length limit was '64', now it is '50'"),
                ("model.safetensors", change_last_row_of_words, "the fingerprint of the model was"),
                ("tokenizer.json", lambda text: text + b" ", "the fingerprint of the model was"),
                ("1_Pooling/config.json", lambda text: text + b" ", "the fingerprint of the model was"),
                ("modules.json", lambda text: text + b" ", "the fingerprint of the model was")):
            with self.subTest(name=name):
                was = (self.model / name).read_bytes()
                changed = change(was)
                self.assertNotEqual(changed, was)
                (self.model / name).write_bytes(changed)
                done = run(*self.words("-i", self.input, "-o", self.folder / "v.npy", "--resume"))
                (self.model / name).write_bytes(was)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(problem, done.stderr)
        self.embed("v.npy", "--resume")  # The files have other times now, and the same bytes.

    def test_a_cache_does_not_change_what_a_model_is(self):
        expected = self.embed("whole.npy", "--compute", "int8")
        self.interrupt_midway("v.npy", "--compute", "int8")
        for _ in range(2):  # It fills the cache, and takes from it.
            done = run(*self.words("-i", self.input, "-o", self.folder / "v.npy", "--compute", "int8", "--resume"),
                       env={"MERLE_CACHE": str(self.folder / "cache")})
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assert_same((self.folder / "v.npy").read_bytes(), expected)
            (self.folder / "v.npy").unlink()
            self.interrupt_midway("v.npy", "--compute", "int8")

    def test_bytes_that_changed_are_refused(self):
        for form in (("v.npy",), ("v.jsonl", "--precision", "int8")):
            with self.subTest(form=form):
                self.interrupt_midway(*form)
                partial = self.folder / f"{form[0]}.partial"
                content = bytearray(partial.read_bytes())
                content[500] ^= 1
                partial.write_bytes(content)
                done = run(*self.words("-i", self.input, "-o", self.folder / form[0], *form[1:], "--resume"))
                self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1), done.stderr)
                self.assertRegex(done.stderr, r"partial: its first \d+ bytes are not what was written; leave --resume out")
                content[500] ^= 1
                content[20] ^= 1  # Of a header, which is written again.
                partial.write_bytes(content)
                if form[0] == "v.npy":
                    self.embed(*form, "--resume")

    def finish_but_for_the_journal(self, name, *words):
        """Does all, and leaves what a death between the last two steps would leave."""
        self.interrupt_midway(name, *words)
        journal = self.folder / f"{name}.partial.journal"
        os.link(journal, self.folder / "kept")
        done = self.embed(name, "--resume", *words)
        os.rename(self.folder / "kept", journal)
        return done

    def test_what_is_finished_is_not_done_again(self):
        for form in (("v.npy",), ("v.jsonl", "--precision", "int8"), ("v.txt", "--shard", "2/3")):
            with self.subTest(form=form):
                expected = self.finish_but_for_the_journal(*form)
                output = self.folder / form[0]
                before = output.stat()
                words = ["embed", "-m", MODEL, "-i", self.input, "-o", output, "--resume", "--on-long", "cut"]
                done = run(*words, *form[1:], "--normalize")
                self.assertEqual(done.returncode, 1)
                self.assertIn(f"{form[0]}: can't go on, --normalize was 'off', now it is 'on'", done.stderr)
                more = self.write("more.jsonl", self.input.read_text(encoding="utf-8") + record(1) * 3)
                done = run(*words[:4], more, *words[5:], *form[1:])
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, r"is finished with \d+ texts, and this input has more; leave --resume out")
                done = run(*words, *form[1:])
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertRegex(done.stderr, r"is finished already, with [\d,]+ texts\n$")
                self.assertEqual((output.stat().st_ino, output.stat().st_mtime_ns), (before.st_ino, before.st_mtime_ns))
                self.assert_same(output.read_bytes(), expected)
                self.assertEqual(self.leftovers(), [])

    def test_a_journal_of_another_output_starts_again(self):
        expected = self.finish_but_for_the_journal("v.npy")
        output = self.folder / "v.npy"
        output.write_bytes(expected[:-1] + b"?")
        self.assert_same(self.embed("v.npy", "--resume"), expected)
        self.assertEqual(self.leftovers(), [])

    def test_a_read_only_output_can_be_gone_on_with(self):
        output = self.write("v.npy", "old")
        output.chmod(0o440)
        self.interrupt_midway("v.npy")
        self.assertEqual((self.folder / "v.npy.partial").stat().st_mode & 0o777, 0o640)
        self.embed("v.npy", "--resume")
        self.assertEqual(output.stat().st_mode & 0o777, 0o440)

    def test_files_of_others_are_not_overwritten(self):
        for name, says in (("w.npy.partial", "no journal beside it"), ("w.npy.whole.partial", "no journal beside it"),
                           ("w.npy.partial.journal", "is no journal of merle")):
            for words in ((), ("--resume",), ("--precision", "int8")):
                with self.subTest(name=name, words=words):
                    path = self.write(name, "data\n")
                    done = run("embed", "hi", "-m", MODEL, "-o", self.folder / "w.npy", *words)
                    self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1), done.stderr)
                    self.assertRegex(done.stderr, f"{name}: would be overwritten, and .*{says}.*; delete or rename it")
                    self.assertEqual(path.read_text(), "data\n")
                    self.assertEqual(self.leftovers(), [name])
                    path.unlink()

    def test_no_input_is_written_by_the_way(self):
        for name in ("y.npy.partial", "y.npy.partial.journal", "y.npy.whole.partial"):
            for words in ((), ("--resume",)):
                with self.subTest(name=name, words=words):
                    path = self.write(name, "hello\n")
                    other = self.folder / "link.txt"
                    os.link(path, other)
                    for given in (path, other):
                        done = run("embed", "-m", MODEL, "-i", given, "-o", self.folder / "y.npy", *words)
                        self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done.stderr)
                        self.assertIn(f"{name}, which is an input and would be lost", done.stderr)
                        self.assertEqual(path.read_text(), "hello\n")
                    path.unlink()
                    other.unlink()

    def test_a_young_run_that_was_killed_is_in_nobodys_way(self):
        for words in ((), ("--resume",)):
            self.write("v.npy.partial", "half a vector")  # Before the first line of the journal.
            self.write("v.npy.partial.journal", "")
            done = run("embed", "hi", "-m", MODEL, "-o", self.folder / "v.npy", *words)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(self.leftovers(), [])
        command = [MERLE, "embed", "-m", MODEL, "-o", "w.npy"]
        with subprocess.Popen(command, env=environment(), cwd=self.folder, stdin=subprocess.PIPE) as process:
            process.stdin.write(b"hello\n" * 100_000)
            process.stdin.flush()
            deadline = time.monotonic() + 60
            while not (self.folder / "w.npy.partial").exists() or not (self.folder / "w.npy.partial").stat().st_size:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            process.kill()
        self.assertEqual(self.leftovers(), ["w.npy.partial", "w.npy.partial.journal"])
        self.succeed("embed", "hi", "-m", MODEL, "-o", self.folder / "w.npy")
        self.assertEqual(self.leftovers(), [])

    def test_a_partial_file_that_was_cut_is_refused(self):
        self.interrupt_midway("v.npy")
        os.truncate(self.folder / "v.npy.partial", 1000)
        done = run(*self.words("-i", self.input, "-o", self.folder / "v.npy", "--resume"))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"v\.npy\.partial: has 1000 bytes, its journal says \d+")

    def test_a_full_disk_keeps_what_was_written(self):
        expected = self.embed("whole.npy")
        limit = len(expected) // 2
        done = subprocess.run(
            [MERLE, *map(str, self.words("-i", self.input, "-o", self.folder / "v.npy", "--resume"))],
            env=environment(), capture_output=True, text=True, check=False, timeout=120,
            preexec_fn=lambda: (signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
                                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))))
        self.assertEqual(done.returncode, 1)
        self.assertIn("can't write the file", done.stderr)
        self.assertFalse((self.folder / "v.npy").exists())
        self.assert_same(self.embed("v.npy", "--resume"), expected)

    def test_two_processes_never_write_one_file(self):
        command = [MERLE, "embed", "-m", MODEL, "-o", "v.npy"]
        with subprocess.Popen(command, env=environment(), cwd=self.folder, stdin=subprocess.PIPE) as process:
            deadline = time.monotonic() + 60
            while "v.npy.partial" not in self.leftovers():
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            done = run("embed", "hello", "-m", MODEL, "-o", "v.npy", cwd=self.folder)
            self.assertEqual(done.returncode, 1)
            self.assertIn("another process is writing it", done.stderr)
            process.communicate(b"one\ntwo\n")
        self.assertEqual(read_npy(self.folder / "v.npy")[1], (2, 16))

    def test_a_trap_in_the_place_of_the_partial_file_is_not_stepped_into(self):
        victim = self.write("victim", "precious")
        os.symlink(victim, self.folder / "v.npy.partial")
        done = run("embed", "hello", "-m", MODEL, "-o", self.folder / "v.npy")
        self.assertEqual((done.returncode, victim.read_text()), (1, "precious"))


class Shards(LargeInputs):
    def test_fit_together_to_the_whole(self):
        count = 3
        for name in ("v.npy", "v.jsonl", "v.txt"):
            with self.subTest(name=name):
                whole = self.embed(name)
                shards = [self.embed(f"{i}{name}", "--shard", f"{i}/{count}") for i in range(1, count + 1)]
                if name == "v.npy":
                    size = 64  # Bytes of a row.
                    whole, shards = whole[128:], [shard[128:] for shard in shards]
                    rows = [[shard[at:at + size] for at in range(0, len(shard), size)] for shard in shards]
                else:
                    rows = [shard.splitlines(keepends=True) for shard in shards]
                joined = [rows[i % count][i // count] for i in range(ROWS)]
                self.assert_same(b"".join(joined), whole)
                self.assertLessEqual(max(map(len, rows)) - min(map(len, rows)), 1)

    def test_count_good_rows_and_keep_the_index(self):
        path = self.write("t.jsonl", '{"text":"a"}\nbroken\n{"text":"b"}\n{"text":"c"}\n{"text":"d"}\n')
        got = {}
        for i in (1, 2):
            done = run("embed", "-m", MODEL, "-i", path, "--skip-bad", "--json", "--shard", f"{i}/2")
            self.assertEqual(done.returncode, 4)
            got[i] = [line["index"] for line in json_lines(done.stdout)]
        self.assertEqual(got, {1: [0, 3], 2: [2, 4]})

    def test_take_standard_input_and_texts(self):
        self.assertEqual(self.succeed("embed", "-m", MODEL, "--shard", "2/2", stdin="a\nb\nc\n"),
                         self.succeed("embed", "-m", MODEL, "b"))
        self.assertEqual(self.succeed("embed", "-m", MODEL, "--shard", "1/2", "a", "b", "c"),
                         self.succeed("embed", "-m", MODEL, "a", "c"))

    def test_wrong_flags_are_told(self):
        rows = [(["--shard", text], "--shard can't be") for text in ("0/2", "3/2", "2", "a/b", "1/0", "1/2/3")]
        rows += [(["--shard", "1/2", "--precision", kind], "ranges from all vectors") for kind in ("int8", "uint8")]
        rows += [(["--resume"], "name it with -o"), (["--resume", "-o", "-"], "name it with -o")]
        for words, problem in rows:
            with self.subTest(words=words):
                done = run("embed", "hello", "-m", MODEL, *words)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(problem, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1)


class Memory(LargeInputs):
    """Peak memory of inputs of 1, 10 and 100 parts, in every way out."""

    def peak(self, path, *words):
        with open(os.devnull, "wb") as nothing:
            process = subprocess.Popen([MERLE, *map(str, self.words("-i", path, *words))], env=environment(), stdout=nothing)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        return usage.ru_maxrss * 1024

    def test_does_not_grow_with_the_input(self):
        if STRANGE:
            self.skipTest("a sanitizer keeps freed memory, an emulator has its own")
        part = "".join(map(record, range(ROWS // 40)))
        paths = [self.write(f"{times}.jsonl", part * times) for times in (1, 10, 100)]
        for words in (["-o", self.folder / "v.npy"], ["-o", self.folder / "v.jsonl"], ["--format", "npy"], ["--json"],
                      ["-o", self.folder / "v.npy", "--precision", "int8"], ["--json", "--precision", "uint8"]):
            with self.subTest(words=words):
                peaks = [self.peak(path, *words) for path in paths]
                self.assertLess(peaks[2] - peaks[1], 2 << 20, peaks)
                self.assertLess(peaks[2] - peaks[0], 16 << 20, peaks)


if __name__ == "__main__":
    main()
