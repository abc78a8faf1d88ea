"""A study as a report: a page to be read, a workbook to be worked with, JSON for programs.

Enters: `Study`. Leaves: HTML, Excel, JSON. All three show the same tables (`tables`); shares are
rounded here and nowhere before.
"""
