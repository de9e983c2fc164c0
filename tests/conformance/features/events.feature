Feature: Events, emitted and listened to

  Scenario: Listening to one event gives a list of that one
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: one, version: '1.0.0'}
    do:
      - both:
          fork:
            branches:
              - waits:
                  listen: {to: {one: {with: {type: com.example.arrived}}}}
              - sends:
                  do:
                    - other: {emit: {event: {with: {type: com.example.left, data: {ship: Elbe}}}}}
                    - right: {emit: {event: {with: {type: com.example.arrived, data: {ship: Weser}}}}}
          output: {as: '.[0]'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    - {ship: Weser}
    """

  Scenario: Listening to all takes them in any order
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: all, version: '1.0.0'}
    do:
      - both:
          fork:
            branches:
              - waits:
                  listen:
                    to:
                      all:
                        - with: {type: com.example.temperature}
                        - with: {type: com.example.humidity}
              - sends:
                  do:
                    - h: {emit: {event: {with: {type: com.example.humidity, data: 40}}}}
                    - again: {emit: {event: {with: {type: com.example.humidity, data: 41}}}}
                    - t: {emit: {event: {with: {type: com.example.temperature, data: 20}}}}
          output: {as: '.[0]'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [40, 20]
    """

  Scenario: Listening to any ends with the first that passes a filter
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: any, version: '1.0.0'}
    do:
      - both:
          fork:
            branches:
              - waits:
                  listen:
                    to:
                      any:
                        - with: {type: com.example.temperature, data: '${ .celsius > 38 }'}
                        - with: {type: com.example.pulse, data: '${ .rate > 100 or .rate < 50 }'}
              - sends:
                  do:
                    - a: {emit: {event: {with: {type: com.example.temperature, data: {celsius: 37}}}}}
                    - b: {emit: {event: {with: {type: com.example.pulse, data: {rate: 80}}}}}
                    - c: {emit: {event: {with: {type: com.example.pulse, data: {rate: 120}}}}}
                    - d: {emit: {event: {with: {type: com.example.temperature, data: {celsius: 40}}}}}
          output: {as: '.[0]'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    - {rate: 120}
    """

  Scenario: An expression says when it has been enough
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: until-expression, version: '1.0.0'}
    do:
      - both:
          fork:
            branches:
              - waits:
                  listen: {to: {any: [], until: '(map(.weight) | add) >= 10'}}
              - sends:
                  for: {each: w, in: '[4, 5, 6, 7]'}
                  do:
                    - load: {emit: {event: {with: {type: com.example.loaded, data: {weight: '${ $w }'}}}}}
          output: {as: '.[0] | map(.weight)'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [4, 5, 6]
    """

  Scenario: Events that end the listening are no part of what it gives
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: until-events, version: '1.0.0'}
    do:
      - both:
          fork:
            branches:
              - waits:
                  listen:
                    to:
                      any: [{with: {type: com.example.reading}}]
                      until: {one: {with: {type: com.example.checked-out}}}
              - sends:
                  do:
                    - a: {emit: {event: {with: {type: com.example.reading, data: 1}}}}
                    - b: {emit: {event: {with: {type: com.example.reading, data: 2}}}}
                    - stop: {emit: {event: {with: {type: com.example.checked-out, data: 3}}}}
                    - late: {emit: {event: {with: {type: com.example.reading, data: 4}}}}
          output: {as: '.[0]'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [1, 2]
    """

  Scenario: A correlation takes the events that have the expected value
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: correlate-expect, version: '1.0.0'}
    do:
      - both:
          fork:
            branches:
              - waits:
                  listen:
                    to:
                      one:
                        with: {type: com.example.paid}
                        correlate:
                          order: {from: .data.order, expect: '${ $input.order }'}
              - sends:
                  do:
                    - a: {emit: {event: {with: {type: com.example.paid, data: {order: A-2, sum: 5}}}}}
                    - b: {emit: {event: {with: {type: com.example.paid, data: {order: A-1, sum: 7}}}}}
          output: {as: '.[0]'}
    """
    And given the workflow input is:
    """yaml
    order: A-1
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    - {order: A-1, sum: 7}
    """

  Scenario: Without an expectation the first value seen is expected from then on
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: correlate-first, version: '1.0.0'}
    do:
      - both:
          fork:
            branches:
              - waits:
                  listen:
                    to:
                      all:
                        - with: {type: com.example.temperature}
                          correlate: {room: {from: .roomid}}
                        - with: {type: com.example.humidity}
                          correlate: {room: {from: .roomid}}
              - sends:
                  do:
                    - a: {emit: {event: {with: {type: com.example.temperature, roomid: kitchen, data: 20}}}}
                    - b: {emit: {event: {with: {type: com.example.humidity, roomid: cellar, data: 80}}}}
                    - c: {emit: {event: {with: {type: com.example.humidity, roomid: kitchen, data: 40}}}}
          output: {as: '.[0]'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    [20, 40]
    """

  Scenario: An event is read as its data, as a whole, or raw
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: read, version: '1.0.0'}
    do:
      - all:
          fork:
            branches:
              - data: {listen: {to: {any: []}}}
              - envelope: {listen: {to: {any: []}, read: envelope}}
              - raw: {listen: {to: {any: []}, read: raw}}
              - sends:
                  emit:
                    event:
                      with: {id: e-1, source: 'https://example.com/s', type: com.example.t, time: '2026-01-31T12:00:00Z', data: {x: 1}}
          output: {as: '.[0:3] | map(.[0])'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    - {x: 1}
    - {specversion: '1.0', id: e-1, source: 'https://example.com/s', type: com.example.t, time: '2026-01-31T12:00:00Z', data: {x: 1}}
    - '{"x":1}'
    """

  Scenario: What an author leaves out of an event is filled in
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: emits, version: '1.2.0'}
    do:
      - send:
          emit: {event: {with: {type: com.example.greeted, data: {to: Ada}}}}
    """
    When the workflow is executed
    Then the workflow should complete
    And the workflow output should have properties 'id', 'time'
    And the workflow output should have a 'specversion' property with value:
    """yaml
    '1.0'
    """
    And the workflow output should have a 'source' property with value:
    """yaml
    /workflows/gantry/emits/1.2.0
    """

  Scenario: A listening that takes too long is a timeout
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: listen-timeout, version: '1.0.0'}
    do:
      - waits:
          listen: {to: {one: {with: {type: com.example.never}}}}
          timeout: {after: {milliseconds: 50}}
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    status: 408
    instance: /do/0/waits
    """

  Scenario: Each event is worked on in turn
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: listen-foreach, version: '1.0.0'}
    do:
      - both:
          fork:
            branches:
              - waits:
                  listen:
                    to:
                      any: [{with: {type: com.example.box}}]
                      until: {one: {with: {type: com.example.done}}}
                  foreach:
                    item: box
                    at: number
                    do:
                      - rest: {wait: {milliseconds: 20}}
                      - weigh: {set: {number: '${ $number }', weight: '${ $box.weight * 2 }'}}
                    output: {as: '"\(.number): \(.weight)"'}
              - sends:
                  do:
                    - a: {emit: {event: {with: {type: com.example.box, data: {weight: 3}}}}}
                    - b: {emit: {event: {with: {type: com.example.box, data: {weight: 4}}}}}
                    - finish: {emit: {event: {with: {type: com.example.done}}}}
          output: {as: '.[0]'}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    ['0: 6', '1: 8']
    """

  Scenario: What is no event can't be emitted
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: emits-nonsense, version: '1.0.0'}
    do:
      - send:
          emit: {event: {with: {type: com.example.t, time: '${ .time }'}}}
    """
    And given the workflow input is:
    """yaml
    time: tomorrow
    """
    When the workflow is executed
    Then the workflow should fault with error:
    """yaml
    status: 400
    type: https://open-workflow-specification.org/spec/1.0.0/errors/validation
    instance: /do/0/send
    """
