"""A set that grows, with one fault: the argument names it. The other argument marks the process."""
import json
import os
import random
import signal
import subprocess
import sys
import time

fault, mark = sys.argv[1], sys.argv[2]
me, elements, requests, received, pending = None, [], 0, 0, None


def write(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def send(dest, body):
    write(json.dumps({"src": me, "dest": dest, "body": body}) + "\n")


def other():
    return "B" if me == "A" else "A"


def crash():
    match fault:
        case "exits":
            sys.exit(3)
        case "ends":
            sys.exit(0)
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "aborts":
            os.abort()
        case "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "raises":
            1 / 0
        case "complains":
            sys.stderr.write("x" * 1_000_000 + "\nthe reason\n")
            sys.exit(9)
        case "leaves-a-child":
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)", mark])
            sys.exit(3)
        case "memory":
            bytearray(1 << 30)
        case "closes":
            os.close(1)
            time.sleep(1000)


WRITES = {
    "text": "hello\n",
    "log": "INFO received a message\n",
    "empty": "\n",
    "list": "[]\n",
    "number": "7\n",
    "cut": '{"src": "A", "dest": "B"\n',
    "not-a-number": '{"src": "A", "dest": "B", "body": {"type": "x", "n": NaN}}\n',
    "deep": "[" * 100_000 + "\n",
    "zero": "\0\n",
    "long": "x" * (2 << 20) + "\n",
    "two": '{"src": "A", "dest": "B", "body": {"type": "x"}} {}\n',
    "no-src": '{"dest": "B", "body": {"type": "x"}}\n',
    "wrong-src": '{"src": "Z", "dest": "B", "body": {"type": "x"}}\n',
    "no-dest": '{"src": "A", "body": {"type": "x"}}\n',
    "number-dest": '{"src": "A", "dest": 1, "body": {"type": "x"}}\n',
    "nobody": '{"src": "A", "dest": "Z", "body": {"type": "x"}}\n',
    "service": '{"src": "A", "dest": "seq-kv", "body": {"type": "read"}}\n',
    "no-body": '{"src": "A", "dest": "B"}\n',
    "text-body": '{"src": "A", "dest": "B", "body": "x"}\n',
    "no-type": '{"src": "A", "dest": "B", "body": {}}\n',
    "no-reply": '{"src": "A", "dest": "c1", "body": {"type": "add_ok"}}\n',
    "other-reply": '{"src": "A", "dest": "c1", "body": {"type": "add_ok", "in_reply_to": 99}}\n',
    "chatty": '{"src": "A", "dest": "B", "body": {"type": "x"}}\n' * 2000,
}


def at_request():
    """The fault at a request. True if the request is not to be answered as it should."""
    crash()
    if fault in WRITES:
        write(WRITES[fault])
    match fault:
        case "bytes":
            sys.stdout.buffer.write(b"\xff\xfe\n")
            sys.stdout.flush()
        case "endless-line":
            while True:
                write("x" * 4096)
        case "endless-lines":
            while True:
                send("B", {"type": "x"})
        case "sleeps":
            time.sleep(1000)
        case "spins":
            while True:
                pass
        case "ignores-signals":
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            time.sleep(1000)
        case "random":
            send(other(), {"type": "x", "n": random.random()})
        case "process":
            send(other(), {"type": "x", "n": os.getpid()})
        case "clock":
            send(other(), {"type": "x", "n": time.monotonic_ns()})
        case "hashes":
            send(other(), {"type": "x", "n": hash("a text")})
        case "twice":
            send(src, {"type": "add_ok", "in_reply_to": body["msg_id"]})
        case "wrong-answer":
            send(src, {"type": "added", "in_reply_to": body["msg_id"]})
            return True
        case "error-without-code":
            send(src, {"type": "error", "in_reply_to": body["msg_id"]})
            return True
    return False


if fault == "never-reads":
    time.sleep(1000)
if fault == "exits-at-once":
    sys.exit(5)
for line in sys.stdin:
    message = json.loads(line)
    src, body = message["src"], message["body"]
    reply = {"type": body["type"] + "_ok", "in_reply_to": body.get("msg_id")}
    match body["type"]:
        case "init":
            me = body["node_id"]
            if fault == "no-init-ok":
                continue
            if fault == "wrong-init-ok":
                reply["type"] = "hello"
            if fault == "init-error":
                reply.update(type="error", code=13)
            if fault == "silent":
                sys.stdin.read()
        case "add":
            requests += 1
            if at_request():
                continue
            elements = sorted({*elements, body["element"]})
            if fault == "late":
                pending = {"type": "gossip", "elements": elements}
        case "gossip" | "x":
            elements = sorted({*elements, *body.get("elements", [])})
            received += 1
        case "tick":
            if fault == "hangs-at-a-tick" and elements:
                time.sleep(1000)
            if fault == "no-tick-ok" and elements:
                continue
            if elements:
                extra = {"received": received} if fault == "hides-a-count" else {}
                send(other(), {"type": "gossip", "elements": elements, **extra})
        case "read":
            reply["value"] = elements
            if fault == "random-reading":
                reply["value"] = [random.random()]
            if fault == "no-value":
                del reply["value"]
            if fault == "read-error":
                reply.update(type="error", code=14)
            if fault == "reading-alters":
                elements = [*elements, len(elements)]
            if fault == "no-read-ok":
                continue
        case "state":
            reply["elements"] = elements
            if fault == "random-state":
                reply["n"] = random.random()
            if fault == "no-state-later" and elements:
                reply.update(type="error", code=10)
            if fault == "hides" and requests:
                reply["elements"] = ["some"]
    if body["type"] not in ("gossip", "x"):
        send(src, reply)
    if fault == "late" and pending and body["type"] == "read":
        send(other(), pending)
        pending = None
