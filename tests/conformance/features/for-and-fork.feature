Feature: Loops and forks beyond the standard's scenarios

  Scenario: D27 Item and index have the names that the author gives
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d27-item-and-index-have-the-names-that-the-author-gives, version: '1.0.0'}
    do:
      - loop:
          for: {each: pet, at: place, in: .pets}
          do:
            - add:
                set: {names: '${ .names + ["\($place) \($pet)"] }'}
    """
    And given the workflow input is:
    """yaml
    pets: [Milou, Idefix]
    names: []
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    names: [0 Milou, 1 Idefix]
    """

  Scenario: D28 While ends a loop
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d28-while-ends-a-loop, version: '1.0.0'}
    do:
      - loop:
          for: {each: n, in: '[1, 2, 3, 4]'}
          while: (.sum // 0) < 3
          do:
            - add:
                set: {sum: '${ (.sum // 0) + $n }'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    sum: 3
    """
    And add should run 2 times

  Scenario: D29 Without items the input goes on
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d29-without-items-the-input-goes-on, version: '1.0.0'}
    do:
      - loop:
          for: {in: .none}
          do:
            - never:
                set: {x: 1}
    """
    And given the workflow input is:
    """yaml
    none: []
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    none: []
    """
    And never should run 0 times

  Scenario: D30 Scopes nest and an inner name hides an outer one
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d30-scopes-nest-and-an-inner-name-hides-an-outer-one, version: '1.0.0'}
    do:
      - outer:
          for: {each: a, at: i, in: '["x", "y"]'}
          do:
            - inner:
                for: {each: b, at: i, in: '[1, 2]'}
                do:
                  - add:
                      set: {all: '${ .all + ["\($a)\($b)\($i)"] }'}
            - back:
                set: {all: '${ .all + [$i] }'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    all: [x10, x21, 0, y10, y21, 1]
    """

  Scenario: D31 A fork gives its outputs in the order of declaration
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d31-a-fork-gives-its-outputs-in-the-order-of-declaration, version: '1.0.0'}
    do:
      - both:
          fork:
            branches:
              - slow:
                  do:
                    - rest: {wait: {milliseconds: 200}}
                    - a: {set: {n: 1}}
              - quick:
                  set: {n: 2}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    - {n: 1}
    - {n: 2}
    """

  Scenario: D32 The first of competing branches wins and the others are cancelled
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d32-the-first-of-competing-branches-wins-and-the-others-are, version: '1.0.0'}
    do:
      - race:
          fork:
            compete: true
            branches:
              - slow:
                  do:
                    - rest: {wait: PT1H}
                    - a: {set: {n: 1}}
              - quick:
                  do:
                    - nap: {wait: {milliseconds: 50}}
                    - b: {set: {n: 2}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    n: 2
    """
    And slow should be cancelled
    And rest should be cancelled
    And quick should be completed

  Scenario: D33 The fault of a branch cancels its siblings
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d33-the-fault-of-a-branch-cancels-its-siblings, version: '1.0.0'}
    do:
      - both:
          fork:
            branches:
              - waits:
                  wait: PT1H
              - breaks:
                  raise: {error: {type: https://example.com/broken, status: 418, title: Broken}}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    status: 418
    type: https://example.com/broken
    instance: /do/0/both/fork/branches/1/breaks
    """
    And waits should be cancelled

  Scenario: D34 A branch has a context of its own, the fork's export survives
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d34-a-branch-has-a-context-of-its-own-the-fork-s-export-surv, version: '1.0.0'}
    do:
      - before:
          set: {x: 1}
          export: {as: '{seen: [.x]}'}
      - both:
          fork:
            branches:
              - left:
                  do:
                    - a: {set: {x: 2}, export: {as: '{seen: ($context.seen + [.x])}'}}
                    - b: {set: {left: '${ $context.seen }'}}
              - right:
                  do:
                    - c: {wait: {milliseconds: 50}}
                    - d: {set: {right: '${ $context.seen }'}}
          export: {as: '$context + {forked: true}'}
      - after:
          set: {outputs: '${ . }', context: '${ $context }'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    outputs: [{left: [1, 2]}, {right: [1]}]
    context: {seen: [1], forked: true}
    """
