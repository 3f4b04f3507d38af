// Finds the lines of a file that mean most nearly what a question asks: embed, index, search.
//
//   build/release/examples/search MODEL_FOLDER FILE "a question"
#include <merle/merle.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

std::vector<std::string> ReadLines(const char* path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(std::string(path) + ": can't be read");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

void Search(const char* folder, const char* path, std::string_view question) {
  const merle::Embedder embedder = merle::Embedder::Load(folder);
  const std::vector<std::string> lines = ReadLines(path);
  const std::vector<std::string_view> texts(lines.begin(), lines.end());

  // Models that were trained with prompts want one for questions and another for documents; for
  // all others the two are empty.
  const merle::FlatIndex index(
      embedder.Embed(texts, {.prompt = {.name = "document"}, .normalize = true}));
  const merle::Matrix<float> query =
      embedder.Embed(question, {.prompt = {.name = "query"}, .normalize = true});

  const auto found = index.Search(query.view(), 3, embedder.pool());  // For each query, one here.
  for (const merle::Neighbor& neighbor : found[0]) {
    std::printf("%.4f  %s\n", static_cast<double>(neighbor.score), lines[neighbor.row].c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: search MODEL_FOLDER FILE QUESTION\n");
    return 2;
  }
  try {
    Search(argv[1], argv[2], argv[3]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "search: %s\n", error.what());
    return 1;
  }
  return 0;
}
