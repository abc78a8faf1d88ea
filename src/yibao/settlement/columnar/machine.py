"""From the text of programs to machine code: a closed part of Python, on 64-bit integers, via LLVM.

Programs are straight Python text made by `settlement.generate`, and call the operations of
`settlement.ops`. Numba would take half a second for each; what is used of the language is so little
(assignments, `if`, `return`, + - * //, comparisons, calls, `min`, `max`, reading and writing
arrays) that it is translated here, in milliseconds. Integers must stay within 64 bits, which
`policy.checking.bounds` proves for each program before it comes here.

A name ending in `_at` is an address: `state_at[3]` reads or writes the fourth number there, and
`figures_at[2][i]` follows an address first.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir

from yibao.money import half_up
from yibao.settlement import ops

_INT = ir.IntType(64)
_OPERATIONS: tuple[Callable[..., int], ...] = (
    half_up,
    ops.at_least_zero,
    ops.prorate,
    ops.within,
    ops.overlap,
    ops.ordinal,
)
_LOCK = Lock()
_ENGINES: list[Any] = []
"""Compiled code lives as long as the process."""


def compiled(texts: Mapping[str, str]) -> dict[str, int]:
    """Compile functions, each given as its text by its name; return their addresses.

    All parameters are 64-bit integers or addresses, and so is what they return.
    """
    module = ir.Module("programs")
    known: dict[str, ir.Function] = {}
    for operation in _OPERATIONS:
        text = inspect.getsource(operation)
        known[operation.__name__] = _function(module, text, operation.__name__, known, inner=True)
    for name, text in texts.items():
        _function(module, text, name, known, inner=False)
    return _loaded(str(module), texts)


def _loaded(text: str, names: Iterable[str]) -> dict[str, int]:
    with _LOCK:
        if not _ENGINES:
            llvm.initialize_native_target()
            llvm.initialize_native_asmprinter()
        module = llvm.parse_assembly(text)
        module.verify()
        target = llvm.Target.from_default_triple()
        machine = target.create_target_machine(opt=3, cpu=llvm.get_host_cpu_name())
        tuning = llvm.create_pipeline_tuning_options(speed_level=3)
        passes = llvm.create_pass_builder(machine, tuning)
        passes.getModulePassManager().run(module, passes)
        engine = llvm.create_mcjit_compiler(module, machine)
        engine.finalize_object()
        _ENGINES.append(engine)
        return {name: engine.get_function_address(name) for name in names}


def _function(
    module: ir.Module, text: str, name: str, known: Mapping[str, ir.Function], *, inner: bool
) -> ir.Function:
    """Translate one function into the module, under a name."""
    (tree,) = ast.parse(text).body
    assert isinstance(tree, ast.FunctionDef)
    parameters = [a.arg for a in tree.args.args]
    function = ir.Function(module, ir.FunctionType(_INT, [_INT] * len(parameters)), name)
    if inner:
        function.linkage = "internal"
        function.attributes.add("alwaysinline")
    _Body(function, parameters, known).write(tree.body)
    return function


class _Body:
    """Writes the instructions of one function. Variables are stack slots that LLVM removes."""

    def __init__(
        self, function: ir.Function, parameters: list[str], known: Mapping[str, ir.Function]
    ) -> None:
        self.function = function
        self.known = known
        self.builder = ir.IRBuilder(function.append_basic_block())
        self.entry = function.append_basic_block()
        self.variables: dict[str, Any] = {}
        self.builder.position_at_end(self.entry)
        for name, value in zip(parameters, function.args, strict=True):
            self.builder.store(value, self._variable(name))

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
                    self.builder.store(self._value(value), self._place(place))
                case ast.Return(value=ast.expr() as value):
                    self.builder.ret(self._value(value))
                case ast.If():
                    self._if(statement)
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
                return build.load(self._place(node))
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
            case _:
                raise NotImplementedError(type(operator).__name__)

    def _floor(self, left: Any, right: Any) -> Any:
        """Divide as Python does: towards minus infinity."""
        build = self.builder
        quotient, rest = build.sdiv(left, right), build.srem(left, right)
        signs = build.icmp_signed("<", build.xor(rest, right), _INT(0))
        down = build.and_(self._not_zero(rest), signs)
        return build.sub(quotient, build.zext(down, _INT))

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

    def _place(self, node: ast.Subscript) -> Any:
        """Return the pointer to a number in memory."""
        address = self.builder.inttoptr(self._value(node.value), _INT.as_pointer())
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
