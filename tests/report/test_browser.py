"""The page in a browser: nothing is fetched, nothing complains, every chart is drawn, and a phone need not scroll sideways."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from complement.report import Facts, page

NAMES = ("helps", "hurts", "mixed", "inconclusive", "full")
DRAWN = """[...document.querySelectorAll('svg[data-chart]')].map(svg => {
  const box = svg.getBoundingClientRect();
  const marks = [...svg.querySelectorAll('rect, path, polyline, circle')].filter(one => {
    const ink = one.getBoundingClientRect();
    return ink.width + ink.height > 0 && ink.right >= box.left - 12 && ink.left <= box.right + 12;
  });
  return [svg.dataset.chart, box.width, box.height, marks.length];
})"""
CONTRAST = """(() => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const even = v => v / 255 <= .03928 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4;
  const light = rgb => { const [r, g, b] = rgb.slice(0, 3).map(even);
    return .2126 * r + .7152 * g + .0722 * b; };
  const ground = one => { for (let at = one; at; at = at.parentElement) { const rgb = parse(getComputedStyle(at).backgroundColor);
    if (rgb.length < 4 || rgb[3] > 0) return rgb; } return [255, 255, 255]; };
  const found = [];
  for (const one of document.querySelectorAll('h1, h2, h3, p, li, dt, dd, td, th, a, summary, caption, .badge, .word, .span')) {
    const style = getComputedStyle(one);
    if (!one.textContent.trim() || !one.getClientRects().length) continue;
    const [a, b] = [light(parse(style.color)), light(ground(one))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) found.push([one.tagName, one.className, one.textContent.slice(0, 30), ratio]);
  }
  return found;
})()"""
OPEN = "document.querySelectorAll('details').forEach(one => one.open = true)"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, facts: Callable[[str], Facts]) -> Callable[[str], str]:
    """The address of a page by the name of its facts."""
    folder = tmp_path_factory.mktemp("pages")
    for name in NAMES:
        (folder / f"{name}.html").write_text(page(facts(name)), encoding="utf-8")
    return lambda name: (folder / f"{name}.html").as_uri()


class Counted(BaseHTTPRequestHandler):
    """Serves one page and notes whatever is asked for."""

    def __init__(self, *given: Any, asked: list[str], body: bytes) -> None:
        self.asked, self.body = asked, body
        super().__init__(*given)

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *given: object) -> None:
        pass


@pytest.fixture
def served(facts: Callable[[str], Facts]) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Counted, asked=asked, body=page(facts("full")).encode()))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/report.html", asked
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_served_page_asks_for_itself_and_nothing_else(tab: Any, served: tuple[str, list[str]]) -> None:
    url, asked = served
    tab.open(url)
    tab.value(OPEN)
    assert asked == ["/report.html"]
    outside = [one["request"]["url"] for one in tab.told("Network.requestWillBeSent")]
    assert [one for one in outside if not one.startswith("data:")] == [url]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_a_page_is_drawn_without_a_complaint(tab: Any, pages: Callable[[str], str], name: str, width: int, dark: bool) -> None:
    tab.open(pages(name), width=width, height=844, dark=dark)
    assert tab.told("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled") == []
    tab.value(OPEN)
    drawn = tab.value(DRAWN)
    assert len(drawn) >= 5
    assert [one for one in drawn if one[1] < 60 or one[2] < 10 or one[3] < 1] == []
    kinds = {one[0] for one in drawn}
    assert kinds == ({"interval", "lines", "histogram", "paired", "heat", "bar"} if name == "full" else {"interval"})
    assert tab.value("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", NAMES)
def test_the_verdict_and_its_four_figures_fit_on_the_first_screen_of_a_phone(
    tab: Any, pages: Callable[[str], str], facts: Callable[[str], Facts], name: str
) -> None:
    tab.open(pages(name), width=390, height=844)
    state = (facts(name).verdict or {})["verdicts"][0]["state"]
    assert state in tab.value("document.querySelector('h1').innerText")
    assert tab.value("document.querySelector('.figures').getBoundingClientRect().bottom") <= 844
    assert tab.value("document.querySelectorAll('.figure').length") == 4


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_from_its_ground_in_light_and_in_dark(tab: Any, pages: Callable[[str], str], dark: bool) -> None:
    # WCAG 2.2, 1.4.3: 4.5 to 1
    tab.open(pages("full"), dark=dark)
    tab.value(OPEN)
    assert tab.value(CONTRAST) == []
    ground = tab.value("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") is not dark


def test_the_keyboard_reaches_the_evidence_and_opens_what_is_folded(tab: Any, pages: Callable[[str], str]) -> None:
    tab.open(pages("full"))
    tab.press("Tab")
    assert tab.value("document.activeElement.className") == "skip"
    tab.press("Tab")
    assert tab.value("document.activeElement.tagName") == "SUMMARY"
    tab.press("Enter")
    assert tab.value("document.activeElement.parentElement.open") is True


def test_a_fault_in_a_page_is_seen(tab: Any, tmp_path: Path) -> None:
    file = tmp_path / "faulty.html"
    chart = '<svg data-chart="lines" width="10"></svg>'
    file.write_text(f"<body style='width:900px'>{chart}<img src='nothing.png'><script>throw 1</script><p style='color:#999'>x")
    tab.open(file.as_uri(), width=390)
    assert len(tab.told("Network.requestWillBeSent")) > 1
    assert tab.told("Runtime.exceptionThrown")
    assert tab.value(DRAWN)[0][3] == 0
    assert tab.value("document.documentElement.scrollWidth") > 390
    assert tab.value(CONTRAST)
