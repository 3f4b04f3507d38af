"""Every kind of command line: what it returns and what it says. One row, one line."""

import json
import os
import re

from harness import MODEL, MODELS, CommandTest, json_lines, main, run, run_at_terminal

M = f"-m {MODEL}"

# (command line, exit code, pattern on standard output, pattern on standard error). {model} is a
# tiny model. Words are split at blanks; ' groups them.
LINES = [
    # merle itself
    ("", 0, r"merle similarity cat dog hamburger", r"^$"),
    ("-h", 0, r"embed +Turn texts into vectors", r"^$"),
    ("--help", 0, r"merle COMMAND -h", r"^$"),
    ("help", 0, r"eval sts", r"^$"),
    ("help embed", 0, r"--batch-tokens N .*\n?.*\[32768\] \(MERLE_BATCH_TOKENS\)", r"^$"),
    ("help models show", 0, r"merle models show \[MODEL\]", r"^$"),
    ("help --man", 0, r"\.TH MERLE 1[\s\S]*\.SS merle eval sts FILE", r"^$"),
    ("completion bash", 0, r"complete -F _merle merle", r"^$"),
    ("completion fish tok", 0, r"^tokenize\tShow the tokens of a text\n$", r"^$"),
    ("completion zsh -- embed --on", 0, r"^--on-long:Cut a text", r"^$"),
    ("completion csh", 2, r"^$", r"bash, zsh or fish is wanted"),
    ("completion", 2, r"^$", r"is missing"),
    ("help embedd", 2, r"^$", r"no command 'embedd'; did you mean 'embed'\?"),
    ("version", 0, r"merle \d+\.\d+\.\d+\ncommit +\S+\ncompiler +\S+", r"^$"),
    ("--version", 0, r"merle \d", r"^$"),
    ("--version --json", 0, r'^\{"version":"\d', r"^$"),
    ("version -q", 0, r"^\d+\.\d+\.\d+\n$", r"^$"),
    # Wrong use
    ("embd", 2, r"^$", r"^merle: there is no command 'embd'; did you mean 'embed'\?.*\n$"),
    ("qwertyuiop", 2, r"^$", r"there is no command 'qwertyuiop'; merle --help lists them"),
    ("models lst", 2, r"^$", r"did you mean 'models list'"),
    ("embed --promt x y", 2, r"^$", r"no flag --promt; did you mean --prompt\? \(merle embed -h"),
    ("embed --zzzzzz y", 2, r"^$", r"no flag --zzzzzz \("),
    ("embed -Z y", 2, r"^$", r"no flag -Z "),
    ("embed x --threads", 2, r"^$", r"--threads wants a value: N"),
    ("embed x --threads many", 2, r"^$", r"--threads can't be 'many': a whole number from 1 to 1024"),
    ("embed x --threads 0", 2, r"^$", r"--threads can't be '0'"),
    ("embed x --threads=-1", 2, r"^$", r"--threads can't be '-1'"),
    ("embed x --dim 99999999999999999999999", 2, r"^$", r"--dim can't be"),
    ("embed x --on-long shrink", 2, r"^$", r"cut or error is wanted"),
    ("embed x --precision float16", 2, r"^$", r"float32, int8, uint8, binary or ubinary is wanted"),
    ("embed x --json=yes", 2, r"^$", r"--json takes no value"),
    ("embed x -i y", 2, r"^$", r"give texts, or files with -i, but not both"),
    ("embed x -o vectors", 2, r"^$", r"use \.npy, \.safetensors, \.jsonl or \.txt"),
    ("embed x -o vectors.csv", 2, r"^$", r"use \.npy, \.safetensors, \.jsonl or \.txt"),
    ("embed x -o v.npy --json", 2, r"^$", r"--json and the ending of v\.npy contradict"),
    ("embed x --json --format npy", 2, r"^$", r"--json and --format npy contradict"),
    ("embed x --compute bf16 {model}", 0, r"^\S+ ", r"^$"),
    ("embed x --compute int8 {model}", 0, r"^\S+ ", r"^$"),
    ("embed x --compute auto {model}", 0, r"^\S+ ", r"^$"),
    ("embed x --compute f64 {model}", 2, r"^$", r"f32, bf16, int8 or auto is wanted"),
    ("embed x --dim 17 {model}", 2, r"^$", r"--dim can't be 17: .* have 16 components"),
    ("embed x --prompt-name nonsense {model}", 2, r"^$", r"--prompt-name: .*nonsense"),
    ("similarity cat {model}", 2, r"^$", r"at least two texts"),
    ("search {model}", 2, r"^$", r"QUERY is missing"),
    ("search -i a.txt why", 2, r"^$", r"QUERY is missing; it stands before -i"),
    ("search two words", 2, r"^$", r"'words' is too much; put quotes around"),
    ("search q --min-score high", 2, r"^$", r"--min-score can't be 'high': a number from -1 to 1 is wanted"),
    ("search q --min-score 1.001", 2, r"^$", r"--min-score can't be '1\.001': a number from -1 to 1 is wanted"),
    ("search q --min-score=-2", 2, r"^$", r"--min-score can't be '-2': a number from -1 to 1 is wanted"),
    ("explain", 2, r"^$", r"TEXT is missing"),
    ("eval sts - - {model}", 2, r"^$", r"standard input \(-\) can be read only once"),
    ("version please", 2, r"^$", r"'please' is too much"),
    ("eval sts", 2, r"^$", r"FILE… is missing"),
    # No such model
    ("embed x", 3, r"^$", r"^merle: .*all-MiniLM-L6-v2.*\n$"),
    ("embed x -m no/such-model", 3, r"^$", r"no/such-model"),
    ("tokenize x -m ./nowhere", 3, r"^$", r"nowhere"),
    ("embed x -m ../..", 3, r"^$", r"^merle: .*\n$"),
    ("embed x -m /etc/passwd", 3, r"^$", r"is a file"),
    ("embed x -m /", 3, r"^$", r"^merle: .*\n$"),
    # Failures
    ("embed -i nowhere.txt {model}", 1, r"^$", r"nowhere\.txt"),
    ("search q -i nowhere/ {model}", 1, r"^$", r"nowhere"),
    ("eval sts nowhere.csv {model}", 1, r"^$", r"nowhere\.csv"),
    # Each command does its work
    ("embed hello {model}", 0, r"^(-?\d\S* ){15}-?\d\S*\n$", r"^$"),
    ("embed hello world {model}", 0, r"^[^\n]+\n[^\n]+\n$", r"^$"),
    ("embed '' {model}", 0, r"^(\S+ ){15}\S+\n$", r"^$"),
    ("embed --json hello {model}", 0, r'^\{"index":0,"embedding":\[.*\]\}\n$', r"^$"),
    ("embed -v hello {model}", 0, r"^\S", r"1 texts?, \d+ tokens in .*texts/s.*tokens/s; f32, \w+, \d+ thread"),
    ("embed --dim 4 hello {model}", 0, r"^(\S+ ){3}\S+\n$", r"^$"),
    ("embed -v hello {model}", 0, r"^\S", r"^merle: opened \S+st-short in .*: weights .*, tokenizer .*\n.*\n"
     r"merle: tokenizing \d+\.\d %, transformer \d+\.\d %, pooling \d+\.\d %, the rest \d+\.\d %; at most \d.* of memory\n$"),
    ("embed -- --help {model}", 3, r"^$", r"MiniLM"),  # After -- all is text.
    ("similarity cat cat {model}", 0, r"^1\.0000\n$", r"^$"),
    ("similarity cat dog cow {model}", 0, r"cat\n +(dog|cow) +-?\d\.\d{3} ", r"^$"),
    ("similarity cat cat -q {model}", 0, r"^1\.0000\n$", r"^$"),
    ("similarity cat dog cow -q {model}", 0, r"^1\.0000( -?\d\.\d{4}){2}\n(\S+ ){2}\S+\n(\S+ ){2}1\.0000\n$", r"^$"),
    ("similarity cat dog --json {model}", 0, r'^\{"first":0,"second":1,"texts":\["cat","dog"\],"score"', r"^$"),
    ("tokenize 'hello world' {model}", 0, r"hello world +\d+ tokens\n.*│.*\n.*\d+", r"^$"),
    ("tokenize hello --count {model}", 0, r"^\d+\n$", r"^$"),
    ("tokenize hello --json {model}", 0, r'^\{"ids":\[\d.*\],"tokens":\[".*"\],"offsets":\[\[0,0\],.*\],"type_ids":\[0.*\],"special_tokens_mask":\[1,0.*1\]\}\n$', r"^$"),
    ("tokenize hello -q {model}", 0, r"^\d+( \d+)*\n$", r"^$"),
    ("tokenize hello --count --no-special-tokens {model}", 0, r"^\d+\n$", r"^$"),
    ("explain hello {model}", 0, r"1\. Tokens[\s\S]*2\. Layers[\s\S]*3\. Pooling[\s\S]*4\. The vector", r"^$"),
    ("explain hello {model}", 0, r"numbers, length [0-9.]+: what embed writes and similarity[\s\S]compares\.", r"^$"),
    ("explain hello --json {model}", 0, r'^\{"text":"hello",.*"vector":\[', r"^$"),
    ("models show {model}", 0, r"path +/.*st-short\ntype +bert\nvectors +16 components", r"^$"),
    ("models show {model}", 0, r"size +1 layer, hidden size 16, 2 heads, ", r"^$"),
    ("models show {model}", 0, r"Transformer: bert, 1 layer, 2 heads, 16 wide", r"^$"),
    ("models show -q {model}", 0, r"^/.*st-short\n$", r"^$"),
    ("models list", 0, r"^$", r"no model in the cache /nonexistent"),
    ("models", 0, r"^$", r"no model in the cache"),
    # Each has both helps
    *[(f"{name} -h", 0, rf"merle {name}[\s\S]*Examples[\s\S]*Flags", r"^$")
      for name in ("embed", "similarity", "search", "tokenize", "explain", "models list",
                   "models show", "eval sts", "version", "help")],
    ("embed --help", 0, r"-m, --model NAME +Use this model", r"^$"),
]


def split(line):
    """Splits at blanks; '…' is one word, also where it is empty."""
    words = [a if a is not None else b for a, b in
             ((m.group(1), m.group(2)) for m in re.finditer(r"'([^']*)'|(\S+)", line))]
    return [part for word in words for part in ([*M.split()] if word == "{model}" else [word])]


class CommandLines(CommandTest):
    def test_each_line_returns_and_says_what_it_should(self):
        self.assertGreater(len(LINES), 40)
        for line, code, output, messages in LINES:
            words = split(line)
            with self.subTest(line=line):
                done = run(*words, cwd=self.folder)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertRegex(done.stdout, output)
                self.assertRegex(done.stderr, messages)
                if code not in (0, 4):
                    self.assertEqual(done.stderr.count("\n"), 1, "an error is one line")


class Flags(CommandTest):
    def test_may_stand_anywhere_and_in_every_spelling(self):
        expected = self.succeed("embed", "hello", "-m", MODEL, "--dim", "4", "--json")
        for words in (["-m", MODEL, "--json", "--dim=4", "hello"],
                      [f"-m{MODEL}", "hello", "--dim", "4", "--json"],
                      ["--dim", "9", "--dim", "4", "hello", f"--model={MODEL}", "--json"],
                      ["-qm", MODEL, "hello", "--dim", "4", "--json"]):
            with self.subTest(words=words):
                self.assertEqual(self.succeed("embed", *words), expected)

    def test_texts_that_look_like_flags_but_have_blanks_or_digits_are_texts(self):
        for text in ("-5", "-5 degrees outside", "--no, really?", "-"):
            with self.subTest(text=text):
                self.assertIn("\n", self.succeed("embed", text, "-m", MODEL))

    def test_brackets_stay_in_texts(self):
        tokens = json_lines(self.succeed("tokenize", "[SEP]", "[a,b]", "-m", MODEL, "--json"))
        self.assertEqual(len(tokens), 2)
        self.assertEqual(tokens[0]["tokens"].count("[SEP]"), 2)

    def test_come_from_the_environment_unless_given(self):
        variables = {"MERLE_MODEL": str(MODEL)}
        self.assertTrue(self.succeed("embed", "hello", env=variables))
        done = run("embed", "hello", "-m", "no/such", env=variables)
        self.assertEqual(done.returncode, 3)
        done = run("embed", "hello", env={**variables, "MERLE_THREADS": "lots"})
        self.assertEqual(done.returncode, 2)
        self.assertIn("MERLE_THREADS can't be 'lots'", done.stderr)

    def test_cpu_path_comes_from_the_environment(self):
        for path in json.loads(self.succeed("version", "--json"))["cpu_paths"]:
            facts = json.loads(self.succeed("version", "--json", env={"MERLE_CPU": path}))
            self.assertEqual(facts["cpu_path"], path)
        done = run("version", env={"MERLE_CPU": "abacus"})
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"^merle: MERLE_CPU: .*'abacus'")


class Screen(CommandTest):
    def test_a_command_that_wants_standard_input_shows_help_and_does_not_wait(self):
        for words in (["embed"], ["tokenize"], ["search", "why?"], ["similarity"]):
            with self.subTest(words=words):
                code, output = run_at_terminal(*words)
                self.assertEqual(code, 2)
                self.assertIn("Examples", output)

    def test_bytes_do_not_go_to_a_screen(self):
        code, output = run_at_terminal("embed", "hello", "--format", "npy", "-m", str(MODEL))
        self.assertEqual(code, 2)
        self.assertIn("garble", output)

    def test_colour_is_for_screens_that_want_it(self):
        words = ("tokenize", "hello", "-m", str(MODEL))
        escape = "\x1b["
        self.assertNotIn(escape, run(*words).stdout)
        self.assertIn(escape, run(*words, "--color", "always").stdout)
        self.assertIn(escape, run_at_terminal(*words)[1])
        self.assertNotIn(escape, run_at_terminal(*words, "--color", "never")[1])
        self.assertNotIn(escape, run_at_terminal(*words, env={"NO_COLOR": "1"})[1])
        self.assertNotIn(escape, run_at_terminal(*words, env={"TERM": "dumb"})[1])

    def test_a_text_can_not_steer_the_terminal(self):
        path = self.write("bad.txt", "evil \x1b[2J\x1b]0;title\x07 \u202e text\n")
        output = self.succeed("search", "evil", "-i", path, "-m", MODEL)
        self.assertNotRegex(output, "[\x00-\x09\x0b-\x1f\x7f\u202e]")


class Cache(CommandTest):
    def test_models_are_found_by_name(self):
        commit = "0123456789abcdef0123456789abcdef01234567"
        repository = self.folder / "models--tiny--short"
        (repository / "refs").mkdir(parents=True)
        (repository / "refs" / "main").write_text(commit)
        (repository / "snapshots").mkdir()
        (repository / "snapshots" / commit).symlink_to(MODEL)
        cache = {"HF_HUB_CACHE": str(self.folder)}
        self.assertEqual(self.succeed("embed", "hello", "-m", "tiny/short", env=cache),
                         self.succeed("embed", "hello", "-m", MODEL))
        listed = json_lines(self.succeed("models", "list", "--json", env=cache))
        self.assertEqual([(m["name"], m["revision"]) for m in listed], [("tiny/short", commit)])
        self.assertRegex(self.succeed("models", env=cache), r"tiny/short +01234567 +\d")
        shown = json.loads(self.succeed("models", "show", "tiny/short", "--json", env=cache))
        self.assertTrue(os.path.samefile(shown["path"], MODEL))

    def test_prompts_are_shown(self):
        shown = json.loads(self.succeed("models", "show", MODELS / "st-prompts", "--json"))
        self.assertEqual(shown["prompts"]["query"], "query: ")
        self.assertIn('query: "query: "', self.succeed("models", "show", MODELS / "st-prompts"))


if __name__ == "__main__":
    main()
