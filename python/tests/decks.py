"""Decks that several tests use."""

DIODES = """two diodes and a bridge
V1 a 0 1
V2 b 0 1
R1 a x 1k
R2 b x 2k
R3 a y 3k
R4 b y 1k
D1 x y dm
D2 y 0 dm
.model dm D(is=1e-9 n=2)
.end
"""
