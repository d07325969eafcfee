"""`python -m tools.reference`: fill the marked regions of the documentation anew."""

from __future__ import annotations

import sys

from tools.reference.pages import PAGES, ROOT, filled


def main() -> int:
    """Write the pages that differ, and name them."""
    for page in PAGES:
        path = ROOT / page
        before = path.read_text(encoding="utf-8")
        after = filled(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
            print(f"wrote {page}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
