Feature: Flow beyond the standard's scenarios
  Exit, end, conditions and loops by jumping back.

  Scenario: Exit leaves the nested do only
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: exit, version: '1.0.0'}
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

  Scenario: End in a nested do ends the workflow
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: end, version: '1.0.0'}
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

  Scenario: A false condition passes the raw input on
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: skip, version: '1.0.0'}
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

  Scenario: A jump back is a loop
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: loop, version: '1.0.0'}
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
