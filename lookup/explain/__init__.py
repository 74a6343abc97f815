"""Why an account was judged so: `document.py` says it, `answers.py` is what a worker answers."""
