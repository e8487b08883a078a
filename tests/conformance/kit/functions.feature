Feature: Functions
  Functions of the catalogue and of the definition are called with their arguments.

  Scenario: Catalogue Function
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: catalogue-function
      version: '1.0.0'
    do:
      - decide: { call: 'decision:1.0.0@crossdock', with: { decision: credit, input: '${ .order }' } }
    """
    And given the workflow input is:
    """yaml
    order: { total: 5 }
    """
    And given the function 'decision' answers:
    """yaml
    outcome: auto
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    outcome: auto
    """
    And the function 'decision' should be called with:
    """yaml
    decision: credit
    input: { total: 5 }
    """

  Scenario: Function Of The Definition Sees Its Arguments Only
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: function-of-the-definition-sees-its-arguments-only
      version: '1.0.0'
    use:
      functions:
        price:
          input: { schema: { document: { type: object, required: [ sku ] } } }
          call: erp.price@crossdock
          with: { item: '${ .sku }' }
          output: { as: .amount }
    do:
      - each:
          for: { each: sku, in: .skus }
          do:
            - ask: { call: price, with: { sku: '${ $sku }' }, output: { as: '{ skus: $input.skus, last: . }' }, input: { from: . } }
    """
    And given the workflow input is:
    """yaml
    skus: [ A, B ]
    """
    And given the function 'erp.price' answers:
    """yaml
    amount: 10
    """
    And given the function 'erp.price' answers:
    """yaml
    amount: 20
    """
    When the workflow is executed
    Then the workflow output should have a 'last' property with value:
    """yaml
    20
    """
    And the function 'erp.price' should be called with:
    """yaml
    item: B
    """
    And the function 'erp.price' should be called 2 times

  Scenario: Secrets Are Filled In By The Host Only
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: secrets-are-filled-in-by-the-host-only
      version: '1.0.0'
    use: { secrets: [ token ] }
    do:
      - ask: { call: crm.find@crossdock, with: { key: '${ "Bearer \($secrets.token)" }' } }
    """
    And given the secret 'token' is:
    """yaml
    s3cret
    """
    And given the function 'crm.find' answers:
    """yaml
    1
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    1
    """
    And the function 'crm.find' should be called with:
    """yaml
    key: Bearer s3cret
    """

  Scenario: A Shell Is Refused Unless A Policy Allows It
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: a-shell-is-refused-unless-a-policy-allows-it
      version: '1.0.0'
    do:
      - ask: { run: { shell: { command: ls } } }
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/configuration
    status: 400
    instance: /do/0/ask
    """

  Scenario: Emitted Event Is Heard By A Listener
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: emitted-event-is-heard-by-a-listener
      version: '1.0.0'
    do:
      - both:
          fork:
            branches:
              - hear: { listen: { to: { one: { with: { type: ping } } } } }
              - say: { emit: { event: { with: { type: ping, data: hello } } } }
          output: { as: '.[0]' }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [ hello ]
    """
    And an event of type 'ping' should be emitted

  Scenario: The Default Catalogue Is Ours
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: the-default-catalogue-is-ours
      version: '1.0.0'
    do:
      - decide: { call: 'decision:1.0.0@default', with: { decision: credit } }
    """
    And given the function 'decision' answers:
    """yaml
    outcome: auto
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    outcome: auto
    """

  Scenario: Another Catalogue Is Refused
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: another-catalogue-is-refused
      version: '1.0.0'
    use: { catalogs: { global: { endpoint: { uri: 'https://github.com/serverlessworkflow/catalog' } } } }
    do:
      - log: { call: 'log:0.5.2@global', with: { message: hello } }
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/configuration
    status: 501
    instance: /do/0/log
    """

  Scenario: A Function By Address Is Refused
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: a-function-by-address-is-refused
      version: '1.0.0'
    do:
      - log: { call: 'https://raw.example/functions/log/1.0.0/function.yaml', with: { message: hello } }
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/configuration
    status: 501
    instance: /do/0/log
    """
