"""From the text of programs to machine code: a closed part of Python, on 64-bit integers, via LLVM.

Programs are straight Python text made by `settlement.generate`, and call the operations of
`settlement.ops`. Numba would take half a second for each; what is used of the language is so little
(assignments, `if`, `while`, `match` of numbers, `return`, + - * // >> &, comparisons, calls, `min`,
`max`, reading and writing arrays) that it is translated here, in milliseconds. Integers must stay
within 64 bits, which `policy.checking.bounds` proves for each program before it comes here.

A name ending in `_at` is an address: `state_at[3]` reads or writes the fourth number there, and
`figures_at[2][i]` follows an address first. An annotation of the parameter tells what lies there if
not numbers of 64 bits that may change: `codes_at: int8`, `answers_at: int32`, or `given_at: fixed`
for numbers that nothing changes while the code runs, so that none needs to be read twice.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import llvmlite
import llvmlite.binding as llvm
from llvmlite import ir

from yibao.money import half_up
from yibao.settlement import ops
from yibao.settlement.columnar.objects import kept

_INT = ir.IntType(64)
FIXED = "fixed"
_WIDTHS = {"int8": ir.IntType(8), "int32": ir.IntType(32), "int": _INT, FIXED: _INT}
_OPERATIONS: tuple[Callable[..., int], ...] = (
    half_up,
    ops.at_least_zero,
    ops.prorate,
    ops.within,
    ops.overlap,
    ops.ordinal,
)
_SOURCE = Path(__file__).read_text(encoding="utf-8")
"""How code is made: another translator makes other code of the same text."""

_LOCK = Lock()
_ENGINES: list[Any] = []
"""Compiled code lives as long as the process."""


def compiled(texts: Mapping[str, str], inner: Mapping[str, str] | None = None) -> dict[str, int]:
    """Compile functions, each given as its text by its name; return their addresses.

    All parameters are 64-bit integers or addresses, and so is what they return. `inner` functions
    are those that the others call by name: they are written into their callers. The machine code is
    kept on disk (`objects`).
    """
    inner = dict(inner or {})
    operations = {f.__name__: inspect.getsource(f) for f in _OPERATIONS}
    made_by = (_SOURCE, llvmlite.__version__, llvm.get_host_cpu_name())
    key = repr((made_by, operations, inner, texts))
    code = kept(key, lambda: _compiled(_module(texts, operations | inner)))
    return _loaded(code, texts)


def _module(texts: Mapping[str, str], inner: Mapping[str, str]) -> str:
    """Return functions as a module of LLVM's assembly."""
    module = ir.Module("programs")
    known: dict[str, ir.Function] = {}
    for name, text in inner.items():
        known[name] = _function(module, text, name, known, inner=True)
    for name, text in texts.items():
        _function(module, text, name, known, inner=False)
    return str(module)


def _compiled(text: str) -> bytes:
    """Return the machine code of a module."""
    with _LOCK:
        machine = _machine()
        module = llvm.parse_assembly(text)
        module.verify()
        tuning = llvm.create_pipeline_tuning_options(speed_level=1)
        passes = llvm.create_pass_builder(machine, tuning)
        passes.getModulePassManager().run(module, passes)
        code: bytes = machine.emit_object(module)
        return code


def _loaded(code: bytes, names: Iterable[str]) -> dict[str, int]:
    """Return the addresses of functions in machine code."""
    with _LOCK:
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())
        engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        engine.finalize_object()
        _ENGINES.append(engine)
        return {name: engine.get_function_address(name) for name in names}


def _machine() -> Any:
    """Return this machine, as code is compiled for it."""
    _prepare()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(opt=3, cpu=llvm.get_host_cpu_name(), jit=True)


@cache
def _prepare() -> None:
    """Make LLVM ready, once.

    It may not turn the choice of a smaller or larger amount into a branch, which it tends to do in
    a loop: which of two amounts is smaller cannot be foreseen.
    """
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    if llvm.get_process_triple().startswith("x86_64"):
        llvm.set_option("", "-x86-cmov-converter=false")


def _function(
    module: ir.Module, text: str, name: str, known: Mapping[str, ir.Function], *, inner: bool
) -> ir.Function:
    """Translate one function into the module, under a name."""
    (tree,) = ast.parse(text).body
    assert isinstance(tree, ast.FunctionDef)
    parameters = tree.args.args
    function = ir.Function(module, ir.FunctionType(_INT, [_INT] * len(parameters)), name)
    if inner:
        function.linkage = "internal"
        function.attributes.add("alwaysinline")
    _Body(function, parameters, known).write(tree.body)
    return function


class _Body:
    """Writes the instructions of one function. Variables are stack slots that LLVM removes."""

    def __init__(
        self, function: ir.Function, parameters: list[ast.arg], known: Mapping[str, ir.Function]
    ) -> None:
        self.function = function
        self.known = known
        self.builder = ir.IRBuilder(function.append_basic_block())
        self.entry = function.append_basic_block()
        self.variables: dict[str, Any] = {}
        self.builder.position_at_end(self.entry)
        self.kinds: dict[str, str] = {}
        for parameter, value in zip(parameters, function.args, strict=True):
            self.builder.store(value, self._variable(parameter.arg))
            match parameter.annotation:
                case None:
                    pass
                case ast.Name(id=kind) if kind in _WIDTHS:
                    self.kinds[parameter.arg] = kind
                case _:
                    raise NotImplementedError(ast.unparse(parameter))

    def write(self, statements: Iterable[ast.stmt]) -> None:
        """Write a function's body."""
        self._block(statements)
        if not self.builder.block.is_terminated:
            self.builder.ret(_INT(0))
        with self.builder.goto_block(self.function.entry_basic_block):
            self.builder.branch(self.entry)

    def _variable(self, name: str) -> Any:
        if name not in self.variables:
            with self.builder.goto_block(self.function.entry_basic_block):
                self.variables[name] = self.builder.alloca(_INT, name=name)
        return self.variables[name]

    def _block(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self.builder.store(self._value(value), self._variable(name))
                case ast.Assign(targets=[ast.Subscript() as place], value=value):
                    self._write(place, self._value(value))
                case ast.Return(value=ast.expr() as value):
                    self.builder.ret(self._value(value))
                case ast.If():
                    self._if(statement)
                case ast.Match(subject=subject, cases=cases):
                    self._match(subject, cases)
                case ast.While(test=test, body=body, orelse=[]):
                    self._while(test, body)
                case ast.Expr(value=ast.Constant()):  # a docstring
                    pass
                case _:
                    raise NotImplementedError(ast.unparse(statement))

    def _if(self, statement: ast.If) -> None:
        with self.builder.if_else(self._truth(statement.test)) as (then, otherwise):
            with then:
                self._block(statement.body)
            with otherwise:
                self._block(statement.orelse)
        if _returns(statement.body) and _returns(statement.orelse):
            self.builder.unreachable()

    def _while(self, test: ast.expr, body: list[ast.stmt]) -> None:
        build = self.builder
        again, inside, after = (build.append_basic_block() for _ in range(3))
        build.branch(again)
        build.position_at_end(again)
        build.cbranch(self._truth(test), inside, after)
        build.position_at_end(inside)
        self._block(body)
        if not build.block.is_terminated:
            build.branch(again)
        build.position_at_end(after)

    def _match(self, subject: ast.expr, cases: list[ast.match_case]) -> None:
        """Write a jump to one of several blocks; where none fits, it goes on behind them."""
        build = self.builder
        after = build.append_basic_block()
        jump = build.switch(self._value(subject), after)
        for case in cases:
            block = build.append_basic_block()
            match case:
                case ast.match_case(ast.MatchValue(ast.Constant(value=int() as number)), None):
                    jump.add_case(_INT(number), block)
                case ast.match_case(ast.MatchAs(None, None), None) if case is cases[-1]:
                    jump.default = block
                case _:
                    raise NotImplementedError(ast.unparse(case))
            build.position_at_end(block)
            self._block(case.body)
            if not build.block.is_terminated:
                build.branch(after)
        build.position_at_end(after)

    # --- expressions --------------------------------------------------------------------------

    def _value(self, node: ast.expr) -> Any:
        build = self.builder
        match node:
            case ast.Constant(value=int() as number):
                return _INT(number)
            case ast.Name(id=name):
                return build.load(self.variables[name])
            case ast.BinOp(left=left, op=operator, right=right):
                return self._binary(operator, self._value(left), self._value(right))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self._either(self._truth(test), lambda: self._value(body), orelse)
            case ast.BoolOp(op=ast.Or(), values=[first, second]):
                value = self._value(first)
                return self._either(self._not_zero(value), lambda: value, second)
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self._call(name, [self._value(a) for a in arguments])
            case ast.Subscript():
                return self._read(node)
            case _:
                raise NotImplementedError(ast.unparse(node))

    def _either(self, truth: Any, this: Callable[[], Any], that: ast.expr) -> Any:
        """Return one of two values; the other is not worked out, for it may divide by zero."""
        build = self.builder
        with build.if_else(truth) as (then, otherwise):
            with then:
                one, at_one = this(), build.block
            with otherwise:
                other, at_other = self._value(that), build.block
        chosen = build.phi(_INT)
        chosen.add_incoming(one, at_one)
        chosen.add_incoming(other, at_other)
        return chosen

    def _binary(self, operator: ast.operator, left: Any, right: Any) -> Any:
        build = self.builder
        match operator:
            case ast.Add():
                return build.add(left, right)
            case ast.Sub():
                return build.sub(left, right)
            case ast.Mult():
                return build.mul(left, right)
            case ast.FloorDiv():
                return self._floor(left, right)
            case ast.RShift():
                return build.ashr(left, right)
            case ast.BitAnd():
                return build.and_(left, right)
            case _:
                raise NotImplementedError(type(operator).__name__)

    def _floor(self, left: Any, right: Any) -> Any:
        """Divide as Python does: towards minus infinity.

        By a positive number that is an unsigned division, of ~left (which is -left - 1) instead of
        left where that is negative, and is one multiplication where the divisor is a constant.
        """
        build = self.builder
        with build.if_else(build.icmp_signed(">", right, _INT(0))) as (then, otherwise):
            with then:
                flip = build.ashr(left, _INT(63))
                positive = build.xor(build.udiv(build.xor(left, flip), right), flip)
                at_positive = build.block
            with otherwise:
                quotient, rest = build.sdiv(left, right), build.srem(left, right)
                signs = build.icmp_signed("<", build.xor(rest, right), _INT(0))
                down = build.and_(self._not_zero(rest), signs)
                negative, at_negative = build.sub(quotient, build.zext(down, _INT)), build.block
        found = build.phi(_INT)
        found.add_incoming(positive, at_positive)
        found.add_incoming(negative, at_negative)
        return found

    def _call(self, name: str, arguments: list[Any]) -> Any:
        build = self.builder
        if name in {"min", "max"}:
            found = arguments[0]
            for other in arguments[1:]:
                better = build.icmp_signed("<" if name == "min" else ">", other, found)
                found = build.select(better, other, found)
            return found
        return build.call(self.known[name], arguments)

    def _truth(self, node: ast.expr) -> Any:
        match node:
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                sign = _SIGNS[type(operator)]
                return self.builder.icmp_signed(sign, self._value(left), self._value(right))
            case _:
                return self._not_zero(self._value(node))

    def _not_zero(self, value: Any) -> Any:
        return self.builder.icmp_signed("!=", value, _INT(0))

    # --- memory -------------------------------------------------------------------------------

    def _read(self, node: ast.Subscript) -> Any:
        kind = self._kind(node)
        number = self.builder.load(self._place(node, kind))
        if kind == FIXED:
            number.set_metadata("invariant.load", self.function.module.add_metadata([]))
        return self.builder.sext(number, _INT) if number.type != _INT else number

    def _write(self, node: ast.Subscript, value: Any) -> None:
        kind = self._kind(node)
        if kind == FIXED:
            raise NotImplementedError(f"{ast.unparse(node)} is fixed")
        place = self._place(node, kind)
        width = place.type.pointee
        self.builder.store(self.builder.trunc(value, width) if width != _INT else value, place)

    def _kind(self, node: ast.Subscript) -> str:
        """Return the annotation of the address that a number lies at, "" where there is none."""
        match node.value:
            case ast.Name(id=name):
                return self.kinds.get(name, "")
            case _:
                return ""

    def _place(self, node: ast.Subscript, kind: str) -> Any:
        """Return the pointer to a number in memory."""
        width = _WIDTHS.get(kind, _INT)
        address = self.builder.inttoptr(self._value(node.value), width.as_pointer())
        return self.builder.gep(address, [self._value(node.slice)])


def _returns(block: list[ast.stmt]) -> bool:
    return bool(block) and isinstance(block[-1], ast.Return)


_SIGNS: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
