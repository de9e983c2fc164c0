// The protocol as the client speaks it, over Streamable HTTP.
#include <thread>

#include "tool/mcp_test_server.h"

namespace gantry::tool {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Knowledge = McpFailure::Knowledge;

const std::string fine = R"({"content":[{"type":"text","text":"fine"}]})";

TEST(McpClient, SaysTheStatelessRevisionInEveryRequest) {
  McpTestServer server(McpTestServer::stateless([](const McpIncoming& request) {
    return json_answer(result_text(request, R"({"resultType":"complete","content":[],"_meta":{"x":1}})"));
  }));
  McpSession session(server);
  EXPECT_EQ(what_of(session.call("tools/call", R"({"name":"weiß","arguments":{"a":1}})")),
            R"(answered {"content":[]})");
  session.client.close();
  EXPECT_THAT(server.methods(), ElementsAre("server/discover", "tools/call"));
  for (const McpIncoming& request : server.seen()) {
    EXPECT_EQ(request.header("MCP-Protocol-Version"), "2026-07-28");
    EXPECT_EQ(request.header("Mcp-Method"), request.method());
    EXPECT_EQ(request.header("Mcp-Session-Id"), "");
    EXPECT_EQ(request.header("Accept"), "application/json, text/event-stream");
    const Value meta = request.message.member("params").member("_meta");
    EXPECT_EQ(meta.string_or("io.modelcontextprotocol/protocolVersion", ""), "2026-07-28");
    EXPECT_EQ(meta.member("io.modelcontextprotocol/clientInfo").string_or("name", ""), "gantry");
    EXPECT_EQ(meta.member("io.modelcontextprotocol/clientCapabilities"), Value::object({}));
  }
  EXPECT_EQ(server.last("tools/call").header("Mcp-Name"), "=?base64?d2Vpw58=?=");
}

TEST(McpClient, ShakesHandsWithAServerThatDoesNotKnowTheStatelessRevision) {
  McpTestServer server(McpTestServer::with_handshake(
      [](const McpIncoming& request) { return json_answer(result_text(request, fine)); }));
  McpSession session(server);
  EXPECT_EQ(what_of(session.call()), "answered " + fine);
  session.client.close();
  EXPECT_EQ(session.client.revision(), "2025-11-25");
  EXPECT_THAT(server.methods(),
              ElementsAre("server/discover", "initialize", "notifications/initialized", "tools/call", "DELETE"));
  const McpIncoming hello = server.last("initialize");
  EXPECT_EQ(hello.header("MCP-Protocol-Version"), "");
  EXPECT_EQ(hello.message.member("params").string_or("protocolVersion", ""), "2025-11-25");
  EXPECT_EQ(hello.message.member("params").member("capabilities"), Value::object({}));
  for (const char* method : {"notifications/initialized", "tools/call", "DELETE"}) {
    EXPECT_EQ(server.last(method).header("Mcp-Session-Id"), "s-1") << method;
    EXPECT_EQ(server.last(method).header("MCP-Protocol-Version"), "2025-11-25") << method;
  }
  EXPECT_EQ(server.last("tools/call").header("Mcp-Method"), "");
  EXPECT_EQ(server.last("tools/call").message.member("params").find("_meta"), nullptr);
}

TEST(McpClient, TakesARevisionThatBothSpeak) {
  for (const auto& [supported, agreed] : {std::pair(R"(["2025-06-18","2024-11-05"])", "2025-06-18"),
                                          std::pair(R"(["1999-01-01","2024-11-05"])", "2024-11-05")}) {
    McpTestServer server([&, supported = supported](const McpIncoming& request) {
      if (request.method() == "server/discover") {
        return json_answer(error_text(request, -32022, R"({"supported":)" + std::string(supported) + "}"), "400 Bad");
      }
      if (request.method() == "initialize") {
        return json_answer(result_text(
            request, print_json(Value::object(
                         {{"protocolVersion", request.message.member("params").member("protocolVersion")}}))));
      }
      if (request.method().starts_with("notifications/")) return http_answer("202 Accepted", "", "");
      return json_answer(result_text(request, fine));
    });
    McpSession session(server);
    EXPECT_EQ(what_of(session.call()), "answered " + fine);
    EXPECT_EQ(session.client.revision(), agreed);
  }
}

TEST(McpClient, RefusesARevisionThatItDoesNotSpeak) {
  McpTestServer server([](const McpIncoming& request) {
    if (request.method() == "server/discover") return json_answer(error_text(request, -32601));
    return json_answer(result_text(request, R"({"protocolVersion":"2099-01-01"})"));
  });
  McpSession session(server);
  EXPECT_THAT(what_of(session.call()), HasSubstr("2099-01-01"));
  EXPECT_THAT(server.methods(), ElementsAre("server/discover", "initialize"));
}

TEST(McpClient, SpeaksTheRevisionThatItWasTold) {
  McpTestServer server(McpTestServer::with_handshake(
      [](const McpIncoming& request) { return json_answer(result_text(request, fine)); }));
  McpSession session(server, {.revision = "2024-11-05"});
  EXPECT_EQ(what_of(session.call()), "answered " + fine);
  EXPECT_EQ(server.seen().front().message.member("params").string_or("protocolVersion", ""), "2024-11-05");
}

TEST(McpClient, ReadsAnAnswerOutOfAStreamAndRefusesWhatTheServerAsksMeanwhile) {
  McpTestServer server(McpTestServer::with_handshake([](const McpIncoming& request) {
    if (request.method() != "tools/call") return http_answer("202 Accepted", "", "");
    return stream_answer(
        "\xEF\xBB\xBF: a comment\r\n\r\n"
        "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progress\":0.5}}\n\n"
        "event: endpoint\ndata: http://169.254.169.254/\n\n"
        "data: {\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}\n\n"
        "data: {\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"sampling/createMessage\",\"params\":{\"messages\":[]}}\n\n"
        "data: {\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"elicitation/create\",\"params\":{}}\n\n"
        "data: {\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"roots/list\"}\n\n"
        "id: 1\nevent: message\ndata: {\"jsonrpc\":\"2.0\",\ndata: " +
        result_text(request, fine).substr(17) + "\n\n");
  }));
  McpSession session(server);
  EXPECT_EQ(what_of(session.call()), "answered " + fine);
  std::vector<std::string> replies;
  for (const McpIncoming& request : server.seen()) {
    if (request.verb == "POST" && request.method().empty()) {
      replies.push_back(print_json(request.message.member("id")) +
                        (request.message.find("result") != nullptr
                             ? " ok"
                             : " " + print_json(request.message.member("error").member("code"))));
    }
  }
  EXPECT_THAT(replies, ElementsAre("\"p\" ok", "7 -32601", "8 -32601", "9 -32601"));
}

TEST(McpClient, OpensABrokenStreamAgainFromTheLastEvent) {
  McpTestServer server(McpTestServer::with_handshake([](const McpIncoming& request) {
    if (request.method() == "tools/call") {
      return stream_answer("id: e-1\nretry: 20\ndata: \n\nid: half\ndata: lost");
    }
    if (request.header("Last-Event-ID") == "e-1") return stream_answer("id: e-2\ndata:\n\n");
    return stream_answer(R"(data: {"jsonrpc":"2.0","id":2,"result":)" + fine + "}\n\n");
  }));
  McpSession session(server, {.revision = "2025-11-25"});
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(what_of(session.call()), "answered " + fine);
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(40));
  EXPECT_EQ(server.last("GET").header("Last-Event-ID"), "e-2");
  EXPECT_EQ(server.last("GET").header("Mcp-Session-Id"), "s-1");
  EXPECT_EQ(server.last("GET").header("Accept"), "text/event-stream");
}

TEST(McpClient, DoesNotOpenAStreamAgainForEver) {
  McpTestServer server(
      McpTestServer::with_handshake([](const McpIncoming&) { return stream_answer("id: e\nretry: 0\ndata:\n\n"); }));
  McpSession session(server);
  EXPECT_THAT(what_of(session.call()), HasSubstr("without an answer"));
  const auto methods = server.methods();
  EXPECT_EQ(std::count(methods.begin(), methods.end(), "GET"), 10);
}

// What a server can send instead of an answer; each is contained, and said.
TEST(McpClient, ContainsWhatIsNoAnswer) {
  struct Case {
    std::string sent, expected;
  };
  const std::string nested = std::string(5'000, '[') + std::string(5'000, ']');
  for (const Case& each : std::vector<Case>{
           {json_answer("not json"), ""},
           {json_answer(R"({"jsonrpc":"2.0","id":99,"result":{}})"), "without an answer"},
           {json_answer(R"({"jsonrpc":"2.0","id":"1","result":{}})"), "without an answer"},
           {json_answer(R"({"id":2,"result":{}})"), "jsonrpc is not"},
           {json_answer(R"({"jsonrpc":"2.0","id":2,"result":7})"), "a result is an object"},
           {json_answer(R"({"jsonrpc":"2.0","id":2,"result":{},"error":{"code":1}})"), "both a result and an error"},
           {json_answer(R"({"jsonrpc":"2.0","id":2,"id":3,"result":{}})"), ""},
           {json_answer("[]"), "messages"},
           {json_answer(nested), ""},
           {json_answer("\xff\xfe"), ""},
           {json_answer(""), "without an answer"},
           {http_answer("202 Accepted", "", ""), "without an answer"},
           {http_answer("200 OK", "Content-Type: text/html\r\n", "<html>"), "content type \"text/html\""},
           {http_answer("500 Oops", "Content-Type: text/plain\r\n", "stack\n\x1b[31mtrace"),
            "answered 500: stack  [31mtrace"},
           {http_answer("302 Found", "Location: http://127.0.0.1/\r\n", ""), "answered 302"},
           {stream_answer("data: {\"jsonrpc\":\n\n"), ""},
           {stream_answer("data: x\n\n"), ""},
           {stream_answer(""), "without an answer"},
           {std::string("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 99\r\n\r\ndata: cut") +
                McpTestServer::close_after,
            "connection was lost"},
           {"SSH-2.0-OpenSSH\r\n", "connection was lost"},
       }) {
    McpTestServer server(McpTestServer::with_handshake([&](const McpIncoming&) { return each.sent; }));
    McpSession session(server, {.revision = "2025-11-25"}, std::chrono::seconds(5));
    const auto answer = session.call();
    ASSERT_TRUE(std::holds_alternative<McpFailure>(answer)) << each.sent.substr(0, 200);
    EXPECT_EQ(std::get<McpFailure>(answer).code, 0) << each.sent.substr(0, 200);
    EXPECT_THAT(what_of(answer), HasSubstr(each.expected)) << each.sent.substr(0, 200);
  }
}

TEST(McpClient, HoldsItsLimits) {
  const std::string flood = [] {
    std::string events;
    for (int at = 0; at < 20'000; ++at) events += "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}\n\n";
    return events;
  }();
  const std::string questions = [] {
    std::string events;
    for (int at = 0; at < 200; ++at) events += "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"roots/list\"}\n\n";
    return events;
  }();
  struct Case {
    std::string sent, expected;
  };
  for (const Case& each :
       std::vector<Case>{{stream_answer(flood), "too many messages"},
                         {stream_answer(questions), "asks too much"},
                         {stream_answer("data: " + std::string(300'000, 'x')), "larger than allowed"},
                         {json_answer(std::string(300'000, ' ')), "larger than allowed"}}) {
    McpTestServer server(McpTestServer::with_handshake([&](const McpIncoming& request) {
      return request.method() == "tools/call" ? each.sent : http_answer("202 Accepted", "", "");
    }));
    McpSession session(server, {.revision = "2025-11-25"});
    if (each.expected == "larger than allowed") session.budget.bytes_left = 200'000;
    EXPECT_THAT(what_of(session.call()), HasSubstr(each.expected));
  }
}

TEST(McpClient, GivesUpInTimeAndSaysSo) {
  McpTestServer server(McpTestServer::with_handshake([](const McpIncoming& request) {
    // A stream that says nothing and stays open.
    return request.method() == "tools/call"
               ? std::string("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: \n\n")
               : http_answer("202 Accepted", "", "");
  }));
  McpSession session(server, {.revision = "2025-11-25"}, std::chrono::milliseconds(300));
  const auto answer = session.call();
  EXPECT_THAT(what_of(answer), HasSubstr("no answer in time"));
  EXPECT_EQ(std::get<McpFailure>(answer).knowledge, Knowledge::unknown);
  EXPECT_EQ(server.last("notifications/cancelled").message.member("params").integer_or("requestId", 0), 2);
}

TEST(McpClient, TellsARefusalFromAFailure) {
  for (const auto& [code, knowledge] : {std::pair(-32602, Knowledge::refused), std::pair(-32601, Knowledge::refused),
                                        std::pair(-32020, Knowledge::refused), std::pair(-32603, Knowledge::failed),
                                        std::pair(-32000, Knowledge::failed), std::pair(7, Knowledge::failed)}) {
    McpTestServer server(McpTestServer::with_handshake(
        [code = code](const McpIncoming& request) { return json_answer(error_text(request, code)); }));
    McpSession session(server, {.revision = "2025-11-25"});
    const auto answer = session.call();
    ASSERT_TRUE(std::holds_alternative<McpFailure>(answer));
    EXPECT_EQ(std::get<McpFailure>(answer).knowledge, knowledge) << code;
    EXPECT_EQ(std::get<McpFailure>(answer).kind, "runtime");
  }
}

TEST(McpClient, GivesNoInputToAServerThatAsksForMore) {
  McpTestServer server(McpTestServer::stateless([](const McpIncoming& request) {
    return json_answer(result_text(request, R"({"resultType":"input_required","requestState":"s","inputRequests":)"
                                            R"({"a":{"method":"elicitation/create","params":{}}}})"));
  }));
  McpSession session(server);
  EXPECT_THAT(what_of(session.call()), HasSubstr("asks for more input"));
  EXPECT_THAT(server.methods(), ElementsAre("server/discover", "tools/call"));
}

TEST(McpClient, RepeatsTheStateThatAServerWantsBackUnchangedAndUnderANewId) {
  McpTestServer server(McpTestServer::stateless([](const McpIncoming& request) {
    const bool again = request.message.member("params").string_or("requestState", "") == "{\"opaque\": 1}";
    return json_answer(
        result_text(request, again ? fine : R"({"resultType":"input_required","requestState":"{\"opaque\": 1}"})"));
  }));
  McpSession session(server);
  EXPECT_EQ(what_of(session.call()), "answered " + fine);
  const auto seen = server.seen();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_NE(seen[1].message.member("id"), seen[2].message.member("id"));
}

TEST(McpClient, ListsAllPages) {
  McpTestServer server(McpTestServer::stateless([](const McpIncoming& request) {
    const std::string cursor(request.message.member("params").string_or("cursor", ""));
    if (cursor.empty()) return json_answer(result_text(request, R"({"tools":[{"name":"a"}],"nextCursor":"2"})"));
    return json_answer(result_text(request, R"({"tools":[{"name":"b"},{"name":"c"}]})"));
  }));
  McpSession session(server);
  ASSERT_FALSE(session.client.open().has_value());
  const auto tools = session.client.list_tools();
  ASSERT_TRUE(std::holds_alternative<std::vector<Value>>(tools));
  EXPECT_EQ(print_json(Value::array(std::get<std::vector<Value>>(tools))),
            R"([{"name":"a"},{"name":"b"},{"name":"c"}])");
}

TEST(McpClient, RefusesListsOfToolsThatMakeNoSense) {
  for (const auto& [page, expected] :
       {std::pair(R"({"tools":[{"name":"a"},{"name":"a"}]})", "two tools"), std::pair(R"({"tools":[{}]})", "no name"),
        std::pair(R"({"tools":[7]})", "no name"), std::pair(R"({})", "no list"),
        std::pair(R"({"tools":{}})", "no list"), std::pair(R"({"tools":[],"nextCursor":7})", "cursor"),
        std::pair(R"({"tools":[],"nextCursor":"x"})", "100 pages")}) {
    McpTestServer server(McpTestServer::stateless(
        [page = page](const McpIncoming& request) { return json_answer(result_text(request, page)); }));
    McpSession session(server);
    ASSERT_FALSE(session.client.open().has_value());
    const auto tools = session.client.list_tools();
    ASSERT_TRUE(std::holds_alternative<McpFailure>(tools)) << page;
    EXPECT_THAT(std::get<McpFailure>(tools).what, HasSubstr(expected));
  }
}

TEST(McpClient, ANewAddressInAStreamIsNotGoneTo) {
  HttpTestServer elsewhere(HttpTestServer::always("200 OK", "application/json", "{}"));
  McpTestServer server([&](const McpIncoming& request) {
    return http_answer("307 Temporary", "Location: " + elsewhere.origin() + "/mcp\r\n",
                       request.verb == "POST" ? "x" : "");
  });
  McpSession session(server, {.revision = "2025-11-25"});
  EXPECT_THAT(what_of(session.call()), HasSubstr("answered 307"));
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST(McpHeaders, RepeatWhatTheSchemaMarks) {
  const Value schema = http_json(R"({"type":"object","properties":{
    "region":{"type":"string","x-mcp-header":"Region"},"count":{"type":"integer","x-mcp-header":"Count"},
    "deep":{"type":"object","properties":{"flag":{"type":"boolean","x-mcp-header":"Flag"}}},
    "gone":{"type":"string","x-mcp-header":"Gone"},"secret":{"type":"string"}}})");
  const auto headers = mcp_parameter_headers(
      schema, http_json(R"({"region":"a\r\nX: y","count":42,"deep":{"flag":false},"gone":null,"secret":"s"})"));
  ASSERT_TRUE(headers.ok()) << headers.error().message;
  EXPECT_THAT(*headers, ElementsAre(std::pair("Mcp-Param-Region", "=?base64?YQ0KWDogeQ==?="),
                                    std::pair("Mcp-Param-Count", "42"), std::pair("Mcp-Param-Flag", "false")));
  EXPECT_EQ(mcp_header_value("us-west1"), "us-west1");
  for (const char* text : {"", " a", "a ", "\ta", "ä", "a\nb", "=?base64?YQ==?="}) {
    EXPECT_THAT(mcp_header_value(text), testing::StartsWith("=?base64?")) << text;
  }
}

TEST(McpHeaders, RefuseMarksWhereNoneMayBe) {
  for (const char* property :
       {R"({"type":"string","x-mcp-header":""})", R"({"type":"number","x-mcp-header":"A"})", R"({"x-mcp-header":"A"})",
        R"({"type":"object","x-mcp-header":"A"})", R"({"type":"string","x-mcp-header":"A B"})",
        R"({"type":"string","x-mcp-header":"A:B"})", R"({"type":"string","x-mcp-header":"Ä"})",
        R"({"type":"string","x-mcp-header":"Used"})", R"({"type":"string","x-mcp-header":"uSED"})",
        R"({"type":"array","items":{"type":"string","x-mcp-header":"A"}})",
        R"({"anyOf":[{"type":"string","x-mcp-header":"A"}]})",
        R"({"$defs":{"d":{"type":"string","x-mcp-header":"A"}}})"}) {
    const Value schema = http_json(R"({"properties":{"used":{"type":"string","x-mcp-header":"Used"},"p":)" +
                                   std::string(property) + "}}");
    EXPECT_FALSE(mcp_parameter_headers(schema, Value::object({{"p", "x"}})).ok()) << property;
  }
}

}  // namespace
}  // namespace gantry::tool
