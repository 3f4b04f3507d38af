"""The tarball of `make dist` brings all that it needs but glibc. tools/check_tarball runs it in a bare Debian."""

import os
import pathlib
import re
import subprocess
import tarfile
import tempfile

from harness import MODEL, SOURCE, CommandTest, main, run

BUILD = pathlib.Path(os.environ["MERLE_BUILD"])
OF_GLIBC = re.compile(r"linux-vdso\.so|ld-linux|lib(c|m|dl|rt|pthread)\.so")


class Tarball(CommandTest):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        folder = pathlib.Path(holder.name)
        made = subprocess.run([SOURCE / "tools" / "dist", BUILD, folder], capture_output=True, text=True,
                              check=True)
        cls.path = pathlib.Path(made.stdout.strip())
        with tarfile.open(cls.path) as archive:
            archive.extractall(folder / "elsewhere")
        (cls.root,) = (folder / "elsewhere").iterdir()
        cls.merle = cls.root / "bin" / "merle"

    def bare(self, *words):
        """Runs a program without any environment."""
        return subprocess.run([*map(str, words)], env={}, cwd="/", capture_output=True, text=True,
                              check=False, timeout=60)

    def test_its_name_tells_version_and_machine(self):
        version = run("version", "-q").stdout.strip()
        self.assertEqual(self.path.name, f"merle-{version}-{os.uname().machine}-linux.tar.gz")
        self.assertEqual(self.root.name + ".tar.gz", self.path.name)

    def test_the_command_works_without_an_environment(self):
        self.assertRegex(self.bare(self.merle, "version").stdout, r"^merle \d")
        self.assertIn("Turn texts into vectors", self.bare(self.merle, "help").stdout)
        self.assertEqual(self.bare(self.merle, "embed", "hello", "-m", MODEL).stdout,
                         run("embed", "hello", "-m", MODEL).stdout)

    def test_only_glibc_comes_from_outside(self):
        loaded = re.findall(r"^\s*(\S+)(?: => (\S+))? \(", self.bare("/usr/bin/ldd", self.merle).stdout, re.M)
        self.assertGreater(len(loaded), 4)
        inside = os.path.realpath(self.root)
        for name, path in loaded:
            if not OF_GLIBC.search(name):
                self.assertTrue(os.path.realpath(path).startswith(inside), f"{name} is {path}")

    def test_no_library_of_glibc_or_curl_is_inside(self):
        names = [path.name for path in (self.root / "lib").rglob("*.so*")]
        self.assertGreater(len(names), 0)
        self.assertEqual([name for name in names if OF_GLIBC.match(name) or "curl" in name], [])

    def test_the_way_to_the_libraries_moves_with_it(self):
        entries = self.bare("/usr/bin/readelf", "-d", self.merle).stdout
        self.assertRegex(entries, r"\(RUNPATH\).*\[\$ORIGIN/\.\./lib/merle\]")

    def test_licences_manual_and_completions_are_inside(self):
        for name in ("doc/merle/LICENSE", "doc/merle/README.md", "doc/merle/licences/GPL-3",
                     "man/man1/merle.1", "bash-completion/completions/merle"):
            self.assertTrue((self.root / "share" / name).is_file(), name)
        licences = {path.name for path in (self.root / "share" / "doc" / "merle" / "licences").iterdir()}
        self.assertLessEqual({"highway", "simdjson", "utf8proc", "fmt", "CLI11", "openssl", "boost"}, licences)

    def test_the_same_build_gives_the_same_bytes(self):
        again = self.folder / "again"
        subprocess.run([SOURCE / "tools" / "dist", BUILD, again], capture_output=True, check=True)
        self.assertEqual((again / self.path.name).read_bytes(), self.path.read_bytes())


if __name__ == "__main__":
    main()
