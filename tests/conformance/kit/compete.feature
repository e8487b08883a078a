Feature: Competing And Parallel Branches
  The first branch wins; what the others asked for is taken back.

  Scenario: First Branch Wins
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: first-branch-wins
      version: '1.0.0'
    do:
      - race:
          fork:
            compete: true
            branches:
              - milestone: { listen: { to: { one: { with: { type: delivered } } } } }
              - cancellation: { listen: { to: { one: { with: { type: cancelled } } } } }
    """
    And given an event arrives after PT1S:
    """yaml
    type: cancelled
    data: by customer
    """
    And given an event arrives after PT2S:
    """yaml
    type: delivered
    data: too late
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ by customer ]
    """
    And milestone should cancel
    And cancellation should complete

  Scenario: Faulting Branch Faults The Race
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: faulting-branch-faults-the-race
      version: '1.0.0'
    do:
      - race:
          fork:
            compete: true
            branches:
              - waiting: { listen: { to: { one: { with: { type: never } } } } }
              - failing:
                  do:
                    - pause: { wait: PT1S }
                    - bad: { raise: { error: { type: 'https://x.example/e', status: 409 } } }
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    status: 409
    """
    And waiting should cancel

  Scenario: Outputs Of Parallel Branches In Order Of The Branches
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: outputs-of-parallel-branches-in-order-of-the-branches
      version: '1.0.0'
    do:
      - both:
          fork:
            branches:
              - slow: { do: [ { w1: { wait: PT2S } }, { s1: { set: { n: 1 } } } ] }
              - fast: { do: [ { w2: { wait: PT1S } }, { s2: { set: { n: 2 } } } ] }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ { n: 1 }, { n: 2 } ]
    """
    And the workflow should take PT2S
    And s2 should run before s1

  Scenario: End In A Branch Ends The Workflow
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: end-in-a-branch-ends-the-workflow
      version: '1.0.0'
    do:
      - both:
          fork:
            branches:
              - waiting: { listen: { to: { one: { with: { type: never } } } } }
              - ending: { set: { done: true }, then: end }
      - after: { set: { wrong: true } }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    done: true
    """
    And waiting should cancel
    And after should not run

  Scenario: Exports Of A Loser Stay
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: exports-of-a-loser-stay
      version: '1.0.0'
    do:
      - race:
          fork:
            compete: true
            branches:
              - slow:
                  do:
                    - mark: { set: { n: 1 }, export: { as: '$context + { marked: true }' } }
                    - pause: { wait: PT1H }
              - fast: { wait: PT1S }
    output: { as: '$context' }
    """
    And given the workflow input is:
    """yaml
    start: true
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    start: true
    marked: true
    """

  Scenario: A Loser's Answer Changes Nothing
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: a-losers-answer-changes-nothing
      version: '1.0.0'
    do:
      - race:
          fork:
            compete: true
            branches:
              - quick: { wait: PT1M }
              - slow: { call: erp.x@crossdock, export: { as: '{ lost: true }' } }
      - rest: { wait: PT1H }
      - said: { set: '${ $context }' }
    """
    And given the workflow input is:
    """yaml
    n: 1
    """
    And given the function 'erp.x' answers after PT10M:
    """yaml
    late
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    n: 1
    """
    And slow should cancel
