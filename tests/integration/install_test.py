"""What `make install` puts down serves a project of somebody else, by CMake and by pkg-config."""

import os
import pathlib
import re
import shutil
import subprocess

from harness import MODEL, SOURCE, CommandTest, environment, main

BUILD = pathlib.Path(os.environ["MERLE_BUILD"])
PROJECT = SOURCE / "tests" / "integration" / "outside_project"
LINE = [str(MODEL), "a dog", "a dog"]


def call(*words, **options):
    """Runs a program that must succeed; returns standard output."""
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{words}\n{done.stdout}{done.stderr}")
    return done.stdout


def files_below(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def reachable_headers():
    """What src/merle.h includes, directly or not: the public headers."""
    found, queue = set(), ["merle.h"]
    while queue:
        header = queue.pop()
        if header not in found:
            found.add(header)
            queue += re.findall(r'#include "(.+?)"', (SOURCE / "src" / header).read_text(encoding="utf-8"))
    return found


class Install(CommandTest):
    def install(self, prefix, **variables):
        call("cmake", "--install", BUILD, "--prefix", prefix, env=environment(**variables))

    def setUp(self):
        super().setUp()
        self.prefix = self.folder / "prefix"
        self.install(self.prefix)

    def assert_works(self, program):
        self.assertEqual(call(program, *LINE, env=environment()), "1.0000\n")
        done = subprocess.run([program, "no/such", "a", "b"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^outside: .*no/such")

    def test_public_headers_and_no_others(self):
        include = self.prefix / "include"
        self.assertEqual(files_below(include), {f"merle/{name}" for name in reachable_headers()})
        self.assertGreater(len(files_below(include)), 15)

    def test_a_project_finds_it_by_cmake(self):
        build = self.folder / "build"
        call("cmake", "-S", PROJECT, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}")
        call("cmake", "--build", build)
        self.assert_works(build / "outside")

    def test_a_project_finds_it_by_pkg_config(self):
        variables = {**os.environ, "PKG_CONFIG_PATH": str(self.prefix / "lib" / "pkgconfig")}
        flags = call("pkg-config", "--cflags", "--libs", "merle", env=variables).split()
        program = self.folder / "outside"
        call("g++", "-std=c++20", "-Wall", "-Wextra", "-Werror", f"-I{PROJECT}", PROJECT / "main.cc", *flags, "-o", program)
        self.assert_works(program)

    def test_it_may_be_moved(self):
        moved = self.folder / "moved"
        shutil.move(self.prefix, moved)
        variables = {**os.environ, "PKG_CONFIG_PATH": str(moved / "lib" / "pkgconfig")}
        self.assertEqual(call("pkg-config", "--variable=includedir", "merle", env=variables).strip(),
                         os.path.join(moved, "lib", "pkgconfig", "..", "..", "include"))
        for path in moved.rglob("*"):
            if path.suffix in {".cmake", ".pc", ".h"}:
                text = path.read_text(encoding="utf-8")
                self.assertNotIn(str(self.folder), text, path)
                self.assertNotIn(str(SOURCE), text, path)

    def test_the_command_runs_and_has_its_pages(self):
        self.assertRegex(call(self.prefix / "bin" / "merle", "version", env=environment()), r"^merle \d")
        found = files_below(self.prefix / "share")
        self.assertLessEqual({"man/man1/merle.1", "bash-completion/completions/merle",
                              "zsh/site-functions/_merle", "fish/vendor_completions.d/merle.fish",
                              "doc/merle/LICENSE"}, found)
        for name in found:
            self.assertGreater((self.prefix / "share" / name).stat().st_size, 100, name)

    def test_destdir_goes_before_the_prefix(self):
        self.install("/opt/merle", DESTDIR=str(self.folder / "package"))
        self.assertEqual(files_below(self.folder / "package" / "opt" / "merle"), files_below(self.prefix))


if __name__ == "__main__":
    main()
