"""`reconcile`.

`command` declares it, `reading` reads the topics, `proof` sorts their records into the `ledger` of
each partition, `report` prints what the ledgers come to.
"""
