"""A picture of a report becomes a file, by its heading."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from throughtime.recipes.page import page
from tools import report_picture


def test_a_picture_is_written_by_its_heading(tmp_path, capsys):
    section = '<p>x</p><svg viewBox="0 0 1 1"><g fill="currentColor"/></svg>'
    (tmp_path / "report.html").write_text(page("A page", "", [("Found", section)]), encoding="utf-8")
    target = tmp_path / "found.svg"
    report_picture.main(tmp_path, "Found", target)
    assert ElementTree.parse(target).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert "currentColor" not in target.read_text(encoding="utf-8")
    assert "found.svg: Found" in capsys.readouterr().out
    with pytest.raises(SystemExit, match=r"'Lost' has none; Found have"):
        report_picture.main(tmp_path, "Lost", target)
