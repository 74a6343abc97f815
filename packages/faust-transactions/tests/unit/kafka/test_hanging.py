from faust.types import TP
from faust_transactions.kafka.hanging import HangingTransactionDetector

ROW, OTHER = TP("rows", 0), TP("rows", 1)


def test_one_look_is_no_proof_that_a_transaction_hangs() -> None:
    detector = HangingTransactionDetector()
    assert detector.hanging({ROW: 10}) == set()
    assert detector.hanging({ROW: 10, OTHER: 5}) == {ROW}
    assert detector.hanging({ROW: 10, OTHER: 5}) == {ROW, OTHER}


def test_another_transaction_in_the_same_partition_is_another_beginning() -> None:
    detector = HangingTransactionDetector()
    detector.hanging({ROW: 10})
    assert detector.hanging({ROW: 12}) == set()


def test_a_look_that_finds_nothing_clears_what_was_found_before() -> None:
    detector = HangingTransactionDetector()
    detector.hanging({ROW: 10})
    assert detector.hanging({}) == set()
    assert detector.hanging({ROW: 10}) == set()
