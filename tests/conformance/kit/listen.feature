Feature: Listen Task
  A workflow takes the events it waits for, in the order and number it asks for.

  Scenario: Listen To One
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: listen-to-one
      version: '1.0.0'
    do:
      - await:
          listen:
            to:
              one:
                with: { type: com.example.paid.v1 }
    """
    And given an event arrives after PT1H:
    """yaml
    type: com.example.other.v1
    data: 1
    """
    And given an event arrives after PT2H:
    """yaml
    type: com.example.paid.v1
    data: { amount: 5 }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    - amount: 5
    """
    And the workflow should take PT2H

  Scenario: Early Event Is Heard Later
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: early-event-is-heard-later
      version: '1.0.0'
    do:
      - pause: { wait: PT1H }
      - await:
          listen: { to: { one: { with: { type: com.example.paid.v1 } } } }
    """
    And given an event arrives:
    """yaml
    type: com.example.paid.v1
    data: early
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ early ]
    """
    And the workflow should take PT1H

  Scenario: Listen To Any
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: listen-to-any
      version: '1.0.0'
    do:
      - await:
          listen:
            to:
              any:
                - with: { type: a }
                - with: { type: b }
    """
    And given an event arrives after PT1S:
    """yaml
    type: b
    data: second
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ second ]
    """

  Scenario: Listen To All In Order Of The Filters
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: listen-to-all-in-order-of-the-filters
      version: '1.0.0'
    do:
      - await:
          listen:
            to:
              all:
                - with: { type: a }
                - with: { type: b }
    """
    And given an event arrives after PT1S:
    """yaml
    type: b
    data: second
    """
    And given an event arrives after PT2S:
    """yaml
    type: b
    data: again
    """
    And given an event arrives after PT3S:
    """yaml
    type: a
    data: first
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ first, second ]
    """

  Scenario: Any Until Condition
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: any-until-condition
      version: '1.0.0'
    do:
      - await:
          listen:
            to:
              any: [ { with: { type: a } } ]
              until: ${ (. | add) >= 10 }
    """
    And given an event arrives after PT1S:
    """yaml
    type: a
    data: 2
    """
    And given an event arrives after PT2S:
    """yaml
    type: a
    data: 4
    """
    And given an event arrives after PT3S:
    """yaml
    type: a
    data: 6
    """
    And given an event arrives after PT4S:
    """yaml
    type: a
    data: 8
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ 2, 4, 6 ]
    """
    And the workflow should take PT3S

  Scenario: Any Until One Event
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: any-until-one-event
      version: '1.0.0'
    do:
      - await:
          listen:
            to:
              any: [ { with: { type: a } } ]
              until: { one: { with: { type: stop } } }
    """
    And given an event arrives after PT1S:
    """yaml
    type: a
    data: 1
    """
    And given an event arrives after PT2S:
    """yaml
    type: a
    data: 2
    """
    And given an event arrives after PT3S:
    """yaml
    type: stop
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ 1, 2 ]
    """

  Scenario: Foreach Works Events Off One After The Other
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: foreach-works-events-off-one-after-the-other
      version: '1.0.0'
    do:
      - await:
          listen:
            to:
              any: [ { with: { type: a } } ]
              until: { one: { with: { type: stop } } }
          foreach:
            item: event
            at: i
            do:
              - slow: { wait: PT10S }
              - keep: { set: { n: '${ $event.n }', i: '${ $i }' } }
            output: { as: '${ "\(.n)/\(.i)" }' }
    """
    And given an event arrives after PT1S:
    """yaml
    type: a
    data: { n: 7 }
    """
    And given an event arrives after PT2S:
    """yaml
    type: a
    data: { n: 8 }
    """
    And given an event arrives after PT3S:
    """yaml
    type: stop
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ 7/0, 8/1 ]
    """
    And the workflow should take PT21S

  Scenario: Read Envelope
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: read-envelope
      version: '1.0.0'
    do:
      - await:
          listen:
            to: { one: { with: { type: a } } }
            read: envelope
          output: { as: '.[0].subject' }
    """
    And given an event arrives:
    """yaml
    type: a
    subject: SO-1
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    SO-1
    """

  Scenario: Filter By Data Condition And Evaluated Attribute
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: filter-by-data-condition-and-evaluated-attribute
      version: '1.0.0'
    do:
      - await:
          listen:
            to:
              one:
                with: { type: temperature, source: '${ .sensor }', data: '${ .value > 38 }' }
    """
    And given the workflow input is:
    """yaml
    sensor: https://ward.example/1
    """
    And given an event arrives after PT1S:
    """yaml
    type: temperature
    source: https://ward.example/1
    data: { value: 37 }
    """
    And given an event arrives after PT2S:
    """yaml
    type: temperature
    source: https://ward.example/2
    data: { value: 40 }
    """
    And given an event arrives after PT3S:
    """yaml
    type: temperature
    source: https://ward.example/1
    data: { value: 39 }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ { value: 39 } ]
    """

  Scenario: Repeated Event Is Taken Once
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: repeated-event-is-taken-once
      version: '1.0.0'
    do:
      - await:
          listen:
            to:
              any: [ { with: { type: a } } ]
              until: ${ length == 2 }
    """
    And given an event arrives after PT1S:
    """yaml
    type: a
    id: e1
    data: 1
    """
    And given an event arrives after PT2S:
    """yaml
    type: a
    id: e1
    data: 1
    """
    And given an event arrives after PT3S:
    """yaml
    type: a
    id: e2
    data: 2
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ 1, 2 ]
    """

  Scenario: Nobody Sends The Event
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: nobody-sends-the-event
      version: '1.0.0'
    do:
      - await:
          listen: { to: { one: { with: { type: never } } } }
    """
    When the workflow is executed
    Then the workflow should wait for ever

  Scenario: Every Event Is Heard By An Empty Any
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: every-event-is-heard-by-an-empty-any
      version: '1.0.0'
    do:
      - await:
          listen: { to: { any: [], until: 'length == 2' } }
    """
    And given an event arrives after PT1S:
    """yaml
    type: a
    data: 1
    """
    And given an event arrives after PT2S:
    """yaml
    type: b
    data: 2
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ 1, 2 ]
    """

  Scenario: Exit Ends The Iterations
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: exit-ends-the-iterations
      version: '1.0.0'
    do:
      - await:
          listen: { to: { any: [ { with: { type: a } } ], until: '${ false }' } }
          foreach:
            item: n
            do:
              - enough: { switch: [ { yes: { when: '$n >= 2', then: exit } } ] }
    """
    And given an event arrives after PT1S:
    """yaml
    type: a
    data: 1
    """
    And given an event arrives after PT2S:
    """yaml
    type: a
    data: 2
    """
    And given an event arrives after PT3S:
    """yaml
    type: a
    data: 3
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ 1, 2 ]
    """
    And the workflow should take PT2S

  Scenario: Literal Data Needs Only The Members Named
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: literal-data-needs-only-the-members-named
      version: '1.0.0'
    do:
      - await:
          listen: { to: { one: { with: { type: a, data: { status: shipped } } } } }
    """
    And given an event arrives after PT1S:
    """yaml
    type: a
    data: { status: packed, n: 1 }
    """
    And given an event arrives after PT2S:
    """yaml
    type: a
    data: { status: shipped, n: 2 }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ { status: shipped, n: 2 } ]
    """

  Scenario: Read Raw
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: read-raw
      version: '1.0.0'
    do:
      - await:
          listen: { to: { one: { with: { type: a } } }, read: raw }
    """
    And given an event arrives:
    """yaml
    type: a
    data_base64: aGVq
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ aGVq ]
    """
