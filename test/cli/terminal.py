"""Runs a program on a pseudo-terminal and answers it.

Takes one JSON argument: {"argv": [...], "cwd": "...", "env": {...}, "talk": [["what to wait for", "what to type"], ...]}.
Prints one JSON object: {"screen": "all that was shown", "code": exit code, "unseen": what was waited for in vain or null}.
"""

import json
import os
import pty
import select
import sys
import time

PATIENCE = 30

spec = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.chdir(spec["cwd"])
    os.execvpe(spec["argv"][0], spec["argv"], spec["env"])

screen = b""
seen = 0
unseen = None


def more():
    """Reads once; false at the end."""
    global screen
    ready, _, _ = select.select([terminal], [], [], 0.1)
    if not ready:
        return True
    try:
        chunk = os.read(terminal, 65536)
    except OSError:
        return False
    screen += chunk
    return chunk != b""


for expected, answer in spec["talk"]:
    until = time.monotonic() + PATIENCE
    alive = True
    while expected.encode() not in screen[seen:] and alive and time.monotonic() < until:
        alive = more()
    if expected.encode() not in screen[seen:]:
        unseen = expected
        break
    seen = len(screen)
    os.write(terminal, answer.encode())

if unseen is not None:
    os.kill(pid, 9)
while more():
    if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None and not select.select([terminal], [], [], 0.2)[0]:
        break
_, status = os.waitpid(pid, 0)
code = os.waitstatus_to_exitcode(status)
print(json.dumps({"screen": screen.decode(errors="replace"), "code": code, "unseen": unseen}))
