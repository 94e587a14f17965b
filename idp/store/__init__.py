"""Tables and the queries on them, one module a table.

Nothing here commits or decides. Functions run in the transaction of the
session that they are given (``unit_of_work``); single use is always one
conditional ``UPDATE``.
"""
