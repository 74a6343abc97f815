"""What travels: one record a file, and the way from bytes to an account."""

from records.bank_account import BankAccount
from records.codec.decode import Undecodable, decode
from records.dead_letter import DeadLetter
from records.partition_counts import PartitionCounts
from records.totals import counts_document
from records.verdict import Verdict, read_verdict, record_id

__all__ = [
    "BankAccount",
    "DeadLetter",
    "PartitionCounts",
    "Undecodable",
    "Verdict",
    "counts_document",
    "decode",
    "read_verdict",
    "record_id",
]
