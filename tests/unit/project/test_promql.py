"""The reading of expressions that other tests rest on."""

from tests.promql import matchers, metrics


def test_names_are_distinguished_from_functions_labels_and_numbers() -> None:
    expression = (
        'abs(job:a:ratio - b_total{x="c"}) > 0.15 and sum by (job, d) (increase(e[5m])) >= 1e3'
        " unless on (f) g offset 1d or vector(0)"
    )
    assert metrics(expression) == {"job:a:ratio", "b_total", "e", "g"}


def test_a_matcher_knows_its_metric() -> None:
    (one, other) = matchers('rate(a_total{x="1",y=~"2|3"}[5m]) / up')
    assert one == ("a_total", "x", "=", "1")
    assert other.values() == {"2", "3"}
