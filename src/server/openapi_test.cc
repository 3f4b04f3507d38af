
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/json_reader.h"
#include "server/embedded_files.h"
#include "server/message.h"
#include "server/routes.h"
#include "server/service.h"
#include "server/service_test.h"

namespace merle {
namespace {

using testing::HasSubstr;
using testing::Not;

// The names behind "$ref" in all of `value`.
void CollectReferences(const JsonValue& value, std::set<std::string>& names) {
  constexpr std::string_view kBegin = "#/components/schemas/";
  if (value.IsArray()) {
    value.ForEachElement([&](const JsonValue& element) { CollectReferences(element, names); });
  } else if (value.IsObject()) {
    value.ForEachMember([&](std::string_view key, const JsonValue& member) {
      if (key == "$ref") {
        EXPECT_TRUE(member.AsString().starts_with(kBegin));
        names.emplace(member.AsString().substr(kBegin.size()));
      } else {
        CollectReferences(member, names);
      }
    });
  }
}

TEST(OpenApi, HasEveryRouteAndEverySchemaOnce) {
  AskedService service(GoldenOptions("st-prompts"));
  const Reply reply = service.Get("/openapi.json");
  EXPECT_THAT(reply.body, Not(HasSubstr("@")));  // No mark is left.
  const auto json = JsonOf(reply);
  const JsonValue paths = json.root().At("paths");
  EXPECT_EQ(paths.Size(), AllRoutes().size());
  std::set<std::string> used, defined;
  CollectReferences(json.root(), used);
  json.root()
      .At("components")
      .At("schemas")
      .ForEachMember([&](std::string_view name, const JsonValue&) { defined.emplace(name); });
  EXPECT_EQ(used, defined);
}

TEST(OpenApi, TellsThisServersLimits) {
  ServiceOptions options = GoldenOptions("st-prompts");
  options.inputs = 77;
  AskedService service(std::move(options));
  const auto json = JsonOf(service.Get("/openapi.json"));
  const JsonValue schemas = json.root().At("components").At("schemas");
  EXPECT_EQ(schemas.At("Documents").At("maxItems").AsInteger(), 77);
  EXPECT_EQ(schemas.At("Dimensions").At("maximum").AsInteger(), 16);
  EXPECT_EQ(schemas.At("TokenId").At("maximum").AsInteger(), 245);
  EXPECT_EQ(schemas.At("ModelName").At("enum").Elements()[1].AsString(), "small");
  EXPECT_GT(schemas.At("PromptName").At("enum").Size(), 2u);
}

TEST(OpenApi, AsksForTheKeyWhereThereIsOne) {
  ServiceOptions options = GoldenOptions("st-prompts");
  options.access.keys = {"secret"};
  AskedService service(std::move(options));
  Request request;
  request.method = "GET";
  request.path = "/openapi.json";
  request.headers.emplace_back("authorization", "Bearer secret");
  const auto json = JsonOf(service.Ask(std::move(request)));
  const JsonValue paths = json.root().At("paths");
  EXPECT_EQ(paths.At("/v1/embeddings").At("post").At("security").Size(), 1u);
  EXPECT_EQ(paths.At("/health").At("get").At("security").Size(), 0u);
}

TEST(Docs, AskForNothingAndHaveTheDocument) {
  ServiceOptions options = GoldenOptions("st-prompts");
  options.models[0].aliases = {"</script><b>"};
  AskedService service(std::move(options));
  const Reply page = service.Get("/docs");
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(page.body, HasSubstr(R"("openapi":"3.1.0")"));
  EXPECT_THAT(page.body, Not(HasSubstr("</script><b>")));
  EXPECT_THAT(std::string(kDocsPage), Not(HasSubstr("://")));  // No address but its own.
  EXPECT_THAT(HeaderOf(page, "content-security-policy"), HasSubstr("default-src 'none'"));
  EXPECT_EQ(service.Get("/").body, page.body);
}

}  // namespace
}  // namespace merle
