"""Answers `echo`. With `--bug`, it answers every second one with the text before."""
import json
import sys

last = None
bug = "--bug" in sys.argv

for line in sys.stdin:
    message = json.loads(line)
    src, body = message["src"], message["body"]
    reply = {"type": body["type"] + "_ok", "in_reply_to": body.get("msg_id")}
    if body["type"] not in ("init", "echo"):
        continue
    if body["type"] == "echo":
        reply["echo"] = last if bug and last and body["echo"] else body["echo"]
        last = body["echo"] or last
    print(json.dumps({"src": message["dest"], "dest": src, "body": reply}), flush=True)
