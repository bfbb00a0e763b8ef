import json

from fer_exp.tracking import view


def test_an_experiment_is_made_with_the_view_and_one_of_another_version_gets_it(store):
    def tag():
        return store.client.get_experiment(store.experiment_id).tags[view.TAG]

    assert tag() == view.state()
    store.client.set_experiment_tag(store.experiment_id, view.TAG, "{}")
    view.renew(store.client, store.experiment_id)
    assert tag() == view.state()


def test_the_charts_open_with_the_curves_in_a_section_of_their_own():
    state = json.loads(view.state())
    first, *_ = state["compareRunSections"]
    assert state["isAccordionReordered"]  # else MLflow sorts it behind the others
    assert [chart["selectedMetricKeys"] for chart in state["compareRunCharts"]] == list(view.CURVES.values())
    assert {chart["metricSectionId"] for chart in state["compareRunCharts"]} == {first["uuid"]}
