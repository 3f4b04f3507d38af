#include "hub/hub_options.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "base/error.h"
#include "base/file.h"
#include "base/format.h"

namespace merle {
namespace {

constexpr std::size_t kMaxTokenBytes = 4096;

bool IsNameCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Replaces a leading ~ and every $NAME or ${NAME} whose variable is set.
std::string Expand(std::string text, const VariableReader& variable) {
  if (text.starts_with('~') && (text.size() == 1 || text[1] == '/')) {
    text.replace(0, 1, variable("HOME").value_or("~"));
  }
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const bool braced = text.compare(i, 2, "${") == 0;
    const std::size_t begin = i + (braced ? 2 : 1);
    std::size_t end = begin;
    while (end < text.size() && IsNameCharacter(text[end])) ++end;
    const bool named =
        text[i] == '$' && end > begin && (!braced || (end < text.size() && text[end] == '}'));
    const auto value =
        named ? variable(text.substr(begin, end - begin).c_str()) : std::optional<std::string>();
    if (value) {
      out += *value;
      i = end + (braced ? 1 : 0);
    } else {
      out.push_back(text[i++]);
    }
  }
  return out;
}

// Where huggingface_hub keeps the cache and the token.
std::string HomeFolder(const VariableReader& variable) {
  if (const auto home = variable("HF_HOME")) return Expand(*home, variable);
  if (const auto xdg = variable("XDG_CACHE_HOME")) return Expand(*xdg, variable) + "/huggingface";
  return variable("HOME").value_or("") + "/.cache/huggingface";
}

std::string CacheFolder(const VariableReader& variable) {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
    if (const auto cache = variable(name)) return Expand(*cache, variable);
  }
  return HomeFolder(variable) + "/hub";
}

bool IsTrue(const std::optional<std::string>& value) {
  if (!value) return false;
  std::string upper = *value;
  std::ranges::transform(upper, upper.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  constexpr std::array<std::string_view, 4> kTrue = {"1", "ON", "YES", "TRUE"};
  return std::ranges::find(kTrue, upper) != kTrue.end();
}

// A token goes into a header: one word, nothing that could end the line.
std::string CheckedToken(std::string token, const std::string& source) {
  constexpr std::string_view kBlanks = " \t\r\n";
  token.erase(token.find_last_not_of(kBlanks) + 1);
  token.erase(0, token.find_first_not_of(kBlanks));
  if (!std::ranges::all_of(token, [](unsigned char c) { return std::isgraph(c) != 0; })) {
    throw Error(ErrorCode::kInvalidArgument, Format("{} is no token: it has blanks", source));
  }
  return token;
}

std::string Token(const VariableReader& variable) {
  if (IsTrue(variable("HF_HUB_DISABLE_IMPLICIT_TOKEN"))) return {};
  for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
    if (const auto token = variable(name)) return CheckedToken(*token, name);
  }
  const auto given = variable("HF_TOKEN_PATH");
  const std::string path = given ? Expand(*given, variable) : HomeFolder(variable) + "/token";
  if (!FileExists(path)) return {};
  return CheckedToken(ReadFile(path, kMaxTokenBytes), path);
}

std::string Endpoint(std::string endpoint) {
  while (endpoint.ends_with('/')) endpoint.pop_back();
  if (!endpoint.starts_with("http://") && !endpoint.starts_with("https://")) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("HF_ENDPOINT can't be '{}': an address is wanted, such as "
                       "https://huggingface.co",
                       endpoint));
  }
  if (endpoint.find('@') != endpoint.npos) {
    throw Error(ErrorCode::kInvalidArgument,
                "HF_ENDPOINT can't have a user or password: messages would show it; HF_TOKEN is "
                "for secrets");
  }
  return endpoint;
}

void ReadSeconds(const VariableReader& variable, const char* name, double& seconds) {
  constexpr double kMostSeconds = 86400;
  const auto text = variable(name);
  if (!text) return;
  double value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() ||
      !(value >= 0 && value <= kMostSeconds)) {
    throw Error(
        ErrorCode::kInvalidArgument,
        Format("{} can't be '{}': seconds are wanted, up to {}", name, *text, kMostSeconds));
  }
  if (value > 0) seconds = value;  // 0 is the default, as in huggingface_hub.
}

VariableReader WithoutEmpty(const VariableReader& given) {
  return [&](const char* name) -> std::optional<std::string> {
    auto value = given(name);
    if (value && value->empty()) value.reset();
    return value;
  };
}

}  // namespace

std::string HubCacheFrom(const VariableReader& variable) {
  return CacheFolder(WithoutEmpty(variable));
}

bool HubForbidsBars(const VariableReader& variable) {
  return IsTrue(variable("HF_HUB_DISABLE_PROGRESS_BARS"));
}

HubOptions HubOptionsFrom(const VariableReader& given) {
  const VariableReader variable = WithoutEmpty(given);
  HubOptions options;
  options.cache = CacheFolder(variable);
  const auto offline = variable("HF_HUB_OFFLINE");
  options.download = !IsTrue(offline ? offline : variable("TRANSFORMERS_OFFLINE"));
  if (!options.download) return options;  // What only the network needs can't be wrong then.
  options.links = !IsTrue(variable("HF_HUB_DISABLE_SYMLINKS"));
  options.endpoint = Endpoint(variable("HF_ENDPOINT").value_or(options.endpoint));
  options.token = Token(variable);
  for (const char* name : {"SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"}) {
    options.ca_file = variable(name).value_or(options.ca_file);
  }
  ReadSeconds(variable, "HF_HUB_ETAG_TIMEOUT", options.connect_seconds);
  ReadSeconds(variable, "HF_HUB_DOWNLOAD_TIMEOUT", options.stall_seconds);
  return options;
}

}  // namespace merle
