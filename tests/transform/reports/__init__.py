"""Each report of Open Dental once more, in plain Python over the rows of the source.

One module a report, named like the mart, with one function `calculate(practice)` that returns the
mart's rows. It is written from the rules of the report and from nothing in the dbt project, so that
an error would have to be made twice to stay unseen.
"""
