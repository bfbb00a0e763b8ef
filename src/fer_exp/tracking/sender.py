"""The thread that delivers a journal while it is written."""

from __future__ import annotations

import logging
import time
from threading import Condition, Thread

from tqdm import tqdm

from fer_exp.system.addresses import hide_secrets
from fer_exp.tracking.delivery import RETRYABLE, Delivery
from fer_exp.tracking.errors import reason

log = logging.getLogger(__name__)

PATIENCE = 30  # seconds that the end of a run waits for a server that accepts nothing
PAUSES = (1, 2, 4, 8, 15)  # seconds before each further attempt


class Sender:
    """Delivers a journal from a thread of its own, so that whoever writes it never waits for the server."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery, self.journal = delivery, delivery.journal
        self.condition = Condition()
        self.failure = ""  # why the server accepts nothing at present
        self.last_delivery = time.monotonic()
        self.flushing = self.stopped = False
        self.error: BaseException | None = None  # of this program, not of the server
        self.thread = Thread(target=self._work, name="delivery", daemon=True)
        self.thread.start()

    def notify(self) -> None:
        """Wake the thread: the journal has grown."""
        with self.condition:
            self.condition.notify_all()

    def flush(self, patience: float | None = None) -> bool:
        """Wait until the server has everything; return False if it accepts nothing for `patience` seconds.

        A large file may take as long as it needs at a megabyte per second.
        """
        patience, began = PATIENCE if patience is None else patience, time.monotonic()
        total = self.journal.waiting
        with self.condition, tqdm(total=total, desc="delivering to the tracking server", delay=2, leave=False) as bar:
            self.flushing = True
            self.condition.notify_all()
            while not self._has_all() and self.error is None:
                self.condition.wait(0.2)
                bar.update(total - self.journal.waiting - bar.n)
                silent = time.monotonic() - max(began, self.last_delivery)
                if silent > patience + (0 if self.failure else self.delivery.seconds_allowed):
                    self.failure = self.failure or f"no answer for {silent:.0f} seconds"
                    return False
            self.flushing = False
        if self.error is not None:
            raise self.error
        return True

    def stop(self) -> bool:
        """End the thread, and leave the rest in the journal; return False if a server that hangs still holds it."""
        with self.condition:
            self.stopped = True
            self.condition.notify_all()
        self.thread.join(1)
        return not self.thread.is_alive()

    def _has_all(self) -> bool:
        return self.journal.is_confirmed and not self.journal.is_behind

    def _step(self) -> int:
        """Deliver what comes next, or make sure that all has arrived; return how much came of it."""
        if self.stopped:
            return 0
        if self.journal.is_behind:
            return self.delivery.step()
        self.delivery.confirm()
        return 1

    def _work(self) -> None:
        failures = furthest = 0  # what is delivered again is no progress
        while not self.stopped:
            with self.condition:
                # a writer may be interrupted before it notifies: look once a second
                while not (self.journal.is_behind or self.stopped or (self.flushing and not self._has_all())):
                    self.condition.wait(1)
            try:
                sent = self._step()
            except RETRYABLE as error:
                failures += 1
                self._pause(error, failures)
            except BaseException as error:  # a bug: raised by whoever waits in flush
                with self.condition:
                    self.error = error
                    self.condition.notify_all()
                return
            else:
                position = self.journal.progress.position
                with self.condition:
                    if sent and (position > furthest or self.journal.is_confirmed):
                        if self.failure:
                            log.info("%s answers again", hide_secrets(self.delivery.uri))
                        self.failure, failures, furthest = "", 0, max(position, furthest)
                        self.last_delivery = time.monotonic()
                    self.condition.notify_all()
                    if not sent and not self.stopped:  # in the middle of a line
                        self.condition.wait(0.1)

    def _pause(self, error: BaseException, failures: int) -> None:
        if not self.failure:
            log.warning(
                "warning: %s accepts nothing (%s): this run goes on, and what it records is kept in %s until it does",
                hide_secrets(self.delivery.uri),
                reason(error),
                self.journal.folder,
            )
        with self.condition:
            self.failure = reason(error)
            seconds = PAUSES[min(failures, len(PAUSES)) - 1]
            self.condition.wait_for(lambda: self.flushing or self.stopped, seconds)
            if self.flushing and not self.stopped:
                self.condition.wait_for(lambda: self.stopped, PAUSES[0])
