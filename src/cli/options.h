// The one table of the command's flags: the same flag means the same in every command.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace merle {

// The values of all flags; a command reads those that it takes. What is written here is the
// default.
struct Options {
  // Model
  std::string model = "sentence-transformers/all-MiniLM-L6-v2";
  std::string compute = "f32";
  std::optional<std::size_t> threads;
  std::optional<std::size_t> batch_tokens;
  // Input
  std::vector<std::string> inputs;
  std::optional<std::string> input_form;
  std::optional<std::string> field;
  std::optional<std::string> id_field;
  std::optional<std::string> title_field;
  bool skip_bad = false;
  // Text to vector
  std::optional<std::string> prompt;
  std::optional<std::string> prompt_name;
  std::optional<std::size_t> dim;
  bool normalize = false;
  std::string on_long = "cut";
  std::string precision = "float32";
  // Text to tokens
  std::optional<std::string> pair;
  bool no_special_tokens = false;
  std::optional<std::size_t> max_length;
  bool count = false;
  // Search
  std::optional<std::string> vectors;
  std::size_t top = 5;
  std::optional<double> min_score;
  // Models
  bool dry_run = false;
  // Serving. The limits are those of server/http_server.h and server/service.h.
  std::string host = "127.0.0.1";
  std::size_t port = 8080;
  std::optional<std::string> unix_socket;
  std::vector<std::string> aliases;
  std::optional<std::string> api_key_file;
  std::optional<std::string> tls_cert;
  std::optional<std::string> tls_key;
  std::vector<std::string> cors_origins;
  std::vector<std::string> allowed_hosts;
  bool allow_anyone = false;
  bool truncate = false;
  bool refuse_token_ids = false;
  std::optional<std::size_t> memory_budget;
  std::string log_format = "text";
  std::size_t max_inputs = 2048;
  std::size_t max_request_tokens = 300'000;
  std::size_t queue_tokens = 262'144;
  std::size_t max_requests = 512;
  std::size_t max_connections = 1024;
  std::size_t max_connections_per_address = 128;
  std::size_t max_body = 16u << 20;
  std::size_t max_all_bodies = 512u << 20;
  std::size_t max_line = 8u << 10;
  std::size_t max_head = 32u << 10;
  std::size_t max_headers = 100;
  std::size_t max_chunk_line = 16;
  std::size_t max_chunks = 65536;
  std::size_t head_timeout = 10;
  std::size_t body_timeout = 30;
  std::size_t min_body_rate = 1024;
  std::size_t idle_timeout = 60;
  std::size_t write_timeout = 30;
  std::size_t reply_timeout = 60;
  std::size_t drain_timeout = 30;
  // Output
  std::optional<std::string> output;
  std::optional<std::string> format;
  bool json = false;
  std::optional<std::string> shard;
  bool resume = false;
  bool quiet = false;
  bool verbose = false;
  std::string color = "auto";
  bool no_progress = false;
  // Help
  bool short_help = false;
  bool full_help = false;
  bool man = false;
};

// Where the value of a flag goes. Its type says what may be written: nothing (a switch), one value
// or several, any text or a number. A number of tokens, threads, rows … is at least 1; a double is
// a cosine, from -1 to 1.
using OptionTarget =
    std::variant<bool Options::*, std::string Options::*, std::optional<std::string> Options::*,
                 std::vector<std::string> Options::*, std::size_t Options::*,
                 std::optional<std::size_t> Options::*, std::optional<double> Options::*>;

struct Option {
  std::string_view name;   // "model" for --model.
  char short_name;         // 'm' for -m, or 0.
  std::string_view value;  // In the help, "NAME"; "cut|error" allows just these; empty: a switch.
  OptionTarget target;
  std::string_view help;            // What it does, in the imperative, without a full stop.
  const char* variable = "";        // Environment variable that sets it too, or empty.
  std::string_view otherwise = {};  // The default in words, where the value itself doesn't say it.
  std::size_t limit = std::numeric_limits<int>::max();  // Largest number,
  std::size_t least = 1;                                // and smallest.
};

// All flags, in the order of the help.
std::span<const Option> AllOptions();

// The flag of that name. Asserts that there is one: the names come from our own tables.
const Option& FindOption(std::string_view name);

// "--model", and "-m, --model NAME" as in the help.
std::string FlagOf(const Option& option);
std::string FlagWithValue(const Option& option);

// The default as the help shows it, or empty.
std::string DefaultOf(const Option& option);

// True if the flag takes no value; true if it takes one or more.
bool IsSwitch(const Option& option);
bool TakesSeveral(const Option& option);

// Sets the flag to `values`, as written on the command line or in the variable. `source` names it
// in the error. Throws kInvalidArgument if a value is none that the flag takes.
void SetOption(const Option& option, std::span<const std::string> values, std::string_view source,
               Options& options);

}  // namespace merle
