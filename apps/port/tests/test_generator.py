"""Tests of the bay-plan generator, against a checker of its own that shares no code with it or with the definitions."""
import contextlib
import csv
import io
import json
import os
import re
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "generator"))
import generate_bay_plan  # noqa: E402

SHARED_TABLE = os.path.join(HERE, "..", "..", "..", "..", "shared", "data", "port", "imdg_segregation.csv")
SEGREGATION_YAML = os.path.join(HERE, "..", "decisions", "segregation.yaml")
CLASSES = ["1.1", "1.3", "1.4", "2.1", "2.2", "2.3", "3", "4.1", "4.2", "4.3", "5.1", "5.2", "6.1", "6.2", "7", "8", "9"]


def table_of_definition():
    """The rows of decisions/segregation.yaml, cells as text."""
    with open(SEGREGATION_YAML, encoding="utf-8") as file:
        rows = re.findall(r"^    - \[(.*)\]  #", file.read(), re.MULTILINE)
    return [[cell.strip().strip('"') for cell in row.split(",")] for row in rows]


def generate(*arguments):
    with tempfile.TemporaryDirectory() as folder:
        plan, answers = os.path.join(folder, "plan.edi"), os.path.join(folder, "answers.json")
        generate_bay_plan.main([*map(str, arguments), "--out", plan, "--answers", answers])
        with open(plan, encoding="ascii") as file:
            text = file.read()
        with open(answers, encoding="ascii") as file:
            return text, json.load(file)


def segments_of(text):
    return [segment.strip().split("+") for segment in text[9:].split("'") if segment.strip()]


def containers_of(text):
    containers = []
    for segment in segments_of(text):
        if segment[:2] == ["LOC", "147"]:
            slot = segment[2].split(":")[0]
            containers.append({"slot": slot, "bay": int(slot[:3]), "row": int(slot[3:5]), "tier": int(slot[5:]), "classes": [],
                               "temperature": None})
        elif segment[0] == "EQD":
            containers[-1].update(id=segment[2], type=segment[3], full=segment[6] == "5")
        elif segment[0] == "MEA":
            containers[-1]["weight"] = float(segment[3].split(":")[1])
        elif segment[:2] == ["LOC", "11"]:
            containers[-1]["discharge"] = segment[2].split(":")[0]
        elif segment[0] == "TMP":
            containers[-1]["temperature"] = float(segment[2].split(":")[0])
        elif segment[0] == "DGS":
            containers[-1]["classes"].append(segment[2])
    return containers


def check(text, rotation):
    """The rules of docs/port.md, as simply as they can be written: {(kind, sorted container numbers)}."""
    containers = containers_of(text)
    found = set()
    letters, value = {}, 10
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        value += 1 if value % 11 == 0 else 0
        letters[letter] = value
        value += 1
    for one in containers:
        total = sum((letters[c] if c.isalpha() else int(c)) << i for i, c in enumerate(one["id"][:10]))
        known = re.fullmatch(r"[1-9]\d{3}|[1-4L][0-9C-FL-P](G[0-3]|R[0-3]|U[0-5]|T\d|P[0-5])", one["type"])
        long = one["bay"] % 2 == 0
        checks = {"check_digit": total % 11 % 10 != int(one["id"][10]), "size_type": not known,
                  "weight": one["weight"] > (36000 if long else 30480) or one["weight"] < (2000 if long else 1500),
                  "discharge_port": one["discharge"] not in rotation,
                  "reefer_temperature": one["full"] and one["temperature"] is None
                  and bool(re.fullmatch(r"..R\d|\d\d[34]\d", one["type"]))}
        found |= {(kind, (one["id"],)) for kind, broken in checks.items() if broken}
    return found | check_neighbours(containers)


def check_neighbours(containers):
    found, cells, loads = set(), {}, {}
    for one in containers:
        one["half_bays"] = [one["bay"]] if one["bay"] % 2 else [one["bay"] - 1, one["bay"] + 1]
        for half_bay in one["half_bays"]:
            cells.setdefault((half_bay, one["row"], one["tier"]), []).append(one)
            loads.setdefault((half_bay, one["row"], one["tier"] >= 70), []).append(one)
    numbers = lambda group: tuple(sorted(one["id"] for one in group))  # noqa: E731
    found |= {("duplicate_slot", numbers(group)) for group in cells.values() if len(group) > 1}
    found |= {("overweight_stack", numbers(group)) for (_, _, deck), group in loads.items()
              if sum(one["weight"] / len(one["half_bays"]) for one in group) > (80000 if deck else 240000)}
    table = table_of_definition()
    dangerous = [one for one in containers if one["classes"]]
    for at, first in enumerate(dangerous):
        for second in dangerous[at + 1:]:
            if are_neighbours(first, second, cells) and any(
                    table[class_index(a)][class_index(b)] in ("2", "3", "4", "*") for a in first["classes"] for b in second["classes"]):
                found.add(("segregation", numbers([first, second])))
    return found


def class_index(name):
    name = re.sub("[A-Z]$", "", name)
    return CLASSES.index({"1.2": "1.1", "1.5": "1.1", "1.6": "1.3"}.get(name, name))


def are_neighbours(first, second, cells):
    position = lambda row: 0 if row == 0 else (row + 1) // 2 if row % 2 else -(row // 2)  # noqa: E731
    shared = set(first["half_bays"]) & set(second["half_bays"])
    if shared and first["row"] == second["row"]:
        return abs(first["tier"] - second["tier"]) == 2
    if first["tier"] != second["tier"]:
        return False
    if shared:
        rows = {first["row"], second["row"]}
        deck = first["tier"] >= 70
        if rows == {1, 2}:
            return not any(h in shared and r == 0 and (t >= 70) == deck for h, r, t in cells)
        return abs(position(first["row"]) - position(second["row"])) == 1
    return first["row"] == second["row"] and any(abs(a - b) == 2 for a in first["half_bays"] for b in second["half_bays"])


class GeneratorTest(unittest.TestCase):
    def test_a_clean_plan_breaks_no_rule(self):
        for seed in (1, 2, 3):
            text, answers = generate("--seed", seed, "--containers", 1500, "--faults", 0)
            self.assertEqual(check(text, answers["rotation"]), set(), f"seed {seed}")
            self.assertEqual(answers["faults"], [])

    def test_the_planted_faults_are_broken_rules_and_there_are_no_others(self):
        for seed in (1, 7, 23):
            text, answers = generate("--seed", seed, "--containers", 4000, "--faults", 3)
            planted = {(fault["kind"], tuple(fault["containers"])) for fault in answers["faults"]}
            self.assertEqual(check(text, answers["rotation"]), planted, f"seed {seed}")
            self.assertEqual(len(answers["faults"]), 24)
            self.assertEqual(set(answers["findingsByKind"].values()), {3})

    def test_counts_are_those_that_were_asked_for_and_declared(self):
        text, answers = generate("--containers", 4000)
        segments = segments_of(text)
        self.assertEqual(len(containers_of(text)), 4000)
        self.assertEqual(answers["containers"], 4000)
        end = next(segment for segment in segments if segment[0] == "UNT")
        self.assertEqual(int(end[1]), len(segments) - 2)  # all but UNB and UNZ
        self.assertEqual(answers["segments"], len(segments) - 2)

    def test_the_plan_looks_like_a_real_one(self):
        containers = containers_of(generate("--containers", 4000, "--faults", 0)[0])
        self.assertEqual(len({one["id"] for one in containers}), 4000)
        self.assertEqual(len({one["slot"] for one in containers}), 4000)
        share = lambda test: sum(map(bool, map(test, containers))) / 4000  # noqa: E731
        self.assertTrue(0.02 <= share(lambda one: one["classes"]) <= 0.04)
        self.assertTrue(0.02 <= share(lambda one: one["temperature"] is not None) <= 0.10)
        self.assertTrue(0.02 <= share(lambda one: not one["full"]) <= 0.15)
        self.assertTrue(0.20 <= share(lambda one: one["bay"] % 2) <= 0.60)

    def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(self):
        self.assertEqual(generate("--seed", 5, "--containers", 300)[0], generate("--seed", 5, "--containers", 300)[0])
        self.assertNotEqual(generate("--seed", 5, "--containers", 300)[0], generate("--seed", 6, "--containers", 300)[0])

    def test_small_plans_work_and_too_many_faults_are_refused(self):
        text, answers = generate("--containers", 10, "--faults", 0)
        self.assertEqual(len(containers_of(text)), 10)
        with self.assertRaises(SystemExit) as refused:
            generate("--containers", 10, "--faults", 50)
        self.assertIn("fewer faults", str(refused.exception))

    def test_wrong_options_are_refused(self):
        with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()):
            generate("--containers", 0)


class SegregationTableTest(unittest.TestCase):
    def test_is_square_and_symmetric(self):
        table = table_of_definition()
        self.assertEqual([len(row) for row in table], [17] * 17)
        for row in range(17):
            for column in range(17):
                self.assertEqual(table[row][column], table[column][row], f"{CLASSES[row]} and {CLASSES[column]}")

    def test_the_generator_was_written_from_the_same_rules(self):
        self.assertEqual(["".join(row) for row in table_of_definition()], generate_bay_plan.SEGREGATION)

    def test_equals_the_published_table(self):
        if not os.path.exists(SHARED_TABLE):
            self.skipTest("../shared/data/port/imdg_segregation.csv is missing")
        with open(SHARED_TABLE, encoding="utf-8") as file:
            published = [row[1:] for row in list(csv.reader(file))[1:]]
        self.assertEqual(table_of_definition(), published)


if __name__ == "__main__":
    unittest.main()
