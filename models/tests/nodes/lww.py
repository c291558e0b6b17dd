"""Registers: of two writes, the one with the later time is kept, and of equal times that of the later node. The time is
the wall clock's, which the client's request gives as `time`. At a tick, a node sends its registers to the next node.

With `--bug`, of equal times the one that was there is kept."""
import json
import sys

me, following, registers = None, None, {}
bug = "--bug" in sys.argv


def send(dest, body):
    print(json.dumps({"src": me, "dest": dest, "body": body}), flush=True)


def write(key, time, node, value):
    old = registers.get(key)
    if old is None or time > old[0] or (time == old[0] and node > old[1] and not bug):
        registers[key] = [time, node, value]


for line in sys.stdin:
    message = json.loads(line)
    src, body = message["src"], message["body"]
    reply = {"type": body["type"] + "_ok", "in_reply_to": body.get("msg_id")}
    match body["type"]:
        case "init":
            me, ids = body["node_id"], body["node_ids"]
            following = ids[(ids.index(me) + 1) % len(ids)]
        case "write":
            write(body["key"], body.get("time", 0), me, body["value"])
        case "registers":
            for key, (time, node, value) in body["registers"].items():
                write(key, time, node, value)
        case "tick":
            if registers:
                send(following, {"type": "registers", "registers": registers})
        case "read":
            if body["key"] in registers:
                reply["value"] = registers[body["key"]][2]
            else:
                reply.update(type="error", code=20, text="no such key")
        case "state":
            reply["registers"] = registers
    if body["type"] != "registers":
        send(src, reply)
