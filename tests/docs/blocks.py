"""Fenced blocks of the documentation and the comments that say how a test runs them. CONTRIBUTING.md has the rules."""
import re
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass
class Block:
    path: Path
    line: int  # of the block's first line of text, from 1
    language: str
    text: str
    notes: list = field(default_factory=list)  # the HTML comments directly before it, without <!-- and -->

    @property
    def place(self):
        return f"{self.path.relative_to(REPOSITORY)}:{self.line}"

    def note(self, name):
        """The text after "name:" of the first note with that name, or None."""
        for note in self.notes:
            if note == name or note.startswith(name + ":"):
                return note[len(name) + 1:].strip()
        return None


def blocks_of(path):
    blocks, notes, language, text = [], [], None, []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if language is not None:
            if line.startswith("```"):
                blocks.append(Block(path, start, language, "\n".join(text) + "\n", notes))
                language, text, notes = None, [], []
            else:
                text.append(line)
        elif line.startswith("```"):
            language, start = line[3:].strip(), number + 1
        elif comment := re.fullmatch(r"<!-- (.*) -->", line):
            notes.append(comment.group(1))
        elif line.strip():
            notes = []
    if language is not None:
        raise ValueError(f"{path}: the block of line {start - 1} never ends")
    return blocks


@dataclass
class Step:
    command: str
    expected: list  # lines; "..." stands for any number of them


def steps_of(text):
    """A console block: "$ command", lines that end in a backslash go on, then what it prints."""
    steps, continued = [], False
    for line in text.splitlines():
        if line.startswith("$ "):
            steps.append(Step(line[2:], []))
        elif continued:
            steps[-1].command += "\n" + line
        elif steps:
            steps[-1].expected.append(line)
        else:
            raise ValueError(f"a console block starts with '$ ', found '{line}'")
        continued = (line.startswith("$ ") or continued) and line.endswith("\\")
    return steps


def matches(expected, actual):
    """Whether the lines are as expected; a line "..." stands for any number of lines, "..." in a line for any text."""
    pattern = ""
    for line in expected:
        pattern += r"(.*\n)*?" if line == "..." else ".*".join(map(re.escape, line.split("..."))) + r"\n"
    return re.fullmatch(pattern, "".join(line.rstrip() + "\n" for line in actual)) is not None
