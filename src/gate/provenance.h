// Where each argument of an effect comes from, found out by the engine for policies and for who approves.
#pragma once

#include "definition/project.h"
#include "gate/run_facts.h"

namespace gantry::gate {

// One member for each argument, and for each member of an argument that is an object, under "ARGUMENT/MEMBER/...", each
// part as path_name_of (known_index.h) writes it; members are left out where there are very many, arguments never are.
// The names of members that `schema`, that of all arguments, does not list under `properties` count as items, too.
//   origin        request | workflow | list:NAME | record:TOOL/path | derived, or what else a value's label names;
//                 `mixed` when the items of a list come from different places
//   origins       for each kind of item: all the places that hold this very value
//   integrity     the best over the places that hold this very value, lists of policies aside; of a list its worst item
//   secrecy, sources, compartments   of the value's own label
//   badLinks      web addresses, mail addresses and account numbers in it that no trusted or internal place has
//   hiddenText    names of invisible or direction-changing characters in it
//   lookAlikes    hosts in it that look like one that is known and are another
//   shapes        of each kind of item: url | host | mail | iban | number | date | text | boolean | null
//
// What is too much to look at is untrusted, `derived`, and has a bad link, a hidden character and a shape that no
// condition asks for.
Value provenance_of(const Value& arguments, const Value& schema, const definition::Project& policies,
                    const RunFacts& run);

}  // namespace gantry::gate
