"""A stand-in for systemd: receives the messages of sd_notify(3) and prints each as a line of JSON.

    manager.py SOCKET      a path, or @name for an abstract socket

Prints {"ready": true} once it listens. The sender's process id comes from the kernel. Ends when its standard
input is closed.
"""
import json
import select
import socket
import struct
import sys

name = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
receiver.bind("\0" + name[1:] if name.startswith("@") else name)


def say(value):
    print(json.dumps(value), flush=True)


say({"ready": True})
while True:
    readable, _, _ = select.select([receiver, sys.stdin], [], [])
    if receiver in readable:
        data, credentials, _, _ = receiver.recvmsg(4096, socket.CMSG_SPACE(12))
        pid = struct.unpack("iII", credentials[0][2])[0] if credentials else 0
        say({"pid": pid, "lines": data.decode().split("\n")})
    elif sys.stdin in readable and not sys.stdin.read(1):
        break
