Feature: Wait Task
  A workflow pauses for as long as it says.

  Scenario: Inline And ISO Durations Add Up
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: inline-and-iso-durations-add-up
      version: '1.0.0'
    do:
      - inline: { wait: { minutes: 1, seconds: 30 } }
      - iso: { wait: PT30S }
      - computed: { wait: '${ "PT\(.n)M" }' }
    """
    And given the workflow input is:
    """yaml
    n: 3
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    n: 3
    """
    And the workflow should take PT5M

  Scenario: A Month Counts Thirty Days
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: a-month-counts-thirty-days
      version: '1.0.0'
    do:
      - long: { wait: P1M }
    """
    When the workflow is executed
    Then the workflow should complete
    And the workflow should take P30D
