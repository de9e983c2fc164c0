Feature: Lifecycle events beyond the standard's scenarios

  Scenario: D82 The events of a workflow that completes
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d82-watches, version: '1.0.0'}
    do:
      - both:
          fork:
            branches:
              - watch:
                  listen:
                    to:
                      any:
                        - with: {type: io.serverlessworkflow.workflow.started.v1}
                        - with: {type: io.serverlessworkflow.task.created.v1}
                        - with: {type: io.serverlessworkflow.task.started.v1}
                        - with: {type: io.serverlessworkflow.task.completed.v1}
                        - with: {type: io.serverlessworkflow.workflow.completed.v1}
                      until: any(.[]; .type == "io.serverlessworkflow.workflow.completed.v1")
                    read: envelope
              - work: {run: {workflow: {namespace: gantry, name: d82-works, version: '1.0.0'}}}
          output: {as: '.[0] | map((.type | split(".")[2:4] | join(" ")) + (.data.task // ""))'}
    """
    And another workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d82-works, version: '1.0.0'}
    do:
      - first: {set: {x: 1}}
      - skipped: {if: 'false', set: {x: 2}}
      - last: {set: {x: 3}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    - workflow started
    - task created/do/0/first
    - task started/do/0/first
    - task completed/do/0/first
    - task created/do/2/last
    - task started/do/2/last
    - task completed/do/2/last
    - workflow completed
    """

  Scenario: D83 The events of a workflow that faults
    Given a workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d83-watches, version: '1.0.0'}
    do:
      - both:
          fork:
            branches:
              - watch:
                  listen:
                    to:
                      any:
                        - with: {type: io.serverlessworkflow.task.retried.v1}
                        - with: {type: io.serverlessworkflow.task.faulted.v1}
                        - with: {type: io.serverlessworkflow.workflow.faulted.v1}
                      until: any(.[]; .type == "io.serverlessworkflow.workflow.faulted.v1")
                    read: envelope
              - work:
                  try:
                    - run: {run: {workflow: {namespace: gantry, name: d83-fails, version: '1.0.0'}}}
                  catch: {do: [{calm: {set: {x: 1}}}]}
          output: {as: '.[0] | map([(.type | split(".")[2:4] | join(" ")), .data.task, .data.error.status])'}
    """
    And another workflow with definition:
    """yaml
    document: {dsl: '1.0.3', namespace: gantry, name: d83-fails, version: '1.0.0'}
    do:
      - again:
          try:
            - fails: {raise: {error: {type: https://example.com/no, status: 503}}}
          catch: {retry: {delay: {milliseconds: 1}, limit: {attempt: {count: 1}}}}
    """
    When the workflow is executed
    Then the workflow should complete with output:
    """yaml
    - [task faulted, /do/0/again/try/0/fails, 503]
    - [task retried, /do/0/again, null]
    - [task faulted, /do/0/again/try/0/fails, 503]
    - [task faulted, /do/0/again, 503]
    - [workflow faulted, null, 503]
    """
