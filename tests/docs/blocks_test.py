"""The reader of documentation blocks itself: what it takes for a block, a note, a step."""
import tempfile
import unittest
from pathlib import Path

import blocks


class BlocksTest(unittest.TestCase):
    def read(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "page.md"
            path.write_text(text)
            return blocks.blocks_of(path)

    def test_a_block_has_its_language_place_and_notes(self):
        found = self.read("# A\n\n<!-- example port: tools/a.yaml -->\n```yaml\na: 1\n```\n\ntext\n```\nb\n```\n")
        self.assertEqual([(b.line, b.language, b.text) for b in found], [(5, "yaml", "a: 1\n"), (10, "", "b\n")])
        self.assertEqual(found[0].note("example port"), "tools/a.yaml")
        self.assertIsNone(found[0].note("example"))
        self.assertEqual(found[1].notes, [])

    def test_a_note_must_stand_directly_before_its_block(self):
        self.assertEqual(self.read("<!-- not run -->\ntext\n```\nb\n```\n")[0].notes, [])

    def test_a_block_without_end_is_an_error(self):
        with self.assertRaises(ValueError):
            self.read("```yaml\na: 1\n")

    def test_steps_are_commands_with_what_they_print(self):
        steps = blocks.steps_of("$ one \\\n  two\nout\n$ three\n")
        self.assertEqual([(s.command, s.expected) for s in steps], [("one \\\n  two", ["out"]), ("three", [])])

    def test_dots_stand_for_what_differs_from_run_to_run(self):
        self.assertTrue(blocks.matches(["a", "...", "id ... done"], ["a", "x", "y", "id 17 done"]))
        self.assertTrue(blocks.matches(["..."], []))
        self.assertFalse(blocks.matches(["a"], ["a", "b"]))
        self.assertFalse(blocks.matches(["a", "..."], ["b"]))
        self.assertFalse(blocks.matches([], ["a"]))


if __name__ == "__main__":
    unittest.main()
