import numpy as np

from fer_exp.reports import figures


def test_every_pair_is_drawn_once_under_its_words():
    pairs = [figures.Pair(np.zeros((8, 16, 3), np.uint8), f"happy | sad {i}", "0.95, mirrored") for i in range(7)]
    figure = figures.pair_sheet({"least alike": pairs, "at random": []}, "near duplicates")
    drawn = [axes.get_title() for part in figure.subfigs for axes in part.axes if axes.images]
    assert drawn == [f"happy | sad {i}\n0.95, mirrored" for i in range(7)]
    assert len(figure.subfigs) == 1
