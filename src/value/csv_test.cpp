#include "value/csv.h"

#include <gmock/gmock.h>

namespace gantry {
namespace {

using testing::HasSubstr;

std::string csv_as_json(std::string_view text) {
  auto value = parse_csv(text);
  return value ? print_json(*value) : value.error().message;
}

TEST(Csv, ARecordIsAnObjectWithTheNamesOfTheHeader) {
  EXPECT_EQ(csv_as_json("unit,weight\nMSCU1234565,24500\nTGHU7654321,007\n"),
            R"([{"unit":"MSCU1234565","weight":"24500"},{"unit":"TGHU7654321","weight":"007"}])");
  EXPECT_EQ(csv_as_json("a,b\r\n1,2\r\n"), R"([{"a":"1","b":"2"}])");
  EXPECT_EQ(csv_as_json("a,b\n1,2"), R"([{"a":"1","b":"2"}])");
  EXPECT_EQ(csv_as_json("a,b\n,\n"), R"([{"a":"","b":""}])");
  EXPECT_EQ(csv_as_json("a,b\n"), "[]");
  EXPECT_EQ(csv_as_json("\xEF\xBB\xBF"
                        "a\n1\n"),
            R"([{"a":"1"}])");
  EXPECT_EQ(csv_as_json("a\nx\n\ny\n"), R"([{"a":"x"},{"a":""},{"a":"y"}])");
}

TEST(Csv, QuotedFieldsHoldCommasLineEndsAndQuotes) {
  EXPECT_EQ(csv_as_json("a,\"b,c\"\n\"one\r\ntwo\",\"say \"\"hi\"\"\"\n"),
            R"([{"a":"one\r\ntwo","b,c":"say \"hi\""}])");
  EXPECT_EQ(csv_as_json("a\n\"\"\n"), R"([{"a":""}])");
}

TEST(Csv, WhatIsWrongIsReportedWithItsPlace) {
  EXPECT_EQ(csv_as_json(""), "1:1: expected a header row with the names of the columns");
  EXPECT_EQ(csv_as_json("a,,b\n"), "1:3: a column has no name");
  EXPECT_EQ(csv_as_json("a,b,a\n"), "1:5: two columns have this name");
  EXPECT_EQ(csv_as_json("a,b\n1,2\n1,2,3\n"), "3:5: more fields than the 2 columns of the header");
  EXPECT_EQ(csv_as_json("a,b,c\n1\n"), "2:2: the record of line 2 has 1 of 3 fields; 'b' is missing");
  EXPECT_EQ(csv_as_json("a,b\n1,2\n\n"), "3:1: the record of line 3 has 1 of 2 fields; 'b' is missing");
  EXPECT_EQ(csv_as_json("a\nx\"y\n"), "2:2: a quote in a field that does not start with one");
  EXPECT_EQ(csv_as_json("a\n\"x\"y\n"), "2:4: expected a comma or the end of the line after the closing quote");
  EXPECT_EQ(csv_as_json("a\n\"x\ny\n"), "2:1: this quote is never closed");
  EXPECT_EQ(csv_as_json("a\nx\n\xFFy\n"), "3:1: not UTF-8");
  EXPECT_EQ(csv_as_json("a\nx\x01\n"), "2:2: the control character 0x01");
  EXPECT_EQ(csv_as_json("a\rb\n"), "1:2: the control character 0x0d");
}

TEST(Csv, IsBounded) {
  auto code_of = [](std::string_view text, const ParseLimits& limits) {
    auto value = parse_csv(text, limits);
    return value ? Code::internal : value.error().code;
  };
  EXPECT_EQ(code_of("a\n1\n2\n3\n", {.nodes_max = 2}), Code::exhausted);
  EXPECT_EQ(code_of("a\n1\n", {.bytes_max = 3}), Code::exhausted);
  EXPECT_EQ(code_of("a\n" + std::string(csv_field_bytes_max + 1, 'x') + "\n", {}), Code::exhausted);
  EXPECT_EQ(code_of("a\n\"" + std::string(csv_field_bytes_max + 1, 'x') + "\"\n", {}), Code::exhausted);
  std::string header = "c";
  for (std::size_t i = 1; i <= csv_columns_max; ++i) header += ",c" + std::to_string(i);
  EXPECT_THAT(csv_as_json(header + "\n"), HasSubstr("more than 1000 columns"));
}

}  // namespace
}  // namespace gantry
