Feature: Errors and retries beyond the standard's scenarios
  What takes time is shown with a clock of its own by unit tests; see README.md.

  Scenario: D35 An error is caught by its status alone
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d35-an-error-is-caught-by-its-status-alone, version: '1.0.0'}
    do:
      - guarded:
          try:
            - breaks:
                raise: {error: {type: https://example.com/broken, status: 418}}
          catch:
            errors: {with: {status: 418}}
            do:
              - report: {set: {caught: '${ $error.type }'}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    caught: https://example.com/broken
    """

  Scenario: D35 An error with another status is not caught
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d35-an-error-with-another-status-is-not-caught, version: '1.0.0'}
    do:
      - guarded:
          try:
            - breaks:
                raise: {error: {type: https://example.com/broken, status: 418}}
          catch:
            errors: {with: {status: 500}}
            do:
              - report: {set: {caught: true}}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    status: 418
    type: https://example.com/broken
    """

  Scenario: D36 When decides whether an error is caught
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d36-when-decides-whether-an-error-is-caught, version: '1.0.0'}
    do:
      - guarded:
          try:
            - inner:
                try:
                  - breaks: {raise: {error: {type: https://example.com/broken, status: 418, title: Broken}}}
                catch:
                  as: problem
                  when: $problem.title == "Whole"
                  do: [{wrong: {set: {wrong: true}}}]
          catch:
            as: problem
            when: $problem.title == "Broken"
            do: [{right: {set: {right: true}}}]
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    right: true
    """

  Scenario: D37 ExceptWhen lets an error pass
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d37-exceptwhen-lets-an-error-pass, version: '1.0.0'}
    do:
      - guarded:
          try:
            - inner:
                try:
                  - breaks: {raise: {error: {type: https://example.com/broken, status: 418, title: Broken}}}
                catch:
                  exceptWhen: $error.status == 418
                  do: [{wrong: {set: {wrong: true}}}]
          catch:
            exceptWhen: $error.status == 500
            do: [{right: {set: {right: true}}}]
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    right: true
    """

  Scenario: D38 A count of five means six runs
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d38-a-count-of-five-means-six-runs, version: '1.0.0'}
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
              delay: {milliseconds: 1}
              backoff: {exponential: {}}
              limit: {attempt: {count: 5}}
            do:
              - report:
                  set: {runs: '${ $context }', status: '${ $error.status }'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    runs: 6
    status: 503
    """
    And breaks should run 6 times

  Scenario: D43 A retry policy is written once and used by name
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d43-a-retry-policy-is-written-once-and-used-by-name, version: '1.0.0'}
    use:
      retries:
        twice: {delay: {milliseconds: 1}, limit: {attempt: {count: 2}}}
    do:
      - first:
          try: [{a: {raise: {error: {type: https://example.com/a, status: 500}}}}]
          catch: {retry: twice, do: [{c: {set: {x: 1}}}]}
      - second:
          try: [{b: {raise: {error: {type: https://example.com/b, status: 500}}}}]
          catch: {retry: twice, do: [{d: {set: {x: 2}}}]}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    x: 2
    """
    And a should run 3 times
    And b should run 3 times

  Scenario: D44 An error of the handler goes on
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d44-an-error-of-the-handler-goes-on, version: '1.0.0'}
    do:
      - guarded:
          try:
            - breaks: {raise: {error: {type: https://example.com/first, status: 500}}}
          catch:
            do:
              - worse: {raise: {error: {type: https://example.com/second, status: 501}}}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    status: 501
    type: https://example.com/second
    instance: /do/0/guarded/catch/do/0/worse
    """

  Scenario: D45 The four spellings of a standard error match
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d45-the-four-spellings-of-a-standard-error-match, version: '1.0.0'}
    do:
      - loop:
          for: {each: spelling, in: '["https://serverlessworkflow.io/spec/1.0.0/errors/", "https://serverlessworkflow.io/dsl/errors/types/", "https://open-workflow-specification.org/spec/1.0.0/errors/", "https://open-workflow-specification.org/dsl/errors/types/"]'}
          do:
            - guarded:
                try:
                  - breaks: {raise: {error: {type: '${ $spelling + "timeout" }', status: 408}}}
                catch:
                  errors: {with: {type: https://serverlessworkflow.io/dsl/errors/types/timeout}}
                  do:
                    - old: {set: {caught: '${ .caught + 1 }'}}
            - again:
                try:
                  - breaks: {raise: {error: {type: '${ $spelling + "timeout" }', status: 408}}}
                catch:
                  errors: {with: {type: https://open-workflow-specification.org/spec/1.0.0/errors/timeout}}
                  do:
                    - new: {set: {caught: '${ .caught + 1 }'}}
    """
    And given the workflow input is:
    """yaml
    caught: 0
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    caught: 8
    """
