Feature: Cancellation
  A cancelled workflow takes everything back that it asked for.

  Scenario: Cancelled While Waiting For A Call
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: cancelled-while-waiting-for-a-call
      version: '1.0.0'
    do:
      - ask: { call: erp.price@crossdock }
    """
    And given the function 'erp.price' never answers
    And given the workflow is cancelled after PT1H
    When the workflow is executed
    Then the workflow should cancel
    And ask should cancel
    And the workflow should take PT1H

  Scenario: Cancelled In Every Branch
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: cancelled-in-every-branch
      version: '1.0.0'
    do:
      - both:
          fork:
            branches:
              - hear: { listen: { to: { one: { with: { type: never } } } } }
              - pause: { wait: P1D }
    """
    And given the workflow is cancelled after PT1H
    When the workflow is executed
    Then the workflow should cancel
    And hear should cancel
    And pause should cancel

  Scenario: Not Caught By Try
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: not-caught-by-try
      version: '1.0.0'
    do:
      - guarded:
          try: [ { pause: { wait: P1D } } ]
          catch: { do: [ { wrong: { set: { caught: true } } } ] }
    """
    And given the workflow is cancelled after PT1S
    When the workflow is executed
    Then the workflow should cancel
    And wrong should not run

  Scenario: The Children Of A Cancelled Workflow Are Cancelled
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: the-children-of-a-cancelled-workflow-are-cancelled
      version: '1.0.0'
    do:
      - sub: { run: { workflow: { namespace: default, name: child-of-it, version: '1.0.0' } } }
    """
    And given another workflow with definition:
    """yaml
    document: { dsl: '1.0.3', namespace: default, name: child-of-it, version: '1.0.0' }
    do:
      - long: { wait: P30D }
    """
    And given the workflow is cancelled after PT1H
    When the workflow is executed
    Then the workflow should cancel
    And long should cancel

  Scenario: A Loser's Child Is Cancelled
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: a-losers-child-is-cancelled
      version: '1.0.0'
    do:
      - race:
          fork:
            compete: true
            branches:
              - quick: { wait: PT1M }
              - slow: { run: { workflow: { namespace: default, name: slow-one, version: '1.0.0' } } }
    """
    And given another workflow with definition:
    """yaml
    document: { dsl: '1.0.3', namespace: default, name: slow-one, version: '1.0.0' }
    do:
      - long: { wait: P30D }
    """
    And given the workflow input is:
    """yaml
    1
    """
    When the workflow is executed
    Then the workflow should complete
    And long should cancel
    And the workflow should take PT1M
