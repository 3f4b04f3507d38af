#include "cli/options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include "base/assert.h"
#include "base/error.h"
#include "base/format.h"

namespace merle {
namespace {

constexpr std::size_t kMostPort = 65535;
constexpr std::size_t kMostSeconds = 86400;  // Of a timeout.

// Most threads that --threads takes: more than any machine of one board has.
constexpr std::size_t kMostThreads = 1024;

const std::array kOptions = {
    Option{"model", 'm', "NAME", &Options::model,
           "Use this model: a folder, a name in the Hugging Face cache, or openai:NAME for one "
           "behind a server (OPENAI_BASE_URL, OPENAI_API_KEY)",
           "MERLE_MODEL"},
    Option{"input", 'i', "FILE…", &Options::inputs,
           "Read from these files, up to the next flag; --input=FILE is one file. - is standard "
           "input. "
           "Endings .jsonl, .csv and .tsv mean records, "
           "others a text a line; of a folder all text files are read, in passages"},
    Option{"input-form", 0, "lines|null|jsonl|csv|tsv|whole|passages", &Options::input_form,
           "Read in this form, whatever the ending"},
    Option{"field", 0, "NAME", &Options::field, "Take the text from this field of JSONL or CSV", "",
           "text"},
    Option{"id-field", 0, "NAME", &Options::id_field, "Take the id from this field of JSONL or CSV",
           "", "id, where there is one"},
    Option{"title-field", 0, "NAME", &Options::title_field, "Take the title from this field", "",
           "title, where there is one"},
    Option{
        "skip-bad", 0, "", &Options::skip_bad,
        "Skip input rows that can't be used, such as one of more than 64 MiB, count them, and exit "
        "with 4"},
    Option{"output", 'o', "FILE", &Options::output,
           "Write to this file; its ending (.npy, .safetensors, .jsonl, .txt) chooses the form"},
    Option{"format", 0, "text|jsonl|npy|safetensors", &Options::format,
           "Write in this form, whatever the ending"},
    Option{"shard", 0, "I/N", &Options::shard,
           "Take every N-th text only, from the I-th on: a share of the work for each of N "
           "processes"},
    Option{"resume", 0, "", &Options::resume,
           "Go on where an interrupted run of the same command stopped; if there is none, start"},
    Option{"json", 0, "", &Options::json, "Write one JSON object a line"},
    Option{"vectors", 0, "FILE", &Options::vectors,
           "Take the vectors of the texts from this .npy or .safetensors file, which embed "
           "--prompt-name document wrote for the same input, instead of embedding them again"},
    Option{"top", 'k', "N", &Options::top, "Show the best N"},
    Option{"min-score", 0, "X", &Options::min_score, "Show only scores of at least X (-1 to 1)"},
    Option{"prompt", 0, "TEXT", &Options::prompt, "Put this text before each input"},
    Option{"prompt-name", 0, "NAME", &Options::prompt_name,
           "Use the model's prompt of this name, such as query or document"},
    Option{"dim", 0, "N", &Options::dim, "Keep the first N components of each vector", "", "all"},
    Option{"normalize", 0, "", &Options::normalize, "Scale each vector to length 1"},
    Option{"on-long", 0, "cut|error", &Options::on_long,
           "Cut a text that is longer than the model takes, or stop"},
    Option{"precision", 0, "float32|int8|uint8|binary|ubinary", &Options::precision,
           "Store the numbers of the vectors like this"},
    Option{"pair", 0, "TEXT", &Options::pair, "Join this second text to each input"},
    Option{"max-length", 0, "N", &Options::max_length, "Keep at most N tokens of each text", "",
           "no limit"},
    Option{"no-special-tokens", 0, "", &Options::no_special_tokens,
           "Leave out the tokens that the model adds, such as [CLS]"},
    Option{"count", 0, "", &Options::count, "Write only the number of tokens"},
    Option{"dry-run", 0, "", &Options::dry_run, "Say what would be done, and do nothing"},
    Option{"compute", 0, "f32|bf16|int8|auto", &Options::compute, "Calculate in these numbers",
           "MERLE_COMPUTE"},
    Option{"threads", 0, "N", &Options::threads, "Use N threads", "MERLE_THREADS",
           "one for each physical core", kMostThreads},
    Option{"batch-tokens", 0, "N", &Options::batch_tokens,
           "Work on N tokens at once: more memory, a little more speed", "MERLE_BATCH_TOKENS",
           "32768"},
    Option{"host", 0, "ADDRESS", &Options::host, "Serve at this address", "MERLE_HOST"},
    Option{"port", 0, "N", &Options::port, "Serve at this port; 0 is a free one", "MERLE_PORT", "",
           kMostPort, 0},
    Option{"unix-socket", 0, "FILE", &Options::unix_socket,
           "Serve at this socket of the file system instead"},
    Option{"alias", 0, "NAME=MODEL…", &Options::aliases,
           "Let clients call this model, which is served too, by another name"},
    Option{"api-key-file", 0, "FILE", &Options::api_key_file,
           "Answer only who has one of these keys, one a line; MERLE_API_KEY adds one"},
    Option{"tls-cert", 0, "FILE", &Options::tls_cert,
           "Speak TLS, with this certificate and those that vouch for it (PEM)"},
    Option{"tls-key", 0, "FILE", &Options::tls_key, "Its private key (PEM)"},
    Option{"cors-origin", 0, "ORIGIN…", &Options::cors_origins,
           "Let web pages from there ask, such as https://app.example; * is all", "", "none"},
    Option{"allow-host", 0, "NAME…", &Options::allowed_hosts,
           "Go by these names too in the header Host", "", "localhost and the address"},
    Option{"allow-anyone", 0, "", &Options::allow_anyone,
           "Serve at an address that other machines reach, though no key is asked for"},
    Option{"memory-budget", 0, "MB", &Options::memory_budget,
           "Unload the model that was used least lately when the weights take more", "",
           "half of the memory"},
    Option{
        "truncate", 0, "", &Options::truncate,
        "Cut inputs that are too long instead of refusing them, unless a request says otherwise"},
    Option{"refuse-token-ids", 0, "", &Options::refuse_token_ids,
           "Take texts alone: ids of another vocabulary look just like the model's own"},
    Option{"log-format", 0, "text|json", &Options::log_format,
           "Write the line about each request in this form"},
    Option{"max-inputs", 0, "N", &Options::max_inputs, "Take N inputs in a request (400)"},
    Option{"max-request-tokens", 0, "N", &Options::max_request_tokens,
           "Take N tokens in a request (400)"},
    Option{"queue-tokens", 0, "N", &Options::queue_tokens,
           "Let N tokens wait and run, and refuse more (429)"},
    Option{"max-requests", 0, "N", &Options::max_requests, "Work on N requests at once (429)"},
    Option{"max-connections", 0, "N", &Options::max_connections, "Hold N connections (503)"},
    Option{"max-connections-per-address", 0, "N", &Options::max_connections_per_address,
           "Hold N of one address, other than this machine's (503)"},
    Option{"max-body", 0, "BYTES", &Options::max_body, "Take a body of so many bytes (413)"},
    Option{"max-all-bodies", 0, "BYTES", &Options::max_all_bodies,
           "Hold so many bytes of all bodies together (503)"},
    Option{"max-line", 0, "BYTES", &Options::max_line,
           "Take a request line (414) and a header (431) of so many bytes"},
    Option{"max-head", 0, "BYTES", &Options::max_head, "Take headers of so many bytes (431)"},
    Option{"max-headers", 0, "N", &Options::max_headers, "Take N headers (431)"},
    Option{"max-chunk-line", 0, "BYTES", &Options::max_chunk_line,
           "Take lines of so many bytes between the chunks of a body (400)"},
    Option{"max-chunks", 0, "N", &Options::max_chunks, "Take a body in N chunks (400)"},
    Option{"head-timeout", 0, "SECONDS", &Options::head_timeout,
           "Wait so long for all of a head (408)", "", "", kMostSeconds},
    Option{"body-timeout", 0, "SECONDS", &Options::body_timeout,
           "Wait so long for all of a body (408)", "", "", kMostSeconds},
    Option{"min-body-rate", 0, "BYTES", &Options::min_body_rate,
           "Want so many bytes of a body each second, on average after 5 seconds (408)"},
    Option{"idle-timeout", 0, "SECONDS", &Options::idle_timeout,
           "Close a connection that has been idle for so long", "", "", kMostSeconds},
    Option{"write-timeout", 0, "SECONDS", &Options::write_timeout,
           "Close one whose client has taken nothing for so long", "", "", kMostSeconds},
    Option{"reply-timeout", 0, "SECONDS", &Options::reply_timeout,
           "Give up a request that takes longer (504)", "", "", kMostSeconds},
    Option{"drain-timeout", 0, "SECONDS", &Options::drain_timeout,
           "When told to end, finish what is under way for so long", "", "", kMostSeconds},
    Option{"quiet", 'q', "", &Options::quiet,
           "Write no messages but errors, and of results only the essence: ids, names, scores"},
    Option{"verbose", 'v', "", &Options::verbose, "Say what was done, and how fast"},
    Option{"color", 0, "auto|always|never", &Options::color, "Colour the output", "MERLE_COLOR"},
    Option{"no-progress", 0, "", &Options::no_progress, "Show no progress bar",
           "MERLE_NO_PROGRESS"},
    Option{"man", 0, "", &Options::man, "Write the manual page, in the language of man"},
    Option{"", 'h', "", &Options::short_help, "Show a short help"},
    Option{"help", 0, "", &Options::full_help, "Show this help"},
};

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

[[noreturn]] void FailOn(std::string_view source, std::string_view value, std::string_view wanted) {
  throw Error(ErrorCode::kInvalidArgument, Format("{} can't be '{}': {}", source, value, wanted));
}

// "f32|bf16|int8" as a sentence: "f32, bf16 or int8".
std::string Sentence(std::string_view choices) {
  std::string sentence(choices);
  const std::size_t last = sentence.rfind('|');
  if (last != std::string::npos) sentence.replace(last, 1, " or ");
  for (std::size_t at; (at = sentence.find('|')) != std::string::npos;) {
    sentence.replace(at, 1, ", ");
  }
  return sentence;
}

bool IsOneOf(std::string_view choices, std::string_view value) {
  while (true) {
    const std::size_t bar = choices.find('|');
    if (choices.substr(0, bar) == value) return true;
    if (bar == std::string_view::npos) return false;
    choices.remove_prefix(bar + 1);
  }
}

std::string Text(const Option& option, const std::string& value, std::string_view source) {
  if (option.value.find('|') != std::string_view::npos && !IsOneOf(option.value, value)) {
    FailOn(source, value, Sentence(option.value) + " is wanted");
  }
  return value;
}

std::size_t Number(const Option& option, const std::string& value, std::string_view source) {
  std::size_t number = 0;
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc{} || stop != end || number < option.least || number > option.limit) {
    FailOn(source, value,
           Format("a whole number from {} to {} is wanted", option.least, option.limit));
  }
  return number;
}

// A cosine.
double Real(const std::string& value, std::string_view source) {
  double number = 0;
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc{} || stop != end || !(number >= -1 && number <= 1)) {
    FailOn(source, value, "a number from -1 to 1 is wanted");
  }
  return number;
}

bool Truth(const std::string& value, std::string_view source) {
  if (IsOneOf("1|true|yes|on", value)) return true;
  if (IsOneOf("0|false|no|off", value)) return false;
  FailOn(source, value, "1 or 0 is wanted");
}

}  // namespace

std::span<const Option> AllOptions() { return kOptions; }

const Option& FindOption(std::string_view name) {
  const auto found = std::ranges::find(kOptions, name, &Option::name);
  MERLE_ASSERT(found != kOptions.end());
  return *found;
}

std::string FlagOf(const Option& option) {
  return option.name.empty() ? Format("-{}", option.short_name) : Format("--{}", option.name);
}

std::string FlagWithValue(const Option& option) {
  std::string text = option.short_name == 0 ? Format("    --{}", option.name)
                     : option.name.empty()  ? Format("-{}", option.short_name)
                                            : Format("-{}, --{}", option.short_name, option.name);
  if (!option.value.empty()) text += Format(" {}", option.value);
  return text;
}

std::string DefaultOf(const Option& option) {
  if (!option.otherwise.empty()) return std::string(option.otherwise);
  const Options defaults;
  return std::visit(
      Overloaded{
          [&](std::string Options::* text) { return defaults.*text; },
          [&](std::size_t Options::* number) { return std::to_string(defaults.*number); },
          [](auto) { return std::string(); },
      },
      option.target);
}

bool IsSwitch(const Option& option) {
  return std::holds_alternative<bool Options::*>(option.target);
}

bool TakesSeveral(const Option& option) {
  return std::holds_alternative<std::vector<std::string> Options::*>(option.target);
}

void SetOption(const Option& option, std::span<const std::string> values, std::string_view source,
               Options& options) {
  MERLE_ASSERT(!values.empty());
  const std::string& value = values.back();  // Given twice, the last one counts.
  std::visit(
      Overloaded{
          [&](bool Options::* on) { options.*on = Truth(value, source); },
          [&](std::string Options::* text) { options.*text = Text(option, value, source); },
          [&](std::optional<std::string> Options::* text) {
            options.*text = Text(option, value, source);
          },
          [&](std::vector<std::string> Options::* texts) {
            (options.*texts).assign(values.begin(), values.end());
          },
          [&](std::size_t Options::* number) { options.*number = Number(option, value, source); },
          [&](std::optional<std::size_t> Options::* number) {
            options.*number = Number(option, value, source);
          },
          [&](std::optional<double> Options::* number) { options.*number = Real(value, source); },
      },
      option.target);
}

}  // namespace merle
