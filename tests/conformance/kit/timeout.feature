Feature: Timeouts
  Work that takes too long is interrupted and says so.

  Scenario: Task Timeout Is Caught
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: task-timeout-is-caught
      version: '1.0.0'
    do:
      - guarded:
          try:
            - slow: { call: erp.price@crossdock, timeout: { after: PT30S } }
          catch:
            errors: { with: { type: https://serverlessworkflow.io/spec/1.0.0/errors/timeout, status: 408 } }
            do:
              - late: { set: { late: '${ $error.instance }' } }
    """
    And given the function 'erp.price' answers after PT1M:
    """yaml
    1
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    late: /do/0/guarded/try/0/slow
    """
    And the workflow should take PT30S

  Scenario: Answer In Time
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: answer-in-time
      version: '1.0.0'
    do:
      - guarded:
          try:
            - slow: { call: erp.price@crossdock, timeout: { after: PT30S } }
          catch:
            errors: { with: { type: https://serverlessworkflow.io/spec/1.0.0/errors/timeout, status: 408 } }
            do:
              - late: { set: { late: '${ $error.instance }' } }
    """
    And given the function 'erp.price' answers after PT29S:
    """yaml
    1
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    1
    """
    And late should not run

  Scenario: Workflow Timeout
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: workflow-timeout
      version: '1.0.0'
    timeout: { after: { hours: 1 } }
    do:
      - await:
          listen: { to: { one: { with: { type: never } } } }
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/timeout
    status: 408
    """
    And await should cancel
    And the workflow should take PT1H

  Scenario: Named Timeout On A Composite Task
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: named-timeout-on-a-composite-task
      version: '1.0.0'
    use: { timeouts: { short: { after: PT5S } } }
    do:
      - outer:
          timeout: short
          do:
            - one: { wait: PT3S }
            - two: { wait: PT3S }
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    status: 408
    instance: /do/0/outer
    """
    And one should complete
    And two should cancel
