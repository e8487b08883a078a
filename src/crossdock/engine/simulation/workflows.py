"""The definitions that a simulation runs: small, and between them every kind of wait, call and end.

Each ends with the event `sim.done`, whose data say whose it is and which version ran, so that what crossed between
tenants or versions can be seen. Version 1.0.1 is published while instances of 1.0.0 run.

In the texts below WITH1, WITH2, … stand for the arguments of a call, HEARD(type) for the event of that type about this
order, and BACK(function) for how a call is undone.
"""

import re

VERSIONS = ("1.0.0", "1.0.1")
TENANTS = ("norrland", "castell")

_HEAD = """
document: {dsl: '1.0.3', namespace: sim, name: NAME, version: 'VERSION'}
do:
"""
_TELL = """
  - tell:
      emit:
        event:
          with:
            type: sim.done
            data: '${ { tenant: $workflow.input.tenant, order: $workflow.input.order, version: "VERSION" } }'
"""
_WITH = r"with: {step: \1, tenant: '${ $workflow.input.tenant }', version: 'VERSION'}"
_HEARD = (
    r"{with: {type: \1}, "
    "correlate: {order: {from: '${ .data.order }', expect: '${ $workflow.input.order }'}}}"
)
_BACK = r"{crossdock: {compensate: {function: \1, arguments: {of: '${ $output.did }'}}}}"

_BODIES = {
    # effects one after another and side by side
    "three-calls": """
  - one: {call: erp.do@crossdock, WITH1}
  - two: {call: wms.do@crossdock, WITH2}
  - both:
      fork:
        branches:
          - left: {call: erp.do@crossdock, WITH3}
          - right: {call: wms.do@crossdock, WITH4}
""",
    # time, then an event that may come before anybody listens
    "nap-and-hear": """
  - nap: {wait: {hours: 1}}
  - one: {call: erp.do@crossdock, WITH1}
  - hear: {listen: {to: {one: HEARD(sim.go)}}}
  - two: {call: wms.do@crossdock, WITH2}
""",
    # a person, and a child that is awaited
    "parent": """
  - ask: {call: ask@crossdock, with: {}}
  - child:
      run:
        workflow: {namespace: sim, name: three-calls, version: 'VERSION', input: '${ $workflow.input }'}
  - two: {call: wms.do@crossdock, WITH2}
""",
    # a lost race whose effects are undone
    "undone": """
  - race:
      fork:
        compete: true
        branches:
          - work:
              do:
                - reserve: {call: wms.do@crossdock, WITH1, metadata: BACK(wms.undo)}
                - book: {call: erp.do@crossdock, WITH2, metadata: BACK(erp.undo)}
                - rest: {wait: {days: 9}}
          - stop: {listen: {to: {one: HEARD(sim.cancel)}}}
  - undo: {call: compensate@crossdock, with: {reason: cancelled}}
""",
    # a time-out that wins over an event, an error that is tried again and then caught, two events in one listener
    "patient": """
  - hope:
      try:
        - hear: {listen: {to: {one: HEARD(sim.never)}}, timeout: {after: {minutes: 20}}}
      catch:
        errors: {with: {status: 408}}
        do:
          - gaveUp: {call: erp.do@crossdock, WITH1}
  - attempt:
      try:
        - risky: {call: wms.try@crossdock, WITH2}
      catch:
        errors: {with: {status: 422}}
        retry: {delay: {minutes: 1}, limit: {attempt: {count: 2}}}
        do:
          - instead: {call: erp.do@crossdock, WITH3}
  - hearAll:
      listen:
        to:
          all:
            - HEARD(sim.go)
            - HEARD(sim.also)
  - two: {call: wms.do@crossdock, WITH4}
""",
}

NAMES = tuple(_BODIES)
HEARS = {"nap-and-hear": ("sim.go",), "undone": ("sim.cancel",), "patient": ("sim.go", "sim.also")}


def source(name: str, version: str) -> str:
    """The text of a definition."""
    text = _HEAD + _BODIES[name] + _TELL
    for word, meaning in ((r"WITH(\d)", _WITH), (r"HEARD\((.+?)\)", _HEARD), (r"BACK\((.+?)\)", _BACK)):
        text = re.sub(word, meaning, text)
    return text.replace("NAME", name).replace("VERSION", version)
