"""The benchmark: how fast the engine is beside the hardware's limits and beside other tools.

`make bench` runs it. Everything that it creates is in a directory outside of the checkout.
"""
