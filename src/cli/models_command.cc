// merle models list, merle models show: which models are here, and what one is like.

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/json_writer.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/model_access.h"
#include "cli/terminal.h"
#include "embedding/embedder.h"
#include "hub/cache.h"
#include "models/encoder_model.h"

namespace merle {
namespace {

constexpr std::size_t kShortRevision = 8;  // Digits that people need of a commit.

std::string ListLine(const CachedModel& model, const std::string& problem) {
  JsonWriter json;
  json.BeginObject()
      .Key("name")
      .Value(ReplaceInvalidUtf8(model.name))
      .Key("revision")
      .Value(model.revision);
  json.Key("bytes").Value(model.bytes).Key("path").Value(ReplaceInvalidUtf8(model.path));
  json.Key("problem");
  if (problem.empty()) {
    json.Null();
  } else {
    json.Value(ReplaceInvalidUtf8(problem));
  }
  json.EndObject();
  return json.text() + "\n";
}

int List(const Invocation& invocation) {
  const std::string cache = HubCacheFromEnvironment();
  std::vector<CachedModel> models;
  try {
    models = ListModels(cache);
  } catch (const Error& error) {
    throw ModelError(error.code(), error.what());
  }
  const Terminal& screen = invocation.screen;
  std::size_t width = 4;
  for (const CachedModel& model : models)
    width = std::max(width, DisplayWidth(OneLine(model.name)));
  const bool table = !invocation.options.json && !invocation.options.quiet;
  if (table && !models.empty()) {
    invocation.out.Write(screen.Bold(PadRight("name", width) + "  revision      size") + "\n");
  }
  for (const CachedModel& model : models) {
    if (invocation.options.json) {
      invocation.out.Write(ListLine(model, ProblemOfSnapshot(model.path)));
    } else if (!table) {
      invocation.out.Write(OneLine(model.name) + "\n");
    } else {
      const std::string problem = ProblemOfSnapshot(model.path);
      invocation.out.Write(
          Format("{}  {}  {:>8}{}\n", screen.Accent(PadRight(OneLine(model.name), width)),
                 model.revision.substr(0, kShortRevision), HumanBytes(model.bytes),
                 problem.empty() ? "" : screen.Dim("  incomplete: " + OneLine(problem))));
    }
  }
  if (models.empty()) invocation.Say(Format("there is no model in the cache {}", cache));
  return kExitOk;
}

std::string ShowLine(const std::string& folder, const Embedder& embedder,
                     const std::vector<ModelFile>& files) {
  const EncoderShape& shape = embedder.model().shape();
  JsonWriter json;
  json.BeginObject().Key("path").Value(ReplaceInvalidUtf8(folder));
  json.Key("type").Value(embedder.model().model_type()).Key("dim").Value(embedder.dim());
  json.Key("max_tokens").Value(embedder.max_tokens()).Key("layers").Value(shape.layers);
  json.Key("hidden_size").Value(shape.hidden_size).Key("heads").Value(shape.heads);
  json.Key("vocab_size").Value(shape.vocab_size);
  json.Key("parameters").Value(embedder.model().parameters());
  json.Key("modules").Value(embedder.Describe()).Key("prompts").BeginObject();
  for (const auto& [name, text] : embedder.prompts().by_name()) json.Key(name).Value(text);
  json.EndObject().Key("default_prompt");
  if (const auto& name = embedder.prompts().default_name()) {
    json.Value(*name);
  } else {
    json.Null();
  }
  json.Key("files").BeginArray();
  for (const ModelFile& file : files) {
    json.BeginObject()
        .Key("name")
        .Value(ReplaceInvalidUtf8(file.name))
        .Key("bytes")
        .Value(file.bytes)
        .EndObject();
  }
  json.EndArray().EndObject();
  return json.text() + "\n";
}

// "name      value" lines; the lines of a value that has several stand below one another.
class Facts {
 public:
  explicit Facts(const Terminal& screen) : screen_(screen) {}

  void Add(std::string_view name, std::string_view value) {
    while (true) {
      const std::size_t end = value.find('\n');
      text_ += screen_.Bold(PadRight(name, 12)) + std::string(value.substr(0, end)) + "\n";
      if (end == std::string_view::npos || end + 1 == value.size()) return;
      value.remove_prefix(end + 1);
      name = "";
    }
  }

  const std::string& text() const { return text_; }

 private:
  const Terminal& screen_;
  std::string text_;
};

std::string ShowPage(const std::string& folder, const Embedder& embedder,
                     const std::vector<ModelFile>& files, const Terminal& screen) {
  const EncoderShape& shape = embedder.model().shape();
  Facts facts(screen);
  facts.Add("path", OneLine(folder));
  facts.Add("type", embedder.model().model_type());
  facts.Add("vectors", Format("{} components", embedder.dim()));
  facts.Add("texts", Format("up to {} tokens", embedder.max_tokens()));
  facts.Add("size", Format("{} layer{}, hidden size {}, {} head{}, {} tokens in the vocabulary\n"
                           "{} parameters",
                           shape.layers, shape.layers == 1 ? "" : "s", shape.hidden_size,
                           shape.heads, shape.heads == 1 ? "" : "s", WithCommas(shape.vocab_size),
                           WithCommas(embedder.model().parameters())));
  facts.Add("modules", embedder.Describe());
  std::string prompts;
  const auto& default_name = embedder.prompts().default_name();
  for (const auto& [name, text] : embedder.prompts().by_name()) {
    if (text.empty()) continue;
    AppendFormat(prompts, "{}: \"{}\"{}\n", OneLine(name),
                 OneLine(text) + (text.ends_with(' ') ? " " : ""),
                 default_name == name ? " (used unless another is chosen)" : "");
  }
  facts.Add("prompts", prompts.empty() ? "none" : prompts);
  std::size_t width = 0;
  for (const ModelFile& file : files) width = std::max(width, DisplayWidth(OneLine(file.name)));
  std::string list;
  for (const ModelFile& file : files) {
    AppendFormat(list, "{}  {:>8}\n", PadRight(OneLine(file.name), width), HumanBytes(file.bytes));
  }
  facts.Add("files", list);
  return facts.text();
}

int Show(const Invocation& given) {
  Invocation invocation = given;
  if (!given.arguments.empty()) invocation.options.model = given.arguments.front();
  const std::string folder =
      std::filesystem::absolute(FindModelFolder(invocation)).lexically_normal();
  if (invocation.options.quiet) {
    invocation.out.Write(folder + "\n");
    return kExitOk;
  }
  const Embedder embedder = OpenEmbedder(invocation);
  const std::vector<ModelFile> files = ListFiles(folder);
  invocation.out.Write(invocation.options.json
                           ? ShowLine(folder, embedder, files)
                           : ShowPage(folder, embedder, files, invocation.screen));
  return kExitOk;
}

}  // namespace

CommandDetails ModelsListDetails() {
  return {
      .arguments = "",
      .options = {"json"},
      .description =
          "The models are those in the Hugging Face cache, where other programs find them too: "
          "HF_HUB_CACHE or HF_HOME says where it is. --json writes {\"name\":…,\"revision\":…,"
          "\"bytes\":…,\"path\":…,\"problem\":…}, where problem says what is incomplete, or is "
          "null; "
          "-q only the names.",
      .examples = {{"merle models list", "names, revisions, sizes"},
                   {"merle models list --json", "for programs, with paths"},
                   {"HF_HUB_CACHE=/data/hub merle models list", "another cache"}},
      .run = List,
  };
}

CommandDetails ModelsShowDetails() {
  return {
      .arguments = "[MODEL]",
      .least_arguments = 0,
      .most_arguments = 1,
      .options = {"model", "json"},
      .description =
          "Shows the folder, type, size, length limit, pooling, prompts and files of a model. "
          "--json "
          "writes the same as one object with \"path\" first; -q only the path.",
      .examples = {{"merle models show", "the model that is used by default"},
                   {"merle models show ./my-model", "a folder"},
                   {"cd \"$(merle models show -q)\"", "go to its files"}},
      .run = Show,
  };
}

}  // namespace merle
