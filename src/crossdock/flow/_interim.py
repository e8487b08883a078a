"""Stands in for crossdock.flow.jq until it lands; removed then."""

import json
import re

import jq as lib

from crossdock import exactjson
from crossdock.errors import FlowFault


class ExpressionError(FlowFault): ...


class EvaluationError(FlowFault): ...


class Expression:
    def __init__(self, source):
        self.source = source
        self.native = True
        text = source
        self.variables = frozenset(re.findall(r"\$(?!__loc__)([A-Za-z_]\w*)", re.sub(r"as\s+\$\w+", "", text)))
        self._cache = {}
        try:
            lib.compile(source, args={v: None for v in self.variables})
        except ValueError as e:
            raise ExpressionError(str(e)) from None

    def evaluate(self, value, variables):
        try:
            args = {v: json.loads(exactjson.dumps(variables[v])) for v in self.variables}
            out = lib.compile(self.source, args=args).input_text(exactjson.text(value)).text()
        except KeyError as e:
            raise EvaluationError(f"no variable {e}") from None
        except ValueError as e:
            raise EvaluationError(str(e)) from None
        first = out.split("\n")[0]
        return exactjson.loads(first) if first else None


def compile(source, fallback=None):
    return Expression(source)


def strip(text):
    t = text.strip()
    return t[2:-1].strip() if t.startswith("${") and t.endswith("}") else None
