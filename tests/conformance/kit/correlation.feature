Feature: Correlation
  Events reach the instance whose business key they carry.

  Scenario: Expected Key
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: expected-key
      version: '1.0.0'
    do:
      - await:
          listen:
            to:
              one:
                with: { type: shipped }
                correlate: { order: { from: '${ .data.order }', expect: '${ .number }' } }
    """
    And given the workflow input is:
    """yaml
    number: SO-2
    """
    And given an event arrives after PT1S:
    """yaml
    type: shipped
    data: { order: SO-1 }
    """
    And given an event arrives after PT2S:
    """yaml
    type: shipped
    data: { order: SO-2 }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ { order: SO-2 } ]
    """

  Scenario: Number And Text Are The Same Key
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: number-and-text-are-the-same-key
      version: '1.0.0'
    do:
      - await:
          listen:
            to:
              one:
                with: { type: shipped }
                correlate: { order: { from: '${ .data.order }', expect: '${ .number }' } }
    """
    And given the workflow input is:
    """yaml
    number: 4711
    """
    And given an event arrives after PT1S:
    """yaml
    type: shipped
    data: { order: '4711' }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ { order: '4711' } ]
    """

  Scenario: First Event Binds The Key For The Others
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: first-event-binds-the-key-for-the-others
      version: '1.0.0'
    do:
      - await:
          listen:
            to:
              all:
                - with: { type: temperature }
                  correlate: { room: { from: .roomid } }
                - with: { type: humidity }
                  correlate: { room: { from: .roomid } }
    """
    And given an event arrives after PT1S:
    """yaml
    type: temperature
    roomid: r1
    data: 20
    """
    And given an event arrives after PT2S:
    """yaml
    type: humidity
    roomid: r2
    data: 50
    """
    And given an event arrives after PT3S:
    """yaml
    type: humidity
    roomid: r1
    data: 60
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ 20, 60 ]
    """

  Scenario: Bound Key Holds For Later Listeners
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: bound-key-holds-for-later-listeners
      version: '1.0.0'
    do:
      - first:
          listen:
            to: { one: { with: { type: opened }, correlate: { room: { from: .data.room } } } }
      - second:
          listen:
            to: { one: { with: { type: closed }, correlate: { room: { from: .data.room } } } }
    """
    And given an event arrives after PT1S:
    """yaml
    type: opened
    data: { room: 1 }
    """
    And given an event arrives after PT2S:
    """yaml
    type: closed
    data: { room: 2 }
    """
    And given an event arrives after PT3S:
    """yaml
    type: closed
    data: { room: 1 }
    """
    When the workflow is executed
    Then the workflow should complete
    And the workflow should take PT3S
