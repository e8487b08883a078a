"""Turns tokens into a tree, by jq's own precedence.

From weakest to strongest: `|` (right), `,` (left), `//` (right), assignments (none), `or`, `and`, comparisons (none),
`+ -`, `* / %`. `def`, `… as $x |` and `label $x |` reach as far right as they can.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from crossdock.flow.jq import limits, syntax
from crossdock.flow.jq.faults import ExpressionError
from crossdock.flow.jq.lexer import Kind, Token, tokens
from crossdock.flow.jq.syntax import Node, Pattern

FORMATS: Final = frozenset(
    ("text", "json", "csv", "tsv", "html", "uri", "urid", "sh", "base64", "base64d", "base32", "base32d")
)

_ASSIGNMENTS: Final = ("=", "|=", "+=", "-=", "*=", "/=", "%=", "//=")
_COMPARISONS: Final = ("==", "!=", "<", "<=", ">", ">=")
# operator -> (binding power, power the right side must exceed, may it be chained)
_BINARY: Final[dict[str, tuple[int, int, bool]]] = {
    "//": (1, 1, True),
    **dict.fromkeys(_ASSIGNMENTS, (2, 2, False)),
    "or": (3, 3, True),
    "and": (4, 4, True),
    **dict.fromkeys(_COMPARISONS, (5, 5, False)),
    "+": (6, 6, True),
    "-": (6, 6, True),
    "*": (7, 7, True),
    "/": (7, 7, True),
    "%": (7, 7, True),
}
_CONSTANTS: Final = {"null": None, "true": True, "false": False}


def parse(source: str) -> Node:
    """The tree of one expression. Raises ExpressionError with what was expected, what was found and where."""
    parser = _Parser(tokens(source))
    tree = parser.query()
    parser.expect_end()
    if syntax.height(tree) > limits.SYNTAX_DEPTH:
        raise ExpressionError(f"Expected at most {limits.SYNTAX_DEPTH} nested parts, found more")
    return tree


def function(source: str) -> syntax.Function:
    """The tree of one `def …;` without an expression after it."""
    parser = _Parser(tokens(source))
    definition = parser.definition()
    parser.expect_end()
    return definition


class _Parser:
    def __init__(self, found: Sequence[Token]) -> None:
        self.tokens = found
        self.at = 0
        self.depth = 0

    # the cursor

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def is_(self, *texts: str) -> bool:
        token = self.next
        return token.text in texts and token.kind in (Kind.SIGN, Kind.KEYWORD)

    def take(self) -> Token:
        token = self.next
        if token.kind is not Kind.END:
            self.at += 1
        return token

    def accept(self, text: str) -> bool:
        if self.is_(text):
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise self.unexpected(f"'{text}'")

    def expect_kind(self, kind: Kind, what: str) -> str:
        if self.next.kind is not kind:
            raise self.unexpected(what)
        return self.take().text

    def expect_end(self) -> None:
        if self.next.kind is not Kind.END:
            raise self.unexpected("an operator or the end of the expression")

    def unexpected(self, expected: str) -> ExpressionError:
        return ExpressionError(f"Expected {expected}, found {self.next}", self.next.offset)

    # queries: everything that may stand in brackets

    def query(self) -> Node:
        self.depth += 1
        if self.depth > limits.SYNTAX_DEPTH:
            raise ExpressionError("Expected a shallower expression: too many nested parts", self.next.offset)
        parts = [self.operand()]
        while self.accept(","):
            parts.append(self.operand())
        left = parts[0] if len(parts) == 1 else syntax.Comma(tuple(parts))
        if self.accept("|"):
            left = syntax.Pipe(left, self.query())
        self.depth -= 1
        return left

    def operand(self) -> Node:
        """One side of a comma. `def`, `as` and `label` take in all that follows, commas and pipes too."""
        if self.is_("def"):
            definition = self.definition()
            return syntax.Define(definition, self.query())
        if self.accept("label"):
            name = self.expect_kind(Kind.VARIABLE, "a label such as '$out'")
            self.expect("|")
            return syntax.Label(name, self.query())
        if self.is_("import", "include", "module"):
            raise ExpressionError(
                "Expected an expression, found a module directive: modules cannot be loaded here", self.next.offset
            )
        left = self.expression()
        if self.accept("as"):
            patterns = self.patterns()
            self.expect("|")
            return syntax.Bind(left, patterns, self.query())
        return left

    def definition(self) -> syntax.Function:
        self.expect("def")
        name = self.expect_kind(Kind.NAME, "a function name")
        parameters: list[str] = []
        if self.accept("("):
            while True:
                if self.next.kind is Kind.VARIABLE:
                    parameters.append("$" + self.take().text)
                else:
                    parameters.append(self.expect_kind(Kind.NAME, "a parameter name"))
                if not self.accept(";"):
                    break
            self.expect(")")
        self.expect(":")
        body = self.query()
        self.expect(";")
        return syntax.Function(name, tuple(parameters), body)

    def expression(self, floor: int = 0) -> Node:
        left = self.term()
        chainless: int | None = None
        preferred: list[Node] = []
        while self.is_(*_BINARY):
            op = self.next.text
            power, right_floor, chains = _BINARY[op]
            if power <= floor:
                break
            if chainless == power:
                raise ExpressionError(f"Expected brackets: '{op}' cannot follow another of its kind", self.next.offset)
            self.take()
            right = self.expression(right_floor)
            if op == "//":  # leans right; gathered in a list, so that a long chain takes no stack here
                preferred.append(left)
                left = right
            else:
                left = _binary(op, left, right)
            chainless = None if chains else power
        for choice in reversed(preferred):
            left = syntax.Alternative(choice, left)
        return left

    # terms and what may follow them

    def term(self) -> Node:
        node = self.primary()
        while True:
            token = self.next
            if token.kind is Kind.FIELD:
                self.take()
                node = syntax.Index(node, syntax.Literal(token.text), self.accept("?"))
            elif self.is_("["):
                self.take()
                node = self.bracket(node)
            elif self.is_("."):
                self.take()
                if self.accept("["):
                    node = self.bracket(node)
                elif self.next.kind in (Kind.STRING, Kind.FORMAT):
                    node = syntax.Index(node, self.name_text(), self.accept("?"))
                else:
                    raise self.unexpected("a field name, a string or '[' after '.'")
            elif self.accept("?"):
                node = syntax.Try(node, None)
            else:
                return node

    def bracket(self, target: Node) -> Node:
        """What follows `target[`."""
        if self.accept("]"):
            return syntax.Each(target, self.accept("?"))
        if self.accept(":"):
            end = self.query()
            self.expect("]")
            return syntax.Slice(target, None, end, self.accept("?"))
        key = self.query()
        if self.accept(":"):
            end = None if self.is_("]") else self.query()
            self.expect("]")
            return syntax.Slice(target, key, end, self.accept("?"))
        self.expect("]")
        return syntax.Index(target, key, self.accept("?"))

    def primary(self) -> Node:
        token = self.next
        match token.kind:
            case Kind.NUMBER:
                self.take()
                return syntax.Literal(number(token))
            case Kind.STRING | Kind.FORMAT:
                return self.string()
            case Kind.FIELD:
                self.take()
                return syntax.Index(syntax.Identity(), syntax.Literal(token.text), self.accept("?"))
            case Kind.VARIABLE:
                self.take()
                return syntax.Variable(token.text, token.offset)
            case Kind.NAME:
                return self.call()
            case Kind.SIGN:
                return self.sign()
            case Kind.KEYWORD:
                return self.keyword()
            case Kind.END:
                raise self.unexpected("an expression")

    def sign(self) -> Node:
        if self.accept(".."):
            return syntax.Call("recurse", (), self.next.offset)
        if self.accept("."):
            if self.next.kind is Kind.STRING or (self.next.kind is Kind.FORMAT and self.string_follows()):
                return syntax.Index(syntax.Identity(), self.string(), self.accept("?"))
            if self.next.kind in (Kind.NAME, Kind.KEYWORD) and self.next.offset == self.tokens[self.at - 1].offset + 1:
                raise self.unexpected("a field name")
            return syntax.Identity()
        if self.accept("-"):
            self.depth += 1
            if self.depth > limits.SYNTAX_DEPTH:
                raise ExpressionError("Expected a shallower expression: too many signs", self.next.offset)
            body = self.term()
            self.depth -= 1
            return syntax.Negate(body)
        if self.accept("("):
            inner = self.query()
            self.expect(")")
            return inner
        if self.accept("["):
            if self.accept("]"):
                return syntax.ArrayOf(None)
            inner = self.query()
            self.expect("]")
            return syntax.ArrayOf(inner)
        if self.accept("{"):
            return self.object()
        raise self.unexpected("an expression")

    def keyword(self) -> Node:
        token = self.take()
        match token.text:
            case "if":
                return self.conditional()
            case "try":
                body = self.try_part()
                return syntax.Try(body, self.try_part() if self.accept("catch") else None)
            case "reduce":
                source, patterns = self.loop_head()
                start = self.query()
                self.expect(";")
                update = self.query()
                self.expect(")")
                return syntax.Reduce(source, patterns, start, update)
            case "foreach":
                source, patterns = self.loop_head()
                start = self.query()
                self.expect(";")
                update = self.query()
                extract = self.query() if self.accept(";") else None
                self.expect(")")
                return syntax.Foreach(source, patterns, start, update, extract)
            case "break":
                return syntax.Break(self.expect_kind(Kind.VARIABLE, "the label to break to"), token.offset)
            case _:
                raise ExpressionError(f"Expected an expression, found '{token.text}'", token.offset)

    def try_part(self) -> Node:
        self.depth += 1
        if self.depth > limits.SYNTAX_DEPTH:
            raise ExpressionError("Expected a shallower expression: too many nested 'try'", self.next.offset)
        part = self.term()
        self.depth -= 1
        return part

    def conditional(self) -> Node:
        condition = self.query()
        self.expect("then")
        then = self.query()
        if self.accept("elif"):
            self.depth += 1
            if self.depth > limits.SYNTAX_DEPTH:
                raise ExpressionError("Expected a shallower expression: too many 'elif'", self.next.offset)
            otherwise = self.conditional()
            self.depth -= 1
            return syntax.If(condition, then, otherwise)
        if self.accept("else"):
            otherwise = self.query()
            self.expect("end")
            return syntax.If(condition, then, otherwise)
        if not self.accept("end"):
            raise self.unexpected("'elif', 'else' or 'end'")
        return syntax.If(condition, then, None)

    def loop_head(self) -> tuple[Node, tuple[Pattern, ...]]:
        source = self.expression()
        self.expect("as")
        patterns = self.patterns()
        self.expect("(")
        return source, patterns

    def call(self) -> Node:
        token = self.take()
        if token.text in _CONSTANTS:
            return syntax.Literal(_CONSTANTS[token.text])
        arguments: list[Node] = []
        if self.accept("("):
            arguments.append(self.query())
            while self.accept(";"):
                arguments.append(self.query())
            self.expect(")")
        return syntax.Call(token.text, tuple(arguments), token.offset)

    def string_follows(self) -> bool:
        return self.tokens[self.at + 1].kind is Kind.STRING

    def string(self) -> Node:
        token = self.take()
        format_name = "text"
        if token.kind is Kind.FORMAT:
            format_name = token.text
            if format_name not in FORMATS:
                known = ", ".join("@" + name for name in sorted(FORMATS))
                raise ExpressionError(f"Expected one of {known}, found {token}", token.offset)
            if self.next.kind is not Kind.STRING:
                return syntax.Format(format_name)
            token = self.take()
        parts: list[str | Node] = []
        for part in token.parts:
            if isinstance(part, str):
                if part:
                    parts.append(part)
            else:
                inner = _Parser(part)
                inner.depth = self.depth
                parts.append(inner.query())
                inner.expect_end()
        if all(isinstance(part, str) for part in parts):
            return syntax.Literal("".join(part for part in parts if isinstance(part, str)))
        return syntax.Text(format_name, tuple(parts))

    # objects and patterns

    def object(self) -> Node:
        entries: list[tuple[Node, Node]] = []
        while not self.accept("}"):
            entries.append(self.entry())
            if not self.is_("}"):
                self.expect(",")
        return syntax.ObjectOf(tuple(entries))

    def entry(self) -> tuple[Node, Node]:
        token = self.next
        key: Node
        value: Node
        match token.kind:
            case Kind.VARIABLE:
                self.take()
                variable = syntax.Variable(token.text, token.offset)
                if self.accept(":"):
                    return variable, self.entry_value()
                return syntax.Literal(token.text), variable
            case Kind.NAME | Kind.KEYWORD:
                self.take()
                key = syntax.Literal(token.text)
                value = syntax.Index(syntax.Identity(), key)
            case Kind.STRING | Kind.FORMAT:
                key = self.name_text()
                value = syntax.Index(syntax.Identity(), key)
            case _:
                offset = token.offset
                if not self.accept("("):
                    raise self.unexpected("a key: a name, a string, a variable or '(expression)'")
                key = self.query()
                self.expect(")")
                if isinstance(key, syntax.Literal) and not isinstance(key.value, str):
                    raise ExpressionError("Expected a text as object key, found another constant", offset)
                if not self.is_(":"):
                    raise self.unexpected("':'")
                value = key
        return key, self.entry_value() if self.accept(":") else value

    def name_text(self) -> Node:
        """A text as key; a format stands before one and is none itself."""
        if self.next.kind is Kind.FORMAT and not self.string_follows():
            token = self.next
            raise ExpressionError(f"Expected a text after {token}, found none: a format alone is no key", token.offset)
        return self.string()

    def entry_value(self) -> Node:
        left = self.expression()
        return syntax.Pipe(left, self.entry_value()) if self.accept("|") else left

    def patterns(self) -> tuple[Pattern, ...]:
        found = [self.pattern()]
        while self.accept("?//"):
            found.append(self.pattern())
        return tuple(found)

    def pattern(self) -> Pattern:
        if self.next.kind is Kind.VARIABLE:
            return syntax.VariablePattern(self.take().text)
        if self.accept("["):
            items = [self.pattern()]
            while self.accept(","):
                items.append(self.pattern())
            self.expect("]")
            return syntax.ArrayPattern(tuple(items))
        if self.accept("{"):
            entries = [self.object_pattern()]
            while self.accept(","):
                entries.append(self.object_pattern())
            self.expect("}")
            return syntax.ObjectPattern(tuple(entries))
        raise self.unexpected("a pattern: '$name', '[…]' or '{…}'")

    def object_pattern(self) -> tuple[Node, str | None, Pattern | None]:
        token = self.next
        match token.kind:
            case Kind.VARIABLE:
                self.take()
                inner = self.pattern() if self.accept(":") else None
                return syntax.Literal(token.text), token.text, inner
            case Kind.NAME | Kind.KEYWORD:
                self.take()
                key: Node = syntax.Literal(token.text)
            case Kind.STRING | Kind.FORMAT:
                key = self.name_text()
            case _:
                if not self.accept("("):
                    raise self.unexpected("a key: a name, a string, a variable or '(expression)'")
                key = self.query()
                self.expect(")")
        self.expect(":")
        return key, None, self.pattern()


def number(token: Token) -> int | Decimal:
    """An integer stays one at any size; anything with a point or an exponent is a Decimal."""
    text = token.text
    if text.isdigit():
        if len(text) > limits.DIGITS:
            raise ExpressionError(f"Expected a number of at most {limits.DIGITS:,} digits", token.offset)
        return int(text)
    value = Decimal(text)
    if abs(value.adjusted()) > limits.DIGITS:
        raise ExpressionError(f"Expected a number of at most {limits.DIGITS:,} digits", token.offset)
    exponent = value.as_tuple().exponent
    return int(value) if isinstance(exponent, int) and exponent > 0 else value


def _binary(op: str, left: Node, right: Node) -> Node:
    if op in _ASSIGNMENTS:
        return syntax.Assign(op, left, right)
    if op in _COMPARISONS:
        return syntax.Compare(op, left, right)
    match op:
        case "and":
            return syntax.And(left, right)
        case "or":
            return syntax.Or(left, right)
        case _:
            return syntax.Arithmetic(op, left, right)
