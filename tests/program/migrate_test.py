"""Running instances go on under another version of their workflow: planned, moved, killed in between, moved back."""
import json
import sys
import unittest

from desk import HEADER, Desk

PROGRAM = None
DONE, NO, WRONG = 0, 1, 2
JOB = HEADER.replace("NAME", "job")
FIRST = JOB + "- w: {listen: {to: {one: {with: {type: go}}}}}\n- s: {set: {version: 1}}\n"
SECOND = FIRST.replace("1.0.0", "2.0.0").replace("version: 1}", "version: 2}")
THIRD = (JOB + "- before: {set: {x: 1}}\n- w: {listen: {to: {one: {with: {type: go}}}}}\n- s: {set: {version: 3}}\n").replace("1.0.0", "3.0.0")
MAP = "mapping: to-3\ntasks:\n  /do/0/w: /do/1/w\n"


class MigrateTest(unittest.TestCase):
    def setUp(self):
        self.desk = Desk(PROGRAM)
        self.addCleanup(self.desk.close)
        self.desk.write("project/workflows/job.yaml", FIRST)
        self.token = self.desk.token("otto", "operator", "administrator")
        self.desk.serve()

    def command(self, *arguments, token=None):
        return self.desk.run(*arguments, "--token-file", token or self.token)

    def migrate(self, *arguments):
        done = self.command("migrate", *arguments, "--json")
        return done.status, json.loads(done.out) if done.out else done.err

    def kill_and_serve(self):
        self.desk.server.kill()
        self.desk.server.wait(30)
        self.desk.serve()

    def deploy(self, name, text):
        self.desk.write(f"project/workflows/{name}.yaml", text)
        done = self.command("deploy", self.desk.project)
        self.assertEqual(done.status, DONE, done.err)
        self.assertIn(f"workflows/{name}.yaml", done.out)
        self.assertIn("deployed: project ", done.err)
        self.assertEqual(json.loads(self.command("deploy", self.desk.project, "--json").out)["status"], "deployed")

    def shown(self, instance):
        return json.loads(self.command("show", instance).out)

    def versions(self, instances):
        return {self.shown(instance)["workflowVersion"] for instance in instances}

    def test_a_plan_a_move_through_sigkill_and_back_and_on_with_a_mapping(self):
        instances = []
        for _ in range(3):
            done = self.command("start", "desk/job", "--json")
            self.assertEqual(done.status, DONE, done.err)
            instances.append(json.loads(done.out)["instance"])
        self.deploy("job2", SECOND)

        refused = self.command("migrate", "--plan", "desk/job", "1.0.0", "2.0.0", token=self.desk.token("ada"))
        self.assertIn("operator", refused.err)
        self.assertNotEqual(refused.status, DONE)
        status, plan = self.migrate("--plan", "desk/job", "1.0.0", "2.0.0")
        self.assertEqual((status, plan["compatible"], plan["moved"]), (DONE, 3, 0), plan)
        self.assertEqual(self.versions(instances), {"1.0.0"})

        status, moved = self.migrate("--apply", "desk/job", "1.0.0", "2.0.0")
        self.assertEqual((status, moved["moved"]), (DONE, 3), moved)
        self.kill_and_serve()
        self.assertEqual(self.versions(instances), {"2.0.0"})
        self.assertEqual(self.shown(instances[0])["migration"], moved["migration"])
        status, back = self.migrate("--undo", moved["migration"])
        self.assertEqual((status, back["undone"]), (DONE, 3), back)
        self.kill_and_serve()
        self.assertEqual(self.versions(instances), {"1.0.0"})

        self.deploy("job3", THIRD)
        plain = self.command("migrate", "--plan", "desk/job", "1.0.0", "3.0.0")
        self.assertEqual(plain.status, NO, plain.err)
        self.assertIn("suggested: /do/1/w", plain.out)
        self.assertIn("0 compatible, 3 convertible, 0 stuck; 0 can move", plain.err)
        wrong = self.command("migrate", "--plan", "desk/job", "1.0.0", "3.0.0", "--map", self.desk.write("wrong.yaml", "tasks: [\n"))
        self.assertEqual(wrong.status, WRONG, wrong.err)
        self.assertIn("wrong.yaml:", wrong.err)
        mapping = self.desk.write("map.yaml", MAP)
        self.assertEqual(self.migrate("--plan", "desk/job", "1.0.0", "3.0.0", "--map", mapping)[0], DONE)
        status, moved = self.migrate("--apply", "desk/job", "1.0.0", "3.0.0", "--map", mapping)
        self.assertEqual((status, moved["moved"]), (DONE, 3), moved)
        self.kill_and_serve()
        done = self.command("emit", json.dumps({"specversion": "1.0", "id": "1", "source": "/test", "type": "go"}))
        self.assertEqual(done.status, DONE, done.err)
        for instance in instances:
            shown = self.shown(instance)
            self.assertEqual((shown["status"], shown["output"]), ("completed", {"version": 3}), shown)
        late = self.command("migrate", "--undo", moved["migration"])
        self.assertNotEqual(late.status, DONE)
        self.assertIn("event_delivered", late.err)

        self.desk.stop()
        for instance in instances:
            replayed = self.desk.run("audit", "replay", instance, "--dir", self.desk.project)
            self.assertEqual(replayed.status, DONE, replayed.out + replayed.err)
        self.assertEqual(self.desk.run("audit", "verify", "--dir", self.desk.project).status, DONE)

    def test_what_is_missing_is_said(self):
        for arguments in (["--plan"], ["desk/job", "1.0.0", "2.0.0"], ["--plan", "--apply", "desk/job", "1.0.0", "2.0.0"]):
            done = self.command("migrate", *arguments)
            self.assertEqual(done.status, WRONG, done.err)
            self.assertIn("--undo MIGRATION", done.err)
        self.assertIn("no workflow desk/job:9.0.0", self.command("migrate", "--plan", "desk/job", "1.0.0", "9.0.0").err)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
