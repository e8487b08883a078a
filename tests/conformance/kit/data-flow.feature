Feature: Data Flow
  Data goes where the definition says, and is checked on the way.

  Scenario: The Transformed Input Is The First Context
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: the-transformed-input-is-the-first-context
      version: '1.0.0'
    input: { from: .order }
    do:
      - add: { set: { total: 5 }, export: { as: '$context + { total: .total }' } }
    output: { as: '$context' }
    """
    And given the workflow input is:
    """yaml
    order: { number: SO-1 }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    number: SO-1
    total: 5
    """

  Scenario: Input Schema Is Checked Before From
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: input-schema-is-checked-before-from
      version: '1.0.0'
    input:
      schema: { document: { type: object, required: [ order ] } }
      from: .order
    do:
      - pass: { set: '${ . }' }
    """
    And given the workflow input is:
    """yaml
    number: 1
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/validation
    status: 400
    """

  Scenario: Output And Export Schemas
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: output-and-export-schemas
      version: '1.0.0'
    do:
      - guarded:
          try:
            - bad:
                set: { n: text }
                export: { as: '{ n: .n }', schema: { document: { properties: { n: { type: integer } } } } }
          catch: { do: [ { note: { set: { context: '${ $context }' } } } ] }
    """
    And given the workflow input is:
    """yaml
    old: true
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    context: { old: true }
    """

  Scenario: Skipped Task Passes Its Input On And Its Then Is Not Followed
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: skipped-task-passes-its-input-on-and-its-then-is-not-followe
      version: '1.0.0'
    do:
      - first: { set: { n: 1 } }
      - never: { if: .n > 1, set: { n: 9 }, then: end }
      - last: { set: { n: '${ .n + 1 }' } }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    n: 2
    """
    And never should not run

  Scenario: Exit Leaves The Innermost List
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: exit-leaves-the-innermost-list
      version: '1.0.0'
    do:
      - inner:
          do:
            - one: { set: { n: 1 }, then: exit }
            - two: { set: { n: 2 } }
      - outer: { set: { n: '${ .n + 10 }' } }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    n: 11
    """

  Scenario: Exit Breaks A Loop
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: exit-breaks-a-loop
      version: '1.0.0'
    do:
      - loop:
          for: { each: n, in: '[1, 2, 3, 4]' }
          do:
            - sum: { set: { sum: '${ .sum + $n }' } }
            - enough: { switch: [ { yes: { when: '.sum >= 3', then: exit } } ] }
    """
    And given the workflow input is:
    """yaml
    sum: 0
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    sum: 3
    """

  Scenario: While Ends A Loop
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: while-ends-a-loop
      version: '1.0.0'
    do:
      - loop:
          for: { each: n, in: '[1, 2, 3, 4]' }
          while: .sum + $n <= 3
          do:
            - sum: { set: { sum: '${ .sum + $n }' } }
    """
    And given the workflow input is:
    """yaml
    sum: 0
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    sum: 3
    """

  Scenario: Money Stays Exact
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: money-stays-exact
      version: '1.0.0'
    do:
      - sum: { set: { total: '${ .a + .b }', sscc: '${ .sscc }' } }
    """
    And given the workflow input is:
    """yaml
    a: 0.1
    b: 0.2
    sscc: 340123450000000018
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    total: 0.3
    sscc: 340123450000000018
    """

  Scenario: Descriptors
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: descriptors
      version: '1.0.0'
    do:
      - describe:
          set:
            name: ${ $task.name }
            reference: ${ $task.reference }
            workflow: ${ $workflow.definition.document.name }
            raw: ${ $workflow.input.n }
    """
    And given the workflow input is:
    """yaml
    n: 1
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    name: describe
    reference: /do/0/describe
    workflow: descriptors
    raw: 1
    """

  Scenario: Workflow Output Is Transformed And Checked
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: workflow-output-is-transformed-and-checked
      version: '1.0.0'
    do:
      - one: { set: { n: text } }
    output: { as: '{ n: .n }', schema: { document: { properties: { n: { type: integer } } } } }
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/validation
    status: 400
    """

  Scenario: Failed Expression Is An Error Of The Task
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: failed-expression-is-an-error-of-the-task
      version: '1.0.0'
    do:
      - guarded:
          try: [ { bad: { set: { n: '${ .text + 1 }' } } } ]
          catch:
            errors: { with: { type: https://serverlessworkflow.io/spec/1.0.0/errors/expression, status: 400 } }
            do: [ { note: { set: { at: '${ $error.instance }' } } } ]
    """
    And given the workflow input is:
    """yaml
    text: a
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    at: /do/0/guarded/try/0/bad
    """

  Scenario: Inline Items Of A Loop
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: inline-items-of-a-loop
      version: '1.0.0'
    do:
      - loop:
          for: { each: color, in: [ { name: red }, { name: '${ .own }' } ] }
          do: [ { add: { set: { own: '${ .own }', names: '${ .names + [ $color.name ] }' } } } ]
    """
    And given the workflow input is:
    """yaml
    own: blue
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    own: blue
    names: [ red, blue ]
    """

  Scenario: Export Schema Is Checked
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: export-schema-is-checked
      version: '1.0.0'
    do:
      - one: { set: { n: text }, export: { as: ., schema: { document: { type: object, properties: { n: { type: integer } } } } } }
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/validation
    status: 400
    instance: /do/0/one
    """

  Scenario: Task Input Schema Is Checked
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: task-input-schema-is-checked
      version: '1.0.0'
    do:
      - one: { input: { schema: { document: { type: object, required: [ sku ] } } }, set: { ok: true } }
    """
    And given the workflow input is:
    """yaml
    n: 1
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/validation
    status: 400
    instance: /do/0/one
    """

  Scenario: Export From A Branch Holds For All
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: export-from-a-branch-holds-for-all
      version: '1.0.0'
    do:
      - both:
          fork:
            branches:
              - a: { set: { n: 1 }, export: { as: '$context + { a: 1 }' } }
              - b: { wait: PT1S, output: { as: '$context.a' } }
      - said: { set: '${ [ $context.a, .[1] ] }' }
    """
    And given the workflow input is:
    """yaml
    {}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ 1, 1 ]
    """

  Scenario: Export Inside A Try That Fails Stays
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: export-inside-a-try-that-fails-stays
      version: '1.0.0'
    do:
      - t:
          try: [ { a: { set: { n: 1 }, export: { as: '{ kept: true }' } } }, { b: { raise: { error: { type: 'https://x.example/e', status: 500 } } } } ]
          catch: { do: [ { c: { set: '${ $context }' } } ] }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    kept: true
    """
