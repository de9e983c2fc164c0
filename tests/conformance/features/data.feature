Feature: Data beyond the standard's scenarios
  Schemas, the context, arguments, and expressions in data.

  Scenario: An input that does not fit faults the workflow
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: input-schema, version: '1.0.0'}
    input:
      schema: {document: {type: object, required: [id]}}
    do:
      - a:
          set: {x: 1}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    status: 400
    type: https://open-workflow-specification.org/spec/1.0.0/errors/validation
    instance: /input/schema
    """

  Scenario: Export replaces the context
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: export, version: '1.0.0'}
    do:
      - a:
          set: {x: 1}
          export: {as: '$context + {a: .x}'}
      - b:
          set: {x: 2}
          export: {as: '{b: .x}'}
      - c:
          set: {context: '${ $context }'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    context: {b: 2}
    """

  Scenario: The four inputs are distinct
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: inputs, version: '1.0.0'}
    input: {from: .a}
    do:
      - task:
          input: {from: .b}
          set:
            dot: ${ . }
            input: ${ $input }
            task: ${ $task.input }
            workflow: ${ $workflow.input }
            reference: ${ $task.reference }
    """
    And given the workflow input is:
    """yaml
    a: {b: 1}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    dot: 1
    input: 1
    task: {b: 1}
    workflow: {a: {b: 1}}
    reference: /do/0/task
    """

  Scenario: Expressions in input data stay text
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: injection, version: '1.0.0'}
    do:
      - a:
          set: {copy: '${ .text }'}
      - b:
          set: {copy: '${ .copy }'}
    """
    And given the workflow input is:
    """yaml
    text: ${ 1 + 1 }
    """
    When the workflow is executed
    Then the workflow should complete
    And the workflow output should have a 'copy' property with value:
    """yaml
    ${ 1 + 1 }
    """

  Scenario: An expression that fails faults at its task
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: expression-error, version: '1.0.0'}
    do:
      - outer:
          do:
            - a:
                set: {x: '${ 1 + "a" }'}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    status: 400
    type: https://open-workflow-specification.org/spec/1.0.0/errors/expression
    instance: /do/0/outer/do/0/a
    """

  Scenario: Big integers stay exact
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: integers, version: '1.0.0'}
    do:
      - a:
          set: {x: '${ .n }'}
    """
    And given the workflow input is:
    """yaml
    n: 9007199254740993
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    x: 9007199254740993
    """
