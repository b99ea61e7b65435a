"""Slides made of live instruments: one HTML file that needs neither a kernel nor a network.

python docs/course/slides.py [slides.html]          arrow keys, or a click at the edge, turn the page
"""

import json
import sys
from html import escape
from pathlib import Path

from simkit.publish.folder import opened

#: Instrument, scenario, context, settings of its first view; question on the slide, what the class discusses.
SLIDES = (
    ("explore", "medication-threshold", "", {"declined": 0}, "Who sends this message?",
     "Guess first: the riskiest 12 of 1000 are turned away. How many of them are not at risk?"),
    ("explore", "medication-threshold", "vulnerable-platform", {"declined": 0}, "The same words, another place",
     "What did the operator change: the senders, the stakes, or what the assistant may say?"),
    ("crowd", "medication-threshold", "", {"users": 1000}, "How bad can it get?",
     "Which front page is worse: harm done by an answer, or harm done by a refusal?"),
    ("chain", "medication-threshold", "malicious-operator", {}, "Whose word counts?",
     "Which of the four orders should be void? Where is the line between restricting and weaponising?"),
    ("dial", "medication-threshold", "vulnerable-platform", {"position": 0.0}, "As it is told, or as it thinks best?",
     "Which row is bad at 0? Which column is bad at 1? What would you have to know to choose?"),
    ("trust", "medication-threshold", "vulnerable-platform", {"month": 0}, "When may the dial move?",
     "Which record would convince you, and could a deceptive model have it?"),
    ("argument", "bright-line", "", {"strength": 0.1}, "Should a good argument move the assistant?",
     "When is a strong argument a reason to be more careful?"),
    ("opinions", "contested-question", "", {"takes_sides": 0.0}, "A million minds, one assistant",
     "Nobody is told anything false. What is lost?"),
)  # fmt: skip

PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>simkit: slides</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><style>
body {{ margin: 0; font: 20px/1.35 system-ui, sans-serif }} section {{ display: none; height: 100vh; flex-direction: column }}
section.now {{ display: flex }} h1 {{ margin: 12px 24px 0; font-size: 1.5em }} p {{ margin: 2px 24px 8px }}
iframe {{ flex: 1; border: 0; width: 100% }} nav {{ position: fixed; right: 16px; top: 12px }}
button {{ font: inherit; padding: 2px 12px }}
</style></head><body>
<nav><button aria-label="back">‹</button> <span></span> <button aria-label="on">›</button></nav>
{sections}<script>
const pages = {pages}, all = [...document.querySelectorAll("section")], [back, on] = document.querySelectorAll("button");
function turn(by) {{
  const at = Math.max(0, Math.min(all.length - 1, (parseInt(location.hash.slice(1)) || 1) - 1 + by));
  all.forEach((each, i) => each.classList.toggle("now", i === at));
  const frame = all[at].querySelector("iframe");
  if (!frame.srcdoc) frame.srcdoc = pages[at];
  history.replaceState(null, "", `#${{at + 1}}`);
  document.querySelector("nav span").textContent = `${{at + 1}} / ${{all.length}}`;
}}
addEventListener("keydown", (event) => {{ if (event.key === "ArrowRight") turn(1); if (event.key === "ArrowLeft") turn(-1); }});
addEventListener("hashchange", () => turn(0)); back.onclick = () => turn(-1); on.onclick = () => turn(1); turn(0);
</script></body></html>
"""


def build() -> str:
    """The text of the file."""
    sections, pages = "", []
    for instrument, scenario, context, settings, title, discuss in SLIDES:
        frame = f'<iframe sandbox="allow-scripts allow-downloads" title="{escape(title)}"></iframe>'
        sections += f"<section><h1>{escape(title)}</h1><p>{escape(discuss)}</p>{frame}</section>\n"
        pages.append(opened(instrument, scenario, context, **settings).page().html())
    return PAGE.format(sections=sections, pages=json.dumps(pages).replace("</", r"<\/").replace("<!--", r"<\!--"))


if __name__ == "__main__":
    path = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_suffix(".html"))
    path.write_text(build(), encoding="utf-8")
    print(f"Wrote {path} ({path.stat().st_size / 1e6:.1f} MB): open it in a browser; the arrow keys turn the page.")
