// What holds for all routes: keys, hosts, methods, overload, models that load late, the end.

#include "server/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "embedding/embedder.h"
#include "server/message.h"
#include "server/routes.h"
#include "server/service_test.h"

namespace merle {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kModel = "st-pooling-mean";

struct Head {
  const char* name;
  const char* method;
  const char* path;
  std::vector<std::pair<std::string, std::string>> headers;
  int status;
  std::string body;  // Part of it.
};

class ServiceWithKey : public testing::TestWithParam<Head> {
 protected:
  static ServiceOptions Options() {
    ServiceOptions options = GoldenOptions(std::string(kModel));
    options.access = {.keys = {"secret"}, .hosts = {}, .origins = {"https://app.example"}};
    return options;
  }
  AskedService service_{Options()};
};

TEST_P(ServiceWithKey, JudgesByTheHead) {
  Request request;
  request.method = GetParam().method;
  request.path = GetParam().path;
  request.headers = GetParam().headers;
  const Reply reply = service_.Ask(std::move(request));
  EXPECT_EQ(reply.status, GetParam().status) << reply.body;
  EXPECT_THAT(reply.body, HasSubstr(GetParam().body));
  EXPECT_THAT(reply.body, Not(HasSubstr("secret")));
}

INSTANTIATE_TEST_SUITE_P(
    Heads, ServiceWithKey,
    testing::ValuesIn(std::vector<Head>{
        {"HealthIsOpen", "GET", "/health", {}, 200, "ok"},
        {"ReadyIsOpen", "GET", "/ready", {}, 503, "being loaded"},
        {"NoKey", "GET", "/v1/models", {}, 401, R"("code":"invalid_api_key")"},
        {"NoKeyForAnUnknownRoute", "GET", "/nope", {}, 401, "API key"},
        {"AWrongKey",
         "POST",
         "/v1/embeddings",
         {{"authorization", "Bearer wrong"}},
         401,
         "Incorrect API key provided."},
        {"AWrongKeyAsTeiSaysIt",
         "POST",
         "/embed",
         {{"authorization", "Bearer wrong"}},
         401,
         R"("error_type")"},
        {"TheKey", "GET", "/v1/models", {{"authorization", "Bearer secret"}}, 200, "small"},
        {"AnUnknownRoute",
         "GET",
         "/nope",
         {{"authorization", "Bearer secret"}},
         404,
         "Invalid URL (GET /nope)"},
        {"AnotherMethod",
         "DELETE",
         "/v1/models",
         {{"authorization", "Bearer secret"}},
         405,
         "It takes GET, HEAD."},
        {"AForeignHost", "GET", "/health", {{"host", "evil.example"}}, 403, "Host"},
        {"AForeignOrigin", "GET", "/health", {{"origin", "https://evil.example"}}, 403, "origin"},
        {"APreflight", "OPTIONS", "/v1/embeddings", {{"origin", "https://app.example"}}, 204, ""},
        {"OptionsWithoutOrigin",
         "OPTIONS",
         "/v1/embeddings",
         {{"authorization", "Bearer secret"}},
         405,
         "It takes POST."},
    }),
    [](const auto& test) { return test.param.name; });

TEST(Service, ListsNamesAndKnowsEach) {
  AskedService service(GoldenOptions(std::string(kModel)));
  EXPECT_EQ(service.Get("/v1/models/org/st-pooling-mean").status, 200);
  EXPECT_THAT(service.Get("/v1/models/small").body, HasSubstr(R"("root":"org/st-pooling-mean")"));
  EXPECT_EQ(service.Get("/v1/models/other").status, 404);
}

TEST(Service, IsReadyOnceTheDefaultModelIsLoaded) {
  AskedService service(GoldenOptions(std::string(kModel)));
  EXPECT_EQ(service.Get("/ready").status, 503);
  EXPECT_EQ(service.Post("/embed", R"({"inputs":"a"})").status, 200);
  EXPECT_EQ(service.Get("/ready").status, 200);
}

TEST(Service, KeepsToItselfWhyAModelCannotBeLoaded) {
  ServiceOptions options = GoldenOptions(std::string(kModel));
  options.models.push_back(
      {.id = "org/broken", .aliases = {}, .revision = {}, .bytes = 1, .open = []() -> Embedder {
         throw Error(ErrorCode::kNotFound, "/models/broken: no config.json");
       }});
  AskedService service(std::move(options));
  const Reply reply = service.Post("/v1/embeddings", R"({"model":"org/broken","input":"a"})");
  EXPECT_EQ(reply.status, 503);
  EXPECT_THAT(reply.body, Not(HasSubstr("/models")));
  EXPECT_EQ(service.Post("/embed", R"({"inputs":"a"})").status, 200);
}

// Whoever waits for a model to be loaded holds up nobody.
TEST(Service, AnswersWhileAModelIsLoaded) {
  std::promise<void> go;
  ServiceOptions options = GoldenOptions(std::string(kModel));
  options.workers = 1;
  options.models.push_back({.id = "org/slow",
                            .aliases = {},
                            .revision = {},
                            .bytes = 1,
                            .open = [loaded = go.get_future().share()] {
                              loaded.wait();
                              return Embedder::Load(GoldenModel(kModel), {.threads = 1});
                            }});
  AskedService service(std::move(options));
  auto slow = std::async(std::launch::async, [&] {
    return service.Post("/embed", R"({"inputs":"a","model":"org/slow"})");
  });
  EXPECT_EQ(service.Post("/embed", R"({"inputs":"a"})").status, 200);
  go.set_value();
  EXPECT_EQ(slow.get().status, 200);
}

TEST(Service, RefusesWhatIsMoreThanTheQueueHolds) {
  ServiceOptions options = GoldenOptions(std::string(kModel));
  options.queue_tokens = 1;
  AskedService service(std::move(options));
  std::string texts = "\"a\"";  // More than there is room for: taken where nothing else is.
  for (int i = 1; i < 1000; ++i) texts += ",\"hello world hello world hello world\"";
  std::vector<std::future<Reply>> replies;
  replies.reserve(16);
  for (int i = 0; i < 16; ++i) {
    replies.push_back(std::async(std::launch::async, [&] {
      return service.Post("/embed", "{\"inputs\":[" + texts + "]}");
    }));
  }
  int refused = 0;
  for (auto& future : replies) {
    const Reply reply = future.get();
    if (reply.status == 200) continue;
    ++refused;
    EXPECT_EQ(reply.status, 429);
    EXPECT_THAT(reply.body, HasSubstr("Overloaded"));
    EXPECT_NE(HeaderOf(reply, "retry-after"), "");
  }
  EXPECT_GE(refused, 1);
  EXPECT_LT(refused, 16);
}

TEST(Service, DoesNothingForWhoHasGone) {
  AskedService service(GoldenOptions(std::string(kModel)));
  Request request;
  request.method = "POST";
  request.path = "/embed";
  request.body = R"({"inputs":"a"})";
  request.abandoned = std::make_shared<std::atomic<bool>>(true);
  EXPECT_EQ(service.Ask(std::move(request)).status, 503);
  EXPECT_FALSE(service.service().models().ready());
}

TEST(Service, TakesJsonAlone) {
  AskedService service(GoldenOptions(std::string(kModel)));
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", ""}) {
    Request request;
    request.method = "POST";
    request.path = "/v1/embeddings";
    request.body = R"({"model":"small","input":"a"})";
    request.headers.emplace_back("content-type", type);
    EXPECT_EQ(service.Ask(std::move(request)).status, 415) << type;
  }
}

TEST(Routes, FindAPathByItsMethod) {
  EXPECT_EQ(FindRoute("POST", "/v1/embeddings")->path, "/v1/embeddings");
  EXPECT_EQ(FindRoute("GET", "/v1/models/org/name")->path, "/v1/models/*");
  EXPECT_EQ(FindRoute("HEAD", "/health")->path, "/health");
  EXPECT_EQ(FindRoute("GET", "/v1/embeddings"), nullptr);
  EXPECT_EQ(FindRoute("GET", "/v1/models/"), nullptr);
  EXPECT_EQ(FindRoute("GET", "/v1/models2"), nullptr);
  EXPECT_EQ(AllowedMethods("/v1/embeddings"), "POST");
  EXPECT_EQ(AllowedMethods("/nope"), "");
}

}  // namespace
}  // namespace merle
