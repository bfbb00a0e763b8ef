import pandas as pd

from fer_exp.reports.group_figures import describe_recall_lost


def test_the_page_says_what_intervals_are_over_and_which_classes_have_none():
    table = pd.DataFrame({"class": ["sad", "disgust"], "unknown": ["", "fewer than 30 faces"]})
    tables = {"normal": table, "mixed": table}
    said = describe_recall_lost(tables, seeds=3)
    assert said == "Intervals are over faces and seeds. No interval: disgust (fewer than 30 faces)."
    assert describe_recall_lost({"normal": table[:1]}, seeds=1) == (
        "Intervals are over faces only: one seed says nothing of other trainings."
    )
