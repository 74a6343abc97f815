"""From the text of a rule file to a checked rule set. Nothing of it is evaluated here."""
