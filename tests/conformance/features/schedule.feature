Feature: Schedules, and waits of any length, on a clock that jumps

  Scenario: D39 Exponential delays
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d39, version: '1.0.0'}
    do:
      - again:
          try:
            - fails: {raise: {error: {type: https://example.com/no, status: 503}}}
          catch:
            retry: {delay: PT1M, backoff: {exponential: {}}, limit: {attempt: {count: 3}}}
            do: [{stop: {set: {tried: true}}}]
    """
    And waits take no time
    When the workflow is executed
    Then the workflow should complete
    And fails should run 4 times
    And run 2 of fails should start 1 minutes after the first
    And run 3 of fails should start 3 minutes after the first
    And run 4 of fails should start 7 minutes after the first

  Scenario: D41 The whole time of retries is limited
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d41, version: '1.0.0'}
    do:
      - again:
          try:
            - fails: {raise: {error: {type: https://example.com/no, status: 503}}}
          catch:
            retry: {delay: PT1M, backoff: {exponential: {}}, limit: {duration: PT5M}}
            do: [{stop: {set: {tried: true}}}]
    """
    And waits take no time
    When the workflow is executed
    Then the workflow should complete
    And fails should run 3 times

  Scenario: D42 An attempt that takes too long is a timeout
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d42, version: '1.0.0'}
    do:
      - again:
          try:
            - rests: {wait: PT1H}
          catch:
            errors: {with: {status: 408}}
            retry: {delay: PT1M, limit: {attempt: {count: 1, duration: PT5M}}}
            do: [{stop: {set: {late: true}}}]
    """
    And waits take no time
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    late: true
    """
    And rests should run 2 times
    And run 2 of rests should start 6 minutes after the first

  Scenario: D48 Waits in all three forms
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d48, version: '1.0.0'}
    do:
      - text: {wait: P1DT2H}
      - object: {wait: {hours: 3, minutes: 30}}
      - computed: {wait: '${ {minutes: (15 * 2)} }'}
      - last: {set: {passed: '${ ((now - $workflow.startedAt.epoch.seconds) / 3600 | floor) }'}}
    """
    And waits take no time
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    passed: 30
    """

  Scenario: D50 every starts also while the one before still runs
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d50, version: '1.0.0'}
    schedule: {every: PT10M}
    do: [{hold: {wait: PT2H}}]
    """
    When its schedule runs for PT35M
    Then instances should have been started after:
    """yaml
    [PT10M, PT20M, PT30M]
    """

  Scenario: D51 cron starts at its times
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d51, version: '1.0.0'}
    schedule: {cron: '15 * * * *'}
    do: [{note: {set: {minute: '${ .due[14:16] }'}}}]
    """
    When its schedule runs for PT2H
    Then instance 2 should have the output:
    """yaml
    minute: '15'
    """

  Scenario: D52 after counts from the end of the one before
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d52, version: '1.0.0'}
    schedule: {after: PT10M}
    do: [{hold: {wait: PT5M}}]
    """
    When its schedule runs for PT42M
    Then instances should have been started after:
    """yaml
    [PT10M, PT25M, PT40M]
    """

  Scenario: D53 on makes the events the input of a new instance
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d53, version: '1.0.0'}
    schedule: {on: {all: [{with: {type: ship.arrived}}, {with: {type: ship.berthed}}]}}
    do: [{note: {set: {ship: '${ .[0].data.ship }', berth: '${ $workflow.input[1].data.berth }'}}}]
    """
    And another workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d53-tells, version: '1.0.0'}
    schedule: {every: PT10M}
    do:
      - one: {emit: {event: {with: {type: ship.arrived, data: {ship: Elbe}}}}}
      - two: {emit: {event: {with: {type: ship.berthed, data: {berth: 4}}}}}
    """
    When its schedule runs for PT15M
    Then instance 2 should have the output:
    """yaml
    ship: Elbe
    berth: 4
    """
