"""Pulls that are killed, that run at once, and where files can't be locked."""

import os
import random
import shutil
import signal
import subprocess
import time
import unittest

import hub_stand_in as stand_in
from harness import MERLE, environment, main
from hub_case import FILES, HubTest, NAME


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
        # Each by both names that systems have for it.
        for call in ("symlink,symlinkat", "rename,renameat,renameat2", "mkdir,mkdirat"):
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


if __name__ == "__main__":
    main()
