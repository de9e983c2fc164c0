Feature: Time beyond the standard's scenarios

  Scenario: D46 A timeout is an error that can be caught
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d46-a-timeout-is-an-error-that-can-be-caught, version: '1.0.0'}
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

  Scenario: D47 The timeout of the workflow faults it
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d47-the-timeout-of-the-workflow-faults-it, version: '1.0.0'}
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
