"""Page: what a report tells of a pipeline, gathered from its tables, ledger, profiles and program.

Owns what is told, and in which words. Must never hold how it looks, which is `featurelib.report`, nor build anything.
"""

from featurelib.runs.page.write import gather, leaving_a_page, write_page

__all__ = ["gather", "leaving_a_page", "write_page"]
