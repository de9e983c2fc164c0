Feature: Expressions beyond the standard's scenarios

  Scenario: D19 A mistake in an expression is found before anything runs
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d19-a-mistake-in-an-expression-is-found-before-anything-runs, version: '1.0.0'}
    do:
      - a:
          set: {x: '${ .a + }'}
    """
    When the workflow is executed
    Then the workflow should be refused with:
    """yaml
    4:25: expression: found the end of the program
    """

  Scenario: D20 An expression that fails faults at its task
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d20-an-expression-that-fails-faults-at-its-task, version: '1.0.0'}
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

  Scenario: D21 Of several values the first counts
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d21-of-several-values-the-first-counts, version: '1.0.0'}
    do:
      - a:
          set: {x: '${ .list[] }'}
    """
    And given the workflow input is:
    """yaml
    list: [3, 2, 1]
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    x: 3
    """

  Scenario: D22 No value is an error
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d22-no-value-is-an-error, version: '1.0.0'}
    do:
      - a:
          set: {x: '${ .list[] }'}
    """
    And given the workflow input is:
    """yaml
    list: []
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    status: 400
    type: https://open-workflow-specification.org/spec/1.0.0/errors/expression
    instance: /do/0/a
    """

  Scenario: D23 Null is a value and is kept
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d23-null-is-a-value-and-is-kept, version: '1.0.0'}
    do:
      - a:
          set: {missing: '${ .nothing }', given: '${ .null }', list: '${ [.nothing] }'}
    """
    And given the workflow input is:
    """yaml
    null: null
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    missing: null
    given: null
    list: [null]
    """

  Scenario: D24 An expression can't reach the environment
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d24-an-expression-can-t-reach-the-environment, version: '1.0.0'}
    do:
      - a:
          set: {x: '${ $ENV.HOME }'}
    """
    When the workflow is executed
    Then the workflow should be refused with:
    """yaml
    4:
    """

  Scenario: D24 An expression can't reach the environment by function
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d24-an-expression-can-t-reach-the-environment-by-function, version: '1.0.0'}
    do:
      - a:
          set: {x: '${ env }'}
    """
    When the workflow is executed
    Then the workflow should be refused with:
    """yaml
    4:
    """

  Scenario: D24 An expression can't reach the outside input
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d24-an-expression-can-t-reach-the-outside-input, version: '1.0.0'}
    do:
      - a:
          set: {x: '${ input }'}
    """
    When the workflow is executed
    Then the workflow should be refused with:
    """yaml
    4:
    """

  Scenario: D24 An expression can't reach the modules
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d24-an-expression-can-t-reach-the-modules, version: '1.0.0'}
    do:
      - a:
          set: {x: '${ include "x"; 1 }'}
    """
    When the workflow is executed
    Then the workflow should be refused with:
    """yaml
    4:
    """

  Scenario: D25 An expression that never ends is an error and the workflow goes on
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d25-an-expression-that-never-ends-is-an-error-and-the-workfl, version: '1.0.0'}
    do:
      - guarded:
          try:
            - endless:
                set: {x: '${ def f: f; f }'}
          catch:
            errors: {with: {status: 400}}
            as: problem
            do:
              - report:
                  set: {type: '${ $problem.type | split("/") | last }', at: '${ $problem.instance }'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    type: expression
    at: /do/0/guarded/try/0/endless
    """

  Scenario: D26 Big integers stay exact
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d26-big-integers-stay-exact, version: '1.0.0'}
    do:
      - a:
          set: {x: '${ .n }', next: '${ .n + 1 }'}
    """
    And given the workflow input is:
    """yaml
    n: 9007199254740993
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    x: 9007199254740993
    next: 9007199254740994
    """
