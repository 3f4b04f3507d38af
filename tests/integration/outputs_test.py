"""What the commands write, checked by meaning: forms, fields, order, precision, search, scores."""

import json
import math
import struct
import subprocess

from harness import (MERLE, MODEL, MODELS, CommandTest, environment, golden_cases, json_lines, main,
                     read_npy, read_safetensors, run)

PLAIN = [case for case in golden_cases(MODEL.name)
         if not (case["prompt"] or case["prompt_name"] or case["truncate_dim"] or case["normalize"])]


def numbers(text):
    return [[float(number) for number in line.split()] for line in text.splitlines()]


class Embed(CommandTest):
    def setUp(self):
        super().setUp()
        self.expected = [case["embedding"] for case in PLAIN]
        self.input = self.write("texts.jsonl", "".join(
            json.dumps({"id": f"id {i}", "text": case["text"]}) + "\n" for i, case in enumerate(PLAIN)))

    def embed(self, *words, **options):
        return self.succeed("embed", "-q", "-m", MODEL, *words, **options)

    def test_text_lines_are_the_vectors_of_the_reference(self):
        self.assert_rows_near(numbers(self.embed("-i", self.input)), self.expected)

    def test_json_lines_have_index_and_id(self):
        lines = json_lines(self.embed("-i", self.input, "--json"))
        self.assertEqual([line["index"] for line in lines], list(range(len(PLAIN))))
        self.assertEqual([line["id"] for line in lines], [f"id {i}" for i in range(len(PLAIN))])
        self.assert_rows_near([line["embedding"] for line in lines], self.expected)

    def test_the_index_counts_rows_that_are_left_out(self):
        rows = ['{"id":"a","text":"one"}', "no JSON", '{"id":"b","text":"%s"}' % ("x" * (65 << 20)), '{"id":"c","text":"two"}']
        path = self.write("bad.jsonl", "\n".join(rows) + "\n")
        for words in ((), ("--precision", "int8")):
            done = run("embed", "-m", MODEL, "-i", path, "--skip-bad", "--json", *words)
            self.assertEqual(done.returncode, 4)
            self.assertIn("left out 2 bad rows", done.stderr)
            self.assertEqual([(line["index"], line["id"]) for line in json_lines(done.stdout)], [(0, "a"), (3, "c")])

    def test_each_ending_has_its_form(self):
        for name in ("v.npy", "v.safetensors", "v.jsonl", "v.txt"):
            self.assertEqual(self.embed("-i", self.input, "-o", self.folder / name), "")
        self.assertEqual(read_npy(self.folder / "v.npy")[:2], ("<f4", (len(PLAIN), 16)))
        self.assert_rows_near(read_npy(self.folder / "v.npy")[2], self.expected)
        self.assert_rows_near(read_safetensors(self.folder / "v.safetensors")[2], self.expected)
        self.assert_rows_near(numbers((self.folder / "v.txt").read_text()), self.expected)
        lines = json_lines((self.folder / "v.jsonl").read_text())
        self.assert_rows_near([line["embedding"] for line in lines], self.expected)
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()),
                         ["texts.jsonl", "v.jsonl", "v.npy", "v.safetensors", "v.txt"])

    def test_format_beats_the_ending_and_standard_output_takes_every_form(self):
        self.embed("hello", "-o", self.folder / "v.dat", "--format", "npy")
        piped = run("embed", "hello", "-m", MODEL, "--format", "npy", stdin=b"")
        self.assertEqual(piped.stdout, (self.folder / "v.dat").read_bytes())
        self.assertEqual(run("embed", "hello", "-m", MODEL, "--format", "npy", "-o", "-", stdin=b"").stdout,
                         piped.stdout)

    def test_the_settings_of_the_golden_cases(self):
        for name in ("st-prompts", "st-prompts-default", "st-truncate-dim", "st-normalize", "st-short"):
            for case in golden_cases(name):
                if case["truncate_dim"] is not None and case["truncate_dim"] > 16:
                    continue  # The reference keeps what there is; --dim refuses (commands_test.py).
                words = []
                if case["prompt"] is not None:
                    words.append(f"--prompt={case['prompt']}")
                if case["prompt_name"] is not None:
                    words.append(f"--prompt-name={case['prompt_name']}")
                if case["truncate_dim"] is not None:
                    words.append(f"--dim={case['truncate_dim']}")
                if case["normalize"]:
                    words.append("--normalize")
                with self.subTest(model=name, case=case["name"]):
                    path = self.write("one.jsonl", json.dumps({"text": case["text"]}))
                    got = self.succeed("embed", "-q", "-m", MODELS / name, "-i", path, *words)
                    self.assert_rows_near(numbers(got), [case["embedding"]])

    def test_a_model_that_truncates_fits_every_form_and_precision(self):
        words = ["embed", "-q", "-m", MODELS / "st-truncate-dim", "hello", "world"]
        expected = numbers(self.succeed(*words))
        self.assertEqual(len(expected[0]), 6)
        self.succeed(*words, "-o", self.folder / "v.npy")
        self.assert_rows_near(read_npy(self.folder / "v.npy")[2], expected, 1e-7)
        self.succeed(*words, "-o", self.folder / "v.safetensors")
        self.assert_rows_near(read_safetensors(self.folder / "v.safetensors")[2], expected, 1e-7)
        for precision, columns in (("int8", 6), ("uint8", 6), ("binary", 1), ("ubinary", 1)):
            with self.subTest(precision=precision):
                self.succeed(*words, "--precision", precision, "-o", self.folder / "q.npy")
                self.assertEqual(read_npy(self.folder / "q.npy")[1], (2, columns))
                lines = numbers(self.succeed(*words, "--precision", precision))
                self.assertEqual(lines, read_npy(self.folder / "q.npy")[2])
        self.succeed(*words, "--dim", "10", "-o", self.folder / "more.npy")
        self.assertEqual(read_npy(self.folder / "more.npy")[1], (2, 10))

    def test_input_in_every_form_gives_the_same_vectors(self):
        texts = ["Hello world", "the first token", "a, \"b\""]
        expected = self.embed(*texts)
        inputs = {
            "t.txt": "".join(text + "\n" for text in texts),
            "t.jsonl": "".join(json.dumps({"text": text}) + "\n" for text in texts),
            "t.csv": "id,text\n1,Hello world\n2,the first token\n3,\"a, \"\"b\"\"\"\n",
            "t.tsv": "text\tx\nHello world\t1\nthe first token\t2\n\"a, \"\"b\"\"\"\t3\n",
        }
        for name, content in inputs.items():
            with self.subTest(name=name):
                self.assertEqual(self.embed("-i", self.write(name, content)), expected)
        self.assertEqual(self.embed(stdin=inputs["t.txt"]), expected)
        self.assertEqual(self.embed("-i", "-", stdin=inputs["t.txt"]), expected)
        self.assertEqual(self.embed("--field", "text", stdin=inputs["t.jsonl"]), expected)
        self.assertEqual(self.embed("--input-form", "csv", stdin=inputs["t.csv"]), expected)
        self.assertEqual(self.embed("--input-form", "null", stdin="\0".join(texts)), expected)
        parts = [self.write(f"{i}.txt", text) for i, text in enumerate(texts)]
        self.assertEqual(self.embed("-i", *parts), expected)
        self.assertEqual(self.embed("-i", parts[0], "-i", *parts[1:]), expected)

    def test_fields_are_chosen_by_name(self):
        path = self.write("t.jsonl", '{"body":"hello","key":7}\n')
        lines = json_lines(self.embed("-i", path, "--field", "body", "--id-field", "key", "--json"))
        self.assertEqual(lines[0]["id"], "7")
        done = run("embed", "-i", path, "-m", MODEL)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"t\.jsonl:1: .*text")

    def test_order_is_kept_over_many_blocks_and_any_number_of_threads(self):
        texts = [f"token {i % 97} " * (1 + i % 7) for i in range(9000)]
        path = self.write("many.txt", "\n".join(texts))
        one, two = self.folder / "one.npy", self.folder / "two.npy"
        self.embed("-i", path, "-o", one, "--threads", "1")
        self.embed("-i", path, "-o", two, "--threads", "2", "--batch-tokens", "777")
        self.assertEqual(one.read_bytes(), two.read_bytes())
        rows = read_npy(one)[2]
        self.assertEqual(len(rows), len(texts))
        alone = numbers(self.embed(texts[8123]))[0]
        self.assertEqual(struct.pack("<16f", *rows[8123]), struct.pack("<16f", *alone))

    def test_no_input_gives_no_rows(self):
        self.assertEqual(self.embed(stdin=""), "")
        self.embed("-o", self.folder / "none.npy", stdin="")
        self.assertEqual(read_npy(self.folder / "none.npy")[1], (0, 16))

    def test_long_texts_are_cut_and_counted_or_refused(self):
        long = "hello " * 500
        done = run("embed", "hello", long, "-m", MODEL)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"^merle: 1 of 2 texts was cut to \d+ tokens, the model")
        self.assertEqual(run("embed", "hello", long, "-m", MODEL, "-q").stderr, "")
        done = run("embed", "hello", long, "-m", MODEL, "--on-long", "error")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"^merle: text 2 has \d+ tokens")

    def test_what_the_model_refuses_is_named_by_its_place(self):
        long = "hello " * 500 + "\n"
        late = self.write("late.txt", "hello\n" * 5000 + long)  # Not in the first block.
        words = ("-m", MODEL, "--on-long", "error")
        self.assertRegex(run("embed", *words, "-i", late).stderr, rf"^merle: {late}:5001 has \d+ tokens")
        self.assertRegex(run("search", "hello", *words, "-i", late).stderr, rf"^merle: {late}:5001 has")
        self.assertRegex(run("search", long, *words, "-i", late).stderr, r"^merle: the question has")
        short = self.write("short.csv", f"id,text\n1,hello\n2,{long}")
        self.assertRegex(run("similarity", *words, "-i", short).stderr, rf"^merle: {short}:3 has")
        self.assertRegex(run("similarity", *words, "a", "b", long).stderr, r"^merle: text 3 has")

    def test_bad_rows_stop_or_are_counted(self):
        path = self.write("t.jsonl", '{"text":"a"}\nnonsense\n{"text":"b"}\n{"x":1}\n')
        done = run("embed", "-i", path, "-m", MODEL)
        self.assertEqual(done.returncode, 1)
        self.assertIn("t.jsonl:2", done.stderr)
        done = run("embed", "-i", path, "-m", MODEL, "--skip-bad")
        self.assertEqual(done.returncode, 4)
        self.assertEqual(len(done.stdout.splitlines()), 2)
        self.assertRegex(done.stderr, r"left out 2 bad rows, the first: .*t\.jsonl:2")

    def test_rows_before_a_quote_that_is_never_closed_are_used(self):
        path = self.write("t.csv", 'text\na\nb\n"c\nd\n')
        done = run("embed", "-i", path, "-m", MODEL, "--skip-bad")
        self.assertEqual((done.returncode, len(done.stdout.splitlines())), (4, 2))
        self.assertRegex(done.stderr, r"left out 1 bad row, the first: .*t\.csv:4: a double quote")
        self.assertEqual(run("embed", "-i", path, "-m", MODEL).returncode, 1)

    def test_text_that_is_not_utf8_is_refused(self):
        done = run("embed", "-m", MODEL, stdin=b"fine\n\xff\xfe\n")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr.decode(), r"standard input:2: .*UTF-8")

    def test_an_input_is_not_written_over(self):
        content = self.input.read_bytes()
        link, hard = self.folder / "link.jsonl", self.folder / "hard.jsonl"
        link.symlink_to(self.input)
        hard.hardlink_to(self.input)
        for words, name in ((["-i", self.input], self.input), (["-i", self.input], hard), (["-i", link], self.input),
                            (["-i", self.write("a.txt", "a"), self.input], self.folder / "." / "texts.jsonl"),
                            (["--field", "text"], self.input)):
            with self.subTest(words=words, output=name), open(self.input, encoding="utf-8") as file:
                done = subprocess.run([MERLE, "embed", "-m", MODEL, *words, "-o", name], stdin=file, capture_output=True,
                                      text=True, env=environment(), check=False)
                self.assertEqual(done.returncode, 2)
                self.assertRegex(done.stderr, rf"^merle: -o {name}: is an input too and would be lost; .*\n$")
                self.assertEqual(self.input.read_bytes(), content)
        self.embed("-i", self.input, "-o", self.write("old.jsonl", "old"))
        self.embed("-i", "/dev/null", "-o", self.folder / "none.npy")

    def test_texts_and_prompts_that_are_not_utf8_are_named(self):
        bad = "a\udcff"  # The byte 0xFF in an argument.
        for words, says in ((["embed", "ok", bad], r"text 2 is not UTF-8: byte 1 \(0xFF\)"),
                            (["explain", bad], r"the text is not UTF-8: byte 1 \(0xFF\)"),
                            (["tokenize", bad], r"text 1 is not UTF-8: byte 1 \(0xFF\)"),
                            (["search", bad, "-i", self.input], r"the question is not UTF-8: byte 1 \(0xFF\)"),
                            (["embed", "-i", self.input, "--prompt", bad], r"--prompt: the prompt is not UTF-8: byte 1 \(0xFF\)"),
                            (["embed", "ok", "--prompt", bad], r"--prompt: the prompt is not UTF-8: byte 1 \(0xFF\)")):
            with self.subTest(words=words):
                done = run(*words, "-m", MODEL)
                self.assertNotEqual(done.returncode, 0)
                self.assertRegex(done.stderr, rf"^merle: {says} starts no valid character.*\n$")
        done = run("embed", "-m", MODEL, stdin=b"a\xff\n")
        self.assertIn(b"standard input:1: not UTF-8: byte 1 (0xFF)", done.stderr)

    def test_precision(self):
        vectors = numbers(self.embed("-i", self.input))
        bits = json_lines(self.embed("-i", self.input, "--precision", "ubinary", "--json"))
        for row, line in zip(vectors, bits):
            expected = [sum((x > 0) << (7 - i) for i, x in enumerate(row[j:j + 8])) for j in (0, 8)]
            self.assertEqual(line["embedding"], expected)
        signed = numbers(self.embed("-i", self.input, "--precision", "binary"))
        self.assertEqual(signed, [[x - 128 for x in line["embedding"]] for line in bits])
        self.embed("-i", self.input, "--precision", "int8", "-o", self.folder / "q.npy")
        kind, shape, rows = read_npy(self.folder / "q.npy")
        self.assertEqual((kind, shape), ("|i1", (len(PLAIN), 16)))
        for column in range(16):
            lowest = min(range(len(rows)), key=lambda i: vectors[i][column])
            self.assertEqual(rows[lowest][column], -128)
        self.embed("-i", self.input, "--precision", "uint8", "-o", self.folder / "q.safetensors")
        self.assertEqual(read_safetensors(self.folder / "q.safetensors")[2],
                         [[x + 128 for x in row] for row in rows])
        done = run("embed", "a", "b", "-m", MODEL, "--precision", "int8")
        self.assertIn("ranges come from 2 vectors", done.stderr)


class Similarity(CommandTest):
    def test_scores_are_cosines(self):
        texts = ["cat", "dog", "the first token"]
        vectors = numbers(self.succeed("embed", *texts, "-m", MODEL, "--normalize"))
        pairs = json_lines(self.succeed("similarity", *texts, "-m", MODEL, "--json"))
        self.assertEqual([(p["first"], p["second"]) for p in pairs], [(0, 1), (0, 2), (1, 2)])
        for pair in pairs:
            cosine = sum(a * b for a, b in zip(vectors[pair["first"]], vectors[pair["second"]]))
            self.assertAlmostEqual(pair["score"], cosine, delta=1e-5)

    def test_the_table_has_equal_lines_and_a_diagonal_of_ones(self):
        output = self.succeed("similarity", "cat", "犬 dog", "the first token", "-m", MODEL)
        table = output.split("\n\n")[1].splitlines()
        self.assertEqual(len(table), 4)
        self.assertEqual(output.count("1.000"), 3)

    def test_many_texts_get_a_ranking_without_a_table(self):
        done = run("similarity", *[f"token {i}" for i in range(50)], "-m", MODEL)
        self.assertEqual(done.returncode, 0)
        self.assertIn("too wide", done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), 50)


class Search(CommandTest):
    def setUp(self):
        super().setUp()
        self.texts = [f"Hello token {i}" for i in range(30)]
        self.path = self.write("t.jsonl", "".join(
            json.dumps({"id": i, "title": f"T{i}", "text": t}) + "\n" for i, t in enumerate(self.texts)))

    def search(self, query, *words, **options):
        return self.succeed("search", query, "-m", MODEL, *words, **options)

    def test_vectors_of_a_file_give_the_same_results(self):
        expected = self.search("Hello", "-i", self.path, "--json")
        for name in ("v.npy", "v.safetensors"):
            vectors = self.folder / name
            self.succeed("embed", "-q", "-m", MODEL, "-i", self.path, "-o", vectors)
            self.assertEqual(self.search("Hello", "-i", self.path, "--json", "--vectors", vectors), expected)
        few = self.write("few.jsonl", '{"text":"one"}\n')
        done = run("search", "Hello", "-m", MODEL, "-i", few, "--vectors", vectors)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"30 vectors for 1 texts")

    def test_vectors_that_search_would_make_otherwise_are_told(self):
        vectors = self.folder / "v.npy"
        def search(model):
            return run("search", "Hello", "-m", MODELS / model, "-i", self.path, "--json", "--vectors", vectors)
        expected = self.succeed("search", "Hello", "-m", MODELS / "st-prompts", "-i", self.path, "--json")
        self.succeed("embed", "-m", MODELS / "st-prompts", "-i", self.path, "-o", vectors, "--prompt-name", "document")
        done = search("st-prompts")
        self.assertEqual((done.stdout, done.stderr), (expected, ""))
        warning = (rf"^merle: {vectors}: its vector of {self.path}:1 is not the one that search makes \(cosine -?\d\.\d+\); "
                   r"embed the same input with this model and --prompt-name document\n$")
        for made, words, used in (("st-prompts", [], "st-prompts"), ("st-prompts", ["--prompt-name", "query"], "st-prompts"),
                                  ("st-pooling-cls", [], "st-pooling-max")):
            with self.subTest(made=made, words=words, used=used):
                self.succeed("embed", "-m", MODELS / made, "-i", self.path, "-o", vectors, *words)
                done = search(used)
                self.assertEqual((done.returncode, len(done.stdout.splitlines())), (0, 5))
                self.assertRegex(done.stderr, warning)

    def test_vectors_of_bytes_are_refused_by_name(self):
        for name in ("v.npy", "v.safetensors"):
            vectors = self.folder / name
            self.succeed("embed", "-q", "-m", MODEL, "-i", self.path, "--precision", "int8", "-o", vectors)
            done = run("search", "Hello", "-m", MODEL, "-i", self.path, "--vectors", vectors)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, rf"^merle: {vectors}: .*type.*\n$")

    def test_blocks_give_the_results_of_the_whole(self):
        words = ["cat", "dog", "Hello", "token", "world", "new", "first", "second"]
        texts = [" ".join(words[i >> shift & 7] for shift in (0, 3, 6, 9)) for i in range(9000)]
        path = self.write("many.txt", "".join(text + "\n" for text in texts))
        self.succeed("embed", "-q", "-m", MODEL, "-i", path, "--normalize", "-o", self.folder / "v.npy")
        query = numbers(self.succeed("embed", "dog cat", "-m", MODEL, "--normalize"))[0]
        scores = [sum(a * b for a, b in zip(query, row)) for row in read_npy(self.folder / "v.npy")[2]]
        best = sorted(range(len(texts)), key=lambda i: -scores[i])[:20]
        for more in ((), ("--vectors", self.folder / "v.npy")):
            hits = json_lines(self.search("dog cat", "-i", path, "--json", "-k", "20", *more))
            self.assert_rows_near([[hit["score"] for hit in hits]], [[scores[i] for i in best]])
            self.assertEqual(len({hit["line"] for hit in hits}), 20)
            for hit in hits:
                self.assertEqual(hit["text"], texts[hit["line"] - 1])
        self.assertEqual(self.search("dog cat", "-i", path, "--json"),
                         self.search("dog cat", "-i", path, "--json", "--vectors", self.folder / "v.npy"))

    def test_the_text_itself_is_found_first(self):
        hits = json_lines(self.search(self.texts[7], "-i", self.path, "--json", "-k", "3"))
        self.assertEqual([hit["rank"] for hit in hits], [1, 2, 3])
        self.assertIn(hits[0]["text"], self.texts)
        self.assertAlmostEqual(hits[0]["score"], 1, delta=1e-5)
        self.assertEqual(hits[0]["title"], f"T{hits[0]['id']}")
        self.assertEqual(hits[0]["file"], str(self.path))
        self.assertEqual(hits[0]["line"], int(hits[0]["id"]) + 1)
        scores = [hit["score"] for hit in hits]
        self.assertEqual(scores, sorted(scores, reverse=True))

    def test_people_see_rank_score_title_place_and_text(self):
        first = self.search(self.texts[7], "-i", self.path, "-k", "1").splitlines()
        self.assertRegex(first[0], r"^ 1  1\.000  T\d+ +\S*t\.jsonl:\d+$")
        self.assertRegex(first[1], r"^    Hello token \d+$")

    def test_titles_come_from_every_form_that_has_them(self):
        rows = {"a.csv": "title,text\nSea,one\n", "b.tsv": "text\tx\ntwo\t2\n", "c.csv": "text\nthree\n",
                "d.jsonl": '{"title":"Hill","text":"four"}\n{"title":["no","title"],"text":"five"}\n'}
        paths = [self.write(name, content) for name, content in rows.items()]
        hits = json_lines(self.search("one", "-i", *paths, "--json"))
        self.assertEqual({hit["text"]: hit.get("title") for hit in hits},
                         {"one": "Sea", "two": None, "three": None, "four": "Hill", "five": None})
        by_name = json_lines(self.search("one", "-i", paths[0], "--title-field", "text", "--json"))
        self.assertEqual(by_name[0]["title"], "one")
        self.assertNotIn("title", json_lines(self.search("Sea", "-i", paths[0], "--field", "title", "--json"))[0])
        done = run("search", "one", "-m", MODEL, "-i", *paths, "--title-field", "title")
        self.assertRegex(done.stderr, r"^merle: \S+b\.tsv:1: no column 'title'; ")

    def test_folders_are_read_in_passages_with_their_lines(self):
        self.write("notes/a.txt", "Hello world.\n\nThe first token.\n")
        self.write("notes/deep/b.md", "Another text.\n")
        (self.folder / "notes" / "c.bin").write_bytes(b"\x00\x01")
        hits = json_lines(self.search("Another text.", "-i", self.folder / "notes", "--json"))
        self.assertEqual(hits[0]["file"], str(self.folder / "notes" / "deep" / "b.md"))
        self.assertEqual(hits[0]["line"], 1)
        self.assertEqual({hit["file"].rsplit("/", 1)[1] for hit in hits}, {"a.txt", "b.md"})

    def test_passages_lose_nothing_to_the_limit_of_the_model(self):
        dense = "世界" * 40 + "。" + "hello world " * 9
        self.write("notes/a.txt", dense)
        for model, words in (("st-short", []), ("st-short", ["--prompt", "Hello "]), ("st-prompts", []),
                             ("st-prompts", ["--prompt-name", "document"])):
            with self.subTest(model=model, words=words):
                vectors = self.folder / "v.npy"
                done = run("embed", "-m", MODELS / model, "-i", self.folder / "notes", "--on-long", "error", "-o", vectors, *words)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                found = ["search", "world", "-m", MODELS / model, "-i", self.folder / "notes", "-k", "99", "--json"]
                texts = [hit["text"] for hit in json_lines(self.succeed(*found))]
                self.assertEqual(sorted("".join(texts).replace(" ", "")), sorted(dense.replace(" ", "")))
                if "--prompt" not in words:
                    self.assertEqual(read_npy(vectors)[1][0], len(texts))

    def test_text_in_other_encodings_is_left_out_and_told(self):
        self.write("notes/a.txt", "Hello world.\n")
        (self.folder / "notes" / "b.txt").write_bytes("café au lait".encode("latin-1"))
        (self.folder / "notes" / "c.txt").write_bytes("Hello".encode("utf-16"))
        (self.folder / "notes" / "d.bin").write_bytes(b"\x00\xff")
        done = run("search", "Hello", "-m", MODEL, "-i", self.folder / "notes")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"^merle: left out 2 files that are not UTF-8, the first: \S+/b\.txt .*\n$")
        self.assertEqual(run("search", "Hello", "-m", MODEL, "-i", self.folder / "notes", "-q").stderr, "")

    def test_very_many_texts_get_a_hint_to_keep_the_vectors(self):
        path = self.write("many.txt", "hello\n" * 20001)
        vectors = self.folder / "many.npy"
        done = run("search", "Hello", "-m", MODEL, "-i", path)
        self.assertRegex(done.stderr, r"^merle: embedding more than 20,000 texts takes some minutes; .*--vectors.*\n$")
        self.assertEqual(run("search", "Hello", "-m", MODEL, "-i", path, "-q").stderr, "")
        self.succeed("embed", "-m", MODEL, "-i", path, "-o", vectors)
        self.assertEqual(run("search", "Hello", "-m", MODEL, "-i", path, "--vectors", vectors).stderr, "")

    def test_standard_input_is_searched(self):
        self.assertIn("standard input:2", self.search("dog", stdin="cat\ndog\n\n"))

    def test_quiet_gives_ids_or_places(self):
        self.assertRegex(self.search("x", "-i", self.path, "-q", "-k", "2"), r"^\d+\n\d+\n$")
        self.assertEqual(sorted(self.search("x", "-q", stdin="a\nb\n").splitlines()),
                         ["standard input:1", "standard input:2"])

    def test_few_good_texts_give_few_results(self):
        self.assertEqual(len(json_lines(self.search("a", "--json", "-k", "50", stdin="a\nb\n"))), 2)
        done = run("search", "a", "-m", MODEL, "--min-score", "1", stdin="b\nhello world\n")
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertIn("no text scores 1 or more", done.stderr)
        done = run("search", "a", "-m", MODEL, stdin="\n\n")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no text to search", done.stderr)

    def test_prompts_named_query_and_document_are_used(self):
        model = MODELS / "st-prompts"
        query = numbers(self.succeed("embed", "Hello", "-m", model, "--prompt-name", "query", "--normalize"))[0]
        document = numbers(self.succeed("embed", "world", "-m", model, "--prompt-name", "document",
                                        "--normalize"))[0]
        hit = json_lines(self.succeed("search", "Hello", "-m", model, "--json", stdin="world\n"))[0]
        self.assertAlmostEqual(hit["score"], sum(a * b for a, b in zip(query, document)), delta=1e-5)


class Tokenize(CommandTest):
    def test_json_has_ids_tokens_and_offsets_of_equal_length(self):
        line = json_lines(self.succeed("tokenize", "Hello world", "-m", MODEL, "--json"))[0]
        self.assertEqual(list(line), ["ids", "tokens", "offsets", "type_ids", "special_tokens_mask"])
        self.assertEqual(len({len(value) for value in line.values()}), 1)
        self.assertEqual(line["offsets"][1], [0, len("Hello")] if line["tokens"][1].lower() == "hello"
                         else line["offsets"][1])

    def test_counts_lengths_and_special_tokens(self):
        def count(*words):
            return int(self.succeed("tokenize", "Hello world", "-m", MODEL, "--count", *words))
        self.assertEqual(count(), count("--no-special-tokens") + 2)
        self.assertEqual(count("--max-length", "3"), 3)
        self.assertGreater(count("--pair", "token"), count())

    def test_the_weights_are_not_needed(self):
        for name in ("tokenizer.json", "tokenizer_config.json", "config.json"):
            self.write(name, (MODEL / name).read_text(encoding="utf-8"))
        self.assertEqual(self.succeed("tokenize", "Hello", "-m", self.folder),
                         self.succeed("tokenize", "Hello", "-m", MODEL))

    def test_streams_line_by_line(self):
        process = subprocess.Popen([MERLE, "tokenize", "--count", "-m", MODEL], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True, env=environment())
        output, _ = process.communicate("a\nb\nc\n", timeout=60)
        self.assertEqual(len(output.splitlines()), 3)


class Explain(CommandTest):
    def test_json_agrees_with_embed_and_tokenize(self):
        page = json.loads(self.succeed("explain", "Hello world", "-m", MODEL, "--json"))
        self.assert_rows_near([page["vector"]], numbers(self.succeed("embed", "Hello world", "-m", MODEL)))
        tokens = json_lines(self.succeed("tokenize", "Hello world", "-m", MODEL, "--json"))[0]
        self.assertEqual([token["id"] for token in page["tokens"]], tokens["ids"])
        self.assertAlmostEqual(sum(token["contribution"] for token in page["tokens"]), 1, delta=1e-4)
        self.assertAlmostEqual(sum(token["pooling_share"] for token in page["tokens"]), 1, delta=1e-4)


class Evaluate(CommandTest):
    def test_spearman_of_a_file_by_hand(self):
        pairs = [("Hello", "Hello", 5), ("Hello", "world", 1), ("the first token", "token", 3)]
        path = self.write("sts.csv", "sentence1,sentence2,score\n" + "".join(
            f"{a},{b},{score}\n" for a, b, score in pairs))
        cosines = [float(self.succeed("similarity", a, b, "-m", MODEL)) for a, b, _ in pairs]
        ranks = [sorted(cosines).index(c) for c in cosines]
        expected = 1 - 6 * sum((r - s) ** 2 for r, s in zip(ranks, (2, 0, 1))) / (3 * 8)
        result = json_lines(self.succeed("eval", "sts", path, "-m", MODEL, "--json"))[0]
        self.assertEqual((result["file"], result["pairs"]), (str(path), 3))
        self.assertTrue(math.isclose(result["spearman"], expected, abs_tol=1e-6))
        self.assertIn(f"{100 * expected:.2f}", self.succeed("eval", "sts", path, "-m", MODEL))
        self.assertEqual(self.succeed("eval", "sts", path, "-m", MODEL, "-q"), f"{100 * expected:.2f}\n")

    def test_a_text_that_is_too_long_is_named_by_file_and_line(self):
        path = self.write("sts.csv", "a,b,1\nc,d,2\ne," + "hello " * 500 + ",3\n")
        done = run("eval", "sts", path, "-m", MODEL, "--on-long", "error")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, rf"^merle: sentence 2 of {path}:3 has \d+ tokens")

    def test_standard_input_and_pipes_are_read_once(self):
        table = "sentence1,sentence2,score\n" + "".join(f"Hello {i},token {i % 7},{i % 5}\n" for i in range(9000))
        expected = json_lines(self.succeed("eval", "sts", self.write("s.csv", table), "-m", MODEL, "--json"))[0]
        piped = json_lines(self.succeed("eval", "sts", "-", "-m", MODEL, "--json", stdin=table))[0]
        self.assertEqual(piped, {**expected, "file": "-"})
        done = run("eval", "sts", "-", "-m", MODEL, stdin="a,b,1\nc,d,high\n")
        self.assertRegex(done.stderr, r"^merle: standard input:2: the score")


if __name__ == "__main__":
    main()
