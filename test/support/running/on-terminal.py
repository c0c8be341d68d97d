"""Runs a program on a terminal of its own. Lines on standard input: `keys HEX`, `size ROWS COLUMNS`."""
import fcntl
import os
import pty
import select
import struct
import sys
import termios

rows, columns, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]


def resize(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))


child, terminal = pty.fork()
if child == 0:
    resize(0, rows, columns)
    os.execvp(command[0], command)

pending = b''
while True:
    ready, _, _ = select.select([terminal, 0], [], [])
    if terminal in ready:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        os.write(1, data)
    if 0 in ready:
        data = os.read(0, 4096)
        if not data:
            os.close(terminal)
            break
        *lines, pending = (pending + data).split(b'\n')
        for line in lines:
            word, *rest = line.decode().split()
            if word == 'keys':
                os.write(terminal, bytes.fromhex(rest[0]))
            else:
                resize(terminal, int(rest[0]), int(rest[1]))

_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
