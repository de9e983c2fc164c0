Feature: Flow beyond the standard's scenarios

  Scenario: D1 Exit leaves the nested do only
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d1-exit-leaves-the-nested-do-only, version: '1.0.0'}
    do:
      - outer:
          do:
            - first:
                set: {a: 1}
                then: exit
            - never:
                set: {a: 2}
      - last:
          set: {b: '${ .a }'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    b: 1
    """
    And outer should run first
    And last should run after first
    And last should run last

  Scenario: D2 End in a nested do ends the workflow
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d2-end-in-a-nested-do-ends-the-workflow, version: '1.0.0'}
    do:
      - outer:
          do:
            - first:
                set: {a: 1}
                then: end
      - never:
          set: {a: 2}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    a: 1
    """
    And first should run last

  Scenario: D3 A jump into another list is refused
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d3-a-jump-into-another-list-is-refused, version: '1.0.0'}
    do:
      - outer:
          do:
            - first:
                set: {a: 1}
                then: last
      - last:
          set: {a: 2}
    """
    When the workflow is executed
    Then the workflow should be refused with:
    """yaml
    7:19: 'then' goes to tasks of the same list only; 'last' is in another list, in line 8
    """

  Scenario: D4 A false condition passes the raw input on
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d4-a-false-condition-passes-the-raw-input-on, version: '1.0.0'}
    do:
      - skipped:
          if: .wanted
          input: {from: .x}
          set: {a: 1}
      - last:
          set: {seen: '${ . }'}
    """
    And given the workflow input is:
    """yaml
    wanted: false
    x: 5
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    seen: {wanted: false, x: 5}
    """
    And last should run first
    And skipped should be skipped

  Scenario: D5 A jump back is a loop
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d5-a-jump-back-is-a-loop, version: '1.0.0'}
    do:
      - count:
          set: {n: '${ .n + 1 }'}
      - again:
          switch:
            - more: {when: .n < 5, then: count}
            - enough: {then: end}
    """
    And given the workflow input is:
    """yaml
    n: 0
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    n: 5
    """
    And again should run last
    And count should run 5 times

  Scenario: D6 A switch without a match goes on
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d6-a-switch-without-a-match-goes-on, version: '1.0.0'}
    do:
      - choose:
          switch:
            - big: {when: .n > 10, then: never}
      - next:
          set: {n: '${ .n }', next: true}
          then: end
      - never:
          set: {never: true}
    """
    And given the workflow input is:
    """yaml
    n: 1
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    n: 1
    next: true
    """
    And next should run after choose

  Scenario: D1 An empty list of tasks passes its input on
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d1-an-empty-list-of-tasks-passes-its-input-on, version: '1.0.0'}
    do:
      - first: {do: []}
      - second: {for: {in: '[1, 2]'}, do: []}
      - third: {try: [], catch: {do: []}}
    """
    And given the workflow input is:
    """yaml
    n: 1
    """
    When the workflow is executed
    Then the workflow should complete
    And the workflow should complete with output:
    """yaml
    n: 1
    """
