"""`top`.

`command` runs it, `board` gathers what is shown, `picture` draws it with the modules of its parts.
"""
