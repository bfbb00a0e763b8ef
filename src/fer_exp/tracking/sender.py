"""Delivers a journal while it is written."""

from __future__ import annotations

import logging
import time
from threading import Condition, Thread

from tqdm import tqdm

from fer_exp.tracking.delivery import NOT_NOW, Delivery
from fer_exp.tracking.errors import masked, reason

log = logging.getLogger(__name__)

PATIENCE = 30  # seconds that the end of a run waits for a server that takes nothing
PAUSES = (1, 2, 4, 8, 15)  # seconds before it is asked again


class Courier:
    """Delivers a journal from a thread of its own, so that whoever writes it never waits for the server."""

    def __init__(self, delivery: Delivery):
        self.delivery, self.journal = delivery, delivery.journal
        self.turn = Condition()
        self.failing = ""  # why nothing is taken at present
        self.moved = time.monotonic()  # when something was taken last
        self.hurry = self.stopped = False
        self.bug: BaseException | None = None
        self.thread = Thread(target=self._work, name="delivery", daemon=True)
        self.thread.start()

    def notify(self) -> None:
        """More is there."""
        with self.turn:
            self.turn.notify_all()

    @property
    def waiting(self) -> int:
        """How many entries are not delivered."""
        return sum(1 for _ in self.journal.pending())

    def flush(self, patience: float | None = None) -> bool:
        """Wait until everything is delivered; False where the server takes nothing for `patience` seconds.

        A large file may take as long as it needs at a megabyte a second.
        """
        patience, began = PATIENCE if patience is None else patience, time.monotonic()
        total = self.waiting
        with self.turn, tqdm(total=total, desc="delivering to the tracking server", delay=2, leave=False) as bar:
            self.hurry = True
            self.turn.notify_all()
            while self.journal.is_behind and self.bug is None:
                self.turn.wait(0.2)
                bar.update(total - self.waiting - bar.n)
                silent = time.monotonic() - max(began, self.moved)
                if silent > patience + (0 if self.failing else self.delivery.allowed):
                    self.failing = self.failing or f"no answer for {silent:.0f} seconds"
                    return False
            self.hurry = False
        if self.bug is not None:
            raise self.bug
        return True

    def stop(self) -> bool:
        """End the thread, what is left stays in the journal; False where a server that hangs still holds it."""
        with self.turn:
            self.stopped = True
            self.turn.notify_all()
        self.thread.join(1)
        return not self.thread.is_alive()

    def _work(self) -> None:
        failed = 0
        while not self.stopped:
            with self.turn:
                # not only when told: a writer may be interrupted before it tells
                while not (self.journal.is_behind or self.stopped):
                    self.turn.wait(1)
            try:
                sent = 0 if self.stopped else self.delivery.step()
            except NOT_NOW as error:
                failed += 1
                self._pause(error, failed)
            except BaseException as error:  # ours: raised where somebody waits
                with self.turn:
                    self.bug = error
                    self.turn.notify_all()
                return
            else:
                if self.failing:
                    log.info("%s answers again", masked(self.delivery.uri))
                failed = 0
                with self.turn:
                    self.failing = ""
                    if sent:
                        self.moved = time.monotonic()
                    self.turn.notify_all()
                    if not sent and not self.stopped:  # in the midst of a line
                        self.turn.wait(0.1)

    def _pause(self, error: BaseException, failed: int) -> None:
        if not self.failing:
            log.warning(
                "warning: %s takes nothing (%s): this goes on, what it records is kept in %s until it does",
                masked(self.delivery.uri),
                reason(error),
                self.journal.folder,
            )
        with self.turn:
            self.failing = reason(error)
            seconds = PAUSES[min(failed, len(PAUSES)) - 1]
            self.turn.wait_for(lambda: self.hurry or self.stopped, seconds)
            if self.hurry and not self.stopped:
                self.turn.wait_for(lambda: self.stopped, PAUSES[0])
