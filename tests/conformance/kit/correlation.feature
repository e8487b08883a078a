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

  Scenario: Early Event Waits For Its Listener
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: early-event-waits-for-its-listener
      version: '1.0.0'
    do:
      - prepare: { wait: PT1H, input: { from: . } }
      - hear: { listen: { to: { one: { with: { type: shipped }, correlate: { order: { from: .data.order, expect: '${ .order }' } } } } } }
    """
    And given the workflow input is:
    """yaml
    order: SO-7
    """
    And given an event arrives after PT1M:
    """yaml
    type: shipped
    data: { order: SO-7 }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ { order: SO-7 } ]
    """
    And the workflow should take PT1H

  Scenario: Early Event Of Another Order Stays Away
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: early-event-of-another-order-stays-away
      version: '1.0.0'
    do:
      - prepare: { wait: PT1H }
      - hear: { listen: { to: { one: { with: { type: shipped }, correlate: { order: { from: .data.order, expect: '${ .order }' } } } } } }
    """
    And given the workflow input is:
    """yaml
    order: SO-7
    """
    And given an event arrives after PT1M:
    """yaml
    type: shipped
    data: { order: SO-8 }
    """
    When the workflow is executed
    Then the workflow should wait for ever

  Scenario: Second Event Waits For The Next Listener
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: second-event-waits-for-the-next-listener
      version: '1.0.0'
    do:
      - first: { listen: { to: { one: { with: { type: scan } } } } }
      - pause: { wait: PT10M }
      - second: { listen: { to: { one: { with: { type: scan } } } }, output: { as: '.[0].n' } }
    """
    And given an event arrives after PT1M:
    """yaml
    type: scan
    data: { n: 1 }
    """
    And given an event arrives after PT2M:
    """yaml
    type: scan
    data: { n: 2 }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    2
    """
    And the workflow should take PT11M

  Scenario: Events Out Of Order
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: events-out-of-order
      version: '1.0.0'
    do:
      - shipped: { listen: { to: { one: { with: { type: shipped } } } }, output: { as: '[ .[0].at ]' } }
      - delivered: { listen: { to: { one: { with: { type: delivered } } } }, output: { as: '$input + [ .[0].at ]' } }
    """
    And given an event arrives after PT1M:
    """yaml
    type: delivered
    data: { at: 2 }
    """
    And given an event arrives after PT2M:
    """yaml
    type: shipped
    data: { at: 1 }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ 1, 2 ]
    """

  Scenario: Late Event After The Time Out Changes Nothing
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: late-event-after-the-time-out-changes-nothing
      version: '1.0.0'
    do:
      - wait:
          try: [ { hear: { listen: { to: { one: { with: { type: shipped } } } }, timeout: { after: PT1H } } } ]
          catch: { errors: { with: { status: 408 } }, do: [ { given-up: { set: { heard: false } } } ] }
      - rest: { wait: PT2H }
    """
    And given an event arrives after PT90M:
    """yaml
    type: shipped
    data: {}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    heard: false
    """
    And the workflow should take PT3H

  Scenario: Two Keys Must Both Fit
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: two-keys-must-both-fit
      version: '1.0.0'
    do:
      - hear: { listen: { to: { one: { with: { type: shipped }, correlate: { order: { from: .data.order, expect: '${ .order }' }, site: { from: .data.site, expect: STO } } } } } }
    """
    And given the workflow input is:
    """yaml
    order: SO-7
    """
    And given an event arrives after PT1M:
    """yaml
    type: shipped
    data: { order: SO-7, site: GOT }
    """
    And given an event arrives after PT2M:
    """yaml
    type: shipped
    data: { order: SO-7, site: STO }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ { order: SO-7, site: STO } ]
    """

  Scenario: A Refused Event Is Not Kept For Later
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: a-refused-event-is-not-kept-for-later
      version: '1.0.0'
    do:
      - big: { listen: { to: { one: { with: { type: total, data: '${ .n > 10 }' } } } } }
      - any: { listen: { to: { one: { with: { type: total } } } }, output: { as: '.[0].n' } }
    """
    And given an event arrives after PT1M:
    """yaml
    type: total
    data: { n: 3 }
    """
    And given an event arrives after PT2M:
    """yaml
    type: total
    data: { n: 30 }
    """
    And given an event arrives after PT3M:
    """yaml
    type: total
    data: { n: 4 }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    4
    """
