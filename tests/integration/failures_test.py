"""When the world fails: full disks, readers that leave, interrupts, places that can't be written."""

import os
import pty
import select
import signal
import subprocess
import time

from harness import MERLE, MODEL, CommandTest, environment, main, run

VECTORS = "v.npy"
ERASE = b"\r\x1b[K"


class Failures(CommandTest):
    def start(self, *words, **options):
        return subprocess.Popen([MERLE, *map(str, words)], env=environment(), cwd=self.folder,
                                stderr=subprocess.PIPE, **options)

    def names(self):
        return sorted(path.name for path in self.folder.iterdir())

    def test_a_full_disk_is_told(self):
        for words in (["embed", "hello", "-m", MODEL], ["version"], ["--help"], []):
            with self.subTest(words=words), open("/dev/full", "wb") as full:
                process = self.start(*words, stdout=full)
                self.assertIn(b"No space left", process.communicate(timeout=60)[1])
                self.assertEqual(process.returncode, 1)

    def test_a_closed_standard_output_is_told(self):
        process = self.start("version", preexec_fn=lambda: os.close(1))
        self.assertIn(b"standard output", process.communicate(timeout=60)[1])
        self.assertEqual(process.returncode, 1)

    def test_a_file_never_takes_the_place_of_a_closed_standard_error(self):
        process = subprocess.Popen([MERLE, "embed", "hello", "long " * 500, "-m", MODEL, "-o", VECTORS],
                                   env=environment(), cwd=self.folder, preexec_fn=lambda: os.close(2))
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertTrue((self.folder / VECTORS).read_bytes().startswith(b"\x93NUMPY"))

    def test_a_reader_that_leaves_ends_it_quietly(self):
        path = self.write("many.txt", "hello world\n" * 30000)
        process = self.start("embed", "-i", path, "-m", MODEL, stdout=subprocess.PIPE)
        process.stdout.readline()
        process.stdout.close()
        messages = process.stderr.read()
        process.stderr.close()
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertEqual(messages, b"")

    def interrupt(self, signal_number, *words):
        """Interrupts an embed that waits for more input after its first texts."""
        process = self.start("embed", "-m", MODEL, *words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        process.stdin.write(b"hello\n" * 5000)
        process.stdin.flush()
        deadline = time.monotonic() + 60
        while words and not any(name.endswith(".partial") for name in self.names()):
            self.assertLess(time.monotonic(), deadline, "no output file was begun")
            time.sleep(0.01)
        time.sleep(0.3)
        process.send_signal(signal_number)
        messages = process.stderr.read()  # Ends when the process does, which must not need more input.
        for stream in (process.stdin, process.stderr):
            stream.close()
        return process.wait(timeout=60), messages

    def test_an_interrupt_leaves_no_partial_file(self):
        code, messages = self.interrupt(signal.SIGINT, "-o", VECTORS)
        self.assertEqual((code, messages), (130, b""))
        self.assertEqual(self.names(), [])

    def test_an_interrupt_keeps_the_old_file(self):
        (self.folder / "v.txt").write_text("old")
        code, _ = self.interrupt(signal.SIGTERM, "-o", "v.txt")
        self.assertEqual(code, 143)
        self.assertEqual(self.names(), ["v.txt"])
        self.assertEqual((self.folder / "v.txt").read_text(), "old")

    def test_an_interrupt_without_a_file_ends_at_once(self):
        self.assertEqual(self.interrupt(signal.SIGINT), (130, b""))

    def test_places_that_can_not_be_written(self):
        (self.folder / "folder.npy").mkdir()
        for place, words in (("missing/v.npy", "No such file"), ("folder.npy", "is a folder"),
                             ("/proc/v.npy", "can't create"), ("/proc/v.jsonl", "can't create")):
            with self.subTest(place=place):
                done = run("embed", "hello", "-m", MODEL, "-o", place, cwd=self.folder)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn(words, done.stderr)
                self.assertIn(place, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1)
        self.assertEqual(self.names(), ["folder.npy"])

    def test_what_is_no_regular_file_is_never_replaced(self):
        os.mkfifo(self.folder / "pipe")
        os.symlink("/dev/null", self.folder / "null.npy")
        for place, words in (("pipe", ["--format", "npy"]), ("null.npy", [])):
            with self.subTest(place=place):
                done = run("embed", "hello", "-m", MODEL, "-o", place, *words, cwd=self.folder)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertRegex(done.stderr, rf"-o {place}: .* -o -")
        self.assertTrue((self.folder / "pipe").is_fifo())
        self.assertTrue((self.folder / "null.npy").is_symlink())

    def test_a_link_is_followed_to_what_is_replaced(self):
        (self.folder / "real.txt").write_text("old")
        os.symlink("real.txt", self.folder / "link.txt")
        self.succeed("embed", "-q", "hello", "-m", MODEL, "-o", "link.txt", cwd=self.folder)
        self.assertTrue((self.folder / "link.txt").is_symlink())
        self.assertEqual((self.folder / "real.txt").read_text(), self.succeed("embed", "hello", "-m", MODEL))

    def test_a_model_name_that_no_file_can_have(self):
        done = run("embed", "hello", "-m", "x" * 300, env={"HF_HUB_CACHE": str(self.folder)})
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, r"^merle: the model 'sentence-transformers/x+' .*not in the cache")

    def test_an_interrupt_takes_the_progress_bar_away(self):
        os.mkfifo(self.folder / "pipe")
        process, screen = pty.fork()
        if process == 0:
            os.execve(MERLE, [MERLE, "search", "hello", "-i", str(self.folder / "pipe"), "-m", str(MODEL)],
                      environment())
        output = b""
        with open(self.folder / "pipe", "w", encoding="utf-8") as pipe:
            while ERASE not in output:  # The bar comes after a second.
                pipe.write("hello\n")
                pipe.flush()
                if select.select([screen], [], [], 0.05)[0]:
                    output += os.read(screen, 4096)
            os.kill(process, signal.SIGINT)
            try:
                while piece := os.read(screen, 4096):
                    output += piece
            except OSError:  # Linux says EIO when the other side has gone.
                pass
        os.close(screen)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), 130)
        self.assertTrue(output.endswith(ERASE), output[-80:])

    def test_a_read_only_folder(self):
        if os.geteuid() == 0:
            self.skipTest("root may write everywhere; /proc stands in for it above")
        (self.folder / "locked").mkdir()
        (self.folder / "locked").chmod(0o555)
        done = run("embed", "hello", "-m", MODEL, "-o", self.folder / "locked" / VECTORS)
        self.assertEqual(done.returncode, 1)
        self.assertIn("Permission denied", done.stderr)

    def test_a_bad_text_late_in_the_input_leaves_no_file(self):
        path = self.write("t.jsonl", '{"text":"hello"}\n' * 5000 + "broken\n")
        done = run("embed", "-i", path, "-m", MODEL, "-o", self.folder / VECTORS)
        self.assertEqual(done.returncode, 1)
        self.assertIn("t.jsonl:5001", done.stderr)
        self.assertEqual(self.names(), ["t.jsonl"])

    def test_a_damaged_model_is_told(self):
        for name in ("model.safetensors", "config.json", "tokenizer.json"):
            with self.subTest(name=name):
                model = self.folder / name.split(".")[0]
                subprocess.run(["cp", "-r", MODEL, model], check=True)
                whole = (model / name).read_bytes()
                (model / name).write_bytes(whole[:len(whole) // 2])
                done = run("embed", "hello", "-m", model)
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertIn(name, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1)


if __name__ == "__main__":
    main()
