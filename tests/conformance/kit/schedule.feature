Feature: Schedule
  Time and events start instances: each due time once, whoever looks and however often.

  Scenario: Every Starts One Interval After Publication
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: every-starts-one-interval-after-publication
      version: '1.0.0'
    schedule: { every: { hours: 6 } }
    do:
      - say: { set: '${ .schedule.at }' }
    """
    When the schedule is kept for P1D
    Then instances should start at:
    """yaml
    [ '2026-01-05T14:00:00Z', '2026-01-05T20:00:00Z', '2026-01-06T02:00:00Z', '2026-01-06T08:00:00Z' ]
    """

  Scenario: Every Does Not Wait For The Previous Run
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: every-does-not-wait-for-the-previous-run
      version: '1.0.0'
    schedule: { every: PT1H }
    do:
      - long: { wait: PT10H }
    """
    When the schedule is kept for PT3H
    Then instances should start at:
    """yaml
    [ '2026-01-05T09:00:00Z', '2026-01-05T10:00:00Z', '2026-01-05T11:00:00Z' ]
    """

  Scenario: After Counts From The End Of The Previous Run
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: after-counts-from-the-end-of-the-previous-run
      version: '1.0.0'
    schedule: { after: { hours: 2 } }
    do:
      - work: { wait: PT1H }
    """
    When the schedule is kept for PT8H
    Then instances should start at:
    """yaml
    [ '2026-01-05T08:00:00Z', '2026-01-05T11:00:00Z', '2026-01-05T14:00:00Z' ]
    """

  Scenario: After A Fault It Runs Again
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: after-a-fault-it-runs-again
      version: '1.0.0'
    schedule: { after: PT1H }
    do:
      - bad: { raise: { error: { type: 'https://x.example/bad', status: 500 } } }
    """
    When the schedule is kept for PT2H
    Then instances should start at:
    """yaml
    [ '2026-01-05T08:00:00Z', '2026-01-05T09:00:00Z', '2026-01-05T10:00:00Z' ]
    """

  Scenario: Cron In UTC Unless Said Otherwise
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: cron-in-utc-unless-said-otherwise
      version: '1.0.0'
    schedule: { cron: '30 6 * * 1-5' }
    do:
      - say: { set: '${ .schedule.at }' }
    """
    And given it is 2026-01-08T12:00:00Z
    When the schedule is kept for P5D
    Then instances should start at:
    """yaml
    [ '2026-01-09T06:30:00Z', '2026-01-12T06:30:00Z', '2026-01-13T06:30:00Z' ]
    """

  Scenario: Cron In A Time Zone Follows Its Clocks
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: cron-in-a-time-zone-follows-its-clocks
      version: '1.0.0'
      metadata: { crossdock: { schedule: { timeZone: Europe/Stockholm } } }
    schedule: { cron: '0 8 * * *' }
    do:
      - say: { set: '${ .schedule.at }' }
    """
    And given it is 2026-03-27T12:00:00Z
    When the schedule is kept for P3D
    Then instances should start at:
    """yaml
    [ '2026-03-28T07:00:00Z', '2026-03-29T06:00:00Z', '2026-03-30T06:00:00Z' ]
    """

  Scenario: A Local Time That Does Not Exist Comes Later
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: a-local-time-that-does-not-exist-comes-later
      version: '1.0.0'
      metadata: { crossdock: { schedule: { timeZone: America/New_York } } }
    schedule: { cron: '30 2 * * *' }
    do:
      - say: { set: '${ .schedule.at }' }
    """
    And given it is 2026-03-07T12:00:00Z
    When the schedule is kept for P2D
    Then instances should start at:
    """yaml
    [ '2026-03-08T07:30:00Z', '2026-03-09T06:30:00Z' ]
    """

  Scenario: A Local Time That Exists Twice Comes Once
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: a-local-time-that-exists-twice-comes-once
      version: '1.0.0'
      metadata: { crossdock: { schedule: { timeZone: America/New_York } } }
    schedule: { cron: '30 1 * * *' }
    do:
      - say: { set: '${ .schedule.at }' }
    """
    And given it is 2026-10-31T12:00:00Z
    When the schedule is kept for P2D
    Then instances should start at:
    """yaml
    [ '2026-11-01T05:30:00Z', '2026-11-02T06:30:00Z' ]
    """

  Scenario: Every Hour Of A Day With Twenty Five
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: every-hour-of-a-day-with-twenty-five
      version: '1.0.0'
      metadata: { crossdock: { schedule: { timeZone: America/New_York } } }
    schedule: { cron: '0 0-23/1 * * *' }
    do:
      - say: { set: '${ .schedule.at }' }
    """
    And given it is 2026-11-01T04:30:00Z
    When the schedule is kept for PT3H
    Then instances should start at:
    """yaml
    [ '2026-11-01T05:00:00Z', '2026-11-01T06:00:00Z', '2026-11-01T07:00:00Z' ]
    """

  Scenario: Missed Times Are Made Up For Once
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: missed-times-are-made-up-for-once
      version: '1.0.0'
    schedule: { cron: '0 * * * *' }
    do:
      - say: { set: '${ .schedule.at }' }
    """
    And given nobody works for PT5H30M
    When the schedule is kept for PT7H
    Then instances should start at:
    """yaml
    [ '2026-01-05T13:30:00Z', '2026-01-05T14:00:00Z', '2026-01-05T15:00:00Z' ]
    """
    And their outputs should be:
    """yaml
    [ '2026-01-05T13:00:00Z', '2026-01-05T14:00:00Z', '2026-01-05T15:00:00Z' ]
    """

  Scenario: Missed Times Are Skipped Where Asked
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: missed-times-are-skipped-where-asked
      version: '1.0.0'
      metadata: { crossdock: { schedule: { misfire: skip } } }
    schedule: { every: PT1H }
    do:
      - say: { set: '${ .schedule.at }' }
    """
    And given nobody works for PT5H30M
    When the schedule is kept for PT7H
    Then instances should start at:
    """yaml
    [ '2026-01-05T14:00:00Z', '2026-01-05T15:00:00Z' ]
    """

  Scenario: All Missed Times Are Made Up For Where Asked
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: all-missed-times-are-made-up-for-where-asked
      version: '1.0.0'
      metadata: { crossdock: { schedule: { misfire: all } } }
    schedule: { every: PT2H }
    do:
      - say: { set: '${ .schedule.at }' }
    """
    And given nobody works for PT5H
    When the schedule is kept for PT6H
    Then instances should start at:
    """yaml
    [ '2026-01-05T13:00:00Z', '2026-01-05T13:00:00Z', '2026-01-05T14:00:00Z' ]
    """

  Scenario: An Event Starts An Instance With Itself
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: an-event-starts-an-instance-with-itself
      version: '1.0.0'
    schedule: { on: { one: { with: { type: order.received, data: '${ .total > 100 }' } } } }
    do:
      - say: { set: '${ $workflow.input[0].data.total }' }
    """
    And given an event arrives after PT1M:
    """yaml
    type: order.received
    source: https://shop.example
    data: { total: 5 }
    """
    And given an event arrives after PT2M:
    """yaml
    type: order.received
    source: https://shop.example
    data: { total: 500 }
    """
    And given an event arrives after PT3M:
    """yaml
    type: order.cancelled
    data: { total: 900 }
    """
    When the schedule is kept for PT1H
    Then instances should start at:
    """yaml
    [ '2026-01-05T08:02:00Z' ]
    """
    And their outputs should be:
    """yaml
    [ 500 ]
    """

  Scenario: An Event Starts An Instance With Its Data
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: an-event-starts-an-instance-with-its-data
      version: '1.0.0'
    schedule: { on: { any: [ { with: { type: order.received } }, { with: { type: order.cancelled } } ] }, read: data }
    do:
      - say: { set: '${ .[0].total }' }
    """
    And given an event arrives after PT1M:
    """yaml
    type: order.received
    source: https://shop.example
    data: { total: 5 }
    """
    And given an event arrives after PT2M:
    """yaml
    type: order.received
    source: https://shop.example
    data: { total: 500 }
    """
    And given an event arrives after PT3M:
    """yaml
    type: order.cancelled
    data: { total: 900 }
    """
    When the schedule is kept for PT1H
    Then instances should start at:
    """yaml
    [ '2026-01-05T08:01:00Z', '2026-01-05T08:02:00Z', '2026-01-05T08:03:00Z' ]
    """
    And their outputs should be:
    """yaml
    [ 5, 500, 900 ]
    """

  Scenario: An Event From Elsewhere Starts Nothing
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: an-event-from-elsewhere-starts-nothing
      version: '1.0.0'
    schedule: { on: { one: { with: { source: https://shop.example } } } }
    do:
      - say: { set: '${ .schedule.at }' }
    """
    And given an event arrives after PT1M:
    """yaml
    type: order.received
    source: https://shop.example
    data: { total: 5 }
    """
    And given an event arrives after PT2M:
    """yaml
    type: order.received
    source: https://shop.example
    data: { total: 500 }
    """
    And given an event arrives after PT3M:
    """yaml
    type: order.cancelled
    data: { total: 900 }
    """
    When the schedule is kept for PT1H
    Then instances should start at:
    """yaml
    [ '2026-01-05T08:01:00Z', '2026-01-05T08:02:00Z' ]
    """

  Scenario: The Same Event Starts One Instance
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: the-same-event-starts-one-instance
      version: '1.0.0'
    schedule: { on: { one: { with: { type: order.received } } } }
    do:
      - say: { set: '${ .schedule.at }' }
    """
    And given an event arrives after PT1M:
    """yaml
    type: order.received
    id: same
    source: https://shop.example
    data: { total: 5 }
    """
    And given an event arrives after PT5M:
    """yaml
    type: order.received
    id: same
    source: https://shop.example
    data: { total: 5 }
    """
    When the schedule is kept for PT1H
    Then instances should start at:
    """yaml
    [ '2026-01-05T08:01:00Z' ]
    """
