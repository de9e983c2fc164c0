Feature: Extensions beyond the standard's scenarios

  Scenario: D78 Before in the order of the file, after in the opposite order
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d78-before-in-the-order-of-the-file-after-in-the-opposite-or, version: '1.0.0'}
    use:
      extensions:
        - outer:
            extend: set
            before: [{b1: {set: {x: 0}, export: {as: '$context + ["before outer \($task.name)"]'}}}]
            after: [{a1: {set: {x: 0}, export: {as: '$context + ["after outer \($task.output.x)"]'}}}]
        - inner:
            extend: all
            before: [{b2: {set: {x: 0}, export: {as: '$context + ["before inner"]'}}}]
            after: [{a2: {set: {x: 0}, export: {as: '$context + ["after inner"]'}}}]
    do:
      - task:
          set: {x: '${ .n + 1 }'}
          export: {as: '$context + ["task"]'}
      - result:
          if: '1 == 1'
          wait: {milliseconds: 1}
          output: {as: '{x: .x, order: $context}'}
    """
    And given the workflow input is:
    """yaml
    n: 1
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    x: 2
    order: [before outer task, before inner, task, after inner, after outer 2, before inner]
    """
    And b1 should run first
    And task should run after b2
    And a2 should run after task
    And a1 should run after a2

  Scenario: D79 When decides to which tasks an extension applies
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d79-when-decides-to-which-tasks-an-extension-applies, version: '1.0.0'}
    use:
      extensions:
        - guard:
            extend: call
            when: $task.with.decision == null and $task.name != "plain"
            before: [{refuse: {raise: {error: {type: https://example.com/refused, status: 403, title: '${ $task.name }'}}}}]
    do:
      - plain: {call: guardrail, with: {condition: 'true'}}
      - other: {set: {x: 1}}
      - refused: {call: guardrail, with: {condition: 'true'}}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    status: 403
    type: https://example.com/refused
    title: refused
    """
    And other should be completed
    And plain should be completed

  Scenario: D80 Exit in before replaces the task
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d80-exit-in-before-replaces-the-task, version: '1.0.0'}
    use:
      extensions:
        - mock:
            extend: call
            when: ($task.with.endpoint.uri // "") | startswith("https://mocked.example")
            before:
              - answer:
                  set: {statusCode: 200, content: {foo: bar}}
                  then: exit
    do:
      - get:
          call: http
          with: {method: get, endpoint: {uri: https://mocked.example/sample}}
          output: {as: .content}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    foo: bar
    """
    And get should be completed

  Scenario: D81 No extension applies to the tasks of extensions
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d81-no-extension-applies-to-the-tasks-of-extensions, version: '1.0.0'}
    use:
      extensions:
        - count:
            extend: all
            before: [{counted: {do: [{step: {set: {x: 0}, export: {as: ($context // 0) + 1}}}]}}]
    do:
      - a: {set: {x: 1}}
      - b: {do: [{c: {set: {x: 2}}}]}
      - d: {set: {count: '${ $context }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    count: 4
    """
    And counted should run 4 times
