"""The changelog that a start checks is that of the table which the app declares."""

from cluster import changelog_topic
from config import Settings
from fraud_app import create_app


def test_the_topic_that_is_checked_is_the_one_of_the_table() -> None:
    settings = Settings(app_id="named")
    names = [table.changelog_topic_name for table in create_app(settings).tables.values()]
    assert names == [changelog_topic(settings)] == ["named-verdict_counts-changelog"]
