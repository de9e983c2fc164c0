// The functions that are written in the language itself, because their speed doesn't matter or because they are just a
// name for an expression.
#include "base/assert.h"
#include "expression/parser.h"
#include "expression/resolver.h"

namespace gantry::expression {
namespace {

constexpr std::string_view prelude_text = R"jq(
def values: select(. != null);
def nulls: select(. == null);
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def strings: select(type == "string");
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type == "array" or type == "object");
def scalars: select(type != "array" and type != "object");
def isfinite: type == "number" and (isinfinite | not);
def finites: select(isinfinite or isnan | not);
def normals: select(isnormal);
def in(container): . as $key | container | has($key);
def inside(whole): . as $part | whole | contains($part);
def leaf_paths: paths(scalars);
def recurse_down: recurse;
def ascii:
  if type == "number" and . >= 0 and . <= 127 then [.] | implode
  else error("ascii only takes integers from 0 to 127") end;

def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def todate: todateiso8601;
def fromdate: fromdateiso8601;
def date: todate;
def dateadd(unit; amount): . + amount;
def datesub(unit; amount): . - amount;

def _pattern(given):
  given as $given
  | if $given | type == "string" then [$given, null]
    elif $given | type == "array" and length > 0 then [$given[0], $given[1]]
    else error(($given | type) + " not a string or array") end;
def match(pattern; flags): _match_all(pattern; flags)[];
def match($given): _pattern($given) as [$pattern, $flags] | match($pattern; $flags);
def test(pattern; flags): _test_match(pattern; flags);
def test($given): _pattern($given) as [$pattern, $flags] | test($pattern; $flags);
def capture(pattern; flags):
  match(pattern; flags) | reduce (.captures[] | select(.name != null)) as $group ({}; .[$group.name] = $group.string);
def capture($given): _pattern($given) as [$pattern, $flags] | capture($pattern; $flags);
def scan($pattern; $flags):
  match($pattern; "g" + $flags) | if .captures == [] then .string else [.captures[].string] end;
def scan($pattern): scan($pattern; null);
def split($pattern; flags): _split_at_matches($pattern; flags);
def splits($pattern; flags): split($pattern; flags)[];
def splits($pattern): splits($pattern; null);

def combinations:
  if length == 0 then []
  else .[0][] as $head | (.[1:] | combinations) as $tail | [$head] + $tail end;
def combinations(count): . as $choices | [range(count) | $choices] | combinations;

def tostream: _stream_events[];
def fromstream(events):
  foreach events as $event ({whole: null, done: false};
    (if .done then {whole: null, done: false} else . end)
    | ($event[0] | length) as $depth
    | if $event | length == 2 then .done = ($depth == 0) | .whole |= setpath($event[0]; $event[1])
      else .done = ($depth == 1) end;
    if .done then .whole else empty end);
def truncate_stream(events):
  . as $depth | null | events | select(.[0] | length > $depth) | .[0] |= .[$depth:];

def INDEX(rows; key): reduce rows as $row ({}; .[$row | key | tostring] = $row);
def INDEX(key): INDEX(.[]; key);
def IN(wanted): any(wanted == .; .);
def IN(given; wanted): any(given == wanted; .);
def JOIN($index; key): [.[] | [., $index[key]]];
def JOIN($index; rows; key): rows | [., $index[key]];
def JOIN($index; rows; key; joined): rows | [., $index[key]] | joined;
)jq";

struct Library {
  Definitions definitions;
  std::vector<const Function*> functions;

  Library() {
    auto parsed = parse_definitions(prelude_text);
    GANTRY_ASSERT(parsed.index() == 0, std::get<1>(parsed).message.c_str());
    auto problem = resolve_library(std::get<0>(parsed), definitions);
    GANTRY_ASSERT(!problem, problem->message.c_str());
    for (const auto& function : definitions.functions) functions.push_back(function.get());
  }
};

}  // namespace

const std::vector<const Function*>& library_functions() {
  static const Library library;
  return library.functions;
}

}  // namespace gantry::expression
