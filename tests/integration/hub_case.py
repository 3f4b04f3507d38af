"""What the tests of the hub share: a stand-in for it, a model on it, and an empty cache."""

import hashlib

import hub_stand_in as stand_in
from harness import MODEL, CommandTest, environment, run

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
