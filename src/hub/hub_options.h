// Where models come from: the cache on this machine and the hub behind it.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace merle {

// The edges fill it from the environment; a library user sets what differs.
struct HubOptions {
  std::string cache;      // The Hugging Face cache: the folder with models--org--name in it.
  bool download = false;  // Whether models that are not in the cache may be fetched.
  std::string endpoint = "https://huggingface.co";
  std::string token = {};    // Sent to the endpoint only; empty: none.
  bool links = true;         // Whether a file of a snapshot is a link to its blob, or a plain file.
  std::string ca_file = {};  // Certificates to trust; empty: those of the system.
  double connect_seconds = 10;  // Longest wait for a connection.
  double stall_seconds = 10;    // Longest wait for the next bytes.
};

// The value of an environment variable, or nothing.
using VariableReader = std::function<std::optional<std::string>(const char* name)>;

// The options that the variables of huggingface_hub ask for; empty is unset.
//   cache     HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME, HOME; a leading ~ and
//             $NAME are expanded in all but the last
//   download  unless HF_HUB_OFFLINE, or if that is unset TRANSFORMERS_OFFLINE, is 1, ON, YES or
//   TRUE links     unless HF_HUB_DISABLE_SYMLINKS is true endpoint  HF_ENDPOINT token     HF_TOKEN,
//   HUGGING_FACE_HUB_TOKEN, else the file HF_TOKEN_PATH or $HF_HOME/token; none
//             where HF_HUB_DISABLE_IMPLICIT_TOKEN is true
//   ca_file   REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_FILE
//   seconds   HF_HUB_ETAG_TIMEOUT for the connection, HF_HUB_DOWNLOAD_TIMEOUT for the bytes
// Without `download` the others stay as they are. Throws kInvalidArgument, with the variable's
// name, for a value that can't be; kIoError for a token file that can't be read.
HubOptions HubOptionsFrom(const VariableReader& variable);

// The cache alone, which needs no other variable to be right.
std::string HubCacheFrom(const VariableReader& variable);

// Whether HF_HUB_DISABLE_PROGRESS_BARS asks for no bars while something is fetched.
bool HubForbidsBars(const VariableReader& variable);

}  // namespace merle
