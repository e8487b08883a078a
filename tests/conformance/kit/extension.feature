Feature: Extensions
  Tasks that stand around other tasks.

  Scenario: Before And After A Task
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: before-and-after-a-task
      version: '1.0.0'
    use:
      extensions:
        - logging:
            extend: set
            before: [ { note: { call: log.put@crossdock, with: { say: '${ "before \($task.reference)" }' } } } ]
            after: [ { noted: { call: log.put@crossdock, with: { say: '${ "after" }', got: '${ . }' } } } ]
    do:
      - one: { set: { n: 1 } }
      - two: { wait: PT1S }
    """
    And given the function 'log.put' answers:
    """yaml
    1
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    n: 1
    """
    And the function 'log.put' should be called 2 times
    And the function 'log.put' should be called with:
    """yaml
    say: after
    got: { n: 1 }
    """
    And the function 'log.put' should be called with:
    """yaml
    say: before /do/0/one
    """
    And note should run before noted
    And one should run before noted
    And one should run 1 times

  Scenario: Before Takes The Place Of The Task
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: before-takes-the-place-of-the-task
      version: '1.0.0'
    use:
      extensions:
        - mock:
            extend: call
            when: $task.call == "http" and ($task.with.endpoint | startswith("https://mocked.example"))
            before: [ { inject: { set: { content: { foo: bar } }, then: exit } } ]
    do:
      - mocked: { call: http, with: { method: get, endpoint: 'https://mocked.example/x' }, output: { as: .content.foo }, export: { as: '{ seen: . }' } }
      - real: { call: http, with: { method: get, endpoint: 'https://petstore.swagger.io/v2/pet/1' }, output: { as: '{ mocked: $context.seen, real: .name }' } }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    mocked: bar
    real: Rex
    """

  Scenario: An Extension That Does Not Apply
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: an-extension-that-does-not-apply
      version: '1.0.0'
    use:
      extensions:
        - logging:
            extend: call
            when: $task.name == "other"
            before: [ { note: { call: log.put@crossdock, with: { say: '${ "before \($task.reference)" }' } } } ]
            after: [ { noted: { call: log.put@crossdock, with: { say: '${ "after" }', got: '${ . }' } } } ]
    do:
      - this: { call: erp.x@crossdock }
    """
    And given the function 'log.put' answers:
    """yaml
    1
    """
    And given the function 'erp.x' answers:
    """yaml
    ok
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    ok
    """
    And the function 'log.put' should be called 0 times

  Scenario: All Extends Every Task But Its Own
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: all-extends-every-task-but-its-own
      version: '1.0.0'
    use:
      extensions:
        - logging:
            extend: all
            before: [ { note: { call: log.put@crossdock, with: { say: '${ "before \($task.reference)" }' } } } ]
            after: [ { noted: { call: log.put@crossdock, with: { say: '${ "after" }', got: '${ . }' } } } ]
    do:
      - list: { do: [ { inner: { set: { n: 7 } } } ] }
    """
    And given the function 'log.put' answers:
    """yaml
    1
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    n: 7
    """
    And the function 'log.put' should be called 4 times

  Scenario: Several Extensions Nest
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: several-extensions-nest
      version: '1.0.0'
    use:
      extensions:
        - outer: { extend: set, before: [ { a: { call: log.put@crossdock, with: { n: 1 } } } ], after: [ { d: { call: log.put@crossdock, with: { n: 4 } } } ] }
        - inner: { extend: set, before: [ { b: { call: log.put@crossdock, with: { n: 2 } } } ], after: [ { c: { call: log.put@crossdock, with: { n: 3 } } } ] }
    do:
      - work: { set: { x: 1 } }
    """
    And given the function 'log.put' answers:
    """yaml
    1
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    x: 1
    """
    And a should run before b
    And b should run before c
    And c should run before d

  Scenario: An Error Before The Task Is The Task's
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: an-error-before-the-task-is-the-tasks
      version: '1.0.0'
    use:
      extensions:
        - gate: { extend: call, before: [ { refuse: { raise: { error: { type: 'https://x.example/closed', status: 403 } } } } ] }
    do:
      - guarded:
          try: [ { ask: { call: erp.x@crossdock } } ]
          catch: { as: e, do: [ { caught: { set: { status: '${ $e.status }' } } } ] }
    """
    And given the function 'erp.x' answers:
    """yaml
    ok
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    status: 403
    """
    And the function 'erp.x' should be called 0 times

  Scenario: A Switch That Is Extended Goes Where It Says
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: a-switch-that-is-extended-goes-where-it-says
      version: '1.0.0'
    use:
      extensions:
        - logging:
            extend: switch
            before: [ { note: { call: log.put@crossdock, with: { say: '${ "before \($task.reference)" }' } } } ]
            after: [ { noted: { call: log.put@crossdock, with: { say: '${ "after" }', got: '${ . }' } } } ]
    do:
      - choose: { switch: [ { big: { when: '.n > 5', then: large } }, { other: { then: small } } ] }
      - small: { set: { size: small }, then: end }
      - large: { set: { size: large } }
    """
    And given the function 'log.put' answers:
    """yaml
    1
    """
    And given the workflow input is:
    """yaml
    n: 9
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    size: large
    """

  Scenario: A Timeout Of An Extended Task
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: a-timeout-of-an-extended-task
      version: '1.0.0'
    use:
      extensions:
        - logging:
            extend: call
            before: [ { note: { call: log.put@crossdock, with: { say: '${ "before \($task.reference)" }' } } } ]
            after: [ { noted: { call: log.put@crossdock, with: { say: '${ "after" }', got: '${ . }' } } } ]
    do:
      - ask: { call: erp.x@crossdock, timeout: { after: PT5S } }
    """
    And given the function 'log.put' answers:
    """yaml
    1
    """
    And given the function 'erp.x' never answers
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/timeout
    status: 408
    instance: /do/0/ask
    """
    And the workflow should take PT5S
