"""What a service that is away is asked, to find out whether it is back."""

from collections import OrderedDict
from typing import Final

from veritas.call import Question

#: So many questions that wait are known.
WAITING: Final = 64


class Probes:
    """Chooses the question of each probe.

    Best is one that was answered before: no account's fault can make it fail. Where there is none,
    those who wait are asked about in turn, as any of them may be one that the service stumbles
    over, whoever else it would answer about. And where the one that was answered is rejected now,
    it and those who wait are asked about by turns: an answer about anybody shows that it is back.
    """

    def __init__(self) -> None:
        #: The last question that was answered, None if none was since the start.
        self.answered: Question | None = None
        self._waiting: OrderedDict[str, Question] = OrderedDict()
        self._control_rejected = False

    def clear(self) -> None:
        """Forget who waited: the service just went away."""
        self._waiting.clear()
        self._control_rejected = False

    def waits(self, asked: Question) -> None:
        """Somebody waits for the answer to this. Who still waits after a probe says so again."""
        if len(self._waiting) < WAITING:
            self._waiting[asked.key] = asked

    def next(self, opener: Question) -> tuple[Question, bool]:
        """What to ask next, and whether it is a control: one that was answered before.

        `opener` found the service away, and is asked about where nobody else is known.
        """
        turn_of_others, self._control_rejected = self._control_rejected, False
        if self.answered is not None and not (turn_of_others and self._waiting):
            return self.answered, True
        if self._waiting:
            return self._waiting.popitem(last=False)[1], False
        return opener, False

    def control_rejected(self) -> None:
        """The control was rejected: the next probe is about somebody who waits."""
        self._control_rejected = True
