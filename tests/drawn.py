"""Looks of drawn faces."""

from dataclasses import replace

from fer_exp.datasets.synthetic.face import Look

SIZE = 64
LOOK = Look(seed=0, size=SIZE, intensity=1.3, spread=0.25, idle=0.08, blend=0.1, pose=0.5, corruption=1.0)
PLAIN = replace(LOOK, spread=0.0, idle=0.0, blend=0.0, pose=0.0, corruption=0.0)  # the class's action units alone
PEOPLE = range(24)
