"""The years before the lived ones: accounts and paper that an old practice brought along.

`careers` decides who came when; `ledger` and `claims` work through the days and write procedures,
payments and claims, which the closed books follow to the cent; `paperwork` lets the server make the
tables that hold no money, in bulk; `pens` collect the rows; `simulator.background` carries rows and
statements to the server beside all of that; `story` tells it in order and hands the patients
who still come over to the lived years. Nothing that is written here is ever changed by the lived
years but what an office really corrects after years: addresses, families, log entries.
"""
