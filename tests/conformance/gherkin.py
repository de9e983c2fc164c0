"""Reads the part of Gherkin that the conformance features use: one Feature, its Scenarios, steps with doc strings.

Anything else is an error: a step that is read over would be a test that is not run.
"""

import dataclasses
import textwrap

STEP_WORDS = ("Given", "When", "Then", "And", "But", "*")


class GherkinError(Exception):
    """The file is not in the form that this reader knows."""


@dataclasses.dataclass
class Step:
    text: str
    document: str | None
    line: int


@dataclasses.dataclass
class Scenario:
    name: str
    steps: list[Step]
    line: int


@dataclasses.dataclass
class Feature:
    name: str
    scenarios: list[Scenario]


def _step_text(line: str) -> str | None:
    for word in STEP_WORDS:
        if line.startswith(word + " "):
            text = line[len(word) + 1 :].strip()
            # "And given the workflow input is:" has two of them.
            return text[6:].strip() if word == "And" and text.startswith("given ") else text
    return None


def _read_document(lines: list[str], start: int, path: str) -> tuple[str, int]:
    """The doc string that opens at `start`, and the line after it. Its indent is that of the opening quotes."""
    indent = len(lines[start]) - len(lines[start].lstrip())
    body = []
    for number in range(start + 1, len(lines)):
        if lines[number].strip() == '"""':
            return textwrap.dedent("\n".join(line[indent:] if line[:indent].isspace() else line for line in body)), number + 1
        body.append(lines[number])
    raise GherkinError(f'{path}:{start + 1}: a """ that is not closed')


def read_feature(text: str, path: str) -> Feature:
    lines = text.splitlines()
    feature = None
    in_description = False
    number = 0
    while number < len(lines):
        line = lines[number].strip()
        number += 1
        if not line or line.startswith("#"):
            continue
        if line.startswith("Feature:"):
            if feature is not None:
                raise GherkinError(f"{path}:{number}: a second Feature")
            feature = Feature(line[len("Feature:") :].strip(), [])
            in_description = True
        elif line.startswith("Scenario:") and feature is not None:
            feature.scenarios.append(Scenario(line[len("Scenario:") :].strip(), [], number))
            in_description = False
        elif line.startswith('"""') and feature is not None and feature.scenarios and feature.scenarios[-1].steps:
            document, number = _read_document(lines, number - 1, path)
            feature.scenarios[-1].steps[-1].document = document
        elif not in_description and feature is not None and _step_text(line) is not None:
            feature.scenarios[-1].steps.append(Step(_step_text(line), None, number))
        elif not in_description:
            raise GherkinError(f"{path}:{number}: not understood: {line}")
    if feature is None or not feature.scenarios:
        raise GherkinError(f"{path}: no scenario")
    return feature
