"""What each step of a feature means: run the workflow with the program, then check what it printed."""

import dataclasses
import datetime
import json
import pathlib
import re
import subprocess
from collections.abc import Callable

RUN_SECONDS_MAX = 60
PUBLIC_ORIGINS = ("https://petstore.swagger.io", "https://httpbin.org", "https://services.example")


class StepFailed(Exception):
    """The program did not do what the step says."""


class NotSupported(Exception):
    """The program refuses the workflow and says that it does not support this yet."""


@dataclasses.dataclass
class World:
    """One scenario: the program, a folder of its own, and what is known so far."""

    program: str
    folder: pathlib.Path
    stub: str
    workflow: str | None = None
    input: str | None = None
    outcome: dict | None = None
    project: dict[str, str] = dataclasses.field(default_factory=dict)  # path -> text; empty: the workflow stands alone
    options: list[str] = dataclasses.field(default_factory=list)
    refusal: str = ""  # what the program said when it refused the workflow
    printed: str = ""

    def yaml_to_value(self, text: str, name: str) -> object:
        path = self.folder / name
        path.write_text(text)
        done = subprocess.run(
            [self.program, "convert", str(path), "--as", "yaml"], capture_output=True, text=True, timeout=RUN_SECONDS_MAX
        )
        if done.returncode != 0:
            raise StepFailed(f"the feature's own YAML can't be read: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def run(self, *options: str) -> None:
        path = self.folder / ("project/workflows/main.yaml" if self.project else "workflow.yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.workflow or "")
        command = [self.program, "run", str(path), "--json", *self.options, *options]
        for name, text in self.project.items():
            file = self.folder / "project" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            file.chmod(0o600)  # secrets are refused when others may read them
        if self.project:
            command += ["--dir", str(self.folder / "project"), "--store", f"sqlite:{self.folder / 'kept' / 'run.db'}"]
            (self.folder / "kept").mkdir()
        if self.input is not None:
            data = self.folder / "input.json"
            data.write_text(json.dumps(self.yaml_to_value(self.input, "input.yaml")))
            command += ["--input", f"@{data}"]
        for origin in PUBLIC_ORIGINS:
            command += ["--host-override", f"{origin}={self.stub}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_SECONDS_MAX)
        self.printed = done.stdout + done.stderr
        if done.returncode == 2:
            self.refusal = done.stderr
        if done.returncode == 2 and "not supported yet" in done.stderr:
            raise NotSupported(next(line for line in done.stderr.splitlines() if "not supported yet" in line).strip())
        if done.returncode == 2 and not done.stdout:
            self.outcome = {"status": "refused", "output": None, "error": {}, "tasks": []}
            return
        try:
            self.outcome = json.loads(done.stdout)
        except json.JSONDecodeError:
            raise StepFailed(f"exit status {done.returncode}, no JSON on stdout; stderr: {done.stderr.strip()}") from None

    def status_is(self, expected: str) -> None:
        if self.outcome["status"] != expected:
            found = self.refusal.strip() or json.dumps(self.outcome)
            raise StepFailed(f"expected the workflow to be {expected}, found {found}")

    def names(self) -> list[str]:
        return [task["name"] for task in self.outcome["tasks"] if task["status"] != "skipped"]

    def output_at(self, path: str) -> object:
        value = self.outcome["output"]
        for part in path.split("."):
            if not isinstance(value, dict) or part not in value:
                raise StepFailed(f"the output has no property '{path}': {json.dumps(self.outcome['output'])}")
            value = value[part]
        return value


def same(left: object, right: object) -> bool:
    """Deep equality as JSON has it: 1 is 1.0, but true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


def expect_same(found: object, expected: object, what: str) -> None:
    if not same(found, expected):
        raise StepFailed(f"{what}: expected {json.dumps(expected)}, found {json.dumps(found)}")


def _definition(world: World, _match: re.Match, document: str) -> None:
    world.workflow = document


def _input(world: World, _match: re.Match, document: str) -> None:
    world.input = document


def _other_definition(world: World, _match: re.Match, document: str) -> None:
    world.project[f"workflows/other-{len(world.project)}.yaml"] = document


def _project_file(world: World, match: re.Match, document: str) -> None:
    world.project[match[1]] = document + "\n"


def _refused(world: World, _match: re.Match, document: str) -> None:
    world.status_is("refused")
    if document.strip() not in world.refusal:
        raise StepFailed(f"expected the refusal to say '{document.strip()}', found: {world.refusal.strip()}")


def _task_status(world: World, match: re.Match, _document: None) -> None:
    found = [task["status"] for task in world.outcome["tasks"] if task["name"] == match[1]]
    if match[2] not in found:
        raise StepFailed(f"expected {match[1]} to be {match[2]}, found {found}")


def _task_count(world: World, match: re.Match, _document: None) -> None:
    expect_same(world.names().count(match[1]), int(match[2]), f"how often {match[1]} ran")


def _keeps_secret(world: World, match: re.Match, _document: None) -> None:
    kept = [file.read_bytes() for file in (world.folder / "kept").iterdir()]
    if not kept or not world.printed:
        raise StepFailed("nothing was kept or printed: the step would prove nothing")
    if match[1] in world.printed or any(match[1].encode() in data for data in kept):
        raise StepFailed(f"'{match[1]}' was printed or kept")


def _executed(world: World, _match: re.Match, _document: None) -> None:
    world.run()


def _no_waits(world: World, _match: re.Match, _document: None) -> None:
    world.options.append("--skip-waits")


def _simulated(world: World, match: re.Match, _document: None) -> None:
    world.run("--simulate", match[1])


def _started_after(world: World, _match: re.Match, document: str) -> None:
    found = [instance["after"] for instance in world.outcome["instances"]]
    # The real time that the run itself takes comes on top: some seconds on a slow machine.
    found = [re.sub(r"(?<=[TDHM])\d+S$", "", text).rstrip("T") for text in found]
    expect_same(found, world.yaml_to_value(document, "expected.yaml"), "when instances were started")


def _instance_output(world: World, match: re.Match, document: str) -> None:
    instances = world.outcome["instances"]
    if len(instances) < int(match[1]):
        raise StepFailed(f"there are only {len(instances)} instances")
    expected = world.yaml_to_value(document, "expected.yaml")
    expect_same(instances[int(match[1]) - 1]["output"], expected, f"the output of instance {match[1]}")


def _starts_minutes_after(world: World, match: re.Match, _document: None) -> None:
    def minute(name: str, which: int) -> float:
        starts = [task["startedAt"] for task in world.outcome["tasks"] if task["name"] == name]
        if len(starts) < which:
            raise StepFailed(f"{name} ran {len(starts)} times")
        return datetime.datetime.fromisoformat(starts[which - 1].replace("Z", "+00:00")).timestamp() / 60

    found = int(minute(match[2], int(match[1])) - minute(match[2], 1))
    expect_same(found, int(match[3]), f"minutes until run {match[1]} of {match[2]}")


def _completes(world: World, _match: re.Match, _document: None) -> None:
    world.status_is("completed")


def _completes_with(world: World, _match: re.Match, document: str) -> None:
    world.status_is("completed")
    expect_same(world.outcome["output"], world.yaml_to_value(document, "expected.yaml"), "the output")


def _faults(world: World, _match: re.Match, _document: None) -> None:
    world.status_is("faulted")


def _faults_with(world: World, _match: re.Match, document: str) -> None:
    world.status_is("faulted")
    for key, value in world.yaml_to_value(document, "expected.yaml").items():
        expect_same(world.outcome["error"].get(key), value, f"the error's '{key}'")


def _has_properties(world: World, match: re.Match, _document: None) -> None:
    for path in re.findall(r"'([^']+)'", match[1]):
        world.output_at(path)


def _has_property(world: World, match: re.Match, document: str) -> None:
    expect_same(world.output_at(match[1]), world.yaml_to_value(document, "expected.yaml"), f"the output's '{match[1]}'")


def _has_items(world: World, match: re.Match, _document: None) -> None:
    found = world.output_at(match[1])
    if not isinstance(found, list) or len(found) != int(match[2]):
        raise StepFailed(f"expected '{match[1]}' to have {match[2]} items, found {json.dumps(found)}")


def _runs_first(world: World, match: re.Match, _document: None) -> None:
    expect_same(world.names()[:1], [match[1]], "the first task")


def _runs_last(world: World, match: re.Match, _document: None) -> None:
    expect_same(world.names()[-1:], [match[1]], "the last task")


def _runs_after(world: World, match: re.Match, _document: None) -> None:
    names = world.names()
    if match[1] not in names or match[2] not in names or names.index(match[1]) < names.index(match[2]):
        raise StepFailed(f"expected {match[1]} to run after {match[2]}, found {names}")


Action = Callable[[World, re.Match, str | None], None]

# Pattern, whether a doc string follows, what to do.
STEPS: list[tuple[str, bool, Action]] = [
    (r"a workflow with definition:", True, _definition),
    (r"another workflow with definition:", True, _other_definition),
    (r"the workflow input is:", True, _input),
    (r"the project file '([^']+)' is:", True, _project_file),
    (r"waits take no time", False, _no_waits),
    (r"the workflow is executed", False, _executed),
    (r"its schedule runs for (\w+)", False, _simulated),
    (r"instances should have been started after:", True, _started_after),
    (r"instance (\d+) should have the output:", True, _instance_output),
    (r"run (\d+) of (\w+) should start (\d+) minutes after the first", False, _starts_minutes_after),
    (r"the workflow should be refused with:", True, _refused),
    (r"(\w+) should be (cancelled|completed|faulted|skipped)", False, _task_status),
    (r"(\w+) should run (\d+) times?", False, _task_count),
    (r"'([^']+)' should be neither printed nor kept", False, _keeps_secret),
    (r"the workflow should complete", False, _completes),
    (r"the workflow should complete with output:", True, _completes_with),
    (r"the workflow should fault", False, _faults),
    (r"the workflow should fault with error:", True, _faults_with),
    (r"the workflow output should have properties (.+)", False, _has_properties),
    (r"the workflow output should have an? '([^']+)' property with value:", True, _has_property),
    (r"the workflow output should have an? '([^']+)' property containing (\d+) items?", False, _has_items),
    (r"(\w+) should run first", False, _runs_first),
    (r"(\w+) should run last", False, _runs_last),
    (r"(\w+) should run after (\w+)", False, _runs_after),
]


def run_step(world: World, text: str, document: str | None) -> None:
    for pattern, takes_document, action in STEPS:
        match = re.fullmatch(pattern, text)
        if match is None:
            continue
        if takes_document != (document is not None):
            raise StepFailed(f"step '{text}': a doc string is {'missing' if takes_document else 'not expected'}")
        action(world, match, document)
        return
    raise StepFailed(f"no such step: '{text}'")
