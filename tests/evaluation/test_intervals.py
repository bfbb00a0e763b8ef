"""Intervals and p over faces and seeds: what they are by hand, and that they keep their promises in simulation."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

from fer_exp.evaluation.estimates import Estimate, proportion_interval
from fer_exp.evaluation.intervals import CrossedMeans, ratio_interval
from fer_exp.evaluation.statistics import wilson


@pytest.fixture(scope="module")
def coverage():
    """The script that simulates, as a module."""
    path = Path(__file__).resolve().parents[2] / "bench" / "coverage.py"
    spec = importlib.util.spec_from_file_location("coverage_bench", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def networks(seeds, n, deviation=0.1, rng=0, skill=0.3):
    """Right or wrong of networks that agree on most faces, (seeds, n)."""
    rng = np.random.default_rng(rng)
    faces = np.random.default_rng(99).normal(skill, 1, n)
    return faces + rng.normal(0, 0.5, (seeds, n)) + rng.normal(0, deviation, (seeds, 1)) > 0


def means(**rows):
    """CrossedMeans of one column "t": rows of networks with the seeds 0, 1, ..."""
    return CrossedMeans(
        {(r, "t"): v for r, v in rows.items()}, {r: [*map(str, range(len(v)))] for r, v in rows.items()}
    )


def test_the_variance_of_a_mean_is_that_of_two_way_analysis_of_variance():
    values = networks(4, 300).astype(float)
    table = values - values.mean()
    seeds, faces = table.mean(1, keepdims=True), table.mean(0, keepdims=True)
    of_seeds, of_faces = 300 * (seeds**2).sum() / 3, 4 * (faces**2).sum() / 299
    interaction = ((table - seeds - faces) ** 2).sum() / (3 * 299)
    found = means(a=values).estimate({("a", "t"): 1.0})
    assert found.value == pytest.approx(values.mean())
    assert found.variance == pytest.approx((of_seeds + of_faces - interaction) / (4 * 300), rel=1e-5)
    assert found.freedom == pytest.approx(3)


def test_the_difference_of_two_rows_of_the_same_seeds_is_that_of_their_differences():
    a, b = networks(5, 400, rng=1), networks(5, 400, rng=2)
    pair = means(a=a, b=b).estimate({("a", "t"): 1.0, ("b", "t"): -1.0})
    alone = means(d=a.astype(int) - b.astype(int)).estimate({("d", "t"): 1.0})
    assert pair[:2] == pytest.approx(alone[:2], rel=1e-5)
    assert pair.freedom == alone.freedom == 4  # of two rows there is nothing to pool
    back = means(a=a, b=b).estimate({("a", "t"): -1.0, ("b", "t"): 1.0})
    assert back.p == pytest.approx(pair.p) and back.interval == pytest.approx((-pair.interval.high, -pair.interval.low))


def test_seeds_are_pooled_over_rows_and_what_they_do_to_all_rows_cancels():
    rows = {name: networks(3, 2000, 0.02, rng=i) for i, name in enumerate("abc")}
    pair, cell = {("a", "t"): 1.0, ("b", "t"): -1.0}, {("a", "t"): 1.0}
    plain = means(**rows)
    assert plain.estimate(pair).freedom == 4  # (3 rows - 1) (3 seeds - 1)
    assert 2 <= plain.estimate(cell).freedom <= 6
    harder = np.random.default_rng(5).random((3, 2000)) < np.array([[0.0], [0.1], [0.2]])  # later seeds miss more faces
    shifted = means(**{name: v & ~harder for name, v in rows.items()})
    assert shifted.estimate(cell).variance > 4 * plain.estimate(cell).variance
    assert shifted.estimate(pair).variance < 3 * plain.estimate(pair).variance


def test_one_seed_in_all_rows_knows_of_faces_alone():
    a, b = networks(1, 400, rng=1), networks(1, 400, rng=2)
    found = means(a=a, b=b).estimate({("a", "t"): 1.0, ("b", "t"): -1.0})
    assert not found.over_seeds
    d = a[0].astype(float) - b[0]
    assert found.p == pytest.approx(stats.ttest_1samp(d, 0).pvalue)
    assert found.interval == pytest.approx(stats.ttest_1samp(d, 0).confidence_interval())


def test_a_row_of_one_seed_borrows_the_variance_of_the_others():
    many, one = networks(5, 400, 0.2, rng=1), networks(1, 400, 0.2, rng=2)
    found = means(many=many, one=one)
    cells = {row: found.estimate({(row, "t"): 1.0}) for row in ("many", "one")}
    assert cells["one"].over_seeds
    assert cells["one"].of_seeds == pytest.approx(5 * cells["many"].of_seeds)
    assert cells["one"].of_faces == pytest.approx(cells["many"].of_faces, rel=0.2)
    difference = found.estimate({("many", "t"): 1.0, ("one", "t"): -1.0})
    assert difference.of_seeds == pytest.approx(sum(cell.of_seeds for cell in cells.values()))


def test_rows_of_other_seeds_are_not_paired():
    a, b = networks(3, 400, 0.2, rng=1), networks(3, 400, 0.2, rng=2)
    found = CrossedMeans({("a", "t"): a, ("b", "t"): b}, {"a": "012", "b": "345"})
    difference = found.estimate({("a", "t"): 1.0, ("b", "t"): -1.0})
    pooled = (a.mean(1).var(ddof=1) + b.mean(1).var(ddof=1)) / 2
    assert difference.of_seeds == pytest.approx(2 * pooled / 3)
    assert difference.freedom == 4


def test_p_is_students_of_one_variance_and_behrens_and_fishers_of_two():
    alone = Estimate(0.03, 1e-4, 2, 0.0, 4000)
    assert alone.p == pytest.approx(2 * stats.t.sf(3, 2), rel=1e-3)
    assert alone.interval == pytest.approx(0.03 + 0.01 * stats.t.ppf([0.025, 0.975], 2))
    both = alone._replace(of_faces=2e-4)

    def tail(chi2):
        return 2 * stats.t.sf(0.03 / np.sqrt(2e-4 + 1e-4 * 2 / chi2), 3999) * stats.chi2.pdf(chi2, 2)

    assert both.p == pytest.approx(integrate.quad(tail, 0, np.inf)[0], rel=1e-3)
    for freedom in (1, 2, 7, 40, 300):
        assert alone._replace(freedom=freedom, value=0.02).p == pytest.approx(2 * stats.t.sf(2, freedom), rel=2e-3)


def test_where_nothing_varies_nothing_is_known():
    found = means(a=np.ones((1, 20), bool), b=np.ones((1, 20), bool)).estimate({("a", "t"): 1.0, ("b", "t"): -1.0})
    assert found.p == 1 and np.isnan(found.interval).all()


def test_differences_stay_within_what_can_be():
    a, b = networks(2, 5, 1, rng=1, skill=2), networks(2, 5, 1, rng=2, skill=-2)
    low, high = means(a=a, b=b).estimate({("a", "t"): 1.0, ("b", "t"): -1.0}).interval
    assert -1 <= low <= high <= 1


def test_a_proportion_has_wilsons_interval_where_faces_are_all_its_chance():
    found = proportion_interval(Estimate(0.6, 0.0, 0.0, 0.24 / 100_000, 100_000))
    assert found == pytest.approx(wilson(60_000, 100_000), abs=1e-6)
    for values in (np.ones((3, 50), bool), np.zeros((3, 50), bool), networks(2, 50, 0.9)):
        low, high = proportion_interval(means(a=values).estimate({("a", "t"): 1.0}))
        assert 0 <= low <= values.mean() <= high <= 1 and high - low > 0.05


def test_two_seeds_do_not_make_intervals_of_two_kinds():
    # by resampling, of equal cells one had 0 to .322 and another .128 to .176
    widths = []
    for rng in range(60):
        rows = {name: networks(2, 1000, 0.06, rng=(rng, i), skill=-1.2) for i, name in enumerate("abc")}
        low, high = proportion_interval(means(**rows).estimate({("a", "t"): 1.0}))
        widths.append(high - low)
    assert max(widths) < 4 * np.median(widths) and min(widths) > np.median(widths) / 2


def test_the_share_that_is_won_back_has_fiellers_interval():
    rows = {"a": (0.3, -0.5), "b": (0.3, 0.1)}
    values = {
        (row, t): networks(3, 2000, 0.03, rng=(i, j), skill=skill)
        for i, (row, skills) in enumerate(rows.items())
        for j, (t, skill) in enumerate(zip(("normal", "occluded"), skills, strict=True))
    }
    found = CrossedMeans(values, dict.fromkeys(rows, "012"))
    gained, lost = {("b", "occluded"): 1.0, ("a", "occluded"): -1.0}, {("a", "normal"): 1.0, ("a", "occluded"): -1.0}
    low, high = ratio_interval(found, gained, lost)
    share = found.estimate(gained).value / found.estimate(lost).value
    assert 0.3 < low < share < high < 1.2
    quantile = max(found.estimate(part).quantile for part in (gained, lost))
    for end in (low, high):  # the ends are the shares that differ from what was found just so much
        rest = {cell: gained.get(cell, 0) - end * lost.get(cell, 0) for cell in gained | lost}
        estimate = found.estimate(rest)
        assert abs(estimate.value) / np.sqrt(estimate.variance) == pytest.approx(quantile, rel=0.02)
    nothing = {("a", "normal"): 1.0, ("b", "normal"): -1.0}
    assert np.isnan(ratio_interval(found, gained, nothing)).all()


def test_what_is_compared_has_the_same_faces_and_as_many_lines_as_seeds():
    with pytest.raises(ValueError, match="other seeds or faces"):
        CrossedMeans({("a", "t"): np.ones((1, 3)), ("b", "t"): np.ones((1, 4))}, {"a": "0", "b": "0"})
    with pytest.raises(ValueError, match="other seeds or faces"):
        CrossedMeans({("a", "t"): np.ones((1, 3))}, {"a": "01"})
    with pytest.raises(ValueError, match="no predictions"):
        CrossedMeans({("a", "t"): np.ones((2, 0))}, {"a": "01"})


def by_hand(values, who):
    """Two-way analysis of variance of people and seeds, each person one value: the mean over as many faces."""
    names = sorted(set(who))
    table = np.array([[line[who == name].mean() for name in names] for line in values]) - values.mean()
    people, seeds = len(names), len(values)
    of_seeds, of_people = table.mean(1, keepdims=True), table.mean(0, keepdims=True)
    interaction = ((table - of_seeds - of_people) ** 2).sum() / ((seeds - 1) * (people - 1))
    squares = people * (of_seeds**2).sum() / (seeds - 1) + seeds * (of_people**2).sum() / (people - 1)
    return (squares - interaction) / (people * seeds)


def test_people_are_the_units_in_the_place_of_faces():
    values, who = networks(4, 300).astype(float), np.arange(300) % 20
    values[:, who < 6] *= networks(4, 90, rng=3, skill=-1)  # harder people
    groups = who.astype(str)
    over_people = CrossedMeans({("a", "t"): values}, {"a": "0123"}, groups).estimate({("a", "t"): 1.0})
    over_faces = means(a=values).estimate({("a", "t"): 1.0})
    assert over_people.value == over_faces.value and over_people.people == 20
    assert over_people.variance == pytest.approx(by_hand(values, groups), rel=1e-5)
    assert over_people.variance > 1.2 * over_faces.variance


def test_the_same_faces_said_again_add_nothing():
    # copies of each face, known to be of one person, are worth that one face
    rows = {name: networks(3, 100, rng=i) for i, name in enumerate("ab")}
    once = means(**rows)
    again = CrossedMeans(
        {(row, "t"): np.repeat(v, 7, axis=1) for row, v in rows.items()},
        dict.fromkeys(rows, "012"),
        np.repeat(np.arange(100).astype(str), 7),
    )
    for contrast in ({("a", "t"): 1.0}, {("a", "t"): 1.0, ("b", "t"): -1.0}):
        assert again.estimate(contrast) == pytest.approx(once.estimate(contrast), rel=1e-4)
        assert again.estimate(contrast).p == pytest.approx(once.estimate(contrast).p, rel=1e-4)


def test_people_of_one_face_each_change_no_digit():
    rows = {name: networks(3, 200, rng=i) for i, name in enumerate("ab")}
    plain, named = (
        means(**rows),
        CrossedMeans(
            {(row, "t"): v for row, v in rows.items()}, dict.fromkeys(rows, "012"), np.arange(200).astype(str)
        ),
    )
    for contrast in ({("a", "t"): 1.0}, {("a", "t"): 1.0, ("b", "t"): -1.0}):
        assert named.estimate(contrast) == plain.estimate(contrast)
        assert named.estimate(contrast).p == plain.estimate(contrast).p


def test_one_person_says_nothing_of_others_whatever_the_seeds():
    found = CrossedMeans({("a", "t"): networks(3, 50, 0.3)}, {"a": "012"}, np.full(50, "S1"))
    estimate = found.estimate({("a", "t"): 1.0})
    assert np.isnan(estimate.interval).all() and estimate.p == 1
    assert proportion_interval(estimate) == (0, 1)
    assert np.isnan(ratio_interval(found, {("a", "t"): 0.5}, {("a", "t"): 1.0})).all()


def test_intervals_and_stars_keep_their_promise_over_people_where_counting_faces_breaks_it(coverage):
    setting = coverage.Setting(3, 5, 600, 1.0, 0.0, people=15, person=0.5, own_people=0.2)
    found = coverage.rates(setting, 120)
    assert found["star"] <= 0.08 and 0.92 <= found["cover"] <= 0.985
    assert found["faces: star"] > 0.2 and found["faces: cover"] < 0.75


@pytest.mark.parametrize("seeds, faces, deviation", [(2, 500, 1.0), (3, 500, 0.0), (5, 500, 2.0)])
def test_intervals_and_stars_keep_their_promise(coverage, seeds, faces, deviation):
    found = coverage.rates(coverage.Setting(3, seeds, faces, deviation, 0.5), 150)
    assert found["star"] <= 0.08  # .05 and two standard errors of 150 matrices
    assert 0.92 <= found["cover"] <= 0.985


def test_one_seed_is_never_starred(coverage):
    assert coverage.rates(coverage.Setting(3, 1, 500, 2.0, 0.0), 30)["star"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("rows, seeds", [(3, 5), (4, 5), (3, 10), (4, 10)])
def test_rows_whose_seeds_vary_unlike_have_intervals_of_their_own(coverage, rows, seeds):
    # with one variance for all rows, the row whose seeds vary by 2 points is covered in .84 to .89, those of .5 in .98
    found = coverage.rates(coverage.Setting(rows, seeds, 4000, 1.0, 0.0, unlike=True), 700)
    assert found["loud"] >= 0.9 and found["quiet"] <= 0.975


@pytest.mark.slow
@pytest.mark.parametrize("seeds, people, uneven", [(2, 100, False), (3, 30, False), (5, 30, True), (5, 8, False)])
def test_the_same_of_forty_faces_a_person(coverage, seeds, people, uneven):
    setting = coverage.Setting(3, seeds, 40 * people, 1.0, 0.0, 0.0, False, people, 0.5, 0.2, uneven)
    found = coverage.rates(setting, 700)
    assert found["star"] <= 0.066 and 0.93 <= found["cover"] <= 0.975


@pytest.mark.slow
@pytest.mark.parametrize(
    "rows, seeds, deviation, shared, own_faces",
    [(3, 2, 1.0, 0.0, 0.0), (4, 2, 2.0, 0.5, 0.0), (3, 3, 1.0, 0.0, 0.0), (3, 2, 0.5, 0.5, 0.3), (3, 5, 0.5, 0.5, 0.3)],
)
def test_the_same_on_four_thousand_faces(coverage, rows, seeds, deviation, shared, own_faces):
    found = coverage.rates(coverage.Setting(rows, seeds, 4000, deviation, shared, own_faces), 700)
    assert found["star"] <= 0.066  # .05 and two standard errors of 700 matrices
    assert 0.93 <= found["cover"] <= 0.98
    assert found["power"] >= found["t"] - 0.02
