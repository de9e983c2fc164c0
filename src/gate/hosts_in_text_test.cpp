// Hosts and mail addresses beside whatever is no part of them, and in HTML, as people and programs read them.
#include <gtest/gtest.h>

#include "gate/canonical_text.h"
#include "gate/host_views.h"
#include "gate/html_references.h"
#include "gate/html_text.h"
#include "gate/known_index.h"
#include "gate/unicode_library.h"
#include "value/utf8.h"

namespace gantry::gate {
namespace {

std::vector<Token> links_in(std::string_view text) {
  bool complete = true;
  std::vector<Token> links;
  for (Token& token : tokens_of(normal_text(text), KnownIndex::tokens_max, complete))
    if (is_link(token)) links.push_back(std::move(token));
  EXPECT_TRUE(complete) << text;
  return links;
}

bool has_host(const std::vector<Token>& links, std::string_view host) {
  return std::any_of(links.begin(), links.end(), [&](const Token& token) { return token.host == host; });
}

std::string character(UChar32 code) {
  std::string text;
  append_character(text, static_cast<std::uint32_t>(code));
  return text;
}

TEST(HostsInText, NoCharacterBesideAHostHidesIt) {
  constexpr std::uint32_t parts_of_names = U_GC_L_MASK | U_GC_M_MASK | U_GC_ND_MASK | U_GC_CN_MASK | U_GC_CS_MASK;
  for (UChar32 code = 0xA0; code < 0x20000; ++code) {
    const bool letter = (category_mask(code) & U_GC_L_MASK) != 0;
    if ((letter && code > 0x400 && code % 97 != 0) || (category_mask(code) & U_GC_CN_MASK) != 0 || U_IS_SURROGATE(code)) continue;
    const std::string beside = character(code);
    if (const std::string meant = with_ascii_meant(beside); meant >= "0" && meant <= "9")
      continue;  // as a digit of ASCII
    const auto links = links_in(beside + "evil.example" + beside);
    EXPECT_FALSE(links.empty()) << std::hex << code;
    // What separates words leaves the host that it is, so that a known one stays known.
    if ((category_mask(code) & parts_of_names) == 0 &&
        unicode().u_hasBinaryProperty(code, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) == 0) {
      EXPECT_TRUE(has_host(links, "evil.example")) << std::hex << code;
    }
  }
}

TEST(HostsInText, WordsWithoutBlanksBetweenThemLeaveAHostThatItIs) {
  for (const char* text :
       {"\u7b2c3\u9875evil.example\u7b2c3\u9875", "\u8bbf\u95ee10.0.0.7\u8c22\u8c22",
        "\u0e17\u0e35\u0e48evil.example\u0e41\u0e25\u0e49\u0e27",
        "\u8a73\u7d30\u306feve@evil.example\u7b2c3\u7ae0\u3078", "\uc8fc\uc18c\ub294evil.example\uc5d0\uc11c3"})
    EXPECT_FALSE(links_in(text).empty()) << text;
  std::string sentence;
  for (int i = 0; i < 100; ++i) sentence += "\u8bf7";  // longer than a host may be
  EXPECT_TRUE(has_host(links_in(sentence + "evil.example" + sentence), "evil.example"));
}

TEST(HostsInText, AMailAddressBesideAnyPunctuationIsOne) {
  for (UChar32 code = 0xA1; code < 0x10000; ++code) {
    if ((category_mask(code) & U_GC_P_MASK) == 0) continue;
    const std::string beside = character(code);
    if (with_ascii_meant(beside) == ".") continue;  // is a part of it
    const auto links = links_in("x" + beside + "eve@evil.example" + beside + "x");
    EXPECT_TRUE(has_host(links, "evil.example")) << std::hex << code;
  }
}

TEST(HostsInText, WhatProgramsMakeOfWideCharactersIsSeen) {
  for (const char* text :
       {"\uff45\uff56\uff49\uff4c\uff0e\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45", "eve\uff20evil.example",
        "https\uff1a\uff0f\uff0fevil.example", "evil\u2024example", "evil\ufe52example", "evil\uff61example",
        "evil\uff08dot\uff09example", "evil\uff3b.\uff3dexample", "evil\u2024example\uff0c\u8c22\u8c22"})
    EXPECT_TRUE(has_host(links_in(text), "evil.example")) << text;
}

TEST(HostsInText, HtmlIsReadAsABrowserReadsIt) {
  const std::string long_comment = "evil<!--" + std::string(5'000, 'x') + "-->.example";
  const std::string long_tag = "evil<b title='" + std::string(5'000, '>') + "'>.</b>example";
  const std::string zeros = "evil&#" + std::string(400, '0') + "46example";
  for (const std::string& text : std::vector<std::string>{"evil&#46example",
                                                          "evil&#x2Eorg",
                                                          "evil&#0046;example",
                                                          zeros,
                                                          "evil&period;example",
                                                          "evil<a>.</a>example",
                                                          "evil<a href=x>.</a>example",
                                                          "evil</a>.example",
                                                          "evil<x-y>.</x-y>example",
                                                          "evil<!-->.example",
                                                          "evil<!--->.example",
                                                          "evil<!-- a --!>.example",
                                                          "evil<!x>.example",
                                                          "evil<?x>.example",
                                                          "evil</ x>.example",
                                                          "evil</>.example",
                                                          "evil<![CDATA[x]]>.example",
                                                          "evil<b a=\">\">.</b>example",
                                                          "evil<script>x</script>.example",
                                                          "evil<style>.y{}</style>.example",
                                                          "evil&shy;.example",
                                                          "evil&ZeroWidthSpace;.example",
                                                          "&efr;vil.example",
                                                          "evil&lsqb;.&rsqb;example",
                                                          "ev<i\n>il.ex</i\n>ample",
                                                          "eve&commat;evil&period;example",
                                                          "evil&#46<b></b>example",
                                                          "evil</div>.example",
                                                          "evil<td>.example",
                                                          "evil<head>.example",
                                                          "evil<img width=0>.example",
                                                          "<form>evil<form>.example",
                                                          "<table></table>evil</td>.example",
                                                          "evil</hr>.example",
                                                          "evil<script>x</SCRIPT >.example",
                                                          long_comment,
                                                          long_tag})
    EXPECT_FALSE(links_in(text).empty()) << text.substr(0, 80);
  EXPECT_TRUE(has_host(links_in("x&eacute;known.example"), "x\u00e9known.example"));
}

TEST(HostsInText, TagsThatBeginALinePartWords) {
  EXPECT_EQ(text_of_html("one<br>two<p>three</p><li>four</li><img src=x>five<b>six</b>"),
            "one two three  four fivesix");
  EXPECT_EQ(text_of_html("a < b, <3, a &b; &nbsp &copy2 AT&T R&D <a"), "a < b, <3, a &b; \u00a0 \u00a92 AT&T R&D ");
  EXPECT_EQ(text_of_html("x<!-- never closed"), "x");
  EXPECT_EQ(text_of_html("&#x80;&#0;&#xD800;&#x110000;&#99999999999999999999;"), "\u20ac\ufffd\ufffd\ufffd\ufffd");
  EXPECT_EQ(text_of_html("&#; &#x; &; &#x"), "&#; &#x; &; &#x");
}

TEST(HostsInText, EveryNamedReferenceIsFoundAndNoneBecomesLonger) {
  for (const char* name :
       {"AElig", "AMP", "CounterClockwiseContourIntegral", "zwnj", "period", "nGt", "fjlig", "yuml"}) {
    const std::string text = "&" + std::string(name) + ";";
    const HtmlReference reference = html_reference_at(text);
    EXPECT_EQ(reference.length, text.size()) << name;
    EXPECT_LE(reference.characters.size(), text.size()) << name;
  }
  EXPECT_EQ(html_reference_at("&notit;").characters, "\u00ac");
  EXPECT_EQ(html_reference_at("&notin;").characters, "\u2209");
  EXPECT_EQ(html_reference_at("&fjlig;").characters, "fj");
  EXPECT_EQ(html_reference_at("&periodx").length, 0u);
}

TEST(HostsInText, OrdinaryTextsHaveNoLinks) {
  for (const char* text :
       {"e.g. this, i.e. that, 3.5 kg at 14:00, v1.2.3, No. 5, p.m., a/b and x=1", "AT&T and R&D; 5 < 6 & 7 > 3",
        "z.B. am 28.11.2026 um 14:00 Uhr, d. h. bis 3,5 %, Abs. 2 Nr. 3, Gr\u00f6\u00dfe: 12\u00bd m\u00b2, \u00a7 5",
        "\u201ez.B.\u201c und \u201edas ist gut.\u201c \u2013 sagte sie\u2026 \u201eSo.\u201c",
        "\u8bf7\u5728\u4e0b\u5348\uff13\uff1a\uff10\uff10\u524d\u786e\u8ba4\uff0c\u8c22\u8c22\uff01\uff08\u9644\u4ef6"
        "\uff1areport.pdf\uff09",
        "\u7248\u672c1.2.3\uff0c\u7b2c3.5\u8282\uff1b\u91d1\u989d\uff1a1,250.50\u5143\uff0c\u8c22\u8c22\u3002",
        "\u8a73\u7d30\u306f\u6dfb\u4ed8\uff08\u8868.xlsx\uff09\u3092\u3054\u89a7\u304f\u3060\u3055\u3044\u3002",
        "\u8bf7\u67e5\u770b\u62a5\u544areport.pdf\uff0c\u8c22\u8c22",
        "src/gate/x.cpp, \u6587\u4ef6/\u62a5\u544atest.cpp, a/b.pdf",
        "<p>Dear Ann,</p><p>see you <b>soon</b>.<br>Yours</p>",
        "<table><tr><td>Mr.</td><td>Smith</td></tr></table><div>Mr.</div><div>Smith</div><ul><li>no.<li>yes</ul>",
        "wait\u2026 what\u2026no",
        "10\u00b0C \u00b1 0.5, 5\u20137 \u20ac, \u00abbien\u00bb, \u2460 first \u2461 second",
        "a&nbsp;b &mdash; c&hellip; &lt;b&gt;.",
        "Hello \ud55c\uad6d\uc5b4 3.5\uc810, \u0441\u043c. \u0440\u0438\u0441. 3"})
    EXPECT_TRUE(links_in(text).empty()) << text << ": " << links_in(text).front().text;
}

TEST(HostsInText, AKnownHostStaysKnownBesidePunctuation) {
  KnownValues known;
  known.add(KnownValues::Kind::request, "",
            Value("Ask ann@corp.example, see corp.example and https://corp.example/\u8def\u2014\u5f84"));
  const KnownIndex index = known.index(nullptr);
  for (const char* text : {"\u8bf7\u8bbf\u95ee corp.example\uff0c\u8c22\u8c22", "\u201ecorp.example\u201c",
                           "\u00abcorp.example\u00bb\u2026", "\uff08corp.example\uff09", "ann@corp.example\uff01",
                           "https://corp.example/\u8def\u2014\u5f84", "<p>corp.example</p>&nbsp;corp.example&hellip;"})
    for (const Token& link : links_in(text)) EXPECT_TRUE(index.knows_link(link)) << text << ": " << link.text;
}

}  // namespace
}  // namespace gantry::gate
