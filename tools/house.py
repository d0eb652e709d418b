"""What the house checks share: the list of files, and C source with its comments and strings told apart.

Decides nothing. Each tools/check-RULE prints its findings, one "path:line: what" a line ("warn: …" where it only warns), and
ends 0 (kept) or 1 (broken).
SPDX-License-Identifier: ISC
"""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
os.chdir(ROOT)

TOKEN = re.compile(
    r'(?P<comment>/\*.*?\*/|//[^\n]*)'
    r'|(?P<string>"(?:\\.|[^"\\\n])*")'
    r"|(?P<char>'(?:\\.|[^'\\\n])*')",
    re.S)


def listed():
    """What git knows; where there is no git, or it distrusts the folder's owner, all that does not look made."""
    out = subprocess.run(['git', 'ls-files', '-z', '-co', '--exclude-standard'], check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if out.returncode == 0:
        return out.stdout.decode().split('\0')
    found = []
    for folder, names, plain in os.walk('.'):
        names[:] = [n for n in names if n not in ('.git', 'build', 'node_modules', '__pycache__', 'demo-home')]
        found += [os.path.normpath(os.path.join(folder, name)) for name in plain if not name.endswith('.o')]
    return found


def files(*patterns):
    """Tracked and new files (not the ignored ones) whose path matches one of the regular expressions."""
    paths = sorted(set(p for p in listed() if p and os.path.isfile(p) and not os.path.islink(p)))
    if not patterns:
        return paths
    wanted = re.compile('|'.join('(?:%s)' % p for p in patterns))
    return [p for p in paths if wanted.search(p)]


def text(path):
    with open(path, encoding='utf-8', errors='replace') as f:
        return f.read()


def blank(s):
    """The same number of lines, nothing else."""
    return ''.join('\n' if c == '\n' else ' ' for c in s)


def code(source):
    """Source with comments and the insides of literals blanked; lines stay where they are."""
    def swap(m):
        if m.lastgroup == 'comment':
            return blank(m.group())
        return m.group()[0] + blank(m.group()[1:-1]) + m.group()[-1]
    return TOKEN.sub(swap, source)


def strings(source):
    """(line, inside) of each string literal that is not in a comment; neighbours in a row count as one."""
    found = []
    end = -1
    for m in TOKEN.finditer(source):
        if m.lastgroup != 'string':
            continue
        inside = m.group()[1:-1]
        if found and end >= 0 and not source[end:m.start()].strip():
            found[-1] = (found[-1][0], found[-1][1] + inside)
        else:
            found.append((source.count('\n', 0, m.start()) + 1, inside))
        end = m.end()
    return found


def line_of(source, at):
    return source.count('\n', 0, at) + 1


class Findings:
    def __init__(self):
        self.broken = 0

    def bad(self, where, what):
        self.broken += 1
        print('%s: %s' % (where, what))

    @staticmethod
    def warn(where, what):
        print('warn: %s: %s' % (where, what))

    def end(self):
        sys.stdout.flush()
        sys.exit(1 if self.broken else 0)
