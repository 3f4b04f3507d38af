// The file that a tokenizer mostly lies in, tokenizer.json or vocab.txt: read, or as an earlier
// process has prepared it.
#pragma once

#include <optional>
#include <string>

#include "base/cache_entry.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/json_reader.h"
#include "tokenizers/vocabulary.h"

namespace merle {

struct TokenizerFile {
  std::string path;                      // For messages.
  std::optional<JsonDocument> json;      // tokenizer.json; without the vocabulary if that is below.
  std::optional<Vocabulary> vocabulary;  // Of vocab.txt, or as it was prepared.
};

// Opens tokenizer.json, or where there is none vocab.txt. Throws kNotFound if there is neither.
RandomAccessFile OpenTokenizerFile(const Folder& folder);

// Throws kDataLoss if the file is broken.
TokenizerFile ReadTokenizerFile(const RandomAccessFile& file);

// Where a file is kept once it is prepared, by its content. None where cache_folder is empty, or
// the system has no SHA-256.
CacheEntry EntryOfTokenizer(const RandomAccessFile& file, const std::string& cache_folder);

// Takes the file at `path` from its entry; nothing if it is not there. Throws kDataLoss where
// somebody has written it.
std::optional<TokenizerFile> TakeTokenizer(const CacheEntry& entry, const std::string& path);

// vocabulary: of the tokenizer that was made of the file.
void KeepTokenizer(const CacheEntry& entry, const TokenizerFile& file,
                   const Vocabulary& vocabulary);

}  // namespace merle
