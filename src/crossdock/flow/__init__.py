"""The workflow language: a pure interpreter of the Open Workflow Specification DSL.

`advance(program, state, fact) -> Step(state, commands, trace)` is the whole of it. Facts come in, commands go out,
and nothing here does input or output or reads a clock; the host (crossdock.engine, or the in-memory one) does.
"""
