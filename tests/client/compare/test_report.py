"""The report in a real browser: nothing loaded, nothing run but its own script, everything there."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from fairmark_client.compare import report
from fairmark_client.compare.comparison import compare
from fairmark_client.compare.labels import reader
from fairmark_client.compare.results import Comparison, Cost
from fairmark_client.data.prepared import Row, item
from fairmark_client.outputs.grading import InProcess
from fairmark_client.outputs.output import Output
from fairmark_graders import parse_grader

from .models import RECALLS, held_out, outputs

GRADER = parse_grader(
    {
        "type": "string_check",
        "operation": "like",
        "input": "{{ sample.output_text }}",
        "reference": "{{ item.reference_answer }}",
    }
)
HOSTILE = (
    "</pre></details></script><script>document.title = 'taken'; window.taken = 1</script>"
    '<img src=x onerror="window.taken = 2"><svg onload="window.taken = 3"></svg>'
    "<style>body { display: none }</style>{{ 7 * 7 }}\u202e\x00 Label: anomaly"
)


def compared(rows: list[Row], told: dict[str, list[Output]]) -> Comparison:
    places = list(enumerate(rows))
    cost = {"sft": Cost(dollars=3.1, hours=0.2), "rft": Cost(dollars=41.0, hours=0.4)}
    graders = [InProcess(GRADER, "contains@1"), InProcess(GRADER, "<b>held</b> & 'out'")]
    return compare(places, told, graders, reader([], places, "label", "anomaly"), cost=cost)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; CI fails without it, elsewhere its tests are skipped."""
    found = shutil.which("chromium")
    if found is None and not os.environ.get("CI"):
        pytest.skip("chromium is missing; on Debian and Ubuntu: apt install chromium")
    assert found, "chromium is missing; on Debian and Ubuntu: apt install chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of three models, one of which writes whatever could take over a page."""
    rows = held_out(60, 4)
    told = {name: outputs(rows, name) for name in RECALLS}
    told["rft"] = [output.model_copy(update={"sample": HOSTILE}) for output in told["rft"]]
    found = compared(rows, told)
    found.elsewhere = compared(rows[:20], {name: own[:60] for name, own in told.items()})
    path = tmp_path_factory.mktemp("report") / "report.html"
    report.write(path, found)
    return path


class Opened:
    """A page, what it asked for and what it complained about."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page, self.asked, self.complaints = page, list[str](), list[str]()
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(path.as_uri())

    @property
    def shown(self) -> int:
        return self.page.locator(".row:visible").count()


@pytest.fixture
def opened(browser: Browser, written: Path) -> Iterator[Opened]:
    page = browser.new_page()
    yield Opened(page, written)
    page.close()


def test_it_opens_from_a_disk_and_asks_for_nothing(opened: Opened, written: Path) -> None:
    assert opened.asked == [written.as_uri()]
    assert opened.complaints == []


def test_every_section_is_there(opened: Opened) -> None:
    page = opened.page
    assert page.locator("section").evaluate_all("all => all.map(one => one.id)") == [
        "verdict",
        "table",
        "plots",
        "method",
        "rows",
    ]
    assert page.locator(".lead").inner_text().startswith("rft falls short of sft by")
    assert page.locator("#elsewhere").is_visible()
    assert page.locator("#plots .plots svg").count() == 4
    assert page.locator("#plots .matrices svg").count() == 3
    assert page.locator("#table tr.headline th").first.inner_text() == "F1 of anomaly"


def test_what_a_model_wrote_is_text_and_does_not_run(opened: Opened) -> None:
    page = opened.page
    assert page.evaluate("window.taken") is None
    assert page.title() == "Did it help? base, sft, rft"
    assert page.locator("script").count() == 1
    assert page.locator("img").count() == 0
    texts = page.locator(".row pre").all_text_contents()
    assert any("<script>document.title = 'taken'" in text and "{{ 7 * 7 }}" in text for text in texts)
    assert "<b>held</b> & 'out'" in page.locator("#method").inner_text()


def test_the_policy_stops_a_script_that_came_in_all_the_same(opened: Opened) -> None:
    opened.page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.taken = 4\">');"
        "const own = document.createElement('script'); own.textContent = 'window.taken = 5'; document.body.append(own)"
    )
    assert opened.page.evaluate("window.taken") is None
    assert any("Content Security Policy" in complaint for complaint in opened.complaints)


def test_rows_are_found_by_words_by_who_is_right_and_by_class(opened: Opened) -> None:
    page = opened.page
    every = opened.shown
    assert page.locator("#count").inner_text() == f"{every} of {every} rows"
    page.select_option("#label", "anomaly")
    anomalies = opened.shown
    assert 0 < anomalies < every
    assert page.locator(".row:visible").evaluate_all("all => all.every(one => one.dataset.expected === 'anomaly')")
    page.select_option("#who", label="rft than base")
    assert 0 < opened.shown < anomalies
    page.select_option("#label", "")
    page.select_option("#who", "")
    place = page.locator(".row").first.locator("b").inner_text().removeprefix("row ")
    page.fill("#words", f"EVENT {place}:")
    assert opened.shown == 1


COLOURS = """one => {
    const own = getComputedStyle(one);
    return [one.tagName === "text" ? own.fill : own.color, getComputedStyle(document.body).backgroundColor];
}"""


def test_texts_can_be_read_in_the_light_and_in_the_dark(opened: Opened) -> None:
    colours = {}
    for scheme in ("light", "dark"):
        opened.page.emulate_media(color_scheme=scheme)
        for part in (".lead", ".numbers", ".gain", ".loss", "#plots svg text"):
            colours[scheme, part] = opened.page.locator(part).first.evaluate(COLOURS)
    contrasts = {place: contrast(*pair) for place, pair in colours.items()}
    assert {place: found for place, found in contrasts.items() if found < 4.5} == {}


def contrast(first: str, second: str) -> float:
    """Of two colours, as WCAG 2 reckons it; 4.5 is what text needs."""
    bright = sorted((luminance(colour) for colour in (first, second)), reverse=True)
    return (bright[0] + 0.05) / (bright[1] + 0.05)


def luminance(colour: str) -> float:
    shares = [int(number) / 255 for number in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_narrow_screen_does_not_scroll_sideways(opened: Opened) -> None:
    opened.page.set_viewport_size({"width": 390, "height": 800})
    assert opened.page.evaluate("document.documentElement.scrollWidth") == 390


def test_nothing_in_it_points_outside(written: Path) -> None:
    links = set(re.findall(r"https?://[^\s\"'<)]+", written.read_text()))
    assert {link for link in links if not link.startswith("http://www.w3.org/")} == set()


def test_it_stays_small_with_many_rows_and_long_outputs(tmp_path: Path) -> None:
    rows = held_out(2_000, 20)
    told = {name: outputs(rows, name, seeds=1) for name in ("base", "rft")}
    told["base"] = [o.model_copy(update={"sample": f"{'so ' * 3_000}\n{o.sample}"}) for o in told["base"]]
    places = list(enumerate(rows))
    found = compare(places, told, [InProcess(GRADER, "contains")], reader([], places, "label"))
    report.write(tmp_path / "report.html", found)
    text = (tmp_path / "report.html").read_text()
    assert len(text) < 2_000_000
    assert text.count('class="row"') == report.ROWS
    assert "characters left out" in text


def test_the_same_comparison_gives_the_same_page() -> None:
    rows = held_out(30, 3)
    found = compared(rows, {name: outputs(rows, name) for name in ("base", "rft")})
    assert report.html(found) == report.html(found)


def test_labels_in_any_script_are_drawn() -> None:
    rows = [{**row, "label": {"normal": "正常", "anomaly": "异常"}[row["label"]]} for row in held_out(20, 2)]
    told = {name: outputs(held_out(20, 2), name) for name in ("base", "rft")}
    own = {name: [o.model_copy(update={"item": item(rows[o.row])}) for o in told[name]] for name in told}
    places = list(enumerate(rows))
    page = report.html(compare(places, own, [InProcess(GRADER, "contains")], reader([], places, "label", "异常")))
    assert page.count(">异常</text>") == 5


def test_models_that_never_differ_have_no_rows_to_show() -> None:
    rows = held_out(30, 3)
    own = outputs(rows, "sft")
    page = report.html(compared(rows, {"base": own, "rft": own}))
    assert "There are none." in page
    assert 'class="row"' not in page
