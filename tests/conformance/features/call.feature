Feature: Calls beyond the standard's scenarios
  https://services.example is the stub of stub_services.py.

  Scenario: D64 Raw output is the body in base 64
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d64-raw-output-is-the-body-in-base-64, version: '1.0.0'}
    do:
      - get:
          call: http
          with: {method: get, endpoint: https://services.example/path/x, output: raw}
      - decode:
          set: {text: '${ @base64d | fromjson | .path }'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    text: /path/x
    """

  Scenario: D65 A redirect is an error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d65-a-redirect-is-an-error, version: '1.0.0'}
    do:
      - get:
          call: http
          with: {method: get, endpoint: https://services.example/moved}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    status: 302
    type: https://open-workflow-specification.org/spec/1.0.0/errors/communication
    """

  Scenario: D65 A redirect is an answer where the call says so
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d65-a-redirect-is-an-answer-where-the-call-says-so, version: '1.0.0'}
    do:
      - get:
          call: http
          with: {method: get, endpoint: https://services.example/moved, redirect: true, output: response}
          output: {as: '{statusCode, moved: .content.moved}'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    statusCode: 302
    moved: true
    """

  Scenario: D66 Headers, query and body are made of data
    Given the project file 'policies/all.yaml' is:
    """yaml
    policy: all
    version: 1.0.0
    rules: [{id: all, tools: ['http.*'], verdict: allow}]
    """
    Given the project file 'gantry.yaml' is:
    """yaml
    egress: {allow: [services.example]}
    """
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d66-headers-query-and-body-are-made-of-data, version: '1.0.0'}
    do:
      - post:
          call: http
          with:
            method: post
            endpoint: https://services.example/echo/it
            headers: {X-Trace: '${ .trace }'}
            query: {q: '${ .list }', n: 5}
            body: {all: '${ .list }'}
    """
    And given the workflow input is:
    """yaml
    trace: t-1
    list: [a b, c]
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    method: POST
    thing: it
    query: {q: [a b, c], n: ['5']}
    trace: t-1
    body: {all: [a b, c]}
    """

  Scenario: D67 What an endpoint's template misses is empty
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d67-what-an-endpoint-s-template-misses-is-empty, version: '1.0.0'}
    do:
      - get:
          call: http
          with: {method: get, endpoint: 'https://services.example/path/a{missing}b{given}c{none}'}
          output: {as: .path}
    """
    And given the workflow input is:
    """yaml
    given: 1/2
    none: null
    """
    When the workflow is executed
    Then the workflow should complete
    And the workflow should complete with output:
    """yaml
    /path/ab1%2F2c
    """

  Scenario: D67 What an endpoint's template can't take is an error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d67-what-an-endpoint-s-template-can-t-take-is-an-error, version: '1.0.0'}
    do:
      - get: {call: http, with: {method: get, endpoint: 'https://services.example/path/{list}'}}
    """
    And given the workflow input is:
    """yaml
    list: [1]
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    status: 400
    type: https://open-workflow-specification.org/spec/1.0.0/errors/expression
    instance: /do/0/get
    """

  Scenario: D68 D70 A bearer token comes from a secret that nobody sees
    Given the project file 'gantry.yaml' is:
    """yaml
    egress: {allow: [services.example]}
    secrets: {token: secrets/token}
    """
    Given the project file 'secrets/token' is:
    """yaml
    s3cr3t-t0ken
    """
    Given the project file 'policies/all.yaml' is:
    """yaml
    policy: all
    version: 1.0.0
    rules: [{id: all, tools: ['http.*'], verdict: allow}]
    """
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d68-d70-a-bearer-token-comes-from-a-secret-that-nobody-sees, version: '1.0.0'}
    use:
      secrets: [token]
      authentications:
        service: {bearer: {use: token}}
    do:
      - get:
          call: http
          with:
            method: get
            endpoint: {uri: 'https://services.example/bearer/{reversed}', authentication: {use: service}}
            output: response
          output: {as: '{authenticated: .content.authenticated, shown: .content.token, sent: .request.headers.Authorization}'}
      - read:
          input: {from: '{token: $secrets.token}'}
          set: {before: '${ . }', authenticated: '${ true }'}
          output: {as: .authenticated}
    """
    And given the workflow input is:
    """yaml
    reversed: nek0t-t3rc3s
    """
    When the workflow is executed
    Then the workflow should complete
    And 's3cr3t-t0ken' should be neither printed nor kept

  Scenario: D69 A secret without a file is an authorization error that names it
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d69-a-secret-without-a-file-is-an-authorization-error-that-n, version: '1.0.0'}
    use: {secrets: [token]}
    do:
      - guarded:
          try:
            - get:
                call: http
                with:
                  method: get
                  endpoint: {uri: https://services.example/bearer/x, authentication: {bearer: {use: token}}}
          catch:
            errors: {with: {status: 403, type: https://serverlessworkflow.io/spec/1.0.0/errors/authorization}}
            do:
              - report: {set: {names: '${ $error.detail | contains("''token''") }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    names: true
    """

  Scenario: D69 A secret that the settings do not have is found by the check
    Given the project file 'gantry.yaml' is:
    """yaml
    secrets: {token: secrets/token}
    """
    Given the project file 'secrets/token' is:
    """yaml
    x
    """
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d69-a-secret-that-the-settings-do-not-have-is-found-by-the-c, version: '1.0.0'}
    use: {secrets: [tokn]}
    do:
      - a: {set: {x: 1}}
    """
    When the workflow is executed
    Then the workflow should be refused with:
    """yaml
    2:17: secret 'tokn' has no file under 'secrets' in gantry.yaml; did you mean 'token'?
    """

  Scenario: D71 An operation of an OpenAPI 3 document is called
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d71-an-operation-of-an-openapi-3-document-is-called, version: '1.0.0'}
    do:
      - echo:
          call: openapi
          with:
            document: {endpoint: https://services.example/openapi.json}
            operationId: echo
            parameters: {thing: a/b c, tags: '${ .tags }', X-Trace: t-2}
    """
    And given the workflow input is:
    """yaml
    tags: [x, y]
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    method: GET
    thing: a/b c
    query: {tags: [x|y]}
    trace: t-2
    body: null
    """

  Scenario: D71 An OpenAPI document of the project needs no fetch and is checked
    Given the project file 'gantry.yaml' is:
    """yaml
    egress: {allow: [services.example]}
    """
    Given the project file 'openapi/echo.yaml' is:
    """yaml
    openapi: 3.1.0
    servers: [{url: 'https://services.example/v3'}]
    paths: {'/echo/{thing}': {get: {operationId: echo, parameters: [{name: thing, in: path, required: true}]}}}
    """
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d71-an-openapi-document-of-the-project-needs-no-fetch-and-is, version: '1.0.0'}
    do:
      - echo:
          call: openapi
          with:
            document: {endpoint: openapi/echo.yaml}
            operationId: ecko
    """
    When the workflow is executed
    Then the workflow should be refused with:
    """yaml
    the document has no operation 'ecko'; did you mean 'echo'?
    """

  Scenario: D75 A function is called by its name with arguments
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d75-a-function-is-called-by-its-name-with-arguments, version: '1.0.0'}
    use:
      functions:
        greet:
          set: {text: '${ "Hello \(.name)" }'}
        twice:
          do:
            - first: {call: greet, with: {name: '${ .who }'}}
            - second: {set: {text: '${ .text + "!" }'}}
    do:
      - loop:
          for: {each: name, in: '["Ada", "Ben"]'}
          do:
            - call: {call: twice, with: {who: '${ $name }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    text: Hello Ben!
    """
    And greet should run 2 times

  Scenario: D76 A function of the default catalog is called
    Given the project file 'decisions/size.yaml' is:
    """yaml
    decision: size
    version: 1.0.0
    question: How big is it?
    input: {type: object, required: [weight]}
    answer: {enum: [big, small]}
    inputs: {weight: .weight}
    rules:
      - {id: heavy, match: {weight: '> 100'}, answer: big}
      - {id: light, match: {weight: '<= 100'}, answer: small}
    """
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d76-a-function-of-the-default-catalog-is-called, version: '1.0.0'}
    do:
      - judge:
          call: decide:1.0.0@default
          with: {decision: size, input: '${ . }'}
    """
    And given the workflow input is:
    """yaml
    weight: 200
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    big
    """

  Scenario: D76 A guardrail passes its value on
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d76-a-guardrail-passes-its-value-on, version: '1.0.0'}
    do:
      - check:
          call: guardrail:1.0.0@default
          with: {schema: {type: object, required: [amount]}, condition: .amount <= 100}
    """
    And given the workflow input is:
    """yaml
    amount: 50
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    amount: 50
    """

  Scenario: D76 A guardrail that does not hold is a validation error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d76-a-guardrail-that-does-not-hold-is-a-validation-error, version: '1.0.0'}
    do:
      - check:
          call: guardrail
          with: {value: '${ .amount }', condition: . <= 100, message: '${ "\(.amount) is too much" }'}
    """
    And given the workflow input is:
    """yaml
    amount: 500
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    status: 400
    type: https://open-workflow-specification.org/spec/1.0.0/errors/validation
    title: Guardrail
    detail: 500 is too much
    instance: /do/0/check
    """

  Scenario: D77 A workflow gives its output to the one that runs it
    Given the project file 'workflows/child.yaml' is:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: child, version: '1.0.0'}
    do:
      - rest: {wait: {milliseconds: 20}}
      - answer: {set: {got: '${ $workflow.input }'}}
    """
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d77-a-workflow-gives-its-output-to-the-one-that-runs-it, version: '1.0.0'}
    do:
      - sub:
          run:
            workflow: {namespace: gantry, name: child, version: '1.0.0', input: {n: '${ .n }'}}
    """
    And given the workflow input is:
    """yaml
    n: 3
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    got: {n: 3}
    """

  Scenario: D77 Without await the input goes on
    Given the project file 'workflows/child.yaml' is:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: child, version: '1.0.0'}
    do:
      - rest: {wait: {milliseconds: 20}}
      - answer: {set: {got: '${ $workflow.input }'}}
    """
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d77-without-await-the-input-goes-on, version: '1.0.0'}
    do:
      - sub:
          run:
            await: false
            workflow: {namespace: gantry, name: child, version: '1.0.0', input: {n: '${ .n }'}}
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

  Scenario: D77 The fault of a workflow is that of the task that runs it
    Given the project file 'workflows/broken.yaml' is:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: broken, version: '1.0.0'}
    do:
      - breaks: {raise: {error: {type: https://example.com/broken, status: 418}}}
    """
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d77-the-fault-of-a-workflow-is-that-of-the-task-that-runs-it, version: '1.0.0'}
    do:
      - sub:
          run: {workflow: {namespace: gantry, name: broken, version: '1.0.0'}}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    status: 418
    type: https://example.com/broken
    instance: /do/0/sub
    """
