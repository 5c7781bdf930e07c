"""Asking a node's GoBGP: by its command line tool, and by its API for what the tool lacks."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Sequence
from typing import NamedTuple

from nlan.engines.gobgp import api
from nlan.errors import HostError, NotFoundError
from nlan.runtimes.base import Nodes

API_PORT = 50051
AT_ONCE = 8
"""So many questions are on their way together; each is a process."""

PATIENCE_S = 5.0
"""How long a busy GoBGP may take to carry a command out."""
TIMED_OUT = "deadline exceeded"
"""What the tool says after a second without an answer."""

Question = Sequence[str]
"""The words that follow ``gobgp -j``."""


class _Answer(NamedTuple):
    """What the tool printed, and why it was refused if it was."""

    text: str
    refusal: str


class Client:
    """Speaks to the GoBGP of one node."""

    def __init__(self, nodes: Nodes, namespace: str) -> None:
        """Connect to nothing yet."""
        self._nodes, self._namespace = nodes, namespace

    def ask(self, *words: str) -> str:
        """Return the JSON that ``gobgp -j WORDS`` prints in the node.

        Raises:
            NotFoundError: GoBGP does not run there, or refuses; says its words.
        """
        return self.ask_all([words])[0]

    def ask_all(self, questions: Sequence[Question]) -> list[str]:
        """Return the answers to many questions, in their order; they are asked side by side.

        Raises:
            NotFoundError: GoBGP does not run there, or refuses one of them; all have been asked.
        """
        answers = self._asked(questions)
        for answer in answers:
            if answer.refusal:
                raise NotFoundError(f"{self._namespace}: {answer.refusal}")
        return [answer.text for answer in answers]

    def tell(self, commands: Sequence[Question]) -> None:
        """Give commands that may be given twice; the tool gives up early, so some are.

        Raises:
            NotFoundError: GoBGP refuses one of them, or is silent for `PATIENCE_S`.
        """
        deadline = time.monotonic() + PATIENCE_S
        left = list(commands)
        while left:
            answers = self._asked(left)
            refused = [answer.refusal for answer in answers if answer.refusal]
            hard = [refusal for refusal in refused if TIMED_OUT not in refusal]
            if hard or (refused and time.monotonic() > deadline):
                raise NotFoundError(f"{self._namespace}: {(hard or refused)[0]}")
            left = [words for words, answer in zip(left, answers, strict=True) if answer.refusal]

    def _asked(self, questions: Sequence[Question]) -> list[_Answer]:
        answers: list[_Answer] = []
        for start in range(0, len(questions), AT_ONCE):
            with self._nodes.inside(self._namespace):
                running = [_start(words) for words in questions[start : start + AT_ONCE]]
            answers += [_finish(process) for process in running]
        return answers

    def is_ready(self) -> bool:
        """Tell whether it takes questions."""
        with self._nodes.open_socket(self._namespace, socket.AF_INET, socket.SOCK_STREAM) as probe:
            return probe.connect_ex(("127.0.0.1", API_PORT)) == 0

    def dynamic_neighbors(self) -> dict[str, str]:
        """Return the prefixes whose speakers may dial, with their peer group.

        Raises:
            PeerError: It does not answer.
        """
        with self._connected() as connection:
            return api.dynamic_neighbors(connection)

    def delete_dynamic_neighbor(self, prefix: str, group: str) -> None:
        """Let nobody of the prefix dial any more; the group must exist.

        Raises:
            PeerError: It refuses or does not answer.
        """
        with self._connected() as connection:
            api.delete_dynamic_neighbor(connection, prefix, group)

    def _connected(self) -> socket.socket:
        connection = self._nodes.open_socket(self._namespace, socket.AF_INET, socket.SOCK_STREAM)
        try:
            connection.connect(("127.0.0.1", API_PORT))
        except OSError as error:
            connection.close()
            raise NotFoundError(f"{self._namespace}: GoBGP does not answer: {error}") from error
        return connection


def _start(words: Question) -> subprocess.Popen[str]:
    argv = [program("gobgp"), "-j", *words]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _finish(process: subprocess.Popen[str]) -> _Answer:
    out, err = process.communicate()
    return _Answer(out, (err.strip() or out.strip() or "no answer") if process.returncode else "")


def program(name: str) -> str:
    """Return the path of one of GoBGP's programs.

    Raises:
        HostError: It is not installed.
    """
    import shutil  # 2 ms, as in the engine

    path = shutil.which(name)
    if path is None:
        raise HostError(f"{name} is missing: install GoBGP")
    return path
