"""Compares our jq with Debian's `jq` program (1.6) on generated expressions and values.

    jq_differential.py --gantry PROGRAM [--jq jq] [--cases 100000] [--seed 1] [--show 20]

A case is one expression on one value. Expressions are grown from a grammar by a seeded generator and run in batches:
one program of many expressions, each within `try`, on all values at once, so that a process is started per batch and
not per case. Both must give the same outputs in the same order, or both must fail; the texts of errors are not
compared. Where jq 1.6 and 1.8 differ on purpose, `EXPECTED` says so: an expression that uses such a thing is only
counted. Exits with 1 on any difference that is not explained, with 77 where there is no jq.
"""

import argparse
import json
import random
import re
import shutil
import subprocess
import sys

EXPRESSIONS_PER_BATCH = 25

VALUES = [
    None, True, 0, 1, -2.5, 7, 1425599507, "", "abc", "a,b, c", "2015-03-05T23:51:47Z", "12", "x\u00e9\u20ac\U0001f600y",
    [], [1, 2, 3], [3, 1, 2, 1], ["b", "a"], [[1, 2], [3, 4]], [{"a": 1, "b": 2}, {"a": 1, "b": 1}, {"a": 0}],
    [None, False, 1, "x", [0], {"k": 1}], {}, {"a": 1, "b": [1, 2, {"c": None}]}, {"a": {"b": {"c": 3}}, "z": "s"},
    {"b": 2, "a": [{"a": 5}, {"a": None}]},
]

LEAVES = [
    ".", ".", ".", ".a", ".b", ".[]", ".[0]", ".[1]", ".[-1]", ".[1:]", ".[:2]", ".[1:2]", ".a.b", ".a?", ".[]?", "..", "1", "2", "0", "-1",
    "1.5", '"x"', '"a"', '""', "null", "true", "false", "[]", "{}", "(1,2)", "empty", "length", "keys", "keys_unsorted",
    "type", "add", "not", "tostring", "tojson", "reverse", "sort", "unique", "first", "last", "min", "max", "flatten",
    "to_entries", "from_entries", "ascii_downcase", "ascii_upcase", "explode", "any", "all", "paths", "leaf_paths",
    "tostream", "transpose", "range(3)", "range(1;4)", "recurse", 'error("e")', "floor", "sqrt", "fabs", "ceil", "round",
    "tonumber", 'join(",")', 'split(",")', 'has("a")', "has(0)", 'contains("a")', 'inside("abcd")', 'index("a")', "indices(1)",
    'startswith("a")', 'endswith("c")', 'ltrimstr("a")', 'rtrimstr("c")', 'test("a")', '[match("a";"g").offset]',
    '[scan("[a-z]")]', 'sub("a";"b")', 'gsub("[a-z]";"<\\(.)>")', 'capture("(?<y>[a-z])")', "@base64", "@html", "@csv", "@json",
    "@uri", "@sh", "@tsv", "@text", "combinations", "todate", "fromdate", "gmtime", "mktime", 'splits(",")', "infinite|isinfinite",
    "nan|isnan", "isnormal", "values", "nulls", "numbers", "strings", "arrays", "objects", "booleans", "iterables", "scalars",
    "utf8bytelength", "ascii_downcase?", "length?", "tojson|fromjson", "splits(\"b\")", "@base64|@base64d",
    "$__loc__", "to_entries|from_entries", "getpath([\"a\",\"b\"])", "getpath([\"a\"])?", "delpaths([[0]])",
    "setpath([\"a\"];1)", "setpath([0];1)", "paths(type==\"number\")", "path(..)", "fromjson", "log2|floor", "pow(.;2)",
    "strftime(\"%Y-%m-%d\")", "strptime(\"%Y-%m-%dT%H:%M:%SZ\")", "limit(2;.[])", "first(.[])", "nth(1;.[])", "until(true;.)", "[while(false;.)]",
    "isempty(.[])", "IN(1,2)", "INDEX(.a)", "with_entries(.)", "walk(.)", "min_by(.a)", "max_by(.a)", "group_by(.a)",
    ".a?", ".a?.b?", ".a.b?", ".[0]?", ".[-1]?", ".[1:]?", ".[]?.a", ".[]?.a?", ".a[]?", ".a?[]?", '.["a"]?', '."a"?', ".a??", "..?", "..|.a?",
    "try error?", "[.[]?|.a?]", "keys?", "(.a,.b)?", "(.a|.b)?", "-.a",
    "unique_by(length)", "sort_by(.a)", "map(.a)", "map_values(.)", "del(.a)", "del(.[0])", "del(.[0,1])", "to_entries[]", "splits(\", *\";null)",
]

UNARY = [
    "[{0}]", "({0})?", "({0}).a?", "({0})[0]?", "({0})[]?", "({0})[1:]?", "[({0})[]?.a?]", "path(({0})?)", "del(({0})[0]?)", "({0})??", "try ({0}) catch 0", "[limit(3; {0})]", "first({0})", "path({0})", "del({0})", "map({0})", "map_values({0})",
    "select({0})", "[.[]? | {0}]", "{{a: ({0})}}", "{{(tostring): ({0})}}", '"<\\({0})>"', "-({0})", "[paths] | ({0})", "[{0}] | any",
    "[{0}] | all", "[{0}] | add", "[{0}] | sort", "[{0}] | unique", "[{0}] | length", "sort_by({0})", "group_by({0})", "unique_by({0})", "min_by({0})",
    "max_by({0})", "with_entries({0})", "walk({0})", "isempty({0})", "[.[]? as $v | $v | {0}]",
    "reduce ({0}) as $v (0; . + 1)", "reduce ({0}) as $v (null; $v)", "[foreach ({0}) as $v (0; . + 1; [$v, .])]", "label $out | ({0}) | ., break $out",
    "def f: ({0}); f | f", "def f(g): [g]; f({0})", "def f($x): [$x]; f({0})", "({0}) as [$p, $q] | [$p, $q]", "({0}) as {{a: $p}} | $p",
    "({0}) as $p | [$p, $p]", "if ({0}) then 1 else 2 end", "({0}) |= .", "({0}) |= [.]", "({0}) |= empty",
    "({0}) = 1", "({0}) += 1", "({0}) //= 9", "to_entries | ({0})", "tojson | ({0})", "[splits(\"a\")]? | ({0})", "([{0}] | tojson)", "[range(3)] | ({0})",
]

BINARY = [
    "{0} | {1}", "({0}) | ({1})", "({0}), ({1})", "({0}) + ({1})", "({0}) - ({1})", "({0}) * ({1})", "({0}) / ({1})", "({0}) % ({1})",
    "({0}) == ({1})", "({0}) != ({1})", "({0}) < ({1})", "({0}) <= ({1})", "({0}) > ({1})", "({0}) // ({1})", "({0}) and ({1})", "({0}) or ({1})",
    "[({0}), ({1})]", "{{a: ({0}), b: ({1})}}", "try ({0}) catch (1 | {1})", "if ({0}) then ({1}) else . end", "({0}) as $v | ({1}) | [., $v]",
    "reduce ({0}) as $v (.; {1})", "[foreach ({0}) as $v (.; {1}; .)]", "path({0} | {1})", "({0}) |= ({1})", "({0}) = ({1})", "del({0}, {1})",
    "[.[]? | {0}] | map({1})", "[limit(4; {0}, {1})]", "({0}) as $v | [{1}] | index($v)", ".[({0}):({1})]", ".[({0})]", "[({0})] | contains([{1}])",
    "def f(g): {1}; f({0})", "def f(g): g | {1}; f({0})", "getpath([({0}), ({1})])", "setpath([({0})]; ({1}))", "[{0}] - [{1}]", "(({0}) | select({1}))",
    "{{({0} | tostring): ({1})}}", "\"\\({0})\\({1})\"", "[{0}] | inside([{1}])",
]

# What 1.8 does otherwise than 1.6, by what the expression says, and where ours differs from both
# (docs/reference/expressions.md).
EXPECTED = [
    (r"\bindices\(|\bindex\(", "1.8: positions are code points; 1.6: bytes"),
    (r"@base64d", "1.7: an error on what is not base64"),
    (r"\b(g?sub|capture|match|scan|splits|test)\(", "1.7: empty matches, optional groups, several outputs"),
    (r"\bl?r?trimstr\(", "1.8: an empty affix leaves the text as it is"),
    (r"\bisnormal\b", "1.7: an error on what is not a number"),
    (r"\bwith_entries\(|\bfrom_entries\b", "1.7: keys of any scalar kind"),
    (r"\bgetpath\(|\.\[\(", "1.7: null can be indexed with null"),
    (r"\b(mktime|todate|strftime|gmtime)\b", "1.8: fewer than six parts of a time; ours: fractions before 1970 round down"),
    (r"\|= empty|\bmap_values\(|\|= ", "1.7: `|= empty` removes every element; 1.6 every second one"),
    (r"\bwalk\(", "1.7: all outputs of its function count; ours: no path of it can be taken"),
    (r"\bpath\(.*\b(ceil|floor|round|fabs)\b", "jq takes an equal number for the same place"),
    (r"\bdel\(.*\)\[0\]\?", "jq takes an equal value for the same place, and says so behind `?` as well"),
    (r"\bpath\(.*\|.*\?", "1.7: `?` catches an invalid path"),
    (r"\bnth\(", "1.8: empty where there are fewer outputs"),
    (r"\btranspose\b", "1.7: the values of an object are rows"),
    (r"\breverse\b", "1.7: text can be reversed"),
    (r"\bimplode\b|\bexplode\b", "1.7: checked"),
    (r"\bascii_(down|up)case\b|\bjoin\(|\bfromjson\b|\btonumber\b", "1.8: stricter, exact integers"),
]
# 1.6 lets `?` and `try` catch errors that come after them; since 1.7 they catch only those of their own body.
LATE_CATCH = re.compile(r"\?|\btry\b|\bisempty\(|\bfirst\(|\blimit\(|\blabel\b")

# Where a path is asked for, jq takes an equal true, false or number for the same place, ours does not.
SAME_PLACE = re.compile(r"\bpath\(|\bdel\(|\bpaths\b|=")


def main():
    arguments = read_arguments()
    jq = shutil.which(arguments.jq)
    if not jq:
        print(f"skipped: there is no program {arguments.jq}")
        return 77
    generator = Generator(arguments.seed)
    counts = {"same": 0, "explained": 0, "different": 0, "unusable": 0}
    shown = 0
    while sum(counts.values()) < arguments.cases:
        expressions = [generator.expression() for _ in range(EXPRESSIONS_PER_BATCH)]
        for expression, ours, theirs in compare(arguments.gantry, jq, expressions):
            if theirs is None:
                counts["unusable"] += len(VALUES)
                continue
            pairs = list(zip(VALUES, ours or [None] * len(VALUES), theirs))
            differing = [pair for pair in pairs if ours is None or not same(pair[1], pair[2])]
            unexplained = [pair for pair in differing if not explained(expression, pair[1], pair[2])]
            counts["same"] += len(pairs) - len(differing)
            counts["explained"] += len(differing) - len(unexplained)
            counts["different"] += len(unexplained)
            if unexplained and shown < arguments.show:
                shown += 1
                value, our, their = unexplained[0]
                print(f"{expression}\n  on {json.dumps(value)} ({len(unexplained)} values differ)\n"
                      f"  ours   {json.dumps(our)[:300]}\n  jq 1.6 {json.dumps(their)[:300]}")
    print(f"{sum(counts.values())} cases, seed {arguments.seed}: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    return 1 if counts["different"] else 0


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gantry", required=True)
    parser.add_argument("--jq", default="jq")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=20)
    return parser.parse_args()


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def expression(self, depth=0):
        roll = self.random.random()
        if depth >= 3 or roll < 0.15 + 0.2 * depth:
            return self.random.choice(LEAVES)
        if roll < 0.6:
            return self.random.choice(UNARY).format(self.expression(depth + 1))
        return self.random.choice(BINARY).format(self.expression(depth + 1), self.expression(depth + 1))


def compare(gantry, jq, expressions):
    """Yields (expression, our results, their results), a result for each of VALUES; None where a program could not say."""
    ours, theirs = run_ours(gantry, expressions), run_theirs(jq, expressions)
    if ours is not None and theirs is not None:
        yield from zip(expressions, ours, theirs)
        return
    for expression in expressions:
        ours, theirs = run_ours(gantry, [expression]), run_theirs(jq, [expression])
        yield expression, ours[0] if ours else None, theirs[0] if theirs else None


def batch_program(expressions):
    # All that an expression gives, up to 40 outputs, or that it failed, and what it gave before it did.
    tried = ", ".join(f"[label $enough | foreach ((try ({text} | {{o: .}}) catch {{f: 1}})) as $r (0; . + 1; if . > 40 then break $enough else $r end)]" for text in expressions)
    return f". as $all | [$all[] | [{tried}]]"


def run_ours(gantry, expressions):
    return read(subprocess.run([gantry, "eval", batch_program(expressions), "--input", json.dumps(VALUES)], capture_output=True, text=True), expressions)


def run_theirs(jq, expressions):
    try:
        return read(subprocess.run([jq, "-c", batch_program(expressions)], input=json.dumps(VALUES), capture_output=True, text=True, timeout=20), expressions)
    except subprocess.TimeoutExpired:
        return None


def read(run, expressions):
    """Results by expression, then by value; None if the program failed as a whole."""
    if run.returncode != 0:
        return None
    by_value = json.loads(run.stdout)
    return [[row[place] for row in by_value] for place in range(len(expressions))]


def same(ours, theirs):
    return json.dumps(rounded(ours), sort_keys=True) == json.dumps(rounded(theirs), sort_keys=True)


def rounded(value):
    """Integers that a double can't hold as the double they are near: jq 1.6 prints no more than 17 digits."""
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    beyond = isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53
    return float(f"{value:.16e}") if beyond else value


def explained(expression, ours, theirs):
    if any(re.search(pattern, expression) for pattern, _ in EXPECTED):
        return True
    ours = ours or []
    if LATE_CATCH.search(expression):
        shorter = min(len(ours), len(theirs))
        return {"f": 1} in ours and {"f": 1} not in theirs or ours[:shorter] == theirs[:shorter]
    return bool(SAME_PLACE.search(expression)) and {"f": 1} in ours


if __name__ == "__main__":
    sys.exit(main())
