// The mail driver, against a small mail server of the test.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <sstream>
#include <thread>

#include "base/guarded.h"
#include "tool/drivers.h"
#include "tool/mail_message.h"
#include "tool/permit_for_test.h"
#include "tool/sql_fixture.h"

namespace gantry::tool {
namespace {

using definition::EffectClass;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Kind = Outcome::Kind;

// One mail after another. `answers` may replace the reply to a command ("RCPT"), or to the content (".");
// an empty reply closes the connection instead.
class TestMailServer {
 public:
  using Answers = std::map<std::string, std::string>;
  explicit TestMailServer(Answers answers = {}) : answers_(std::move(answers)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(listener_, 4);
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~TestMailServer() {
    shutdown(listener_, SHUT_RDWR);
    if (const int open = client_.exchange(-1); open >= 0) shutdown(open, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  std::string url() const { return "smtp://127.0.0.1:" + std::to_string(port_); }
  std::vector<std::string> commands() {
    return commands_.with([](auto& commands) { return commands; });
  }
  std::vector<std::string> mails() {
    return mails_.with([](auto& mails) { return mails; });
  }

 private:
  void serve() {
    for (int client; (client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      client_ = client;
      say(client, "220 test ESMTP\r\n");
      std::string buffer;
      while (talk(client, buffer)) continue;
      client_ = -1;
      close(client);
    }
  }

  static void say(int client, const std::string& text) { send(client, text.data(), text.size(), MSG_NOSIGNAL); }

  // Until `end` is in the buffer; false when the client has gone.
  static bool fill(int client, std::string& buffer, std::string_view end) {
    while (buffer.find(end) == std::string::npos) {
      char bytes[4096];
      const ssize_t count = recv(client, bytes, sizeof bytes, 0);
      if (count <= 0) return false;
      buffer.append(bytes, static_cast<std::size_t>(count));
    }
    return true;
  }
  static std::string take(std::string& buffer, std::string_view end) {
    const std::size_t at = buffer.find(end);
    std::string taken = buffer.substr(0, at);
    buffer.erase(0, at + end.size());
    return taken;
  }

  bool talk(int client, std::string& buffer) {
    if (!fill(client, buffer, "\r\n")) return false;
    const std::string line = take(buffer, "\r\n");
    commands_.with([&](auto& commands) { commands.push_back(line); });
    const std::string word = line.substr(0, 4);
    if (!reply(client, word, word == "EHLO" ? "250-test\r\n250 8BITMIME" : word == "DATA" ? "354 go" : word == "QUIT" ? "221 bye" : "250 ok"))
      return false;
    if (word != "DATA" || answers_.count("DATA") != 0) return word != "QUIT";
    if (!fill(client, buffer, "\r\n.\r\n")) return false;
    const std::string mail = take(buffer, "\r\n.\r\n");
    mails_.with([&](auto& mails) { mails.push_back(mail); });
    return reply(client, ".", "250 taken");
  }
  bool reply(int client, const std::string& word, const std::string& usual) {
    const auto special = answers_.find(word);
    const std::string text = special == answers_.end() ? usual : special->second;
    if (text.empty()) return false;
    say(client, text + "\r\n");
    return true;
  }

  const Answers answers_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> client_ = -1;
  Guarded<std::vector<std::string>> commands_, mails_;
  std::thread thread_;
};

constexpr const char* mail_binding = R"({"to": "to", "cc": "cc", "bcc": "bcc", "subject": "subject", "text": "text", "html": "html", "attachments": "files"})";

struct MailCase {
  definition::Tool tool;
  definition::Operation operation;
  DriverOptions options;
  int attempt = 1;

  explicit MailCase(const std::string& server) {
    tool.name = "mail";
    tool.settings = Value::object({{"server", server}, {"tls", "off"}, {"from", Value::object({{"address", "desk@port.example"}, {"name", "Desk"}})}});
    operation.name = "send";
    operation.effect_class = EffectClass::send;
    operation.binding = sql_json(mail_binding);
    options.http.egress_allow = {"127.0.0.1"};
  }
  Outcome send(std::string_view arguments) {
    Effect effect;
    effect.id = effect.key = "01A-e1";
    effect.tool = "mail";
    effect.operation = "send";
    effect.effect_class = EffectClass::send;
    effect.arguments = sql_json(arguments);
    const CallContext context{.tool = &tool, .operation = &operation, .attempt = attempt, .stop = {}};
    return make_mail_driver(options)->call(gate::Gate::permit_for_test(std::move(effect)), context);
  }
};

constexpr const char* short_mail = R"({"to": "ada@port.example", "subject": "Hello", "text": "Hi."})";

TEST(MailDriver, SendsTextToItsRecipients) {
  TestMailServer server;
  const Outcome outcome = MailCase(server.url()).send(
      R"({"to": ["ada@port.example", {"address": "bob@port.example", "name": "Bob"}], "cc": "cy@port.example", "bcc": "dee@port.example",
          "subject": "Voyage 12", "text": "First line\n.\nlast"})");
  ASSERT_EQ(outcome.kind, Kind::done) << outcome.error.detail;
  EXPECT_EQ(outcome.result.member("recipients"), sql_json(R"(["ada@port.example","bob@port.example","cy@port.example","dee@port.example"])"));
  EXPECT_THAT(outcome.result.string_or("messageId", ""), testing::EndsWith("@port.example"));
  EXPECT_THAT(server.commands(), testing::IsSupersetOf({"EHLO port.example", "RCPT TO:<ada@port.example>", "RCPT TO:<dee@port.example>", "DATA"}));
  ASSERT_EQ(server.mails().size(), 1u);
  const std::string mail = server.mails().front();
  EXPECT_THAT(mail, HasSubstr("From: Desk <desk@port.example>\r\n"));
  EXPECT_THAT(mail, HasSubstr("To: <ada@port.example>,\r\n Bob <bob@port.example>\r\n"));
  EXPECT_THAT(mail, HasSubstr("Cc: <cy@port.example>\r\n"));
  EXPECT_THAT(mail, HasSubstr("Subject: Voyage 12\r\n"));
  EXPECT_THAT(mail, HasSubstr("Message-ID: <" + std::string(outcome.result.string_or("messageId", "")) + ">\r\n"));
  EXPECT_THAT(mail, HasSubstr("First line\r\n..\r\nlast")) << "a lone dot is doubled";
  EXPECT_THAT(mail, Not(HasSubstr("dee@port.example")));
}

TEST(MailDriver, TheSameEffectHasTheSameMessageId) {
  TestMailServer server;
  const auto id = [&] { return std::string(MailCase(server.url()).send(short_mail).result.string_or("messageId", "?")); };
  EXPECT_EQ(id(), id());
}

TEST(MailDriver, EncodesWhatIsNotAsciiAndCarriesHtmlAndAttachments) {
  TestMailServer server;
  const Outcome outcome = MailCase(server.url()).send(
      R"({"to": {"address": "ada@port.example", "name": "Ada Größe"}, "subject": "Größe der Ladung: 1.200 t, Liegeplatz 7, Ankunft morgen früh um sechs",
          "text": "für", "html": "<p>für</p>", "files": [{"name": "Größe.csv", "mediaType": "text/csv", "text": "a,b\n"}, {"name": "x.bin", "base64": "/wA="}]})");
  ASSERT_EQ(outcome.kind, Kind::done) << outcome.error.detail;
  const std::string mail = server.mails().front();
  EXPECT_THAT(mail, HasSubstr("To: =?UTF-8?B?QWRhIEdyw7bDn2U=?= <ada@port.example>\r\n"));
  EXPECT_THAT(mail, HasSubstr("Subject: =?UTF-8?B?"));
  EXPECT_THAT(mail, HasSubstr("multipart/alternative"));
  EXPECT_THAT(mail, HasSubstr("f=C3=BCr"));
  EXPECT_THAT(mail, HasSubstr("Content-Type: text/html; charset=utf-8"));
  EXPECT_THAT(mail, HasSubstr("filename=\"Gr____e.csv\";\r\n filename*=UTF-8''Gr%C3%B6%C3%9Fe.csv"));
  EXPECT_THAT(mail, HasSubstr("/wA="));
  std::istringstream lines(mail);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 998u);
}

TEST(MailDriver, RefusesWhatWouldBeAHeaderOfItsOwn) {
  TestMailServer server;
  for (const char* arguments :
       {R"({"to": "ada@port.example\r\nBcc: evil@evil.example", "subject": "a", "text": "b"})",
        R"({"to": "ada@port.example", "subject": "a\r\nBcc: evil@evil.example", "text": "b"})",
        R"({"to": "ada@port.example", "subject": "a\nX: y", "text": "b"})",
        R"({"to": {"address": "ada@port.example", "name": "A\r\nBcc: x"}, "subject": "a", "text": "b"})",
        R"({"to": "ada@port.example, evil@evil.example", "subject": "a", "text": "b"})",
        R"({"to": "<ada@port.example> SIZE=1", "subject": "a", "text": "b"})", R"({"to": "\"a b\"@port.example", "subject": "a", "text": "b"})",
        R"({"to": "eve%evil.example@port.example", "subject": "a", "text": "b"})",
        R"({"to": "eve!ada@port.example", "subject": "a", "text": "b"})",
        R"({"to": "ada@port..example", "subject": "a", "text": "b"})", R"({"to": "ada", "subject": "a", "text": "b"})",
        R"({"to": "ädä@port.example", "subject": "a", "text": "b"})", R"({"to": [], "subject": "a", "text": "b"})",
        R"({"to": "ada@port.example", "subject": "a"})", R"({"to": {"address": "ada@port.example", "x": 1}, "subject": "a", "text": "b"})",
        R"({"to": "ada@port.example", "subject": "a", "text": "b", "files": [{"name": "a\r\nX: y", "text": "t"}]})",
        R"({"to": "ada@port.example", "subject": "a", "text": "b", "files": [{"name": "a", "mediaType": "text/x\r\nX: y", "text": "t"}]})"}) {
    const Outcome outcome = MailCase(server.url()).send(arguments);
    EXPECT_EQ(outcome.kind, Kind::failed) << arguments;
    EXPECT_EQ(kind_of(outcome), "validation") << arguments;
  }
  EXPECT_TRUE(server.commands().empty());
}

TEST(MailDriver, SaysWhatIsKnownOfTheMail) {
  const auto kind_with = [](TestMailServer::Answers answers, int attempt = 1) {
    TestMailServer server(std::move(answers));
    MailCase test(server.url());
    test.attempt = attempt;
    return test.send(short_mail).kind;
  };
  EXPECT_EQ(kind_with({{"RCPT", "550 no such person"}}), Kind::failed);
  EXPECT_EQ(kind_with({{"DATA", "451 later"}}), Kind::failed);
  EXPECT_EQ(kind_with({{".", "554 looks like spam"}}), Kind::failed);
  EXPECT_EQ(kind_with({{"MAIL", ""}}), Kind::failed) << "the connection is lost before the content";
  EXPECT_EQ(kind_with({{".", ""}}), Kind::ambiguous) << "the connection is lost after it";
  EXPECT_EQ(kind_with({{"QUIT", ""}}), Kind::done) << "the mail was taken before";
  EXPECT_EQ(kind_with({{"RCPT", "550 no such person"}}, 2), Kind::ambiguous) << "of the first attempt this says nothing";
}

TEST(MailDriver, OneRecipientThatIsRefusedMeansNoMailAtAll) {
  TestMailServer server(TestMailServer::Answers{{"RCPT", "550 no such person"}});
  const Outcome outcome = MailCase(server.url()).send(R"({"to": ["a@port.example", "b@port.example"], "subject": "s", "text": "t"})");
  EXPECT_THAT(outcome.error.detail, HasSubstr("550 no such person"));
  EXPECT_TRUE(server.mails().empty());
}

TEST(MailDriver, ReachesOnlyWhatIsAllowedAndOnlyWithTls) {
  TestMailServer server;
  MailCase closed(server.url());
  closed.options.http.egress_allow = {};
  EXPECT_THAT(closed.send(short_mail).error.detail, HasSubstr("egress.allow"));
  MailCase private_address(server.url());
  private_address.options.http.egress_allow = {};
  private_address.options.http.egress_any = true;
  EXPECT_THAT(private_address.send(short_mail).error.detail, HasSubstr("is not a public address"));
  MailCase encrypted(server.url());
  encrypted.tool.settings = std::move(encrypted.tool.settings).without_member("tls");
  const Outcome outcome = encrypted.send(short_mail);
  EXPECT_EQ(outcome.kind, Kind::failed) << "the server offers no STARTTLS";
  EXPECT_EQ(kind_of(outcome), "communication");
  EXPECT_TRUE(server.mails().empty());
}

TEST(MailDriver, APasswordThatIsBoundElsewhereIsNotSent) {
  TestMailServer server;
  MailCase test("smtps://127.0.0.1:1");
  test.tool.settings = sql_json(R"({"server": "smtps://127.0.0.1:1", "from": "desk@port.example", "authentication": {"username": "u", "password": {"secret": "none"}}})");
  EXPECT_EQ(kind_of(test.send(short_mail)), "authorization");
}

TEST(MailDriver, StopsAtItsLimits) {
  TestMailServer server;
  MailCase test(server.url());
  test.tool.settings = std::move(test.tool.settings).with_member("recipients", 1).with_member("bytes", 3);
  EXPECT_THAT(test.send(R"({"to": ["a@b.example", "c@b.example"], "subject": "s", "text": "t"})").error.detail, HasSubstr("at most 1 (settings.recipients)"));
  EXPECT_THAT(test.send(R"({"to": "a@b.example", "subject": "s", "text": "long"})").error.detail, HasSubstr("at most 3 (settings.bytes)"));
  EXPECT_TRUE(server.commands().empty());
}

std::vector<std::string> mail_problems(std::string_view settings, std::string_view binding, EffectClass effect_class = EffectClass::send,
                                       definition::Idempotency idempotency = definition::Idempotency::none) {
  definition::Tool tool;
  tool.settings = sql_json(settings);
  definition::Operation& operation = tool.operations["go"];
  operation.name = "go";
  operation.effect_class = effect_class;
  operation.idempotency = idempotency;
  operation.arguments_schema = sql_json(R"({"properties": {"to": {}, "subject": {}, "text": {}}})");
  operation.binding = sql_json(binding);
  return make_mail_driver({})->check(tool);
}

TEST(MailTool, IsCheckedBeforeAnythingRuns) {
  const char* settings = R"({"server": "smtp://mail.port.internal", "from": "desk@port.example"})";
  const char* binding = R"({"to": "to", "subject": "subject", "text": "text"})";
  EXPECT_THAT(mail_problems(settings, binding), testing::IsEmpty());
  EXPECT_THAT(mail_problems(settings, R"({"to": "to", "subject": "title", "text": "text"})"),
              ElementsAre("/operations/go/binding: the operation has no argument \"title\"", "/operations/go/binding: it has no place for the argument \"subject\""));
  EXPECT_THAT(mail_problems(settings, binding, EffectClass::read), ElementsAre("/operations/go/class: sending mail is no read; expected send or notify"));
  EXPECT_THAT(mail_problems(settings, binding, EffectClass::send, definition::Idempotency::key), ElementsAre(HasSubstr("does not honour keys")));
  EXPECT_THAT(mail_problems(settings, R"({"to": "to", "subject": "subject"})"), ElementsAre("/operations/go/binding/text: expected 'text' or 'html' or both"));
  for (const char* server : {"http://x", "smtp://", "smtp://u:p@host", "smtp://host/path", "mail.example", "smtp://host:99999"})
    EXPECT_THAT(mail_problems(R"({"server": ")" + std::string(server) + R"(", "from": "a@b.example"})", binding), ElementsAre(testing::StartsWith("/settings/server"))) << server;
  EXPECT_THAT(mail_problems(R"({"server": "smtp://h", "from": "nobody"})", binding), ElementsAre(testing::StartsWith("/settings/from")));
  EXPECT_THAT(mail_problems(R"({"server": "smtp://h", "from": "a@b.example", "tls": "off", "authentication": {"username": "u", "password": {"secret": "p"}}})", binding),
              ElementsAre(HasSubstr("not sent without TLS")));
}

TEST(MailMessage, WritesDatesAndEncodedWords) {
  EXPECT_EQ(mail_date(*parse_timestamp("2026-11-28T03:30:45.9Z")), "Sat, 28 Nov 2026 03:30:45 +0000");
  EXPECT_EQ(encoded_header_text("plain text"), "plain text");
  EXPECT_EQ(encoded_header_text("=?UTF-8?B?eA==?="), "=?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?=");
  EXPECT_EQ(encoded_header_text("a, b"), "=?UTF-8?B?YSwgYg==?=");
  const std::string long_text = encoded_header_text(std::string(200, 'x'));
  std::istringstream lines(long_text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 77u);
}

}  // namespace
}  // namespace gantry::tool
