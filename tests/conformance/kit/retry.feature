Feature: Retry
  A passing fault is tried again, a lasting one is not.

  Scenario: Constant Delay Until It Succeeds
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: constant-delay-until-it-succeeds
      version: '1.0.0'
    do:
      - guarded:
          try:
            - price: { call: erp.price@crossdock }
          catch:
            errors: { with: { type: https://open-workflow-specification.org/dsl/errors/types/communication } }
            retry: { delay: PT2S, limit: { attempt: { count: 5 } } }
            do: [ { gave: { set: { gaveUp: '${ $error.status }' } } } ]
    """
    And given the function 'erp.price' fails 2 times with:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/communication
    status: 503
    title: Unavailable
    """
    And given the function 'erp.price' answers:
    """yaml
    42
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    42
    """
    And price should run 3 times
    And the workflow should take PT4S

  Scenario: Attempt Count Does Not Include The First Try
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: attempt-count-does-not-include-the-first-try
      version: '1.0.0'
    do:
      - guarded:
          try:
            - price: { call: erp.price@crossdock }
          catch:
            errors: { with: { type: https://open-workflow-specification.org/dsl/errors/types/communication } }
            retry: { delay: PT1S, limit: { attempt: { count: 2 } } }
            do: [ { gave: { set: { gaveUp: '${ $error.status }' } } } ]
    """
    And given the function 'erp.price' fails with:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/communication
    status: 503
    title: Unavailable
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    gaveUp: 503
    """
    And price should run 3 times

  Scenario: Exponential Backoff
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: exponential-backoff
      version: '1.0.0'
    do:
      - guarded:
          try:
            - price: { call: erp.price@crossdock }
          catch:
            errors: { with: { type: https://open-workflow-specification.org/dsl/errors/types/communication } }
            retry: { delay: PT1S, backoff: { exponential: {} }, limit: { attempt: { count: 4 } } }
            do: [ { gave: { set: { gaveUp: '${ $error.status }' } } } ]
    """
    And given the function 'erp.price' fails with:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/communication
    status: 503
    title: Unavailable
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    gaveUp: 503
    """
    And the workflow should take PT15S

  Scenario: Linear Backoff
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: linear-backoff
      version: '1.0.0'
    do:
      - guarded:
          try:
            - price: { call: erp.price@crossdock }
          catch:
            errors: { with: { type: https://open-workflow-specification.org/dsl/errors/types/communication } }
            retry: { delay: PT1S, backoff: { linear: {} }, limit: { attempt: { count: 4 } } }
            do: [ { gave: { set: { gaveUp: '${ $error.status }' } } } ]
    """
    And given the function 'erp.price' fails with:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/communication
    status: 503
    title: Unavailable
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    gaveUp: 503
    """
    And the workflow should take PT10S

  Scenario: Duration Limit
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: duration-limit
      version: '1.0.0'
    do:
      - guarded:
          try:
            - price: { call: erp.price@crossdock }
          catch:
            errors: { with: { type: https://open-workflow-specification.org/dsl/errors/types/communication } }
            retry: { delay: PT4S, limit: { duration: PT10S } }
            do: [ { gave: { set: { gaveUp: '${ $error.status }' } } } ]
    """
    And given the function 'erp.price' fails with:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/communication
    status: 503
    title: Unavailable
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    gaveUp: 503
    """
    And price should run 3 times

  Scenario: Spent Retries Without Handler Fault
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: spent-retries-without-handler-fault
      version: '1.0.0'
    do:
      - guarded:
          try:
            - price: { call: erp.price@crossdock }
          catch:
            errors: { with: { type: https://open-workflow-specification.org/dsl/errors/types/communication } }
            retry: { delay: PT1S, limit: { attempt: { count: 1 } } }
    """
    And given the function 'erp.price' fails with:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/communication
    status: 503
    title: Unavailable
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    status: 503
    instance: /do/0/guarded/try/0/price
    """

  Scenario: Not Retried When The Condition Says No
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: not-retried-when-the-condition-says-no
      version: '1.0.0'
    do:
      - guarded:
          try:
            - price: { call: erp.price@crossdock }
          catch:
            errors: { with: { type: https://open-workflow-specification.org/dsl/errors/types/communication } }
            retry: { when: '${ $error.status == 429 }', delay: PT1S }
            do: [ { gave: { set: { gaveUp: '${ $error.status }' } } } ]
    """
    And given the function 'erp.price' fails with:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/communication
    status: 503
    title: Unavailable
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    gaveUp: 503
    """
    And price should run 1 times

  Scenario: Named Policy And Attempt Duration
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: named-policy-and-attempt-duration
      version: '1.0.0'
    use:
      retries:
        transient: { delay: PT1S, limit: { attempt: { count: 1, duration: PT10S } } }
    do:
      - guarded:
          try:
            - price: { call: erp.price@crossdock }
          catch: { retry: transient, do: [ { gave: { set: { status: '${ $error.status }' } } } ] }
    """
    And given the function 'erp.price' never answers
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    status: 408
    """
    And price should run 2 times
    And the workflow should take PT21S

  Scenario: Catch Conditions
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: catch-conditions
      version: '1.0.0'
    do:
      - outer:
          try:
            - inner:
                try:
                  - bad: { raise: { error: { type: 'https://x.example/e', status: 409 } } }
                catch: { when: '${ $error.status == 404 }', do: [ { wrong: { set: { by: inner } } } ] }
          catch: { exceptWhen: '${ $error.status == 404 }', do: [ { right: { set: { by: outer } } } ] }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    by: outer
    """
    And wrong should not run

  Scenario: Catch Then Directive
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: catch-then-directive
      version: '1.0.0'
    do:
      - risky:
          try:
            - bad: { raise: { error: { type: 'https://x.example/e', status: 409 } } }
          catch: { then: record }
      - skipped: { set: { by: skipped } }
      - record: { set: { by: record } }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    by: record
    """
    And skipped should not run

  Scenario: Error In The Handler Goes Upwards
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: error-in-the-handler-goes-upwards
      version: '1.0.0'
    do:
      - outer:
          try:
            - inner:
                try: [ { first: { raise: { error: { type: 'https://x.example/one', status: 409 } } } } ]
                catch: { do: [ { second: { raise: { error: { type: 'https://x.example/two', status: 410 } } } } ] }
          catch: { do: [ { note: { set: { status: '${ $error.status }', from: '${ $error.instance }' } } } ] }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    status: 410
    from: /do/0/outer/try/0/inner/catch/do/0/second
    """

  Scenario: Caught Without A Handler Passes The Input On
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: caught-without-a-handler-passes-the-input-on
      version: '1.0.0'
    do:
      - risky:
          try: [ { bad: { raise: { error: { type: 'https://x.example/e', status: 409 } } } } ]
          catch: {}
    """
    And given the workflow input is:
    """yaml
    n: 1
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    n: 1
    """

  Scenario: Jitter Lies Between Its Bounds
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: jitter-lies-between-its-bounds
      version: '1.0.0'
    do:
      - again:
          try: [ { ask: { call: erp.x@crossdock } } ]
          catch: { retry: { delay: PT1M, jitter: { from: PT1S, to: PT1S }, limit: { attempt: { count: 3 } } } }
    """
    And given the function 'erp.x' fails 2 times with:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/communication
    status: 500
    """
    And given the function 'erp.x' answers:
    """yaml
    1
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    1
    """
    And the workflow should take PT2M2S

  Scenario: A Day Is The Longest Delay
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: a-day-is-the-longest-delay
      version: '1.0.0'
    do:
      - again:
          try: [ { ask: { call: erp.x@crossdock } } ]
          catch: { retry: { delay: P5D, limit: { attempt: { count: 1 } } } }
    """
    And given the function 'erp.x' fails 1 times with:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/communication
    status: 500
    """
    And given the function 'erp.x' answers:
    """yaml
    1
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    1
    """
    And the workflow should take P1D

  Scenario: Retry Except When
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: retry-except-when
      version: '1.0.0'
    do:
      - again:
          try: [ { ask: { call: erp.x@crossdock } } ]
          catch: { as: e, retry: { exceptWhen: '${ $e.status == 404 }', delay: PT1S, limit: { attempt: { count: 5 } } } }
    """
    And given the function 'erp.x' fails with:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/communication
    status: 404
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    status: 404
    """
    And the function 'erp.x' should be called 1 times

  Scenario: Nested Try Hands On What It Does Not Catch
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: nested-try-hands-on-what-it-does-not-catch
      version: '1.0.0'
    do:
      - outer:
          try:
            - inner:
                try: [ { ask: { call: erp.x@crossdock } } ]
                catch: { errors: { with: { status: 500 } }, do: [ { wrong: { set: { by: inner } } } ] }
          catch: { errors: { with: { status: 409 } }, as: e, do: [ { right: { set: { by: outer, at: '${ $e.instance }' } } } ] }
    """
    And given the function 'erp.x' fails with:
    """yaml
    type: https://x.example/conflict
    status: 409
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    by: outer
    at: /do/0/outer/try/0/inner/try/0/ask
    """

  Scenario: A Retry Around A Retry Begins Anew
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: a-retry-around-a-retry-begins-anew
      version: '1.0.0'
    do:
      - outer:
          try:
            - inner:
                try: [ { ask: { call: erp.x@crossdock } } ]
                catch: { retry: { delay: PT1S, limit: { attempt: { count: 1 } } } }
          catch: { retry: { delay: PT1M, limit: { attempt: { count: 1 } } } }
    """
    And given the function 'erp.x' fails 3 times with:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/communication
    status: 500
    """
    And given the function 'erp.x' answers:
    """yaml
    1
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    1
    """
    And the function 'erp.x' should be called 4 times
    And the workflow should take PT1M2S

  Scenario: Error Types Compare Under Any Alias
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: error-types-compare-under-any-alias
      version: '1.0.0'
    use: { errors: { gone: { type: 'https://open-workflow-specification.org/dsl/errors/types/communication', status: 410, title: Gone } } }
    do:
      - one:
          try: [ { bad: { raise: { error: gone } } } ]
          catch: { errors: { with: { type: 'https://serverlessworkflow.io/spec/1.0.0/errors/communication', status: 410 } }, as: e, do: [ { note: { set: { type: '${ $e.type }', title: '${ $e.title }' } } } ] }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    type: https://open-workflow-specification.org/dsl/errors/types/communication
    title: Gone
    """
