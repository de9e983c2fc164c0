Feature: MCP servers, as the standard's call: mcp speaks to them
  https://services.example/mcp is the stub of stub_services.py.

  Scenario: D72 The tools of a server are listed
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d72-the-tools-of-a-server-are-listed, version: '1.0.0'}
    do:
      - list:
          call: mcp
          with:
            method: tools/list
            transport: {http: {endpoint: https://services.example/mcp}}
          output: {as: '{names: [.tools[].name]}'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    names: [add, divide]
    """

  Scenario: D73 A tool of a server is called
    Given the project file 'gantry.yaml' is:
    """yaml
    egress: {allow: [services.example]}
    """
    Given the project file 'policies/tools.yaml' is:
    """yaml
    policy: tools
    version: 1.0.0
    rules: [{id: call, tools: [mcp.callTool], verdict: allow}]
    """
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d73-a-tool-of-a-server-is-called, version: '1.0.0'}
    do:
      - add:
          call: mcp
          with:
            method: tools/call
            parameters: {name: add, arguments: {left: 2, right: "${ .right }"}}
            protocolVersion: '2025-06-18'
            timeout: {seconds: 20}
            client: {name: tester, version: '1.0.0'}
            transport: {http: {endpoint: {uri: 'https://services.example/{door}'}, headers: {X-Trace: t-1}}}
          output: {as: .structuredContent}
    """
    And given the workflow input is:
    """yaml
    {right: 40, door: mcp}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    sum: 42
    """

  Scenario: D73 Calling a tool is a write, which a file of its own may not do
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d73-calling-a-tool-is-a-write-which-a-file-of-its-own-may-not, version: '1.0.0'}
    do:
      - add:
          call: mcp
          with:
            method: tools/call
            parameters: {name: add, arguments: {left: 2, right: 40}}
            transport: {http: {endpoint: https://services.example/mcp}}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    type: https://open-workflow-specification.org/spec/1.0.0/errors/authorization
    status: 403
    """

  Scenario: D74 An error of a server is a runtime error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d74-an-error-of-a-server-is-a-runtime-error, version: '1.0.0'}
    do:
      - read:
          try:
            - read:
                call: mcp
                with:
                  method: resources/read
                  parameters: {uri: 'memo://none'}
                  transport: {http: {endpoint: https://services.example/mcp}}
          catch:
            errors: {with: {type: https://serverlessworkflow.io/spec/1.0.0/errors/runtime}}
            as: error
            do:
              - tell: {set: {told: "${ $error.detail | test(\"no such resource\") }"}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    told: true
    """

  Scenario: D74 A tool that fails is a runtime error
    Given the project file 'gantry.yaml' is:
    """yaml
    egress: {allow: [services.example]}
    """
    Given the project file 'policies/tools.yaml' is:
    """yaml
    policy: tools
    version: 1.0.0
    rules: [{id: call, tools: [mcp.callTool], verdict: allow}]
    """
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d74-a-tool-that-fails-is-a-runtime-error, version: '1.0.0'}
    do:
      - divide:
          call: mcp
          with:
            method: tools/call
            parameters: {name: divide, arguments: {left: 1, right: 0}}
            transport: {http: {endpoint: https://services.example/mcp}}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    type: https://open-workflow-specification.org/spec/1.0.0/errors/runtime
    status: 500
    """

  Scenario: D72 Which program a server is may not be computed
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d72-which-program-a-server-is-may-not-be-computed, version: '1.0.0'}
    do:
      - list:
          call: mcp
          with:
            method: tools/list
            transport: {stdio: {command: "${ .program }"}}
    """
    When the workflow is executed
    Then the workflow should be refused with:
    """yaml
    the command may not be computed: which program runs is said by the author alone
    """
