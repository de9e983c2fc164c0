Feature: Loops, forks, errors and time beyond the standard's scenarios

  Scenario: While ends a loop and scopes nest
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: loops, version: '1.0.0'}
    do:
      - outer:
          for: {each: a, at: i, in: '["x", "y", "z"]'}
          while: $i < 2
          do:
            - inner:
                for: {each: b, in: '[1, 2]'}
                do:
                  - add:
                      set: {all: '${ .all + [$a + ($b | tostring)] }'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    all: [x1, x2, y1, y2]
    """

  Scenario: A fork gives its outputs in the order of declaration
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: fork, version: '1.0.0'}
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

  Scenario: The first of competing branches wins
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: race, version: '1.0.0'}
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

  Scenario: The fault of a branch cancels its siblings
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: branch-fault, version: '1.0.0'}
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

  Scenario: A count of two means three runs
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: retry, version: '1.0.0'}
    do:
      - guarded:
          try:
            - count:
                set: {n: 1}
                export: {as: ($context // 0) + 1}
            - breaks:
                raise: {error: {type: https://example.com/broken, status: 503}}
          catch:
            errors: {with: {status: 503}}
            retry:
              delay: {milliseconds: 10}
              backoff: {exponential: {}}
              limit: {attempt: {count: 2}}
            do:
              - report:
                  set: {runs: '${ $context }', status: '${ $error.status }'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    runs: 3
    status: 503
    """

  Scenario: A timeout is an error that can be caught
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: timeout, version: '1.0.0'}
    do:
      - guarded:
          try:
            - rest:
                wait: PT1H
                timeout: {after: {milliseconds: 50}}
          catch:
            errors: {with: {type: https://serverlessworkflow.io/spec/1.0.0/errors/timeout}}
            as: late
            do:
              - report:
                  set: {status: '${ $late.status }', at: '${ $late.instance }'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    status: 408
    at: /do/0/guarded/try/0/rest
    """

  Scenario: The timeout of the workflow faults it
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: workflow-timeout, version: '1.0.0'}
    timeout: {after: {milliseconds: 50}}
    do:
      - rest:
          wait: PT1H
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    status: 408
    type: https://open-workflow-specification.org/spec/1.0.0/errors/timeout
    """
