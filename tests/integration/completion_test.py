"""Completion as the shells run it, and the manual page as man reads it."""

import shutil
import subprocess

from harness import MERLE, MODEL, CommandTest, environment, main, run

# (words before the cursor, the last one unfinished; what the shell is to offer). "files" stands
# for the names of files. completion_test.cc tests the rest: all shells ask the same command.
LINES = [
    (["tok"], ["tokenize"]),
    (["models", "sh"], ["show"]),
    (["embed", "--norm"], ["--normalize"]),
    (["embed", "--on-long", ""], ["cut", "error"]),
    (["embed", "two words", "--on-long", "c"], ["cut"]),
    (["embed", "-m", "ti"], ["tiny/short"]),
    (["embed", "-i", ""], ["files"]),
    (["embed", "$(touch harm)", "`touch harm`", "--on-long", "c"], ["cut"]),
    (["qwertyuiop", ""], []),
]

# Each gives the words $2… to the script in $1, with the shell's own functions replaced by ones that
# say what they got.
BASH = """source "$1"; shift
compopt() { echo files; }
COMP_WORDS=("$MERLE" "$@"); COMP_CWORD=$#
_merle; printf '%s\\n' "${COMPREPLY[@]}"
"""
ZSH = """compdef() { }; source "$1"; shift
_files() { print files }
_describe() { print -l -- "${(@)${(P)2}%%:*}" }
words=("$MERLE" "${(@q)@}"); CURRENT=$#words
_merle
"""
# fish can be asked by itself; its `merle` is the one under test.
FISH = """function merle; $MERLE $argv; end
source $argv[1]; complete -C $argv[2]
"""


class Completion(CommandTest):
    def setUp(self):
        super().setUp()
        commit = "0123456789abcdef0123456789abcdef01234567"
        repository = self.folder / "cache" / "models--tiny--short"
        (repository / "refs").mkdir(parents=True)
        (repository / "refs" / "main").write_text(commit)
        (repository / "snapshots").mkdir()
        (repository / "snapshots" / commit).symlink_to(MODEL)

    def offers(self, *command):
        if shutil.which(command[0]) is None:
            self.skipTest(f"{command[0]} is not on this machine")
        variables = environment(MERLE=MERLE, HF_HUB_CACHE=str(self.folder / "cache"))
        done = subprocess.run([*map(str, command)], env=variables, cwd=self.folder, capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.stderr, "")
        return [line for line in done.stdout.splitlines() if line]

    def script(self, shell):
        return self.write(f"completion.{shell}", self.succeed("completion", shell))

    def check_lines(self, *command):
        for words, wanted in LINES:
            with self.subTest(words=words):
                self.assertEqual(self.offers(*command, *words), wanted)
        self.assertFalse((self.folder / "harm").exists(), "a word of the line was run")

    def test_bash_offers_what_fits(self):
        self.check_lines("bash", "--norc", "-c", BASH, "bash", self.script("bash"))

    def test_bash_breaks_words_at_equal_signs(self):
        offers = self.offers("bash", "--norc", "-c", BASH, "bash", self.script("bash"),
                             "embed", "--on-long", "=", "e")
        self.assertEqual(offers, ["error"])

    def test_zsh_offers_what_fits(self):
        self.check_lines("zsh", "-f", "-c", ZSH, "zsh", self.script("zsh"))

    def test_fish_offers_what_fits(self):
        script = self.script("fish")
        for words, wanted in LINES:
            line = " ".join(["merle", *(f"'{word}'" if " " in word else word for word in words)])
            with self.subTest(line=line):
                offers = self.offers("fish", "--no-config", "-c", FISH, script, line)
                names = [offer.split("\t")[0] for offer in offers]
                self.assertEqual(["files"] if "completion.fish" in names else names, wanted)

    def test_only_these_shells_are_known(self):
        for words in (["completion"], ["completion", "csh"]):
            done = run(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("bash", done.stderr)


class Manual(CommandTest):
    def test_man_reads_it_without_a_warning(self):
        if shutil.which("man") is None:
            self.skipTest("man is not on this machine")
        page = self.write("merle.1", self.succeed("help", "--man"))
        done = subprocess.run(["man", "--warnings", "-l", page], capture_output=True, text=True, check=False,
                              env=environment(MANPAGER="cat", LC_ALL="C.UTF-8", MANWIDTH="90"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for words in ("merle embed [TEXT…]", "-m, --model NAME", "MERLE_THREADS", "EXIT STATUS"):
            self.assertIn(words, done.stdout)


if __name__ == "__main__":
    main()
