Feature: Lifecycle Events
  What instances tell of themselves, where their definition asks for it.

  Scenario: Workflow Events
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: workflow-events
      version: '1.0.0'
      metadata: { crossdock: { lifecycle: workflow } }
    do:
      - one: { set: { n: 1 } }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    n: 1
    """
    And the events emitted should be:
    """yaml
    [io.serverlessworkflow.workflow.started.v1, io.serverlessworkflow.workflow.completed.v1]
    """
    And an event of type 'io.serverlessworkflow.workflow.completed.v1' should be emitted with data:
    """yaml
    output: { n: 1 }
    completedAt: '2026-01-05T08:00:00Z'
    """

  Scenario: Nothing Unless Asked
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: nothing-unless-asked
      version: '1.0.0'
    do:
      - one: { set: { n: 1 } }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    n: 1
    """
    And the events emitted should be:
    """yaml
    []
    """

  Scenario: Task Events
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: task-events
      version: '1.0.0'
      metadata: { crossdock: { lifecycle: tasks } }
    do:
      - one: { set: { n: 1 } }
      - bad: { raise: { error: { type: 'https://x.example/bad', status: 418 } } }
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    type: https://x.example/bad
    status: 418
    """
    And the events emitted should be:
    """yaml
    [io.serverlessworkflow.workflow.started.v1, io.serverlessworkflow.task.created.v1, io.serverlessworkflow.task.started.v1, io.serverlessworkflow.task.completed.v1, io.serverlessworkflow.task.created.v1, io.serverlessworkflow.task.started.v1, io.serverlessworkflow.task.faulted.v1, io.serverlessworkflow.workflow.faulted.v1]
    """
    And an event of type 'io.serverlessworkflow.task.faulted.v1' should be emitted with data:
    """yaml
    task: /do/1/bad
    error: { type: 'https://x.example/bad', status: 418 }
    """

  Scenario: Retries And Cancellation
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: retries-and-cancellation
      version: '1.0.0'
      metadata: { crossdock: { lifecycle: tasks } }
    do:
      - again:
          try: [ { ask: { call: erp.x@crossdock } } ]
          catch: { retry: { delay: PT1S, limit: { attempt: { count: 2 } } } }
      - long: { wait: P1D }
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
    And given the workflow is cancelled after PT1H
    When the workflow is executed
    Then the workflow should cancel
    And an event of type 'io.serverlessworkflow.task.retried.v1' should be emitted with data:
    """yaml
    task: /do/0/again
    retriedAt: '2026-01-05T08:00:01Z'
    """
    And an event of type 'io.serverlessworkflow.task.cancelled.v1' should be emitted with data:
    """yaml
    task: /do/1/long
    """
    And an event of type 'io.serverlessworkflow.workflow.cancelled.v1' should be emitted

  Scenario: Correlation Events
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: correlation-events
      version: '1.0.0'
      metadata: { crossdock: { lifecycle: workflow } }
    do:
      - hear: { listen: { to: { one: { with: { type: shipped }, correlate: { order: { from: .data.order } } } } } }
    """
    And given an event arrives after PT1M:
    """yaml
    type: shipped
    data: { order: SO-1 }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ { order: SO-1 } ]
    """
    And the events emitted should be:
    """yaml
    [io.serverlessworkflow.workflow.started.v1, io.serverlessworkflow.workflow.correlation-started.v1, io.serverlessworkflow.workflow.correlation-completed.v1, io.serverlessworkflow.workflow.completed.v1]
    """
    And an event of type 'io.serverlessworkflow.workflow.correlation-completed.v1' should be emitted with data:
    """yaml
    correlationKeys: { order: SO-1 }
    """
