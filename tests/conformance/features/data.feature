Feature: Data beyond the standard's scenarios
  Schemas, the context, arguments, and expressions in data.

  Scenario: D7 The workflow's input is filtered
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d7-the-workflow-s-input-is-filtered, version: '1.0.0'}
    input: {from: .order}
    do:
      - a:
          set: {all: '${ . }'}
    """
    And given the workflow input is:
    """yaml
    order: {id: 7}
    noise: true
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    all: {id: 7}
    """

  Scenario: D8 An input that does not fit faults the workflow
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d8-an-input-that-does-not-fit-faults-the-workflow, version: '1.0.0'}
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

  Scenario: D9 An input that does not fit its task faults at the task
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d9-an-input-that-does-not-fit-its-task-faults-at-the-task, version: '1.0.0'}
    do:
      - a:
          set: {id: seven}
      - b:
          input:
            schema: {document: {type: object, properties: {id: {type: integer}}}}
          set: {x: 1}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    status: 400
    type: https://open-workflow-specification.org/spec/1.0.0/errors/validation
    instance: /do/1/b
    """

  Scenario: D10 An output may be put together anew
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d10-an-output-may-be-put-together-anew, version: '1.0.0'}
    do:
      - a:
          set: {first: 1, second: 2}
          output:
            as: {sum: '${ .first + .second }', parts: ['${ .first }', literal]}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    sum: 3
    parts: [1, literal]
    """

  Scenario: D11 An output that does not fit faults at the task
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d11-an-output-that-does-not-fit-faults-at-the-task, version: '1.0.0'}
    do:
      - a:
          set: {id: seven}
          output:
            schema: {document: {type: object, properties: {id: {type: integer}}}}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    status: 400
    type: https://open-workflow-specification.org/spec/1.0.0/errors/validation
    instance: /do/0/a
    """

  Scenario: D12 Export replaces the context
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d12-export-replaces-the-context, version: '1.0.0'}
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

  Scenario: D13 The context is null at first and can be added to
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d13-the-context-is-null-at-first-and-can-be-added-to, version: '1.0.0'}
    do:
      - a:
          set: {was: '${ $context }', x: 1}
          export: {as: '$context + .'}
      - b:
          set: {y: 2}
          export: {as: '$context + .'}
      - c:
          set: {context: '${ $context }'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    context: {was: null, x: 1, y: 2}
    """

  Scenario: D14 An export that does not fit faults at the task
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d14-an-export-that-does-not-fit-faults-at-the-task, version: '1.0.0'}
    do:
      - a:
          set: {x: 1}
          export:
            as: '{total: .x}'
            schema: {document: {type: object, properties: {total: {type: string}}}}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    status: 400
    type: https://open-workflow-specification.org/spec/1.0.0/errors/validation
    instance: /do/0/a
    """

  Scenario: D15 The workflow's output is put together at the end
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d15-the-workflow-s-output-is-put-together-at-the-end, version: '1.0.0'}
    output:
      as: {result: '${ .x }', from: '${ $workflow.input.id }', context: '${ $context }'}
    do:
      - a:
          set: {x: 1}
          export: {as: .x + 1}
    """
    And given the workflow input is:
    """yaml
    id: 9
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    result: 1
    from: 9
    context: 2
    """

  Scenario: D16 The four inputs are distinct
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d16-the-four-inputs-are-distinct, version: '1.0.0'}
    input: {from: .a}
    do:
      - task:
          input: {from: .b}
          set:
            dot: ${ . }
            input: ${ $input }
            task: ${ $task.input }
            workflow: ${ $workflow.input }
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
    """

  Scenario: D17 Task, workflow and runtime describe themselves
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d17-task-workflow-and-runtime-describe-themselves, version: '1.0.0'}
    do:
      - outer:
          do:
            - inner:
                set:
                  name: ${ $task.name }
                  reference: ${ $task.reference }
                  keys: ${ $task.definition | keys }
                  started: ${ $task.startedAt.epoch.seconds >= $workflow.startedAt.epoch.seconds }
                  workflow: ${ $workflow.definition.document.name }
                  id: ${ $workflow.id | type }
                  runtime: ${ $runtime.name }
                output: {as: '. + {raw: $task.output.name}'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    name: inner
    reference: /do/0/outer/do/0/inner
    keys: [output, set]
    started: true
    workflow: d17-task-workflow-and-runtime-describe-themselves
    id: string
    runtime: gantry
    raw: inner
    """

  Scenario: D18 Expressions in input data stay text
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d18-expressions-in-input-data-stay-text, version: '1.0.0'}
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
