"""Functions that jq can define itself. Each is parsed when an expression first uses it."""

from functools import cache
from typing import Final

from crossdock.flow.jq import parser, syntax

_SOURCE: Final = {
    ("values", 0): "def values: select(. != null);",
    ("nulls", 0): "def nulls: select(. == null);",
    ("booleans", 0): 'def booleans: select(type == "boolean");',
    ("numbers", 0): 'def numbers: select(type == "number");',
    ("strings", 0): 'def strings: select(type == "string");',
    ("arrays", 0): 'def arrays: select(type == "array");',
    ("objects", 0): 'def objects: select(type == "object");',
    ("iterables", 0): 'def iterables: select(type == "array" or type == "object");',
    ("scalars", 0): 'def scalars: select(type != "array" and type != "object");',
    ("normals", 0): "def normals: select(isnormal);",
    ("finites", 0): 'def finites: select(type == "number" and (isinfinite | not));',
    ("isfinite", 0): 'def isfinite: type == "number" and (isinfinite | not);',
    ("isempty", 1): "def isempty(f): label $found | (f | false | ., break $found), true;",
    ("isvalid", 1): "def isvalid(f): try (f | true) catch false;",
    ("recurse", 2): "def recurse(f; keep): recurse(f | select(keep));",
    ("paths", 0): "def paths: path(..) | select(. != []);",
    ("paths", 1): "def paths(keep): path(.. | select(keep)) | select(. != []);",
    ("pick", 1): "def pick(f): . as $whole | reduce path(f) as $p (null; setpath($p; $whole | getpath($p)));",
    ("flatten", 0): "def flatten: flatten(1e9);",
    ("first", 0): "def first: .[0];",
    ("last", 0): "def last: .[-1];",
    ("nth", 1): "def nth($n): .[$n];",
    ("in", 1): "def in(f): . as $key | f | has($key);",
    ("inside", 1): "def inside(f): . as $part | f | contains($part);",
    ("walk", 1): """
        def walk(f): def inner: if type == "object" then map_values(inner) elif type == "array" then map(inner)
                                else . end | f; inner;""",
    ("transpose", 0): "def transpose: [range(map(length) | max // 0) as $i | [.[][$i]]];",
    ("combinations", 0): """
        def combinations: if length == 0 then [] else .[0][] as $head | (.[1:] | combinations) as $tail
                          | [$head] + $tail end;""",
    ("combinations", 1): "def combinations(n): . as $all | [range(n) | $all] | combinations;",
    ("todate", 0): 'def todate: strftime("%Y-%m-%dT%H:%M:%SZ");',
    ("todateiso8601", 0): 'def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");',
    ("fromdate", 0): 'def fromdate: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;',
    ("fromdateiso8601", 0): 'def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;',
    ("date", 0): "def date: todate;",
    ("dateadd", 2): "def dateadd(unit; n): . + n;",
    ("datesub", 2): "def datesub(unit; n): . - n;",
    ("capture", 1): "def capture(re): capture(re; null);",
    ("scan", 1): "def scan($re): scan($re; null);",
    ("scan", 2): """
        def scan($re; $flags): match($re; "g" + $flags)
            | if .captures == [] then .string else [.captures[].string] end;""",
    ("capture", 2): """
        def capture(re; flags): match(re; flags)
            | reduce (.captures[] | select(.name != null)) as $c ({}; . + {($c.name): $c.string});""",
    ("splits", 1): "def splits($re): splits($re; null);",
    ("splits", 2): "def splits($re; $flags): split($re; $flags)[];",
    ("tostream", 0): """
        def tostream: path(def under: (.[]? | under), .; under) as $p | getpath($p)
            | reduce path(.[]?) as $q ([$p, .]; [$p + $q]);""",
    ("fromstream", 1): """
        def fromstream(f): {x: null, e: false} as $start | foreach f as $i ($start;
            if .e then $start else . end
            | if $i | length == 2 then setpath(["e"]; $i[0] | length == 0) | setpath(["x"] + $i[0]; $i[1])
              else setpath(["e"]; $i[0] | length == 1) end;
            if .e then .x else empty end);""",
    ("truncate_stream", 1): """
        def truncate_stream(f): . as $n | null | f | . as $i
            | if (.[0] | length) > $n then setpath([0]; $i[0][$n:]) else empty end;""",
    ("INDEX", 2): "def INDEX(f; key): reduce f as $row ({}; .[$row | key | tostring] = $row);",
    ("INDEX", 1): "def INDEX(key): INDEX(.[]; key);",
    ("JOIN", 2): "def JOIN($index; key): [.[] | [., $index[key]]];",
    ("JOIN", 3): "def JOIN($index; f; key): f | [., $index[key]];",
    ("JOIN", 4): "def JOIN($index; f; key; join): f | [., $index[key]] | join;",
    ("IN", 1): "def IN(f): any(f == .; .);",
    ("IN", 2): "def IN(left; right): any(left == right; .);",
    ("debug", 0): "def debug: .;",
    ("debug", 1): "def debug(message): .;",
}


def defines(name: str, arity: int) -> bool:
    return (name, arity) in _SOURCE


@cache
def function(name: str, arity: int) -> syntax.Function:
    return parser.function(_SOURCE[name, arity])
