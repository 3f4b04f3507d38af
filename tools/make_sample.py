#!/usr/bin/env python3
"""Picks the sample collection: 3,000 openings of Wikipedia articles that a general reader would know.

  python3 tools/make_sample.py CORPUS.jsonl.xz WORDNET.tar.xz --output sample

CORPUS has one article a line: {"id", "title", "text"}; the first line of "text" is the first paragraph.
WORDNET is the Open English WordNet as a tar of YAML files; only its headwords are read.

A title is known when the dictionary has it or when other articles speak of it. The score is

  ln(1 + mentions) + ln(characters of the article)
    + 3 if the title is a WordNet headword, or 2.5 if it is not but names a topic

where `mentions` counts the other articles, but no kind of article more than MAX_MENTIONS_PER_KIND times (a
hundred villages all mention their district), that contain the title as a phrase of its own: written as a
name is written, with no capitalised neighbour (so that the film "New York" does not gain from "New York
City"), or in lower case if the title is a common noun. A topic is a title that the article itself writes
in lower case, "finite element method": a reader may ask about it without knowing its name.

Left out are titles with a disambiguator, "Civil War (album)", because their plain name means something
else, and lists, years, seasons, disambiguation pages, stubs, titles that nobody mentions, and sex. At most
MAX_PER_KIND openings define their title by the same noun ("... is a film"), and at most MAX_PER_FRAME titles
share their first or last two words, so no kind crowds out the rest. A paragraph that is too long is cut to
whole sentences. The result depends on the two files only.
"""

import argparse
import collections
import json
import lzma
import math
import pathlib
import re
import tarfile
import unicodedata

PASSAGES = 3000
kMinCharacters, kMaxCharacters = 200, 900  # Of an opening.
MIN_ARTICLE_CHARACTERS = 1000  # Shorter articles are stubs.
MAX_PER_KIND = 60
MAX_PER_FRAME = 3
MIN_MENTIONS = 1
MAX_MENTIONS_PER_KIND = 3
WORD_NET_BONUS = 3.0
TOPIC_BONUS = 2.5
MAX_TITLE_WORDS = 6

WORD = re.compile(r"\w+(?:[-'’.&]\w+)*")
UNWANTED_TITLE = re.compile(
    r"\(|\d{4}|^\d|^(List|Lists|Index|Outline|Timeline|Glossary|Table|Comparison|Bibliography"
    r"|Discography|Deaths|Geography|Demographics|Economy|Politics|Transport|Members|Results|Foreign) |"
    r" (discography|filmography|season|records|medalists|squads|statistics|standings|draft|qualification"
    r"|episodes|characters|election|elections|constituency)\b",
    re.IGNORECASE,
)
UNWANTED_TEXT = re.compile(
    r"\b(may|can|could) (also )?(refer|mean)\b|refers? to(:| (one of )?(several|the following|two|three))"
    r"|\bthis article\b|\bthis (is a )?list\b|\bporn|\bsex(ual)? (act|toy|position|intercourse)|\berection|\bpenis|\bvagina|\borgasm|\bmasturbat|\bfetish|\brape|\bbelow\b.{0,20}$|http|\bwas a season\b|\bformula [(,.]|[{}|\[\]<>=]",
    re.IGNORECASE,
)
DEFINITION = re.compile(
    r"\b(?:is|was|are|were)\s+(?:(?:also|an|a|the|any|one of the|one of)\s+)+([^.,;:()]*)", re.IGNORECASE
)
END_OF_NOUN_PHRASE = re.compile(
    r"\s+(?:of|in|on|by|from|for|at|to|with|that|which|who|whose|where|when|and|or|located|based|between|used"
    r"|written|directed|released|published|made|named|known|found|born|as|is|was|under|near|created|set"
    r"|produced|founded|developed|recorded|formed|situated|built|about|during|within|belonging|consisting)\b.*",
    re.IGNORECASE,
)


def read_headwords(path):
    """Returns the headwords of the WordNet archive, as it writes them."""
    headwords = set()
    with tarfile.open(path) as archive:
        for member in archive:
            if "/entries-" in member.name:
                for line in archive.extractfile(member).read().decode().splitlines():
                    if line.endswith(":") and line[0] != " ":
                        headwords.add(line[:-1].strip("'\""))
    return headwords


def clean_opening(text):
    """Returns the first paragraph, cut to whole sentences where it is too long.

    It loses what removed markup left behind: "(; born" or "( )".
    """
    opening = unicodedata.normalize("NFC", text.split("\n", 1)[0])
    opening = re.sub(r"\s+", " ", opening)
    opening = re.sub(r"([(\[])[\s,;:/–-]+(?=[^\s])", r"\1", opening)
    opening = re.sub(r"[\s,;:/–-]+\)", ")", opening)
    opening = re.sub(r"\s*\((?:or|and|lit\.?|pronounced|IPA|listen|Chinese|Japanese|Russian|Greek|Arabic)?\s*:?\)", "", opening)
    opening = re.sub(r"\s+([,.;:!?)])", r"\1", opening)
    opening = re.sub(r"(\d{4})(?=(?:January|February|March|April|May|June|July|August|September|October|November|December) \d)", r"\1 – ", opening)
    opening = opening.strip()
    if len(opening) > kMaxCharacters:
        ends = [m.end() - 1 for m in re.finditer(r"[a-z)]{3}[.!?][\"”]? (?=[A-Z])", opening[: kMaxCharacters + 2])]
        opening = opening[: ends[-1]] if ends else opening
    return opening


def is_whole(opening):
    """Says whether the opening is complete sentences with balanced parentheses and quotes."""
    return (
        kMinCharacters <= len(opening) <= kMaxCharacters
        and re.search(r"[.!?][\"')”]*$", opening) is not None
        and opening.count("(") == opening.count(")")
        and opening.count('"') % 2 == 0
        and not re.search(r"\(\)|\"\"|,,|\.\.|\(\W|, ,|(^|[\s(])['’]($|[\s,.)])|\(or \(", opening)
        and opening[0].isupper() | opening[0].isdigit() | (opening[0] in "\"'")
        and UNWANTED_TEXT.search(opening) is None
    )


def fold(text):
    """Returns the text in lower case without accents, to compare a title with its opening."""
    decomposed = unicodedata.normalize("NFD", text.lower())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def opens_with_title(title, opening):
    """Says whether the first words name the article's subject."""
    start = fold(opening[: len(title) + 60])
    return all(word in start for word in WORD.findall(fold(title)))


def kind_of(opening):
    """Returns the noun that the first sentence defines its subject by: "film", "village", ..."""
    definition = DEFINITION.search(opening)
    if not definition:
        return ""
    words = WORD.findall(END_OF_NOUN_PHRASE.sub("", definition.group(1)).lower())
    return words[-1] if words else ""


def count_mentions(articles, names):
    """Returns for each name, a tuple of words, how many articles of each kind use it as a phrase.

    A name that starts in lower case is a common noun and counts wherever it stands. A proper name counts
    if no capitalised word stands beside it; a single word must also follow a lower-case word, because
    any word is capitalised at the start of a sentence.
    """
    lengths_by_first = collections.defaultdict(set)
    for name in names:
        lengths_by_first[name[0]].add(len(name))
    mentions = collections.defaultdict(collections.Counter)
    for article in articles:
        words, gaps, end = [], [], 0
        for match in WORD.finditer(article["text"]):
            words.append(match.group())
            gaps.append(article["text"][end : match.start()])
            end = match.end()
        gaps.append(article["text"][end:])
        seen = set()
        for i, word in enumerate(words):
            for length in lengths_by_first.get(word, ()):
                name = tuple(words[i : i + length])
                if name not in names or any(gap != " " for gap in gaps[i + 1 : i + length]):
                    continue
                if not word[0].islower():
                    after_lower = i > 0 and words[i - 1][0].islower() and gaps[i] in (" ", ", ", " (", ' "')
                    before = i > 0 and gaps[i] == " " and not words[i - 1][0].islower()
                    after = i + length < len(words) and gaps[i + length] == " " and not words[i + length][0].islower()
                    if before or after or (length == 1 and not after_lower):
                        continue
                seen.add(name)
        kind = kind_of(article["text"][:400])
        for name in seen:
            mentions[name][kind] += 1
    return mentions


def name_of(article, headwords):
    """Returns the title as running text writes it, a tuple of words, and the bonus for what it is."""
    title = article["title"]
    lower = title[0].lower() + title[1:]
    # "Desert" is a common noun, the album "Unmistakable" is not: its article writes it with a capital only.
    is_topic = lower.islower() and re.search(r"\b" + re.escape(lower) + r"\b", article["text"]) is not None
    if is_topic:
        return tuple(WORD.findall(lower)), WORD_NET_BONUS if lower in headwords else TOPIC_BONUS
    return tuple(WORD.findall(title)), WORD_NET_BONUS if title in headwords else 0.0


def pick(candidates):
    """Returns PASSAGES candidates, best score first, under the caps on kinds and title frames."""
    kinds, frames, texts, picked = collections.Counter(), collections.Counter(), set(), []
    for candidate in sorted(candidates, key=lambda c: (-c["score"], c["id"])):
        words = fold(candidate["title"]).split()
        title_frames = {("first", *words[:2]), ("last", *words[-2:])} if len(words) > 2 else set()
        kind = kind_of(candidate["opening"])
        if kind and kinds[kind] >= MAX_PER_KIND or any(frames[f] >= MAX_PER_FRAME for f in title_frames):
            continue
        if candidate["opening"] in texts:
            continue
        kinds[kind] += 1
        frames.update(title_frames)
        texts.add(candidate["opening"])
        picked.append(candidate)
        if len(picked) == PASSAGES:
            break
    return picked


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("wordnet", type=pathlib.Path)
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("sample"))
    parser.add_argument("--scores", type=pathlib.Path, help="also write score, mentions, kind and title here")
    arguments = parser.parse_args()

    headwords = read_headwords(arguments.wordnet)
    with lzma.open(arguments.corpus, "rt", encoding="utf-8") as lines:
        articles = [json.loads(line) for line in lines]
    candidates = []
    for article in articles:
        if UNWANTED_TITLE.search(article["title"]) or len(article["text"]) < MIN_ARTICLE_CHARACTERS:
            continue
        opening = clean_opening(article["text"])
        name, bonus = name_of(article, headwords)
        if not 0 < len(name) <= MAX_TITLE_WORDS or not is_whole(opening) or not opens_with_title(article["title"], opening):
            continue
        candidates.append({"id": article["id"], "title": article["title"], "opening": opening, "name": name,
                           "bonus": bonus, "length": len(article["text"])})
    mentions = count_mentions(articles, {c["name"] for c in candidates})
    for c in candidates:
        kinds = mentions[c["name"]]
        kinds[kind_of(c["opening"])] -= 1  # The article itself.
        c["mentions"] = sum(min(max(count, 0), MAX_MENTIONS_PER_KIND) for count in kinds.values())
        c["score"] = math.log1p(c["mentions"]) + math.log(c["length"]) + c["bonus"]
    picked = pick([c for c in candidates if c["mentions"] >= MIN_MENTIONS])

    arguments.output.mkdir(parents=True, exist_ok=True)
    with open(arguments.output / "wikipedia.jsonl", "w", encoding="utf-8") as output:
        for c in picked:
            output.write(json.dumps({"id": c["id"], "title": c["title"], "text": c["opening"]}, ensure_ascii=False) + "\n")
    if arguments.scores:
        with open(arguments.scores, "w", encoding="utf-8") as output:
            for c in picked:
                output.write(f"{c['score']:.2f}\t{c['mentions']}\t{c['bonus']}\t{kind_of(c['opening'])}\t{c['title']}\n")
    print(f"{len(candidates)} candidates, {len(picked)} passages")


if __name__ == "__main__":
    main()
