Feature: Run Workflow
  A workflow starts another and waits for it, or does not.

  Scenario: Awaited Child
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: awaited-child
      version: '1.0.0'
    do:
      - sub:
          run:
            workflow: { namespace: default, name: child, version: '1.0.0', input: { n: '${ .n }' } }
    """
    And given another workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: child
      version: '1.0.0'
    input: { schema: { document: { type: object, required: [ n ] } } }
    do:
      - pause: { wait: PT1M }
      - double: { set: { n: '${ .n * 2 }' } }
    """
    And given the workflow input is:
    """yaml
    n: 21
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    n: 42
    """
    And the workflow should take PT1M

  Scenario: Child Not Awaited
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: child-not-awaited
      version: '1.0.0'
    do:
      - sub:
          run:
            workflow: { namespace: default, name: child, version: '1.0.0', input: { n: '${ .n }' } }
            await: false
    """
    And given another workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: child
      version: '1.0.0'
    input: { schema: { document: { type: object, required: [ n ] } } }
    do:
      - pause: { wait: PT1M }
      - double: { set: { n: '${ .n * 2 }' } }
    """
    And given the workflow input is:
    """yaml
    n: 21
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    n: 21
    """
    And the workflow should take PT0S

  Scenario: Child Fault Reaches The Parent
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: child-fault-reaches-the-parent
      version: '1.0.0'
    do:
      - guarded:
          try:
            - sub: { run: { workflow: { namespace: default, name: child, version: '1.0.0', input: { wrong: 1 } } } }
          catch: { as: e, do: [ { note: { set: { status: '${ $e.status }' } } } ] }
    """
    And given another workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: child
      version: '1.0.0'
    input: { schema: { document: { type: object, required: [ n ] } } }
    do:
      - pause: { wait: PT1M }
      - double: { set: { n: '${ .n * 2 }' } }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    status: 400
    """

  Scenario: An Unknown Workflow Faults
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: an-unknown-workflow-faults
      version: '1.0.0'
    do:
      - sub: { run: { workflow: { namespace: default, name: nobody-knows, version: '1.0.0' } } }
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/configuration
    status: 400
    """

  Scenario: The Latest Version Of A Workflow
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: the-latest-version-of-a-workflow
      version: '1.0.0'
    do:
      - sub: { run: { workflow: { namespace: default, name: it-has-versions, version: latest } } }
    """
    And given another workflow with definition:
    """yaml
    document: { dsl: '1.0.3', namespace: default, name: it-has-versions, version: '1.9.0' }
    do:
      - say: { set: { v: 1.9 } }
    """
    And given another workflow with definition:
    """yaml
    document: { dsl: '1.0.3', namespace: default, name: it-has-versions, version: '1.10.0' }
    do:
      - say: { set: { v: newer } }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    v: newer
    """
