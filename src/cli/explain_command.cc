// merle explain: how a text becomes a vector, step by step, for the real model.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apply/explain.h"
#include "base/format.h"
#include "base/json_writer.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/model_access.h"
#include "cli/terminal.h"
#include "embedding/embedder.h"
#include "models/encoder_model.h"

namespace merle {
namespace {

constexpr std::size_t kMostTokens = 40;   // Shown to people; --json has them all.
constexpr std::size_t kWidestToken = 16;  // Columns.
constexpr std::size_t kBarColumns = 30;
constexpr std::array<const char*, 9> kHeights = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

// A block as high as `share` in [0, 1].
const char* Height(double share) {
  const double step = std::clamp(share, 0.0, 1.0) * (kHeights.size() - 1);
  return kHeights[static_cast<std::size_t>(std::lround(step))];
}

// The page for people, section by section, as the post tells it.
class Page {
 public:
  Page(const Explanation& explanation, const Embedder& embedder, const Terminal& screen)
      : explanation_(explanation),
        embedder_(embedder),
        screen_(screen),
        shown_(std::min(explanation.tokens.size(), kMostTokens)) {
    for (std::size_t i = 0; i < shown_; ++i) {
      labels_.push_back(Ellipsize(OneLine(explanation.tokens[i].token), kWidestToken));
      label_width_ = std::max(label_width_, DisplayWidth(labels_.back()));
    }
  }

  std::string Text() {
    AddTokens();
    AddLayers();
    AddPooling();
    AddVector();
    return std::move(text_);
  }

 private:
  void AddHeading(std::string_view title, std::string_view says) {
    if (!text_.empty()) text_ += "\n";
    text_ += screen_.Bold(title) + "\n" +
             screen_.Dim(Wrap(says, std::min<std::size_t>(screen_.width(), 100), 0, 9));
    text_ += "\n";
  }

  std::string Label(std::size_t i) const {
    const std::string label = PadRight(labels_[i], label_width_);
    return "  " + (explanation_.tokens[i].special ? screen_.Dim(label) : screen_.Accent(label));
  }

  void AddRest() {
    if (explanation_.tokens.size() > shown_) {
      text_ += screen_.Dim(
          Format("  … and {} more; --json shows all\n", explanation_.tokens.size() - shown_));
    }
  }

  void AddTokens() {
    const EncoderShape& shape = embedder_.model().shape();
    AddHeading("1. Tokens",
               Format("The text becomes {} tokens. The id of each is the number of its row in the "
                      "embedding table, which has {} rows of {} numbers; here are the first.",
                      explanation_.tokens.size(), WithCommas(shape.vocab_size), shape.hidden_size));
    text_ +=
        "  " + screen_.Dim(PadRight("token", label_width_) + "      id  row of the table") + "\n";
    for (std::size_t i = 0; i < shown_; ++i) {
      text_ += Label(i) + Format("  {:>6} ", explanation_.tokens[i].id);
      for (const float number : explanation_.tokens[i].table_row) {
        text_ += Format(" {:>7.4f}", number);
      }
      text_ += screen_.Dim(" …") + "\n";
    }
    AddRest();
  }

  void AddLayers() {
    const std::size_t layers = embedder_.model().shape().layers;
    AddHeading(
        "2. Layers",
        Format("{} let{} the tokens look at one another. The cosine of each token to itself before "
               "the layer: 1.00 means that it stayed, and the higher the block, the farther it "
               "moved.",
               layers == 1 ? "One layer" : Format("{} layers", layers), layers == 1 ? "s" : ""));
    constexpr std::size_t kCell = 8;  // "  0.87▂ "
    const std::size_t room = screen_.width() - std::min(screen_.width(), label_width_ + 4);
    const std::size_t in_a_row = std::min(layers, std::max<std::size_t>(room / kCell, 4));
    for (std::size_t first = 0; first < layers; first += in_a_row) {
      if (first > 0) text_ += "\n";
      AddLayerRows(first, std::min(layers, first + in_a_row));
    }
    AddRest();
  }

  void AddLayerRows(std::size_t first, std::size_t last) {
    std::string header = PadRight("layer", label_width_);
    for (std::size_t layer = first; layer < last; ++layer) header += Format("  {:>4}  ", layer + 1);
    while (header.ends_with(' ')) header.pop_back();
    text_ += "  " + screen_.Dim(header) + "\n";
    for (std::size_t i = 0; i < shown_; ++i) {
      text_ += Label(i);
      for (std::size_t layer = first; layer < last; ++layer) {
        const double cosine = explanation_.tokens[i].layer_cosines[layer];
        text_ += Format("  {:>4.2f} ", cosine) + screen_.Accent(Height(1 - cosine));
      }
      while (text_.ends_with(' ')) text_.pop_back();  // A layer that moved nothing has no block.
      text_ += "\n";
    }
  }

  void AddPooling() {
    AddHeading("3. Pooling",
               Format("One vector from all tokens ({}). How much of its direction comes from each:",
                      embedder_.pooling_name()));
    double largest = 1e-9;
    for (const ExplainedToken& token : explanation_.tokens) {
      largest = std::max(largest, token.contribution);
    }
    for (std::size_t i = 0; i < shown_; ++i) {
      const double part = explanation_.tokens[i].contribution;
      text_ += Label(i) + Format("  {:>5.1f} %  ", 100 * part) +
               screen_.Accent(Bar(part / largest, kBarColumns)) + "\n";
    }
    AddRest();
  }

  void AddVector() {
    const std::vector<float>& vector = explanation_.vector;
    double squares = 0, largest = 1e-9;
    for (const float number : vector) {
      squares += double{number} * number;
      largest = std::max(largest, std::abs(double{number}));
    }
    AddHeading(
        "4. The vector",
        Format("{} numbers, length {:.3f}: what embed writes and similarity compares. Its first "
               "numbers, and a picture of them all.",
               vector.size(), std::sqrt(squares)));
    text_ += " ";
    const std::size_t numbers = std::min<std::size_t>(vector.size(), (screen_.width() - 4) / 9);
    for (std::size_t i = 0; i < std::min<std::size_t>(numbers, 8); ++i) {
      text_ += Format(" {:>8.5f}", vector[i]);
    }
    text_ += screen_.Dim(" …") + "\n";
    const std::size_t columns = std::min<std::size_t>(screen_.width(), 100) - 4;
    for (std::size_t i = 0; i < vector.size(); i += columns) {
      std::string line = "  ";
      for (std::size_t j = i; j < std::min(vector.size(), i + columns); ++j) {
        line += Height(0.5 + vector[j] / largest / 2);
      }
      text_ += screen_.Accent(line) + "\n";
    }
  }

  const Explanation& explanation_;
  const Embedder& embedder_;
  const Terminal& screen_;
  std::size_t shown_;
  std::vector<std::string> labels_;
  std::size_t label_width_ = std::string_view("token").size();
  std::string text_;
};

std::string JsonLine(const Explanation& explanation) {
  JsonWriter json;
  json.BeginObject().Key("text").Value(explanation.text);
  json.Key("cut_tokens").Value(explanation.cut_tokens).Key("tokens").BeginArray();
  for (const ExplainedToken& token : explanation.tokens) {
    json.BeginObject().Key("token").Value(token.token).Key("id").Value(token.id);
    json.Key("offset").BeginArray().Value(token.offset.begin).Value(token.offset.end).EndArray();
    json.Key("piece").Value(token.piece).Key("special").Value(token.special);
    json.Key("table_row").Value(std::span(token.table_row));
    json.Key("layer_cosines").Value(std::span(token.layer_cosines));
    json.Key("pooling_share").Value(token.pooling_share);
    json.Key("contribution").Value(token.contribution).EndObject();
  }
  json.EndArray().Key("vector").Value(std::span(explanation.vector)).EndObject();
  return json.text() + "\n";
}

int Run(const Invocation& invocation) {
  const Embedder embedder = OpenEmbedder(invocation);
  ExplainOptions explain{.embed = EmbedOptionsOf(invocation.options, embedder)};
  explain.embed.name_text = [](std::size_t) { return std::string("the text"); };
  if (invocation.options.json) explain.table_numbers = embedder.model().shape().hidden_size;
  const Explanation explanation =
      UseModel([&] { return Explain(embedder, invocation.arguments.front(), explain); });
  if (invocation.options.json) {
    invocation.out.Write(JsonLine(explanation));
  } else {
    invocation.out.Write(Page(explanation, embedder, invocation.screen).Text());
  }
  if (explanation.cut_tokens > 0) {
    invocation.Say(Format("the text was longer than {} tokens; {} were left out",
                          embedder.max_tokens(), WithCommas(explanation.cut_tokens)));
  }
  return kExitOk;
}

}  // namespace

CommandDetails ExplainDetails() {
  return {
      .arguments = "TEXT",
      .least_arguments = 1,
      .most_arguments = 1,
      .options = {"model", "json", "prompt", "prompt-name", "dim", "normalize", "on-long",
                  "compute", "threads"},
      .description =
          "Shows each token and its id, the first numbers of its row in the embedding table, how "
          "far "
          "each layer moves it, which tokens the pooled vector listens to, and the vector itself.\n"
          "--json writes all of it as one object, with whole table rows.",
      .examples = {{"merle explain 'The cat sat on the mat.'", "the page"},
                   {"merle explain 'catnip' -m ./my-model", "another model"},
                   {"merle explain 'catnip' --json", "all the numbers"}},
      .run = Run,
  };
}

}  // namespace merle
