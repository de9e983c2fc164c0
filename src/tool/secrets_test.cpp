// Secrets are read where they are kept, and revealed only for the tool and host they are bound to.
#include "tool/secrets.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace gantry::tool {
namespace {

using definition::SecretReference;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using From = SecretReference::From;

class SecretsTest : public testing::Test {
 protected:
  SecretsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "secrets-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~SecretsTest() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, std::string_view text, mode_t mode = 0600) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }
  Result<Secrets::Opened> open(SecretReference reference) { return Secrets::open({{"key", std::move(reference)}}, folder_); }

  std::string folder_;
};

TEST_F(SecretsTest, AFileIsReadEachTimeSoThatARotatedSecretCounts) {
  write("key", "first\n");
  const auto opened = open({.from = From::file, .place = "key", .tools = {}, .hosts = {}});
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_THAT(opened->warnings, IsEmpty());
  EXPECT_EQ(*opened->secrets.reveal("key", {.tool = "tos", .host = "a.example"}), "first");
  write("key", "second\r\n");
  EXPECT_EQ(*opened->secrets.reveal("key", {.tool = "tos", .host = "a.example"}), "second");
  std::filesystem::remove(folder_ + "/key");
  const auto gone = opened->secrets.reveal("key", {.tool = "tos", .host = "a.example"});
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code, Code::denied);
  EXPECT_THAT(gone.error().message, HasSubstr("secret 'key'"));
}

TEST_F(SecretsTest, AFileThatOthersMayReadIsRefusedAndOneForTheGroupIsWarnedOf) {
  for (const mode_t mode : {0604u, 0602u, 0620u, 0644u}) {
    write("key", "canary-4711", mode);
    const auto opened = open({.from = From::file, .place = "key", .tools = {}, .hosts = {}});
    ASSERT_FALSE(opened.ok()) << std::oct << mode;
    EXPECT_EQ(opened.error().code, Code::denied);
    EXPECT_THAT(opened.error().message, HasSubstr("chmod 600"));
    EXPECT_THAT(opened.error().message, testing::Not(HasSubstr("canary")));
  }
  write("key", "x", 0640);
  const auto opened = open({.from = From::file, .place = "key", .tools = {}, .hosts = {}});
  ASSERT_TRUE(opened.ok());
  EXPECT_THAT(opened->warnings, ElementsAre(HasSubstr("its group may read it (mode 0640)")));
  chmod((folder_ + "/key").c_str(), 0644);
  EXPECT_FALSE(opened->secrets.reveal("key", {.tool = "tos", .host = "h"}).ok()) << "it became readable later";
}

TEST_F(SecretsTest, AVariableAndACredentialOfSystemdAreSecretsToo) {
  setenv("GANTRY_TEST_SECRET", "from the environment", 1);
  setenv("CREDENTIALS_DIRECTORY", folder_.c_str(), 1);
  write("tos-token", "from systemd", 0400);
  const auto opened = Secrets::open({{"variable", {.from = From::environment, .place = "GANTRY_TEST_SECRET", .tools = {}, .hosts = {}}},
                                     {"credential", {.from = From::credential, .place = "tos-token", .tools = {}, .hosts = {}}}},
                                    "/nowhere");
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(*opened->secrets.reveal("variable", {.tool = "t", .host = "h"}), "from the environment");
  EXPECT_EQ(*opened->secrets.reveal("credential", {.tool = "t", .host = "h"}), "from systemd");
  unsetenv("GANTRY_TEST_SECRET");
  unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_THAT(open({.from = From::environment, .place = "GANTRY_TEST_SECRET", .tools = {}, .hosts = {}}).error().message,
              HasSubstr("GANTRY_TEST_SECRET is not set"));
  EXPECT_THAT(open({.from = From::credential, .place = "tos-token", .tools = {}, .hosts = {}}).error().message,
              HasSubstr("LoadCredential"));
}

TEST_F(SecretsTest, ABoundSecretGoesToItsToolsAndHostsOnly) {
  write("key", "x");
  const Secrets secrets = open({.from = From::file, .place = "key", .tools = {"tos"}, .hosts = {"a.example"}})->secrets;
  EXPECT_TRUE(secrets.reveal("key", {.tool = "tos", .host = "a.example"}).ok());
  EXPECT_THAT(secrets.reveal("key", {.tool = "mail", .host = "a.example"}).error().message,
              HasSubstr("bound to tos, not to 'mail'"));
  EXPECT_THAT(secrets.reveal("key", {.tool = "tos", .host = "a.example.evil.org"}).error().message,
              HasSubstr("may not be sent to a.example.evil.org"));
  EXPECT_FALSE(secrets.reveal("key", {.tool = "tos", .host = ""}).ok());
  EXPECT_FALSE(secrets.reveal("other", {.tool = "tos", .host = "a.example"}).ok());
}

TEST_F(SecretsTest, AHostThatDataFromOutsideChoseGetsOnlySecretsBoundToIt) {
  write("key", "x");
  const Secrets open_to_all = open({.from = From::file, .place = "key", .tools = {}, .hosts = {}})->secrets;
  EXPECT_FALSE(open_to_all.reveal("key", {.tool = "http", .host = "evil.org", .host_from_outside = true}).ok());
  const Secrets bound = open({.from = From::file, .place = "key", .tools = {}, .hosts = {"a.example"}})->secrets;
  EXPECT_TRUE(bound.reveal("key", {.tool = "http", .host = "a.example", .host_from_outside = true}).ok());
  EXPECT_FALSE(bound.reveal("key", {.tool = "http", .host = "evil.org", .host_from_outside = true}).ok());
}

TEST_F(SecretsTest, WhatIsNoFileOrTooLargeIsRefused) {
  EXPECT_THAT(open({.from = From::file, .place = ".", .tools = {}, .hosts = {}}).error().message, HasSubstr("is no file"));
  EXPECT_THAT(open({.from = From::file, .place = "absent", .tools = {}, .hosts = {}}).error().message,
              HasSubstr("can't be read"));
  write("key", std::string(65 << 10, 'x'));
  EXPECT_THAT(open({.from = From::file, .place = "key", .tools = {}, .hosts = {}}).error().message,
              HasSubstr("larger than 64 KiB"));
}

}  // namespace
}  // namespace gantry::tool
