#include "tool/http_egress.h"

#include <gtest/gtest.h>

namespace gantry::tool {
namespace {

HttpUrl url_of(std::string_view text) {
  Result<HttpUrl> url = parse_url(text);
  EXPECT_TRUE(url.ok()) << text;
  return url.ok() ? *url : HttpUrl{};
}

bool allowed(const std::vector<std::string>& allow, std::string_view url) {
  return Egress(allow, false, {}).route(url_of(url)).ok();
}

TEST(HttpUrl, NormalisesWhatItTakesApart) {
  const HttpUrl url = url_of("HTTPS://Example.ORG:443/a b?x={y}#fragment");
  EXPECT_EQ(url.scheme, "https");
  EXPECT_EQ(url.host, "example.org");
  EXPECT_EQ(url.port, 443);
  EXPECT_NE(url.text.find("/a%20b?x=%7By%7D"), std::string::npos) << url.text;
  EXPECT_EQ(url_of("http://[::1]:8080/").host, "::1");
  EXPECT_EQ(url_of("http://example.org./").host, "example.org");
}

TEST(HttpUrl, SeesThroughOtherWaysToWriteAnAddress) {
  for (const char* text : {"http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/"}) {
    EXPECT_EQ(url_of(text).host, "127.0.0.1") << text;
  }
}

TEST(HttpUrl, RefusesWhatParsersReadDifferently) {
  for (const std::string text : {"ftp://example.org/",
                                 "file:///etc/passwd",
                                 "example.org",
                                 "http://",
                                 "http://user:pass@example.org/",
                                 "http://example.org\\@evil.org/",
                                 "http://evil.org%2f@example.org/",
                                 "http://exa\xc3\xa4mple.org/",
                                 "http://example.org/a\r\nHost: evil.org",
                                 "http://example.org/\x01",
                                 "http://example.org/a\\b",
                                 "http:// x/",
                                 "http://example.org:0/",
                                 "http://example.org:99999/",
                                 "gopher://example.org/",
                                 "http:///example.org/",
                                 "http:////example.org/",
                                 "http://exa mple.org/",
                                 "http://exa;mple.org/",
                                 "http://[::1%25eth0]/"}) {
    EXPECT_FALSE(parse_url(text).ok()) << text;
  }
  for (const char* text : {"http://a.example/public/../admin", "http://a.example/..", "http://a.example/./x",
                           "http://a.example/%2E%2e/x", "http://a.example/a/.%2e?b", "http://a.example/ok/..%2fadmin",
                           "http://a.example/ok/..%5cadmin", "http://a.example/ok/..;/admin", "http://a.example/ok%2f.."})
    EXPECT_FALSE(parse_url(text).ok()) << text;
  EXPECT_TRUE(parse_url("http://a.example/a..b/...?../x").ok());
  EXPECT_TRUE(parse_url("http://a.example/a%2Fb;v=1/..c%25/%zz").ok());
  EXPECT_FALSE(parse_url("http://example.org/" + std::string(9000, 'a')).ok());
}

TEST(HttpUrl, EncodesEverythingThatCouldMeanSomething) {
  EXPECT_EQ(percent_encode("a/b?c=d&e#f %\r\n\xc3\xa4"), "a%2Fb%3Fc%3Dd%26e%23f%20%25%0D%0A%C3%A4");
  EXPECT_EQ(percent_encode("A-z_0.~"), "A-z_0.~");
}

TEST(Egress, AllowsNothingByDefault) {
  EXPECT_FALSE(allowed({}, "http://example.org/"));
}

TEST(Egress, MatchesHostPortSchemeAndSuffix) {
  EXPECT_TRUE(allowed({"example.org"}, "http://example.org/"));
  EXPECT_TRUE(allowed({"Example.org"}, "https://EXAMPLE.org:8443/"));
  EXPECT_FALSE(allowed({"example.org"}, "http://sub.example.org/"));
  EXPECT_FALSE(allowed({"example.org"}, "http://example.org.evil.net/"));
  EXPECT_TRUE(allowed({"example.org:8080"}, "http://example.org:8080/"));
  EXPECT_FALSE(allowed({"example.org:8080"}, "http://example.org/"));
  EXPECT_TRUE(allowed({"https://example.org"}, "https://example.org/"));
  EXPECT_FALSE(allowed({"https://example.org"}, "http://example.org/"));
  EXPECT_FALSE(allowed({"https://example.org"}, "https://example.org:8443/"));
  EXPECT_TRUE(allowed({"*.example.org"}, "http://a.b.example.org/"));
  EXPECT_FALSE(allowed({"*.example.org"}, "http://example.org/"));
  EXPECT_FALSE(allowed({"*.example.org"}, "http://evilexample.org/"));
}

TEST(Egress, MatchesAddressesAndRanges) {
  EXPECT_TRUE(allowed({"127.0.0.1:8081"}, "http://127.0.0.1:8081/"));
  EXPECT_FALSE(allowed({"127.0.0.1:8081"}, "http://127.0.0.1:8082/"));
  EXPECT_TRUE(allowed({"http://[::1]:80"}, "http://[::1]/"));
  EXPECT_TRUE(allowed({"10.0.0.0/8"}, "http://10.1.2.3:99/"));
  EXPECT_FALSE(allowed({"10.0.0.0/8"}, "http://11.1.2.3/"));
  EXPECT_FALSE(allowed({"*.1"}, "http://127.0.0.1/"));
}

TEST(Egress, NamesTheEntryThatItCannotRead) {
  for (const char* entry : {"", "exa mple.org", "ftp://example.org", "example.org:0", "example.org:http", "a/b", "*",
                            "10.0.0.0/33", "http://user@example.org", "https://example.org/path"}) {
    EXPECT_FALSE(parse_egress_rule(entry).ok()) << entry;
  }
}

TEST(Egress, ConnectsToSpecialAddressesOnlyWhereAnEntryNamesThem) {
  const Egress egress({"tos.port.internal", "10.20.0.0/16", "localhost", "10.30.0.1:81"}, false, {});
  const auto connects = [&](std::string_view url, std::string_view address) {
    const auto route = egress.route(url_of(url));
    EXPECT_TRUE(route.ok()) << url;
    return egress.may_connect(*route, *parse_address(address));
  };
  EXPECT_TRUE(connects("http://tos.port.internal/", "93.184.216.34"));
  EXPECT_TRUE(connects("http://tos.port.internal/", "10.20.3.4"));
  EXPECT_FALSE(connects("http://tos.port.internal/", "10.21.3.4"));
  EXPECT_FALSE(connects("http://tos.port.internal/", "127.0.0.1"));
  EXPECT_FALSE(connects("http://tos.port.internal/", "169.254.169.254"));
  EXPECT_FALSE(connects("http://tos.port.internal/", "10.30.0.1"));
  EXPECT_TRUE(connects("http://tos.port.internal:81/", "10.30.0.1"));
  EXPECT_TRUE(connects("http://localhost/", "127.0.0.1"));
  EXPECT_TRUE(connects("http://localhost/", "::1"));
  EXPECT_FALSE(connects("http://localhost/", "10.1.1.1"));
}

TEST(Egress, AnyHostDoesNotMeanAnyAddress) {
  const Egress egress({}, true, {});
  const auto route = egress.route(url_of("http://example.org/"));
  ASSERT_TRUE(route.ok());
  EXPECT_TRUE(egress.may_connect(*route, *parse_address("93.184.216.34")));
  EXPECT_FALSE(egress.may_connect(*route, *parse_address("192.168.1.1")));
}

TEST(Egress, GoesWhereTheOperatorOverridesTo) {
  const Egress egress({}, false, {{"https://petstore.swagger.io", "http://127.0.0.1:8081"}});
  const auto route = egress.route(url_of("https://petstore.swagger.io/v2/pet/1?x=y"));
  ASSERT_TRUE(route.ok());
  EXPECT_EQ(route->url.text, "http://127.0.0.1:8081/v2/pet/1?x=y");
  EXPECT_TRUE(egress.may_connect(*route, *parse_address("127.0.0.1")));
  EXPECT_FALSE(egress.route(url_of("http://petstore.swagger.io/")).ok());
  EXPECT_FALSE(egress.route(url_of("http://127.0.0.1:8081/")).ok());
}

TEST(NetworkAddress, KnowsWhatIsPublic) {
  for (const char* address : {"93.184.216.34", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:2800:220:1::1"}) {
    EXPECT_TRUE(is_public(*parse_address(address))) << address;
  }
  for (const char* address : {"0.0.0.0",
                              "10.0.0.1",
                              "100.64.0.1",
                              "127.0.0.1",
                              "127.255.255.254",
                              "169.254.169.254",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.0.1",
                              "198.18.0.1",
                              "224.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "::ffff:127.0.0.1",
                              "::ffff:10.0.0.1",
                              "64:ff9b::7f00:1",
                              "2002:7f00:1::",
                              "fc00::1",
                              "fd12::1",
                              "fe80::1",
                              "ff02::1",
                              "2001:db8::1",
                              "2001::1"}) {
    EXPECT_FALSE(is_public(*parse_address(address))) << address;
  }
}

TEST(NetworkAddress, IsReadStrictly) {
  for (const char* text : {"", "1.2.3", "01.2.3.4", "1.2.3.4.5", "0x7f.0.0.1", "::1%eth0", "[::1", "example.org"}) {
    EXPECT_FALSE(parse_address(text).has_value()) << text;
  }
  EXPECT_EQ(format_address(*parse_address("[::1]")), "::1");
  EXPECT_EQ(format_address(*parse_address("10.0.0.1")), "10.0.0.1");
}

}  // namespace
}  // namespace gantry::tool
