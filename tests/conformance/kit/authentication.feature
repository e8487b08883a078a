Feature: Authentication
  Calls prove who they are to servers that check it; secrets are filled in when the call is made, and nowhere else.

  Scenario: Basic From A Secret
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: basic-from-a-secret
      version: '1.0.0'
    use: { secrets: [ login ], authentications: { us: { basic: { use: login } } } }
    do:
      - ask:
          call: http
          with: { method: get, endpoint: { uri: 'https://httpbin.org/basic-auth/crossdock/horse', authentication: { use: us } } }
    """
    And given the secret 'login' is:
    """yaml
    username: crossdock
    password: horse
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    authenticated: true
    user: crossdock
    """

  Scenario: Basic With The Wrong Password
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: basic-with-the-wrong-password
      version: '1.0.0'
    do:
      - ask:
          call: http
          with:
            method: get
            endpoint:
              uri: https://httpbin.org/basic-auth/crossdock/horse
              authentication: { basic: { username: crossdock, password: mule } }
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/communication
    status: 401
    instance: /do/0/ask
    """

  Scenario: Digest By MD5 With Quality auth
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: digest-by-md5-with-quality-auth
      version: '1.0.0'
    use: { secrets: [ login ] }
    do:
      - tell:
          call: http
          with:
            method: post
            endpoint: { uri: 'https://api.example/digest/MD5/auth?of=this', authentication: { digest: { use: login } } }
            body: { pallets: 3 }
          output: { as: .user }
    """
    And given the secret 'login' is:
    """yaml
    username: crossdock
    password: correct horse
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    crossdock
    """

  Scenario: Digest By SHA-256 With Quality auth
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: digest-by-sha-256-with-quality-auth
      version: '1.0.0'
    use: { secrets: [ login ] }
    do:
      - tell:
          call: http
          with:
            method: post
            endpoint: { uri: 'https://api.example/digest/SHA-256/auth?of=this', authentication: { digest: { use: login } } }
            body: { pallets: 3 }
          output: { as: .user }
    """
    And given the secret 'login' is:
    """yaml
    username: crossdock
    password: correct horse
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    crossdock
    """

  Scenario: Digest By SHA-256 With Quality auth-int
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: digest-by-sha-256-with-quality-auth-int
      version: '1.0.0'
    use: { secrets: [ login ] }
    do:
      - tell:
          call: http
          with:
            method: post
            endpoint: { uri: 'https://api.example/digest/SHA-256/auth-int?of=this', authentication: { digest: { use: login } } }
            body: { pallets: 3 }
          output: { as: .user }
    """
    And given the secret 'login' is:
    """yaml
    username: crossdock
    password: correct horse
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    crossdock
    """

  Scenario: Digest By MD5-sess With Quality auth
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: digest-by-md5-sess-with-quality-auth
      version: '1.0.0'
    use: { secrets: [ login ] }
    do:
      - tell:
          call: http
          with:
            method: post
            endpoint: { uri: 'https://api.example/digest/MD5-sess/auth?of=this', authentication: { digest: { use: login } } }
            body: { pallets: 3 }
          output: { as: .user }
    """
    And given the secret 'login' is:
    """yaml
    username: crossdock
    password: correct horse
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    crossdock
    """

  Scenario: Digest By MD5 With Quality none
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: digest-by-md5-with-quality-none
      version: '1.0.0'
    use: { secrets: [ login ] }
    do:
      - tell:
          call: http
          with:
            method: post
            endpoint: { uri: 'https://api.example/digest/MD5/none?of=this', authentication: { digest: { use: login } } }
            body: { pallets: 3 }
          output: { as: .user }
    """
    And given the secret 'login' is:
    """yaml
    username: crossdock
    password: correct horse
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    crossdock
    """

  Scenario: Digest Reuses A Challenge
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: digest-reuses-a-challenge
      version: '1.0.0'
    use: { secrets: [ login ] }
    do:
      - one: &ask
          call: http
          with: { method: get, endpoint: { uri: 'https://api.example/digest/MD5/auth', authentication: { digest: { use: login } } } }
          export: { as: '$context + [.count]' }
          input: { from: . }
      - two: *ask
      - said: { set: '${ ($context[1] | tonumber) - ($context[0] | tonumber) }' }
    """
    And given the workflow input is:
    """yaml
    []
    """
    And given the secret 'login' is:
    """yaml
    username: crossdock
    password: correct horse
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    1
    """

  Scenario: Digest With The Wrong Password
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: digest-with-the-wrong-password
      version: '1.0.0'
    do:
      - ask:
          call: http
          with:
            method: get
            endpoint:
              uri: https://api.example/digest/MD5/auth
              authentication: { digest: { username: somebody, password: wrong } }
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/communication
    status: 401
    """

  Scenario: OAuth2 Client Credentials
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: oauth2-client-credentials
      version: '1.0.0'
    use:
      secrets: [ client ]
      authentications:
        api:
          oauth2:
            authority: http://id.example
            grant: client_credentials
            client: { id: workflow-runtime, secret: '${ $secrets.client }' }
            scopes: [ orders, stock ]
            audiences: [ erp ]
    do:
      - ask: { call: http, with: { method: get, endpoint: { uri: 'https://api.example/token', authentication: { use: api } } } }
    """
    And given the secret 'client' is:
    """yaml
    client secret/äöü
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    by: post
    grant_type: client_credentials
    scope: orders stock
    audience: erp
    """

  Scenario: OAuth2 Settings From A Secret
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: oauth2-settings-from-a-secret
      version: '1.0.0'
    use: { secrets: [ whole ] }
    do:
      - ask: { call: http, with: { method: get, endpoint: { uri: 'https://api.example/token', authentication: { oauth2: { use: whole } } } } }
    """
    And given the secret 'whole' is:
    """yaml
    authority: http://id.example
    grant: client_credentials
    client: { id: workflow-runtime, secret: client secret/äöü }
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    by: post
    grant_type: client_credentials
    """

  Scenario: OAuth2 Client Known By client_secret_basic
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: oauth2-client-known-by-client_secret_basic
      version: '1.0.0'
    use: { secrets: [ client ] }
    do:
      - ask:
          call: http
          with:
            method: get
            endpoint:
              uri: https://api.example/token
              authentication:
                oauth2:
                  authority: http://id.example/realm
                  endpoints: { token: /own/token }
                  grant: client_credentials
                  client: { id: workflow-runtime, secret: '${ $secrets.client }', authentication: client_secret_basic }
    """
    And given the secret 'client' is:
    """yaml
    client secret/äöü
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    by: basic
    grant_type: client_credentials
    """

  Scenario: OAuth2 Client Known By client_secret_jwt
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: oauth2-client-known-by-client_secret_jwt
      version: '1.0.0'
    use: { secrets: [ client ] }
    do:
      - ask:
          call: http
          with:
            method: get
            endpoint:
              uri: https://api.example/token
              authentication:
                oauth2:
                  authority: http://id.example/realm
                  endpoints: { token: /own/token }
                  grant: client_credentials
                  client: { id: workflow-runtime, secret: '${ $secrets.client }', authentication: client_secret_jwt }
    """
    And given the secret 'client' is:
    """yaml
    client secret/äöü
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    by: jwt
    grant_type: client_credentials
    """

  Scenario: OAuth2 Password Grant In JSON
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: oauth2-password-grant-in-json
      version: '1.0.0'
    use: { secrets: [ client, login ] }
    do:
      - ask:
          call: http
          with:
            method: get
            endpoint:
              uri: https://api.example/token
              authentication:
                oauth2:
                  authority: http://id.example
                  grant: password
                  client: { id: workflow-runtime, secret: '${ $secrets.client }' }
                  request: { encoding: application/json }
                  username: crossdock
                  password: ${ $secrets.login }
    """
    And given the secret 'client' is:
    """yaml
    client secret/äöü
    """
    And given the secret 'login' is:
    """yaml
    correct horse
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    by: post
    grant_type: password
    """

  Scenario: OAuth2 Token Exchange
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: oauth2-token-exchange
      version: '1.0.0'
    use: { secrets: [ client ] }
    do:
      - ask:
          call: http
          with:
            method: get
            endpoint:
              uri: https://api.example/token
              authentication:
                oauth2:
                  authority: http://id.example
                  grant: urn:ietf:params:oauth:grant-type:token-exchange
                  client: { id: workflow-runtime, secret: '${ $secrets.client }' }
                  subject: { token: '${ .caller }', type: 'urn:ietf:params:oauth:token-type:jwt' }
          output: { as: .subject_token }
    """
    And given the workflow input is:
    """yaml
    caller: abc
    """
    And given the secret 'client' is:
    """yaml
    client secret/äöü
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    abc
    """

  Scenario: A Used Up Token Is Fetched Anew
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: a-used-up-token-is-fetched-anew
      version: '1.0.0'
    use: { secrets: [ client ] }
    do:
      - often:
          for: { in: '[range(7)]' }
          do:
            - ask:
                call: http
                with:
                  method: get
                  endpoint:
                    uri: https://api.example/token
                    authentication:
                      oauth2:
                        authority: http://id.example
                        grant: client_credentials
                        client: { id: workflow-runtime, secret: '${ $secrets.client }' }
                        scopes: [ often ]
                output: { as: .scope }
    """
    And given the secret 'client' is:
    """yaml
    client secret/äöü
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    often
    """
    And ask should run 7 times

  Scenario: OAuth2 Client Unknown
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: oauth2-client-unknown
      version: '1.0.0'
    do:
      - ask:
          call: http
          with:
            method: get
            endpoint:
              uri: https://api.example/token
              authentication:
                oauth2: { authority: 'http://id.example', grant: client_credentials, client: { id: nobody, secret: none } }
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/authentication
    status: 401
    instance: /do/0/ask
    """

  Scenario: OAuth2 Issuer Is Checked
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: oauth2-issuer-is-checked
      version: '1.0.0'
    use: { secrets: [ client ] }
    do:
      - ask:
          call: http
          with:
            method: get
            endpoint:
              uri: https://api.example/token
              authentication:
                oauth2:
                  authority: http://id.example
                  grant: client_credentials
                  client: { id: workflow-runtime, secret: '${ $secrets.client }' }
                  issuers: [ 'http://another.example' ]
    """
    And given the secret 'client' is:
    """yaml
    client secret/äöü
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/authentication
    status: 401
    """

  Scenario: A Grant That Needs A Person Is Refused
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: a-grant-that-needs-a-person-is-refused
      version: '1.0.0'
    do:
      - ask:
          call: http
          with:
            method: get
            endpoint:
              uri: https://api.example/token
              authentication: { oauth2: { authority: 'http://id.example', grant: authorization_code, client: { id: x } } }
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/configuration
    status: 501
    instance: /do/0/ask
    """

  Scenario: OpenID Connect Finds The Token Endpoint
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: openid-connect-finds-the-token-endpoint
      version: '1.0.0'
    use: { secrets: [ client ] }
    do:
      - ask:
          call: http
          with:
            method: get
            endpoint:
              uri: https://api.example/token
              authentication:
                oidc:
                  authority: http://id.example/realms/dock
                  grant: client_credentials
                  client: { id: workflow-runtime, secret: '${ $secrets.client }' }
                  issuers: [ 'http://id.example/issuer' ]
          output: { as: .by }
    """
    And given the secret 'client' is:
    """yaml
    client secret/äöü
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    post
    """

  Scenario: OpenID Connect Of Another Issuer Is Refused
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: openid-connect-of-another-issuer-is-refused
      version: '1.0.0'
    do:
      - ask:
          call: http
          with:
            method: get
            endpoint:
              uri: https://api.example/token
              authentication:
                oidc: { authority: 'http://id.example/liar', grant: client_credentials, client: { id: x, secret: y } }
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/authentication
    status: 401
    """

  Scenario: A Secret That Is Not There
    Given a workflow with definition:
    """yaml
    document:
      dsl: '1.0.3'
      namespace: default
      name: a-secret-that-is-not-there
      version: '1.0.0'
    use: { secrets: [ token ] }
    do:
      - ask:
          call: http
          with: { method: get, endpoint: { uri: 'https://api.example/token', authentication: { bearer: { use: token } } } }
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    type: https://serverlessworkflow.io/spec/1.0.0/errors/authorization
    status: 403
    instance: /do/0/ask
    """
