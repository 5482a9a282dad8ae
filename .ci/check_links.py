"""Fail unless every internal link of a built site leads to a file and an anchor that are there: python check_links.py FOLDER

Links to other sites are not followed: this has to work without a network.
"""

import html
import re
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Sphinx writes attributes in double quotes and no other `href=`; a parser of HTML would take a minute for 2,000 pages.
LINK = re.compile(r'<[a-z]+\b[^<>]*?\s(?:href|src)="([^"]*)"')
ANCHOR = re.compile(r'<[a-z0-9]+\b[^<>]*?\s(?:id|name)="([^"]*)"')

site = Path(sys.argv[1]).resolve()
pages = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
anchors = {path: {html.unescape(anchor) for anchor in ANCHOR.findall(text)} for path, text in pages.items()}
broken = set()
links = 0
for path, text in pages.items():
    for raw in set(LINK.findall(text)):
        link = urlsplit(html.unescape(raw))
        if link.scheme or link.netloc or raw.startswith("#!"):
            continue
        links += 1
        target = (path.parent / unquote(link.path)).resolve() if link.path else path
        target = target / "index.html" if target.is_dir() else target
        if not target.is_relative_to(site) or not target.exists():
            broken.add(f"{path.relative_to(site)}: no file {raw}")
        elif link.fragment and target in anchors and unquote(link.fragment) not in anchors[target]:
            broken.add(f"{path.relative_to(site)}: no anchor {raw}")
print(*sorted(broken), sep="\n", end="\n" if broken else "")
print(f"{len(pages)} pages, {links} internal links, {len(broken)} broken")
if broken or not links:
    sys.exit(1)
