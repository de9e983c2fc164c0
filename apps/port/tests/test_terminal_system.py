"""Tests of the simulated terminal system, over HTTP."""
import http.client
import json
import os
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "terminal_system"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "generator"))
import generate_bay_plan  # noqa: E402
import terminal_system  # noqa: E402

MOVE = {"finding": "F1", "containers": ["ABCU1234560"], "reason": "segregation"}


class TerminalSystemTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.server = terminal_system.Server(("127.0.0.1", 0), terminal_system.Terminal(os.path.join(self.folder.name, "t.db")))
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        self.connection = http.client.HTTPConnection("127.0.0.1", self.server.server_address[1], timeout=20)

    def tearDown(self):
        self.connection.close()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        self.server.terminal.connection.close()
        self.folder.cleanup()

    def call(self, method, path, body=None, key=None):
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def test_every_answer_says_that_it_is_simulated(self):
        for answer in (self.call("GET", "/voyages/042W"), self.call("GET", "/nothing"), self.call("GET", "/calls"),
                       self.call("POST", "/plans/P/moves", MOVE, key="k")):
            self.assertIs(answer[1]["simulated"], True)

    def test_gives_the_rotation_that_the_generator_uses(self):
        status, voyage = self.call("GET", f"/voyages/{generate_bay_plan.VOYAGE}")
        self.assertEqual(status, 200)
        self.assertEqual(voyage["rotation"], generate_bay_plan.ROTATION)
        self.assertEqual(voyage["vessel"], generate_bay_plan.VESSEL)
        self.assertEqual(voyage["stackLimitsKg"], {"deck": generate_bay_plan.DECK_STACK_LIMIT,
                                                   "hold": generate_bay_plan.HOLD_STACK_LIMIT})
        self.assertEqual(self.call("GET", "/voyages/999X")[0], 404)

    def test_the_same_key_applies_once_and_answers_the_same(self):
        first = self.call("POST", "/plans/P/moves", MOVE, key="k1")
        second = self.call("POST", "/plans/P/moves", MOVE, key="k1")
        self.assertEqual((first[0], second[0]), (201, 201))
        self.assertEqual(first[1]["id"], second[1]["id"])
        self.assertEqual((first[1]["repeated"], second[1]["repeated"]), (False, True))
        effect = self.call("GET", "/effects/k1")[1]
        self.assertEqual((effect["applied"], effect["calls"]), (1, 2))
        self.assertEqual(self.call("GET", "/calls")[1]["applied"], {"moves": 1})

    def test_a_key_with_another_body_is_refused(self):
        self.call("POST", "/plans/P/moves", MOVE, key="k1")
        self.assertEqual(self.call("POST", "/plans/P/moves", {**MOVE, "reason": "other"}, key="k1")[0], 422)

    def test_a_keyed_call_without_a_key_is_refused(self):
        self.assertEqual(self.call("POST", "/plans/P/stop", {"finding": "F1", "reason": "x"})[0], 400)

    def test_notes_ignore_the_key_so_a_repetition_is_visible(self):
        note = {"reference": "P-F1", "text": "seen"}
        self.assertFalse(self.call("GET", "/plans/P/notes/P-F1")[1]["found"])
        for _ in range(2):
            self.assertEqual(self.call("POST", "/plans/P/notes", note, key="n1")[0], 201)
        self.assertEqual(self.call("GET", "/plans/P/notes/P-F1")[1]["count"], 2)
        counts = self.call("GET", "/calls")[1]
        self.assertEqual((counts["notesAppliedMoreThanOnce"], counts["keysAppliedMoreThanOnce"]), (["P-F1"], []))
        self.assertEqual((counts["totalApplied"], counts["totalCalls"]), (2, 4))

    def test_parts_of_a_path_are_decoded(self):
        self.call("POST", "/plans/BP%201/notes", {"reference": "a/b", "text": "seen"})
        self.assertEqual(self.call("GET", "/plans/BP%201/notes/a%2Fb")[1]["count"], 1)

    def test_told_to_fail_it_applies_nothing(self):
        self.call("POST", "/control", {"fail_rate": 1, "seed": 3})
        self.assertIn(self.call("POST", "/plans/P/moves", MOVE, key="k1")[0], (500, 503))
        self.call("POST", "/control", {"fail_rate": 0})
        self.assertEqual(self.call("GET", "/effects/k1")[1]["applied"], 0)
        self.assertEqual(self.call("GET", "/calls")[1]["calls"], {"POST moves": 1})

    def test_told_to_drop_it_applies_and_does_not_answer(self):
        self.call("POST", "/control", {"drop_after_rate": 1})
        with self.assertRaises((http.client.RemoteDisconnected, ConnectionError)):
            self.call("POST", "/plans/P/moves", MOVE, key="k1")
        self.connection.close()
        self.call("POST", "/control", {"drop_after_rate": 0})
        self.assertEqual(self.call("GET", "/effects/k1")[1]["applied"], 1)

    def test_the_same_seed_misbehaves_the_same(self):
        def statuses():
            self.call("POST", "/control", {"fail_rate": 0.5, "seed": 42})
            return [self.call("GET", "/voyages/042W")[0] for _ in range(20)]
        self.assertEqual(statuses(), statuses())

    def test_unknown_controls_and_bad_bodies_are_refused(self):
        self.assertEqual(self.call("POST", "/control", {"fail_rte": 1})[0], 400)
        self.assertEqual(self.call("POST", "/control", {"fail_rate": 2})[0], 400)
        self.assertEqual(self.call("POST", "/control", [1])[0], 400)
        self.assertEqual(self.call("POST", "/plans/P/moves", {"finding": "F1"}, key="k")[0], 400)

    def test_effects_survive_a_restart(self):
        self.call("POST", "/plans/P/moves", MOVE, key="k1")
        again = terminal_system.Terminal(os.path.join(self.folder.name, "t.db"))
        self.assertEqual(again.effect("k1")["applied"], 1)
        again.connection.close()


if __name__ == "__main__":
    unittest.main()
