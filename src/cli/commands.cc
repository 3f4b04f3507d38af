#include "cli/commands.h"

#include <array>
#include <span>
#include <string_view>

#include "cli/command.h"

namespace merle {
namespace {

constexpr std::string_view kVectors = "Vectors";
constexpr std::string_view kInside = "Inside a model";
constexpr std::string_view kModels = "Models and quality";
constexpr std::string_view kMerle = "Merle itself";

constexpr std::array kCommands = {
    Command{"embed", "Turn texts into vectors", kVectors, EmbedDetails},
    Command{"similarity", "Say how near texts are in meaning", kVectors, SimilarityDetails},
    Command{"search", "Find the texts that answer a question", kVectors, SearchDetails},
    Command{"serve", "Answer other programs over HTTP, as OpenAI's API", kVectors, ServeDetails},
    Command{"tokenize", "Show the tokens of a text", kInside, TokenizeDetails},
    Command{"explain", "Show how a model makes a vector, step by step", kInside, ExplainDetails},
    Command{"pull", "Fetch a model from the Hugging Face hub", kModels, PullDetails},
    Command{"models list", "List the models on this machine", kModels, ModelsListDetails},
    Command{"models show", "Describe a model", kModels, ModelsShowDetails},
    Command{"models remove", "Remove a model from this machine", kModels, ModelsRemoveDetails},
    Command{"eval sts", "Score a model on pairs of sentences that people have rated", kModels,
            EvalStsDetails},
    Command{"version", "Say which Merle this is", kMerle, VersionDetails},
    Command{"help", "Explain a command", kMerle, HelpDetails},
    Command{"completion", "Let a shell complete command lines", kMerle, CompletionDetails},
};

}  // namespace

std::span<const Command> AllCommands() { return kCommands; }

}  // namespace merle
